"""Which photos of Imagenette were trained on, held out, validated on, and measured with boxes.

The lists are facts about this project's training; the photos are not part of it. No torch here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.evidence.files import asset

RESULTS_DIR = asset("results")
BOXES_FILE = RESULTS_DIR / "imagenette-boxes.csv"

Split = Literal["held-out", "val", "boxed"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of a picture's width and height, from its top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class BoxedPhoto:
    """A photo that no training sees, with the boxes around its objects of class ``wnid``."""

    wnid: str
    file: str
    boxes: tuple[Box, ...]


def read_names(split: Split, folder: Path = RESULTS_DIR) -> frozenset[str]:
    """The file names of a split. ``boxed`` are those of the official training photos that are left
    out of training because they have boxes. Raises UserError where the list is missing."""
    path = folder / f"imagenette-{split}.txt"
    try:
        return frozenset(path.read_text().split())
    except OSError as error:
        raise UserError(f"The list {path} cannot be read; download the project again.") from error


def read_boxes(path: Path = BOXES_FILE) -> tuple[BoxedPhoto, ...]:
    """Every boxed photo, in the order of the file: one row ``wnid,file,x0,y0,x1,y1`` a box.

    Source: ImageNet's validation boxes, as fractions. Raises UserError where the file is missing or
    a box is not inside its picture.
    """
    found: dict[tuple[str, str], list[Box]] = {}
    try:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                box = Box(*(float(row[key]) for key in ("x0", "y0", "x1", "y1")))
                if not (0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1):
                    raise ValueError(f"{row['file']} has a box that is not inside the picture")
                found.setdefault((row["wnid"], row["file"]), []).append(box)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"The boxes {path} cannot be read ({error}); download the project again."
        ) from error
    return tuple(BoxedPhoto(wnid, file, tuple(boxes)) for (wnid, file), boxes in found.items())


def find_photo(folder: Path, photo: BoxedPhoto) -> Path:
    """Where a boxed photo lies under ``folder/{train,val,boxed}/<wnid>/``.

    Raises UserError where it is in none of them.
    """
    for part in ("boxed", "val", "train"):
        path = folder / part / photo.wnid / photo.file
        if path.is_file():
            return path
    raise UserError(
        f"{folder} lacks {photo.wnid}/{photo.file}; pass the folder that holds train/ and val/ of "
        "Imagenette."
    )


def listed(names: Iterable[str], split: Split) -> frozenset[str]:
    """Those of ``names`` that the split lists; all of them where it lists none, so that other
    people's photos can be measured too."""
    given = frozenset(names)
    return (given & read_names(split)) or given
