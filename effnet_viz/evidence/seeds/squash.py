"""What it costs that networks trained on squashed photos are shown undistorted ones.

The family was trained on whole photos squashed to squares; the app shows undistorted squares. Where
a photo was 4:3, its undistorted square is, of the squashed photo, a part of 3:4: things in it are
wider than in training. It is compared with a square part of the squashed photo of the same area and
the same middle, which shows as much and is distorted as in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from effnet_viz.evidence.seeds.tables import read_rows, write_rows
from effnet_viz.evidence.splits import RESULTS_DIR

SQUASH_FILE = RESULTS_DIR / "classroom-squash.json"

#: Shapes of photos, width : height of a landscape one.
SHAPES = ((4, 3), (3, 2), (16, 9))

#: Stands in the place of a role for the mean over the networks.
MEAN = "mean"

#: A cost that calls for another training, in points.
TOO_MUCH = 1.0


@dataclass(frozen=True, slots=True)
class SquashRow:
    """One network, the mean of its ``seeds``, or the mean over the networks (`MEAN`), on ``count``
    validation photos, as if each had been of one shape, ``4:3`` or ``3:4``: top-1 in percent of its
    undistorted centre square (``undistorted``) and of the square of the same area, distorted as in
    training (``as_trained``).

    ``points``: the first less the second, photo by photo, with its 95 % interval over photos, and
    over seeds where networks have several.
    """

    role: str
    times: int
    seeds: int
    shape: str
    undistorted: float
    as_trained: float
    points: float
    low: float
    high: float
    count: int


def write_squash(rows: Sequence[SquashRow], path: Path = SQUASH_FILE) -> None:
    """Write the table in one step."""
    write_rows(rows, path)


def read_squash(path: Path = SQUASH_FILE) -> tuple[SquashRow, ...]:
    """The shipped table; empty where none ships. Raises UserError where it is damaged."""
    return read_rows(SquashRow, path)


def parts(width: int, height: int, px: int) -> tuple[tuple[int, int], int]:
    """Of a photo of this shape squashed to ``px`` a side: the (width, height) of the part that is
    its undistorted centre square, and the side of a square of the same area."""
    longest = max(width, height)
    part = (round(px * height / longest), round(px * width / longest))
    return part, round((part[0] * part[1]) ** 0.5)


def squash_sentence(rows: Sequence[SquashRow]) -> str:
    """What the table says, and what follows; empty without one."""
    if not rows:
        return ""
    usual = "{}:{}".format(*SHAPES[0])
    said = ", ".join(
        f"{row.role} {_points(row)}" for row in rows if row.shape == usual and row.role != MEAN
    )
    means = [row for row in rows if row.role == MEAN]
    each = ", ".join(f"{row.shape} {_points(row)}" for row in means)
    much = [row.shape for row in means if row.points < -TOO_MUCH and row.high < 0]
    sentence = (
        "What that costs was measured as if the photos, whose own shapes are not known, were all "
        "of one: the part that is then the undistorted centre square, against a square of the same "
        f"area, distorted as in training, on {rows[0].count:,} photos. At {usual}, in points: "
        f"{said}. Mean over the networks: {each}."
    )
    if much:
        return (
            f"{sentence} Training changed the aspect ratio from 3:4 to 4:3; at {', '.join(much)} "
            "the mean cost is more than a point and beyond chance: **the next family should be "
            "trained on wider changes of the aspect ratio**."
        )
    return f"{sentence} Nowhere is that more than a point and beyond chance."


def _points(row: SquashRow) -> str:
    return f"{row.points:+.1f} ({row.low:+.1f} to {row.high:+.1f})"
