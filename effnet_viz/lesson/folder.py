"""Where rooms are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Names the folder; by default it lies among the user's data.
VARIABLE = "EFFNET_VIZ_ROOMS"


def data_folder() -> Path:
    """The folder for what a class writes; it need not exist yet."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "effnet_viz"
