"""What an accuracy measured on so many photos can say. Percent in, percent or points out."""

from __future__ import annotations

import math

#: Two-sided 95 % of the normal distribution.
Z95 = 1.96


def standard_error(percent: float, count: float) -> float:
    """Of an accuracy over ``count`` photos, in points: ``√(p (1 - p) / n)``."""
    share = percent / 100
    return 100 * math.sqrt(share * (1 - share) / count)


def interval(percent: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval, in percent, of a share measured on ``count`` photos."""
    share, z2 = percent / 100, Z95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return 100 * (middle - half), 100 * (middle + half)


def margin(percent: float, count: int) -> float:
    """How many points two networks as good as this may differ by chance, each measured on ``count``
    photos: 95 % of the time no more than ``1.96 · √(2 p (1 - p) / n)``."""
    return Z95 * math.sqrt(2) * standard_error(percent, count)


def paired_interval(only_one: int, only_other: int, count: int) -> tuple[float, float]:
    """The 95 % interval, in points, of the difference between two networks on the same ``count``
    photos, of which each got some right that the other got wrong: the normal approximation of
    paired proportions, ``(b - c) / n ± 1.96 · √(b + c - (b - c)² / n) / n``."""
    difference = only_one - only_other
    half = Z95 * math.sqrt(only_one + only_other - difference**2 / count)
    return 100 * (difference - half) / count, 100 * (difference + half) / count
