"""Where the app's own files lie: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

#: Whether this is an installed copy, whose own files nothing may change.
INSTALLED = (PACKAGE / "_app").is_dir()

#: Holds ``app.py``, ``pages/``, ``assets/``, ``.streamlit/`` and ``requirements.txt``.
APP_FOLDER = PACKAGE / "_app" if INSTALLED else PACKAGE.parent

#: Holds the package: the working folder in which ``python -m effnet_viz`` finds this very copy.
IMPORT_FOLDER = PACKAGE.parent


def asset(*parts: str) -> Path:
    """The path of a file or folder under ``assets/``; whether it exists is not asked."""
    return APP_FOLDER.joinpath("assets", *parts)


def output(*parts: str) -> Path:
    """Where commands write what they make, unless told otherwise: the `asset` in a checkout; for an
    installed copy the like under ``effnet-viz/`` of the folder in which it is started."""
    return Path("effnet-viz", *parts) if INSTALLED else asset(*parts)


def is_fixed(path: Path) -> bool:
    """Whether the path lies inside an installed copy, where nothing is written."""
    return INSTALLED and path.resolve().is_relative_to(PACKAGE)
