"""Intervals as printed in textbooks, errors as computed from the draws themselves."""

import math
import statistics

import pytest

from effnet_viz.evidence import accuracy


def test_the_standard_error_is_that_of_a_proportion():
    assert accuracy.standard_error(80, 400) == pytest.approx(2.0)
    draws = [1] * 954 + [0] * 46
    expected = 100 * statistics.pstdev(draws) / math.sqrt(1000)
    assert accuracy.standard_error(95.4, 1000) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("percent", "count", "low", "high"),
    [
        (50, 100, 40.38, 59.62),  # Brown, Cai & DasGupta 2001 give Wilson's formula
        (90, 10, 59.58, 98.21),
        (0, 10, 0, 27.75),
        (100, 10, 72.25, 100),
    ],
)
def test_wilsons_interval(percent, count, low, high):
    assert accuracy.interval(percent, count) == pytest.approx((low, high), abs=0.02)


def test_the_margin_between_two_networks_by_hand():
    """1.96 · √(2 · 0.6 · 0.4 / 900) is 4.53 points."""
    assert accuracy.margin(60, 900) == pytest.approx(4.526, abs=1e-3)
