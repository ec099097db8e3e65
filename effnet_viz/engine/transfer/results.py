"""What came out, and what so few photos allow to be said. Loads no torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb

import numpy as np
from numpy.typing import NDArray

from effnet_viz.evidence.accuracy import interval

Array = NDArray[np.float32]

#: Of a uniform map half lies outside the middle half of a photo's area; more than this is said.
BORDER_SHARE = 0.6
#: The chance of being wrong that a verdict takes, over all its comparisons.
LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class LinearHead:
    """Scores ``features @ weights.T + bias`` of pooled features ``(N, C)``, standardised as in
    training within ``weights`` ``(K, C)`` and ``bias`` ``(K,)``; ``alpha`` is the ridge penalty
    that cross-validation chose."""

    weights: Array = field(repr=False)
    bias: Array = field(repr=False)
    alpha: float

    def scores(self, features: Array) -> Array:
        """``(N, K)`` of ``(N, C)``."""
        return features @ self.weights.T + self.bias


@dataclass(frozen=True, eq=False)
class NetworkResult:
    """One network: ``said`` is the class that it gave each photo while the photo was left out;
    ``shuffled`` how many of the photos it got right of labels in a random order, for each of
    several orders. ``seconds`` are those of one photo's pass in this run; ``border`` the share of
    each class's maps outside the middle half of its photos, None where a class has no map."""

    key: str
    title: str
    role: str
    weights: str
    resolution_px: int
    macs: int
    seconds: float
    said: tuple[int, ...]
    right: int
    shuffled: tuple[int, ...]
    head: LinearHead
    border: tuple[float | None, ...]

    @property
    def photos(self) -> int:
        """How many photos were asked about."""
        return len(self.said)

    @property
    def accuracy(self) -> float:
        """In percent."""
        return 100 * self.right / self.photos

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, in percent."""
        return interval(self.accuracy, self.photos)

    @property
    def shuffled_accuracy(self) -> float:
        """With labels in a random order, in percent, the mean over the orders."""
        return 100 * sum(self.shuffled) / (len(self.shuffled) * self.photos)

    @property
    def shuffled_range(self) -> tuple[float, float]:
        """The least and the most of it that one order gave, in percent."""
        return 100 * min(self.shuffled) / self.photos, 100 * max(self.shuffled) / self.photos


@dataclass(frozen=True, eq=False)
class TransferStudy:
    """All networks on one set of photos. ``random`` is the first network with random weights;
    ``folds`` says how photos were left out."""

    classes: tuple[str, ...]
    labels: tuple[int, ...]
    titles: tuple[str, ...]
    networks: tuple[NetworkResult, ...]
    random: NetworkResult
    folds: str

    def confusion(self, result: NetworkResult) -> NDArray[np.int64]:
        """Photos of class (row) that were said to be of class (column), ``(K, K)``."""
        table = np.zeros((len(self.classes), len(self.classes)), np.int64)
        np.add.at(table, (np.array(self.labels), np.array(result.said)), 1)
        return table

    def wrong(self, result: NetworkResult) -> tuple[int, ...]:
        """The numbers of the photos that a network got wrong."""
        pairs = zip(result.said, self.labels, strict=True)
        return tuple(number for number, (said, label) in enumerate(pairs) if said != label)

    @property
    def chance(self) -> float:
        """Percent right by always saying the largest class."""
        return 100 * max(Counter(self.labels).values()) / len(self.labels)


def sign_test(only_first: int, only_second: int) -> float:
    """Two-sided exact p of as uneven a split of the photos that only one of two networks got right,
    were both equally good (McNemar's test, exact)."""
    count = only_first + only_second
    if count == 0:
        return 1.0
    tail = sum(comb(count, k) for k in range(min(only_first, only_second) + 1)) / 2**count
    return min(1.0, 2 * tail)


def least_lead(networks: int) -> int:
    """The fewest photos that one of so many networks must have right, and another none besides, for
    the sign test to tell them apart."""
    lead = 1
    while sign_test(lead, 0) > _level(networks):
        lead += 1
    return lead


def _level(networks: int) -> float:
    return LEVEL / max(1, networks - 1)


def not_worse(study: TransferStudy) -> tuple[NetworkResult, ...]:
    """The best network and all that these photos cannot tell from it: those whose sign test against
    it stays above `LEVEL` over the number of comparisons (Bonferroni)."""
    best = max(study.networks, key=lambda each: each.right)
    level = _level(len(study.networks))
    return tuple(
        each for each in study.networks if each is best or _p(study.labels, best, each) > level
    )


def _p(labels: Sequence[int], first: NetworkResult, second: NetworkResult) -> float:
    right = [
        (a == label, b == label)
        for a, b, label in zip(first.said, second.said, labels, strict=True)
    ]
    return sign_test(right.count((True, False)), right.count((False, True)))


def verdict(study: TransferStudy) -> str:
    """Which network's features carry over best, only as far as these photos show."""
    best = max(study.networks, key=lambda each: each.right)
    tied = not_worse(study)
    count = len(study.labels)
    if best.interval[0] <= study.chance:
        return (
            f"No network is surely better than always saying the largest class: the best has "
            f"{best.right} of {count} right. More photos, or classes that differ more, would help."
        )
    if len(study.networks) == 1:
        return f"{best.title} has {best.right} of {count} photos right."
    if len(tied) == 1:
        return f"{best.title} transfers best: {best.right} of {count} right, beyond chance."
    lead = least_lead(len(study.networks))
    all_tied = len(tied) == len(study.networks)
    said = (
        f"{count} photos cannot tell {'these networks' if all_tied else f'the best {len(tied)}'} "
        f"apart: they have {min(each.right for each in tied)} to {best.right} right, and a lead of "
        f"fewer than {lead} photos ({100 * lead / count:.0f} points) could not show at all."
    )
    worse = [each.title for each in study.networks if each not in tied]
    return said + (f" Surely worse than the best: {', '.join(worse)}." if worse else "")


def on_the_border(study: TransferStudy) -> tuple[str, ...]:
    """The classes for which most networks look more at the border than `BORDER_SHARE`."""
    found = []
    for number, name in enumerate(study.classes):
        shares = [each.border[number] for each in study.networks]
        there = [share for share in shares if share is not None]
        if there and 2 * sum(share > BORDER_SHARE for share in there) > len(there):
            found.append(name)
    return tuple(found)
