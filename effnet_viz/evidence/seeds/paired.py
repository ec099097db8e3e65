"""Differences between networks on the same photos, by chance among photos and among seeds.

Photos and seeds are crossed: every seed of every network meets the same photos. The variance of a
difference of means is estimated as the sum of two parts: that of the photo-by-photo difference over
photos, and that of the accuracies over seeds. What a seed does to single photos is in both, so the
sum is rather too large than too small, as that of the pigeonhole bootstrap, which draws photos and
seeds anew (Owen 2007, The pigeonhole bootstrap); that luck of the start must be counted at all:
Bouthillier et al. 2021, Accounting for variance in machine learning benchmarks. A bootstrap of one
seed sees no luck; here networks of one seed are taken to vary as those of several do.

Two or three seeds say little about how much seeds vary. So each part has its own Student's t, for
thousands of photos 1.96, for two degrees of freedom 4.30, and the interval takes their mean,
weighted by the variances (Cochran & Cox 1950, Experimental designs, section 4.14).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

#: The chance of being wrong that a verdict takes.
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Part:
    """An estimated variance, in points squared, and its degrees of freedom."""

    variance: float
    degrees: float


#: The seeds' part where only these very networks are spoken of.
NO_LUCK = Part(0.0, 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference in points, and the two parts of its variance."""

    points: float
    photos: Part
    seeds: Part

    @property
    def error(self) -> float:
        """The standard error, in points."""
        return math.sqrt(self.photos.variance + self.seeds.variance)

    def half(self, level: float = LEVEL) -> float:
        """Half the interval that misses the truth with this chance, in points: 95 % by default."""
        if self.error == 0:
            return 0.0
        parts = (self.photos, self.seeds)
        return sum(p.variance * student_t(level, p.degrees) for p in parts) / self.error

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.points - self.half()

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.points + self.half()

    @property
    def lead(self) -> float:
        """How many times half the 95 % interval the difference is."""
        half = self.half()
        return abs(self.points) / half if half else math.inf if self.points else 0.0


def between_seeds(groups: Iterable[Sequence[float]]) -> Part | None:
    """The variance between seeds of one network, all that have several taken together (pooled).

    ``groups``: per network a figure for each of its seeds, in points. None without two seeds.
    """
    several = [group for group in groups if len(group) > 1]
    degrees = sum(len(group) - 1 for group in several)
    if not degrees:
        return None
    squares = sum((value - fmean(group)) ** 2 for group in several for value in group)
    return Part(squares / degrees, degrees)


def combined(terms: Sequence[tuple[float, Sequence[object]]], one_seed: Part | None) -> Part | None:
    """The seeds' part of a sum of means, Σ weight · mean over seeds: ``s² Σ weight² / seeds``."""
    if one_seed is None:
        return None
    share = sum(weight**2 / len(seeds) for weight, seeds in terms)
    return Part(one_seed.variance * share, one_seed.degrees)


def contrast(
    terms: Sequence[tuple[float, Sequence[int]]], count: int, seeds: Part | None
) -> Difference:
    """A sum of weighted accuracies, photo by photo: ``(1, a), (-1, b)`` is how much better a is.

    Each term is a weight and the hits of a network's seeds (`effnet_viz.evidence.seeds.hits`) on
    the same ``count`` photos. ``seeds`` is the part of the variance that seeds have (`combined`);
    without it the difference is one between these very networks.
    """
    total = sum(weight * fmean(h.bit_count() for h in hits) for weight, hits in terms)
    squares = sum(
        one * other * fmean((a & b).bit_count() for a in these for b in those)
        for one, these in terms
        for other, those in terms
    )
    mean = total / count
    variance = max(0.0, squares / count - mean**2) / (count - 1)
    photos = Part(1e4 * variance, count - 1)
    return Difference(100 * mean, photos, seeds or NO_LUCK)


def apart(differences: Sequence[Difference], level: float = LEVEL) -> tuple[bool, ...]:
    """Which of these are beyond chance, so that any such verdict is wrong with this chance at most,
    all together: step by step, the clearest first, each at the level over how many are left (Holm
    1979, A simple sequentially rejective multiple test procedure)."""
    found = [False] * len(differences)
    order = sorted(range(len(differences)), key=lambda number: -differences[number].lead)
    for done, number in enumerate(order):
        each = differences[number]
        if abs(each.points) <= each.half(level / (len(order) - done)):
            break
        found[number] = True
    return tuple(found)


def student_p(t: float, degrees: float) -> float:
    """Two-sided: how often Student's t with so many degrees of freedom (at least 1) is further from
    0 than ``t``. With t = √degrees · tan θ its density is proportional to cos θ to degrees - 1."""
    begin = math.atan(t / math.sqrt(degrees))
    scale = math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2))
    return min(1.0, 2 * scale / math.sqrt(math.pi) * _cosines(begin, degrees - 1))


def _cosines(begin: float, power: float, steps: int = 400) -> float:
    """∫ cos^power from ``begin`` to π/2 (Simpson's rule); of a high power only where it is."""
    end = min(math.pi / 2, begin + 12 / math.sqrt(power + 1))
    width = (end - begin) / steps
    values = [math.cos(begin + step * width) ** power for step in range(steps)]
    values.append(max(0.0, math.cos(end)) ** power)
    return width / 3 * (values[0] + values[-1] + 4 * sum(values[1::2]) + 2 * sum(values[2:-1:2]))


@lru_cache(maxsize=256)
def student_t(level: float, degrees: float) -> float:
    """What Student's t exceeds, either way, with the chance ``level`` (bisection)."""
    low, high = 0.0, 2.0
    while student_p(high, degrees) > level:
        low, high = high, 2 * high
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_p(middle, degrees) > level else (low, middle)
    return high
