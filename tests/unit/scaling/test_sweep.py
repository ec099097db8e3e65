"""Tables of positions, against the study of one choice at a time and against hand counts."""

import math
import random

import pytest

from effnet_viz.scaling import sweep
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    LATER_VARIANTS,
    VARIANTS,
)
from effnet_viz.scaling.compound import Coefficients, Multipliers
from effnet_viz.scaling.cost import inference_memory_bytes, network_cost
from effnet_viz.scaling.study import study

PAPER = (1.2, 1.1, 1.15)


def test_positions_are_round_and_as_many_as_said():
    counts = {slider: len(steps) for slider, steps in sweep.STEPS.items()}
    assert counts["phi"] == 111
    assert counts["alpha"] == counts["beta"] == counts["gamma"] == 101
    for slider, steps in sweep.STEPS.items():
        assert list(steps) == sorted(set(steps)), slider
    assert {-3.0, 0.0, 1.0, 8.0} <= set(sweep.STEPS["phi"])
    assert {1.0, 4.0, 8.0} <= set(sweep.STEPS["depth"])
    assert {1.0, 2.0, 5.0} <= set(sweep.STEPS["width"])
    assert {96.0, 224.0, 448.0, 1024.0} <= set(sweep.STEPS["px"])


@pytest.mark.parametrize("base", ARCHITECTURES.values(), ids=lambda base: base.name)
def test_a_position_is_what_the_study_of_that_choice_says(base):
    table = sweep.phi_table(base, *PAPER)
    for index in random.Random(base.name).sample(range(len(table)), 6):
        at = table[index]
        if isinstance(at, sweep.Limit):
            continue
        result = study(base, Coefficients(sweep.STEPS["phi"][index], *PAPER))
        assert at.costs == tuple(network_cost(spec) for spec in result.by_role.values())
        assert (at.memory, at.base_memory) == (result.memory, result.base_memory)
        assert at.law_ratio == result.gap.law_ratio
        assert at.built_ratio == result.gap.built_ratio
        assert at.ledger == result.ledger


def test_a_held_product_stays_where_it_is():
    start = Coefficients(1.0)
    for moved in sweep.COEFFICIENTS:
        for at in sweep.coefficient_table(EFFICIENTNET_B0, start, moved, start.constraint):
            assert at.coefficients.constraint == pytest.approx(start.constraint, abs=0.005)


def test_without_a_held_product_one_coefficient_moves():
    table = sweep.coefficient_table(EFFICIENTNET_B0, Coefficients(1.0), "beta")
    assert [at.coefficients.beta for at in table] == list(sweep.STEPS["beta"])
    assert {(at.coefficients.alpha, at.coefficients.gamma) for at in table} == {(1.2, 1.15)}


def test_a_multiplier_moves_alone():
    start = Multipliers(2.0, 1.5, 320)
    (row,) = [at for at in sweep.multiplier_table(EFFICIENTNET_B0, start, "depth")
              if at.multipliers.depth == 4.0]  # fmt: skip
    assert row.multipliers == Multipliers(4.0, 1.5, 320)
    assert row.memory == inference_memory_bytes(study(EFFICIENTNET_B0, row.multipliers).scaled)
    assert {
        at.multipliers.depth for at in sweep.multiplier_table(EFFICIENTNET_B0, start, "px")
    } == {2.0}


def test_limits_say_which_and_where():
    table = sweep.phi_table(EFFICIENTNET_B0, 2.0, 1.0, 1.0)
    met = {at.coefficients.phi: at for at in table if isinstance(at, sweep.Limit)}
    assert min(met) == 6.1  # 2⁶ = 64 is the last depth
    assert met[7.0].sentence == "φ = 7 makes the depth 128×; it ends at 64× here."
    narrow = sweep.at_coefficients(CLASSROOM_BASELINE, Coefficients(-3.0, 1.2, 1.5, 1.15))
    assert isinstance(narrow, sweep.Limit)
    assert "rounds to none" in narrow.sentence
    assert isinstance(
        sweep.at_multipliers(CLASSROOM_BASELINE, Multipliers(1, 0.25, 96)), sweep.Limit
    )


def test_the_curve_runs_through_the_positions():
    points = sweep.curve(EFFICIENTNET_B0, *PAPER)
    for point, at in zip(points, sweep.phi_table(EFFICIENTNET_B0, *PAPER), strict=True):
        assert point.built_ratio == at.built_ratio
        assert point.law_ratio == at.law_ratio
    beyond = sweep.curve(EFFICIENTNET_B0, 2.0, 1.0, 1.0)[-1]
    assert beyond.built_ratio is None
    assert beyond.law_ratio == 256


def test_released_variants_stand_where_the_law_costs_the_same():
    points = {point.variant: point for point in sweep.released_points(EFFICIENTNET_B0, *PAPER)}
    assert list(points) == list(VARIANTS)
    product = 1.2 * 1.1**2 * 1.15**2
    for variant, point in points.items():
        row = VARIANTS[variant]
        law = row.depth * row.width**2 * (row.resolution_px / 224) ** 2
        assert product**point.phi == pytest.approx(law)
        assert point.built_ratio == study(variant=variant).gap.built_ratio
    assert points["b0"].phi == 0
    assert not sweep.released_points(CLASSROOM_BASELINE, *PAPER)
    assert not sweep.released_points(EFFICIENTNET_B0, 1, 1, 1)


@pytest.mark.parametrize("start", [PAPER, (1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (1.5, 1.2, 1.01)])
def test_rescaled_to_two_keeps_the_shares(start):
    before = Coefficients(1.0, *start)
    after = sweep.rescaled(before, 2.0)
    assert after.constraint == pytest.approx(2.0, abs=0.001)
    if before.constraint > 1:
        share = math.log(start[0]) / math.log(before.constraint)
        assert math.log(after.alpha) / math.log(2) == pytest.approx(share, abs=0.005)


def test_the_released_table_is_the_released_variants():
    table = sweep.released_table(EFFICIENTNET_B0)
    assert [at.variant for at in table] == list(VARIANTS)
    params = {at.variant: at.costs[-1].params for at in table}
    assert [params[name] for name in ("b0", "b1", "b2")] == [5_288_548, 7_794_184, 9_109_994]
    later = {"b8": 87_413_142, "l2": 480_309_308}
    assert {name: params[name] for name in LATER_VARIANTS} == later
