"""Is it the detail or the work that resolution brings? The records that tell.

A larger network's pictures are shrunk to the baseline's pixels and enlarged again: it costs what it
costs and sees what the baseline sees. Either a shipped network is shown such pictures, which it was
never trained on, or its architecture is trained on them anew. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import write_atomically
from effnet_viz.evidence.splits import RESULTS_DIR

COARSE_FILE = RESULTS_DIR / "classroom-coarse.json"
BLURRED_FILE = RESULTS_DIR / "classroom-blurred.json"


@dataclass(frozen=True, slots=True)
class Blurred:
    """A shipped network of ``resolution_px`` shown no more detail than ``detail_px`` hold: top-1 in
    percent on ``val_n`` validation photos."""

    model: str
    resolution_px: int
    detail_px: int
    val_top1: float
    val_n: int


def write_blurred(rows: Sequence[Blurred], path: Path = BLURRED_FILE) -> None:
    """Write the records in one step."""
    text = json.dumps([asdict(row) for row in rows], indent=2)
    write_atomically(path, (text + "\n").encode())


def read_blurred(path: Path = BLURRED_FILE) -> tuple[Blurred, ...]:
    """The shipped records; empty where none ship. Raises UserError where the file is damaged."""
    try:
        return tuple(Blurred(**row) for row in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


@dataclass(frozen=True, slots=True)
class CoarseRun:
    """A network of ``role`` at ``resolution_px`` that saw ``detail_px`` only.

    Accuracies in percent: ``held_out_top1`` after the last epoch, ``val_top1`` on ``val_n`` photos
    no training saw, shrunk and enlarged in the same way. ``history`` has one dict per epoch.
    """

    role: str
    resolution_px: int
    detail_px: int
    macs: int
    epochs: int
    seed: int
    held_out_top1: float
    val_top1: float
    val_n: int
    recipe: Mapping[str, Any]
    history: Sequence[Mapping[str, Any]]
    reproduce: str
    date: str


def write_coarse(run: CoarseRun, path: Path = COARSE_FILE) -> None:
    """Write the record in one step."""
    write_atomically(path, (json.dumps(asdict(run), indent=2) + "\n").encode())


def read_coarse(path: Path = COARSE_FILE) -> CoarseRun | None:
    """The shipped record; None where none ships. Raises UserError where it is damaged."""
    try:
        return CoarseRun(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UserError:
    return UserError(f"The record {path} is damaged ({error}); download the project again.")
