"""EfficientNet-Lite: what its authors print of it, and what it says of photos here.

Its ImageNet networks were measured on the validation photos of Imagenette, among all thousand
classes; and lite0 tells the classroom networks, who know ten classes only, when a photo probably
shows none of them. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from effnet_viz.errors import UserError
from effnet_viz.evidence.accuracy import interval, paired_interval
from effnet_viz.evidence.checkpoints import write_atomically
from effnet_viz.evidence.splits import RESULTS_DIR

#: Where the printed figures stand.
SOURCE = "tensorflow/tpu, models/official/efficientnet/lite/README.md"

PHOTOS_FILE = RESULTS_DIR / "lite-on-imagenette.json"
OUTSIDE_FILE = RESULTS_DIR / "classroom-outside.json"

Crop = Literal["published", "square"]


@dataclass(frozen=True, slots=True)
class PublishedLite:
    """One row of the authors' table: parameters and multiply-adds in millions, ImageNet top-1 in
    percent.

    The printed multiply-adds lie 3 to 6 % above a count of convolutions and linear layers: by
    about three operations per output value, as if batch norms and activation functions counted
    too. The authors do not say how they counted.
    """

    params_m: float
    macs_m: float
    top1: float


PUBLISHED: MappingProxyType[str, PublishedLite] = MappingProxyType(
    {
        "lite0": PublishedLite(4.7, 407, 75.1),
        "lite1": PublishedLite(5.4, 631, 76.7),
        "lite2": PublishedLite(6.1, 899, 77.6),
        "lite3": PublishedLite(8.2, 1440, 79.8),
        "lite4": PublishedLite(13.0, 2640, 81.5),
    }
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One network on ``n`` validation photos of Imagenette: ``correct`` among ImageNet's thousand
    classes, seen through the published crop or as whole squares."""

    name: str
    crop: Crop
    correct: int
    n: int

    @property
    def top1(self) -> float:
        """In percent."""
        return 100 * self.correct / self.n

    @property
    def bounds(self) -> tuple[float, float]:
        """The 95 % interval of `top1`, in percent."""
        return interval(self.top1, self.n)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two answers to the same ``n`` photos, each a network and a crop: how many photos one of them
    got right and the other wrong."""

    name: str
    crop: Crop
    other: str
    other_crop: Crop
    only_this: int
    only_other: int
    n: int

    @property
    def points(self) -> tuple[float, float]:
        """The 95 % interval of the difference, in points."""
        return paired_interval(self.only_this, self.only_other, self.n)

    @property
    def sign(self) -> int:
        """1 where this one is the better beyond chance, -1 where the other is, else 0."""
        low, high = self.points
        return (low > 0) - (high < 0)


@dataclass(frozen=True, slots=True)
class OnPhotos:
    """All networks through both crops, and their pairs: each network against each smaller one
    through the same crop, then each network's published crop against its whole square.

    ``trained_on`` of the photos are ImageNet's training photos, by their files' names: the networks
    have learned from them.
    """

    trained_on: int
    networks: tuple[Measured, ...]
    pairs: tuple[Paired, ...]


def write_measured(found: OnPhotos, path: Path = PHOTOS_FILE) -> None:
    """Write the records in one step."""
    write_atomically(path, (json.dumps(asdict(found), indent=2) + "\n").encode())


def read_measured(path: Path = PHOTOS_FILE) -> OnPhotos:
    """The shipped records. Raises UserError where they are missing or damaged."""
    found = _read(path)
    return OnPhotos(
        found["trained_on"],
        tuple(Measured(**row) for row in found["networks"]),
        tuple(Paired(**row) for row in found["pairs"]),
    )


def measured_sentences(found: OnPhotos) -> tuple[str, ...]:
    """What the records say, in words: how good, whether larger is better here, what the crop does.

    Empty without records.
    """
    rows = found.networks
    if not rows:
        return ()
    names = list(dict.fromkeys(row.name for row in rows))
    said = [
        f"On {rows[0].n:,} validation photos of Imagenette, 224 px and squashed to squares, top-1 "
        "among ImageNet's thousand classes, measured here once: "
        + "; ".join(_both_crops(rows, name) for name in names)
        + ". Published, on ImageNet: "
        + ", ".join(f"{name} {row.top1} %" for name, row in PUBLISHED.items() if _has(rows, name))
        + f". {found.trained_on:,} of the photos are from ImageNet's training set, so the networks "
        "have learned from them: this is no measure of how they do on new ones."
    ]
    chain = (_larger(one, other, found.pairs) for other, one in pairwise(names))
    larger = list(filter(None, chain))
    if larger:
        said.append(
            f"Photo by photo, with 95 % intervals of the difference: {', '.join(larger)} points."
        )
    crops = [pair for pair in found.pairs if pair.name == pair.other]
    if crops:
        said.append(_of_crops(crops))
    return tuple(said)


def _both_crops(rows: Sequence[Measured], name: str) -> str:
    parts = []
    for row in rows:
        if row.name == name:
            low, high = row.bounds
            parts.append(f"{row.top1:.1f} % ({low:.1f} to {high:.1f}) {_CROPS[row.crop]}")
    return f"{name} {', '.join(parts)}"


_CROPS: MappingProxyType[Crop, str] = MappingProxyType(
    {"published": "published crop", "square": "whole square"}
)
_VERDICTS = {1: "is better than", 0: "cannot be told from", -1: "is worse than"}


def _larger(name: str, other: str, pairs: Sequence[Paired]) -> str:
    """What is known of two networks, through every crop; empty where nothing is."""
    by_verdict: dict[int, list[Paired]] = {}
    for pair in pairs:
        if (pair.name, pair.other) == (name, other):
            by_verdict.setdefault(pair.sign, []).append(pair)
    parts = []
    for sign, members in by_verdict.items():
        each = ", ".join(f"{_CROPS[pair.crop]} {_points(pair)}" for pair in members)
        parts.append(f"{_VERDICTS[sign]} {other} ({each})")
    return f"{name} {' and '.join(parts)}" if parts else ""


def _of_crops(pairs: Sequence[Paired]) -> str:
    """One sentence about the crop, for every network."""
    figures = ", ".join(f"{pair.name} {_points(pair)}" for pair in pairs)
    decided = [pair for pair in pairs if pair.sign]
    if not decided:
        lead = "The crop decides nothing that these photos could show"
    else:
        lead = "The crop decides something for " + ", ".join(pair.name for pair in decided)
    return f"{lead}: published crop less whole square, {figures} points."


def _points(pair: Paired) -> str:
    low, high = pair.points
    return f"{low:+.1f} to {high:+.1f}"


def _has(rows: Sequence[Measured], name: str) -> bool:
    return any(row.name == name for row in rows)


@dataclass(frozen=True, slots=True)
class Outside:
    """When a photo is probably none of the classroom family's ten: where lite0, shown the whole
    square, gives the ten less than ``threshold`` of its thousand classes' probability.

    Chosen on every other validation photo so that five in a hundred fall below; ``alarms`` of
    ``photos`` is how it does on the rest, ``found`` of ``strangers`` on scikit-image's pictures,
    none of which shows one of the ten, and ``rendered_alarms`` of ``rendered`` on the rendered
    samples, each of which does.
    """

    threshold: float
    alarms: int
    photos: int
    found: int
    strangers: int
    rendered_alarms: int
    rendered: int

    @property
    def rates(self) -> str:
        """How often it is right, in one sentence."""
        low, high = interval(100 * self.found / self.strangers, self.strangers)
        return (
            f"This note comes with {100 * self.alarms / self.photos:.0f} % of photos that do show "
            f"one of the ten ({self.alarms} of {self.photos:,}, and {self.rendered_alarms} of "
            f"{self.rendered} rendered ones), and with {self.found} of {self.strangers} pictures "
            f"that show none ({low:.0f} to {high:.0f} %)."
        )

    def is_outside(self, share: float) -> bool:
        """Whether a photo to whose ten classes lite0 gives this share, 0-1, is probably none."""
        return share < self.threshold

    def sentence(self, share: float) -> str:
        """The note of a photo to whose ten classes lite0 gives this share; empty where it may show
        one of them."""
        if not self.is_outside(share):
            return ""
        shown = f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"
        return (
            "**Probably none of the ten.** An ImageNet network (EfficientNet-Lite0), which knows a "
            f"thousand classes, gives these ten {shown} together."
        )


def calibrated(
    photos: Sequence[float], strangers: Sequence[float], rendered: Sequence[float]
) -> Outside:
    """The threshold and its rates from lite0's shares of the ten classes, 0-1, for validation
    photos, pictures of none of the ten, and rendered samples of them."""
    chosen, rest = sorted(photos[::2]), photos[1::2]
    threshold = float(f"{chosen[round(0.05 * len(chosen))]:.2g}")
    return Outside(
        threshold=threshold,
        alarms=sum(share < threshold for share in rest),
        photos=len(rest),
        found=sum(share < threshold for share in strangers),
        strangers=len(strangers),
        rendered_alarms=sum(share < threshold for share in rendered),
        rendered=len(rendered),
    )


def write_outside(found: Outside, path: Path = OUTSIDE_FILE) -> None:
    """Write the record in one step."""
    write_atomically(path, (json.dumps(asdict(found), indent=2) + "\n").encode())


def read_outside(path: Path = OUTSIDE_FILE) -> Outside:
    """The shipped record. Raises UserError where it is missing or damaged."""
    return Outside(**_read(path))


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"The record {path} cannot be read; download the project again.") from error
