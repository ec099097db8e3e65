"""Differences on the same photos: against scipy, sums by hand, a bootstrap, and made-up truths."""

import math

import numpy as np
import pytest
from scipy import stats

from effnet_viz.evidence.accuracy import paired_interval
from effnet_viz.evidence.seeds import paired
from effnet_viz.evidence.seeds.paired import Difference, Part


@pytest.mark.parametrize("degrees", [1, 1.7, 2, 3.4, 10, 79, 3422])
def test_student_is_scipys(degrees):
    for t in (0.0, 0.3, 1.0, 1.96, 3.0, 7.0):
        assert paired.student_p(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), abs=2e-4)
    for level in (0.05, 0.005):
        wanted = stats.t.isf(level / 2, degrees)
        assert paired.student_t(level, degrees) == pytest.approx(wanted, rel=2e-3)


def as_bits(right) -> int:
    return sum(1 << place for place, hit in enumerate(right) if hit)


def discordant(only_one: int, only_other: int, both: int, count: int) -> tuple[int, int]:
    """Hits of two networks of which so many photos are right of one alone."""
    one = [True] * (only_one + both) + [False] * (count - only_one - both)
    other = [False] * only_one + [True] * (both + only_other)
    other += [False] * (count - len(other))
    return as_bits(one), as_bits(other)


@pytest.mark.parametrize(
    ("only_one", "only_other"), [(30, 10), (7, 7), (60, 25), (260, 201), (3, 1)]
)
def test_without_luck_two_networks_are_told_apart_as_by_mcnemar(only_one, only_other):
    """McNemar's exact test, its middle p: half of what lies just at the border."""
    one, other = discordant(only_one, only_other, 500, 1000)
    by = paired.contrast([(1, [one]), (-1, [other])], 1000, None)
    assert by.points == pytest.approx((only_one - only_other) / 10)
    assert (by.low, by.high) == pytest.approx(paired_interval(only_one, only_other, 1000), abs=0.02)
    middle = stats.binomtest(only_one, only_one + only_other).pvalue
    middle -= stats.binom.pmf(only_one, only_one + only_other, 0.5)
    assert paired.apart([by]) == (middle < 0.05,)


def test_seeds_are_averaged_photo_by_photo():
    draw = np.random.default_rng(3)
    ones, others = draw.random((3, 200)) < 0.8, draw.random((2, 200)) < 0.7
    by = paired.contrast(
        [(1, [as_bits(each) for each in ones]), (-1, [as_bits(each) for each in others])], 200, None
    )
    each = 100 * (ones.mean(axis=0) - others.mean(axis=0))
    assert by.points == pytest.approx(each.mean())
    assert by.photos == Part(pytest.approx(each.var() / 199), 199)
    assert by.error == pytest.approx(math.sqrt(each.var() / 199))


def test_luck_of_the_start_by_hand():
    """Deviations 1, 0, -1 and 2, -2: 10 over three degrees; three seeds against one: 4/3 of it."""
    one_seed = paired.between_seeds([(81, 80, 79), (86, 82), (70,)])
    assert one_seed == Part(pytest.approx(10 / 3), 3)
    luck = paired.combined([(1, "abc"), (-1, "d")], one_seed)
    assert luck == Part(pytest.approx(40 / 9), 3)
    assert paired.between_seeds([(81,), (70,)]) is None
    assert paired.combined([(1, "abc")], None) is None


def test_both_parts_make_the_interval():
    """Variances of 0.25 and 0.09, of 1,000 and 2 degrees of freedom, t 1.962 and 4.303: √0.34 wide
    an error, and (0.25 · 1.962 + 0.09 · 4.303) / √0.34 half an interval."""
    by = Difference(2.0, Part(0.25, 1000), Part(0.09, 2))
    assert by.error == pytest.approx(0.5831, abs=1e-4)
    assert by.half() == pytest.approx(1.505, abs=1e-3)
    assert (by.low, by.high) == pytest.approx((0.495, 3.505), abs=1e-3)
    assert by.lead == pytest.approx(1.329, abs=1e-3)
    same = paired.contrast([(1, [5]), (-1, [5])], 10, None)
    assert (same.points, same.half(), same.lead) == (0, 0, 0)


def test_verdicts_are_taken_step_by_step():
    """Of errors of 1 among very many photos: 3 at 5 % over three (2.39), 2.3 over two (2.24), 1.9
    alone (1.96) no more. 2.3 three times: none passes the first step."""

    def made(points):
        return Difference(points, Part(1.0, 10**6), paired.NO_LUCK)

    assert paired.apart([made(1.9), made(-3.0), made(2.3)]) == (False, True, True)
    assert paired.apart([made(2.3)] * 3) == (False,) * 3
    assert paired.apart([]) == ()


#: Of made-up networks: how much photos, seeds, and a seed's way with a photo vary, in logits.
PHOTOS, LUCK, OWN = 1.5, 0.15, 1.0


def made_up(draw, seeds: int, count: int, skill: float, photo) -> np.ndarray:
    """Bool (seeds, photos): networks of one skill, each with its luck, on these photos."""
    luck = LUCK * draw.standard_normal((seeds, 1))
    own = OWN * draw.standard_normal((seeds, count))
    return skill + photo + luck + own > 0


def test_the_error_is_between_the_true_one_and_the_pigeonhole_bootstraps():
    """Owen's bootstrap of crossed photos and seeds errs on the safe side; so does the sum."""
    draw = np.random.default_rng(5)
    seeds, count, true, ours, booted = 6, 500, [], [], []
    for trial in range(120):
        photo = PHOTOS * draw.standard_normal(count)
        one, other = (made_up(draw, seeds, count, 1.2, photo) for _ in range(2))
        true.append(100 * (one.mean() - other.mean()))
        if trial >= 15:
            continue
        luck = paired.between_seeds([100 * one.mean(axis=1), 100 * other.mean(axis=1)])
        terms = [(1, [as_bits(s) for s in one]), (-1, [as_bits(s) for s in other])]
        ours.append(paired.contrast(terms, count, paired.combined(terms, luck)).error)
        means = []
        for _ in range(300):
            photos = draw.integers(count, size=count)
            of_one, of_other = draw.integers(seeds, size=(2, seeds))
            means.append(one[of_one][:, photos].mean() - other[of_other][:, photos].mean())
        booted.append(100 * np.std(means))
    assert np.std(true) < np.mean(ours) < 1.1 * np.mean(booted)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Three seeds against one, as the family ships: 95 of 100, and rather more."""
    draw = np.random.default_rng(7)
    trials, held = 300, 0
    for _ in range(trials):
        photo = PHOTOS * draw.standard_normal(800)
        one, other = made_up(draw, 3, 800, 1.2, photo), made_up(draw, 1, 800, 1.2, photo)
        luck = paired.between_seeds([100 * one.mean(axis=1), 100 * other.mean(axis=1)])
        terms = [(1, [as_bits(s) for s in one]), (-1, [as_bits(s) for s in other])]
        by = paired.contrast(terms, 800, paired.combined(terms, luck))
        held += by.low <= 0 <= by.high
    assert held / trials >= 0.93
