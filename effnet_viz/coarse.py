"""Is it the detail or the work that resolution brings? The record of the run that tells.

The resolution role's network was trained once more on pictures shrunk to the baseline's pixels and
enlarged again. It costs what the resolution role costs and sees what the baseline sees. No torch
here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from effnet_viz.errors import UserError
from effnet_viz.records import write_atomically
from effnet_viz.splits import RESULTS_DIR

COARSE_FILE = RESULTS_DIR / "classroom-coarse.json"


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
        raise UserError(
            f"The record {path} is damaged ({error}); download the project again."
        ) from error
