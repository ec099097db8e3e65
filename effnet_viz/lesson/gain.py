"""Normalised gain of a class, per item and over all, with an interval.

Hake's gain (1998, doi:10.1119/1.18809) is what was gained of what could be: ``(after - before) /
(1 - before)``, with the class's mean shares of right answers. Only who took both tests counts. The
95 % interval is a bootstrap over the seats (percentiles of `RESAMPLES` draws with replacement, each
seat keeping its two tests together). A draw without room to gain has no value; it counts as very
low and very high at once, so that a class near the ceiling gets a wide interval, or none, instead
of a false one.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from effnet_viz.lesson.items import ITEMS

RESAMPLES = 2000
TAIL = 0.025

#: Fewer seats say nothing about a class.
LEAST_SEATS = 5

#: One seat's two tests: right or wrong for each item, in the order of `ITEMS`.
Pair = tuple[tuple[bool, ...], tuple[bool, ...]]


@dataclass(frozen=True, slots=True)
class Gain:
    """Shares of right answers before and after, over ``n`` seats, and the gain.

    ``gain`` is None where all were right before. ``low`` and ``high`` are None where there are
    fewer than `LEAST_SEATS` seats or too many draws were at the ceiling.
    """

    n: int
    before: float
    after: float
    gain: float | None
    low: float | None = None
    high: float | None = None


def normalised(before: float, after: float) -> float | None:
    """The gain of two shares; None where there was no room for one."""
    return None if before >= 1 else (after - before) / (1 - before)


def class_gain(pairs: Sequence[Pair]) -> Gain | None:
    """The gain over all items; None where nobody took both tests."""
    return _gain([(sum(one) / len(one), sum(two) / len(two)) for one, two in pairs])


def item_gains(pairs: Sequence[Pair]) -> Mapping[str, Gain]:
    """The gain of each item; empty where nobody took both tests."""
    found = {}
    for place, item in enumerate(ITEMS):
        gain = _gain([(float(one[place]), float(two[place])) for one, two in pairs])
        if gain is not None:
            found[item] = gain
    return found


def _gain(shares: Sequence[tuple[float, float]]) -> Gain | None:
    n = len(shares)
    if not n:
        return None
    before, after = _means(shares)
    gain = normalised(before, after)
    if n < LEAST_SEATS or gain is None:
        return Gain(n, before, after, gain)
    low, high = _interval(shares)
    return Gain(n, before, after, gain, low, high)


def _means(shares: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return (
        sum(before for before, _ in shares) / len(shares),
        sum(after for _, after in shares) / len(shares),
    )


def _interval(shares: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """Percentiles over draws; the seed is fixed, so that the same class has the same interval."""
    draw = random.Random(0)
    drawn = [normalised(*_means(draw.choices(shares, k=len(shares)))) for _ in range(RESAMPLES)]
    defined = sorted(value for value in drawn if value is not None)
    without = RESAMPLES - len(defined)
    place = int(TAIL * RESAMPLES)  # so many draws may lie outside, at either end
    if without > place:
        return None, None
    return defined[place - without], defined[len(defined) - 1 - (place - without)]
