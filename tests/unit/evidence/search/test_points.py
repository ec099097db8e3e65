"""The search's points: their cost by torch's flop counter, their spread, and step 2's φ."""

import math
from dataclasses import replace
from functools import cache

import pytest

from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from effnet_viz.evidence.search.points import (
    DEFAULT_POINTS,
    SearchPoint,
    built_shares,
    compound_from,
    dimensions,
    search_points,
    shares,
    staircase,
    title,
)
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from tests.oracle.torch_counts import count, skeletons

POINTS = search_points()


@cache
def flops(spec):
    """What torch counts for one image, without computing anything."""
    with skeletons():
        module = build_model(spec)
    return 2 * count(module, spec.resolution_px, bare=True).macs


def built(spec):
    return flops(spec) / flops(CLASSROOM_BASELINE)


@pytest.mark.parametrize("point", POINTS[::2], ids=lambda point: point.name)
def test_every_point_builds_twice_the_baseline_within_a_tenth(point):
    assert min(point.alpha, point.beta, point.gamma) >= 1
    assert built(point.spec) == pytest.approx(point.built_ratio, rel=1e-12)
    assert 1.8 <= point.built_ratio <= 2.2
    assert point.law_ratio == pytest.approx(point.alpha * point.beta**2 * point.gamma**2)


def test_the_default_is_three_corners_and_nine_true_mixtures():
    points = search_points(DEFAULT_POINTS)
    assert points == POINTS[:DEFAULT_POINTS]
    assert [point.name for point in points[:3]] == ["depth", "width", "resolution"]
    assert [point.kind for point in points] == ["corner"] * 3 + ["mixture"] * 9
    for point in points[3:]:
        assert min(point.alpha, point.beta, point.gamma) > 1
        assert dimensions(point) == ("depth", "width", "resolution")
    assert sum(abs(point.law_ratio - 2) <= 0.2 for point in points[3:]) >= 3


def test_corners_and_pairs_change_only_what_they_scale():
    for point in POINTS:
        scaled = [value > 1 for value in (point.alpha, point.beta, point.gamma)]
        spec = point.spec
        assert scaled == [
            [s.repeats for s in spec.stages] != [s.repeats for s in CLASSROOM_BASELINE.stages],
            [s.out_channels for s in spec.stages]
            != [s.out_channels for s in CLASSROOM_BASELINE.stages],
            spec.resolution_px != 96,
        ]
        assert sum(scaled) == {"corner": 1, "pair": 2, "mixture": 3}[point.kind]


def test_no_network_is_trained_twice_and_names_are_unique():
    assert len({point.spec for point in POINTS}) == len({p.name for p in POINTS}) == len(POINTS)


def test_corners_are_the_grids_nearest_to_two():
    for role, values, at in (
        ("depth", [1 + n / 20 for n in range(25)], lambda v: (v, 1, 1)),
        ("width", [1 + n / 20 for n in range(11)], lambda v: (1, v, 1)),
        ("resolution", [1 + n / 20 for n in range(11)], lambda v: (1, 1, v)),
    ):
        specs = [scale(CLASSROOM_BASELINE, Coefficients(1, *at(v)).multipliers(96)) for v in values]
        baseline = network_cost(CLASSROOM_BASELINE).macs
        nearest = min(abs(network_cost(spec).macs / baseline - 2) for spec in specs)
        point = next(p for p in POINTS if p.name == role)
        assert abs(point.built_ratio - 2) == pytest.approx(nearest, rel=1e-9)
        assert point.role == role


def test_every_beginning_is_spread():
    """Each mixture is at least as far from those before it as every later one."""
    mixtures = [p for p in POINTS if p.kind == "mixture"]
    assert abs(mixtures[0].law_ratio - 2) == min(abs(p.law_ratio - 2) for p in mixtures)

    def far(point, others):
        return min(
            math.dist(
                [math.log(point.alpha), 2 * math.log(point.beta), 2 * math.log(point.gamma)],
                [math.log(o.alpha), 2 * math.log(o.beta), 2 * math.log(o.gamma)],
            )
            for o in others
        )

    for n in range(1, len(mixtures)):
        chosen = far(mixtures[n], mixtures[:n])
        assert all(chosen >= far(later, mixtures[:n]) - 1e-12 for later in mixtures[n + 1 :])


@pytest.mark.parametrize("number", [0, len(POINTS) + 1])
def test_a_count_the_grid_does_not_have(number):
    with pytest.raises(UserError, match=f"1 to {len(POINTS)}"):
        search_points(number)


@pytest.mark.parametrize("point", POINTS[::4], ids=lambda point: point.name)
def test_step_two_finds_the_phi_that_builds_nearest_four_times(point):
    """Nearest of all φ in hundredths, every one of them tried."""
    found = compound_from(point)
    assert (found.alpha, found.beta, found.gamma) == (point.alpha, point.beta, point.gamma)

    def off(phi):
        coefficients = Coefficients(phi, point.alpha, point.beta, point.gamma)
        spec = scale(CLASSROOM_BASELINE, coefficients.multipliers(96))
        return abs(network_cost(spec).macs / network_cost(CLASSROOM_BASELINE).macs - 4)

    by_law = math.log(4) / math.log(point.law_ratio)
    assert off(found.phi) == min(off(n / 100) for n in range(50, round(150 * by_law)))


def test_all_points_can_be_scaled_on():
    baseline = network_cost(CLASSROOM_BASELINE).macs
    for point in POINTS:
        spec = scale(CLASSROOM_BASELINE, compound_from(point).multipliers(96))
        assert abs(network_cost(spec).macs / baseline - 4) <= 0.2
    assert built(spec) == network_cost(spec).macs / baseline


def test_a_point_that_jumps_over_four_times_is_refused():
    point = SearchPoint("jumps", "mixture", 1.25, 1.10, 1.05)
    assert 1.8 <= point.built_ratio <= 2.2
    with pytest.raises(UserError, match=r"No φ scales jumps to within 5% of 4 times"):
        compound_from(point)


def test_shares_of_the_law():
    assert shares(2, 1, 1) == (1, 0, 0)
    assert shares(2 ** (1 / 3), 2 ** (1 / 6), 2 ** (1 / 6)) == pytest.approx((1 / 3,) * 3)
    assert sum(shares(1.2, 1.1, 1.15)) == pytest.approx(1)


def test_another_baseline_has_its_own_points():
    small = replace(CLASSROOM_BASELINE, resolution_px=64)
    points = search_points(base=small)
    assert points[0].base is small
    assert points[0].built_ratio == flops(points[0].spec) / flops(small)
    assert all(1.8 <= p.built_ratio <= 2.2 for p in points)


def test_built_shares_say_where_the_multiply_adds_went():
    assert built_shares(POINTS[0]) == (1, 0, 0)
    point = POINTS[3]
    alone = [
        scale(CLASSROOM_BASELINE, Multipliers(1.5, 1, 96)),
        scale(CLASSROOM_BASELINE, Multipliers(1, 1.05, 96)),
        scale(CLASSROOM_BASELINE, Multipliers(1, 1, 106)),
    ]
    logs = [math.log(built(spec)) for spec in alone]
    assert built_shares(point) == pytest.approx([log / sum(logs) for log in logs])


@pytest.mark.parametrize("role", ["depth", "width", "resolution"])
def test_staircases_start_at_the_baseline_and_never_fall(role):
    steps = staircase(role)
    assert steps[0] == (1, 1, 1)
    assert steps[-1][1] == pytest.approx(2.5)
    ratios = [ratio for _, _, ratio in steps]
    assert ratios == sorted(ratios)
    value, _, ratio = steps[100]
    one = {"depth": (value, 1, 1), "width": (1, value, 1), "resolution": (1, 1, value)}[role]
    assert ratio == built(scale(CLASSROOM_BASELINE, Coefficients(1, *one).multipliers(96)))


def test_titles():
    assert [title(point) for point in POINTS[:4]] == [
        "depth only", "width only", "resolution only", "α 1.5, β 1.05, γ 1.1",
    ]  # fmt: skip
