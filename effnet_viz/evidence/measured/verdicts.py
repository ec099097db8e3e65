"""How well each cost predicts time, within a family and across, and what cannot be told apart."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import PREDICTORS, Fit, Predictor, fit, fits

RESAMPLES = 400
SEED = 2019

#: Families of measured models as a sentence names them.
FAMILY_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {"imagenet": "B0-B7", "classroom": "the classroom networks", "resnet50": "the ResNets"}
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The lines through one set of models, the smallest typical factor first.

    ``tied`` are the predictors that resampling cannot tell from the first line's.
    """

    scope: str
    points: int
    lines: tuple[Fit, ...]
    tied: tuple[Predictor, ...]

    @property
    def best(self) -> Fit:
        """The line with the smallest typical factor."""
        return self.lines[0]


def resampled(rows: Sequence[BenchmarkRow], times: int = RESAMPLES) -> Iterator[list[int]]:
    """Indices of as many rows as there are, drawn with replacement; the same on every call."""
    draw = random.Random(SEED)
    for _ in range(times):
        yield draw.choices(range(len(rows)), k=len(rows))


def difference(
    rows: Sequence[BenchmarkRow], one: Predictor, other: Predictor
) -> tuple[float, float]:
    """The 95 % interval of ln(typical factor of ``other``) - ln(typical factor of ``one``), over
    resampled models: the percentiles 2.5 and 97.5, by linear interpolation.

    Draws on which no line can be laid are left out. Raises ValueError where none is left.
    """
    found = []
    for drawn in resampled(rows):
        sample = [rows[n] for n in drawn]
        lines = [fit(sample, predictor, least_points=3) for predictor in (one, other)]
        if lines[0] is not None and lines[1] is not None:
            found.append(math.log(lines[1].typical_factor) - math.log(lines[0].typical_factor))
    if not found:
        raise ValueError("No resampled line.")
    found.sort()
    return _percentile(found, 0.025), _percentile(found, 0.975)


def _percentile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def verdict(rows: Sequence[BenchmarkRow], scope: str) -> Verdict | None:
    """What these rows say; None where they are too few for a line."""
    lines = fits(rows)
    if len(lines) < len(PREDICTORS):
        return None
    best, *others = lines
    tied = []
    for line in others:
        low, high = difference(rows, best.predictor, line.predictor)
        if low <= 0 <= high:
            tied.append(line.predictor)
    return Verdict(scope, len(rows), tuple(lines), tuple(tied))


@lru_cache(maxsize=32)
def verdicts(rows: tuple[BenchmarkRow, ...]) -> tuple[Verdict, ...]:
    """Each family that has enough models, then all models where they are of several families."""
    families = list(dict.fromkeys(row.family for row in rows))
    found = [
        verdict([row for row in rows if row.family == family], f"Within {FAMILY_TITLES[family]}")
        for family in families
        if family in FAMILY_TITLES
    ]
    if len(families) > 1:
        found.append(verdict(rows, "Across families"))
    return tuple(each for each in found if each is not None)


def in_words(said: Verdict) -> str:
    """The verdict as one sentence, the typical factor first; a winner only where there is one."""
    first, *others = said.lines
    rest = "".join(
        f", from {PREDICTORS[line.predictor]} {line.typical_factor:.2f}×" for line in others
    )
    sentence = (
        f"{said.scope} ({said.points} models), time predicted from {PREDICTORS[first.predictor]} "
        f"is typically off by **{first.typical_factor:.2f}×**{rest}"
    )
    if not said.tied:
        return f"{sentence}."
    if len(said.tied) == len(said.lines) - 1:
        return f"{sentence}; the three **cannot be told apart**."
    *names, last = [PREDICTORS[name] for name in (said.best.predictor, *said.tied)]
    return f"{sentence}; {', '.join(names)} and {last} **cannot be told apart**."
