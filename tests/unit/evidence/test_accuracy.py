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


def test_the_paired_interval_by_hand():
    """30 against 10 of 1000: 2 points, ± 1.96 · √(40 - 20² / 1000) / 10 = ± 1.233."""
    assert accuracy.paired_interval(30, 10, 1000) == pytest.approx((0.767, 3.233), abs=1e-3)
    assert accuracy.paired_interval(7, 7, 500) == pytest.approx((-1.467, 1.467), abs=1e-3)


def test_the_paired_interval_is_that_of_the_differences_photo_by_photo():
    differences = [1] * 25 + [-1] * 60 + [0] * 915
    middle = 100 * statistics.fmean(differences)
    half = 196 * statistics.pstdev(differences) / math.sqrt(1000)
    assert accuracy.paired_interval(25, 60, 1000) == pytest.approx((middle - half, middle + half))
