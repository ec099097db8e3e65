"""Where the app's own files lie: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

#: Holds ``app.py``, ``pages/``, ``assets/`` and ``.streamlit/``; Python can be started here.
APP_FOLDER = PACKAGE / "_app" if (PACKAGE / "_app").is_dir() else PACKAGE.parent

#: Holds the package: the working folder in which ``python -m effnet_viz`` finds this very copy.
IMPORT_FOLDER = PACKAGE.parent


def asset(*parts: str) -> Path:
    """The path of a file or folder under ``assets/``; whether it exists is not asked."""
    return APP_FOLDER.joinpath("assets", *parts)
