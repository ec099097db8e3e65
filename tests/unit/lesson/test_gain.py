"""Normalised gain against numbers worked out by hand and against the normal approximation."""

import math
import random

import pytest

from effnet_viz.lesson.gain import Pair, class_gain, item_gains, normalised
from effnet_viz.lesson.items import ITEMS


def pair(before: int, after: int) -> Pair:
    """A seat with so many of eight right."""
    return tuple(i < before for i in range(8)), tuple(i < after for i in range(8))  # type: ignore[return-value]


def test_hakes_example():
    """From 45 to 71.4 % is a gain of 0.48: the mean of interactive courses (Hake 1998)."""
    assert normalised(0.45, 0.714) == pytest.approx(0.48)
    assert normalised(0.5, 0.5) == 0
    assert normalised(0.5, 0.25) == -0.5
    assert normalised(1.0, 1.0) is None


def test_a_class_by_hand():
    gain = class_gain([pair(2, 6), pair(4, 6), pair(4, 8), pair(6, 4), pair(4, 6)])
    assert gain is not None
    assert (gain.n, gain.before, gain.after) == (5, 0.5, 0.75)
    assert gain.gain == 0.5
    assert gain.low is not None
    assert gain.low < 0.5 < gain.high


def test_items_by_hand():
    gains = item_gains([pair(1, 2), pair(1, 1), pair(0, 2), pair(1, 2)])
    first, second, third = (gains[item] for item in list(ITEMS)[:3])
    assert (first.before, first.after, first.gain) == (0.75, 1.0, 1.0)
    assert (second.before, second.after, second.gain) == (0.0, 0.75, 0.75)
    assert (third.before, third.after, third.gain) == (0.0, 0.0, 0.0)
    assert first.low is None  # four seats say nothing about a class


def test_the_interval_is_the_delta_methods_for_a_large_class():
    """``g = (y - x) / (1 - x)`` of paired means: its standard error by first derivatives."""
    draw = random.Random(1)
    pairs = [pair(draw.randint(1, 5), draw.randint(3, 8)) for _ in range(400)]
    x = [sum(one) / 8 for one, _ in pairs]
    y = [sum(two) / 8 for _, two in pairs]
    n, mx, my = len(pairs), sum(x) / 400, sum(y) / 400
    slope_x, slope_y = (my - 1) / (1 - mx) ** 2, 1 / (1 - mx)
    linear = [slope_x * (a - mx) + slope_y * (b - my) for a, b in zip(x, y, strict=True)]
    error = math.sqrt(sum(v * v for v in linear) / (n - 1) / n)
    gain = class_gain(pairs)
    assert gain is not None
    assert gain.low == pytest.approx(gain.gain - 1.96 * error, abs=0.2 * error)
    assert gain.high == pytest.approx(gain.gain + 1.96 * error, abs=0.2 * error)
    assert class_gain(pairs) == gain  # the same class has the same interval


def test_a_class_at_the_ceiling_gets_no_false_interval():
    full = class_gain([pair(8, 8)] * 20)
    assert full is not None
    assert (full.gain, full.low, full.high) == (None, None, None)
    nearly = class_gain([pair(8, 8)] * 19 + [pair(7, 8)])  # a third of the draws leave it out
    assert nearly is not None
    assert nearly.gain == 1.0
    assert (nearly.low, nearly.high) == (None, None)


def test_nobody_took_both():
    assert class_gain([]) is None
    assert item_gains([]) == {}
