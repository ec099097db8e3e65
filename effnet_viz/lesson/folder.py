"""Where rooms are kept, and how often a screen looks into one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

#: Names the folder; by default it lies among the user's data.
VARIABLE = "EFFNET_VIZ_ROOMS"

#: Names the seconds between two looks of a teacher's screen: more of them on a slow server.
TICK_VARIABLE, TICK_S, LEAST_TICK_S = "EFFNET_VIZ_TICK_S", 1.0, 0.1


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


def tick_s() -> float:
    """Seconds between two looks; the default where what is named is no number or too small."""
    try:
        named = float(os.environ.get(TICK_VARIABLE, TICK_S))
    except ValueError:
        return TICK_S
    return named if named >= LEAST_TICK_S else TICK_S
