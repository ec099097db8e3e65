from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from torchvision.models._utils import _make_divisible

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    LATER_VARIANTS,
    MOBILENET_V2,
    RELEASED_VARIANTS,
    RESNET_50,
    VARIANTS,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import (
    LAWS,
    Coefficients,
    Law,
    Multipliers,
    checked_multipliers,
    hold_constraint,
    released,
    round_filters,
    round_px,
    round_repeats,
    scale,
    undusted,
)
from effnet_viz.scaling.cost import network_cost

NOT_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, "1", None, [1], 1j]


@pytest.mark.parametrize(
    ("channels", "width", "rounded"),
    [
        (32, 1.1, 32),  # 35.2 is nearer to 32 than to 40
        (40, 1.1, 48),  # 44 is half way: up
        (1280, 1.1, 1408),
        (24, 1.4, 32),  # 33.6 down to 32, which is above 90 %
        (10, 1.0, 16),  # 8 would be below 90 % of 10
        (16, 0.25, 8),  # never below 8
    ],
)
def test_round_filters_by_hand(channels: int, width: float, rounded: int) -> None:
    assert round_filters(channels, width) == rounded


@given(st.integers(1, 4096), st.floats(0.1, 10))
def test_round_filters_is_torchvision_s_rule(channels: int, width: float) -> None:
    product = channels * width
    assume(undusted(product) == product and undusted(0.9 * product) == 0.9 * product)
    assert round_filters(channels, width) == _make_divisible(product, 8)


HUNDREDTHS = st.integers(30, 800).map(lambda n: n / 100)
DUSTY = st.floats(-1e-11, 1e-11)


@given(HUNDREDTHS, HUNDREDTHS, DUSTY, DUSTY, st.sampled_from(list(ARCHITECTURES.values())))
def test_dust_changes_no_network(
    depth: float, width: float, more_depth: float, more_width: float, spec: ArchitectureSpec
) -> None:
    width = max(width, 0.5)
    px = spec.resolution_px
    exact = scale(spec, Multipliers(depth, width, px))
    dusty = Multipliers(depth * (1 + more_depth), width * (1 + more_width), px)
    assert scale(spec, dusty) == exact
    # The whole number that each product is, in fractions that do not round.
    ends = 2 if spec.fixed_ends else 1
    inner = slice(ends, -ends)
    for before, after in zip(spec.stages[inner], exact.stages[inner], strict=True):
        assert after.repeats == math.ceil(Fraction(round(100 * depth), 100) * before.repeats)


@given(st.integers(1, 16), st.floats(-6, 6).filter(lambda phi: abs(phi) > 0.5))
def test_a_whole_multiplier_may_come_from_any_power(times: int, phi: float) -> None:
    """Roots and powers of whole numbers are the commonest source of dust: √2² is not 2."""
    root = times ** (1 / phi)
    assume(0.5 <= root <= 4)
    made = Coefficients(phi, alpha=root, beta=root, gamma=1).multipliers(224)
    asked = Multipliers(times, times, 224)
    assert scale(EFFICIENTNET_B0, made) == scale(EFFICIENTNET_B0, asked)


def test_pixels_have_no_dust_either() -> None:
    ratio = 2.25 ** (1 / 3)
    assert ratio**3 * 100 != 225
    assert Coefficients(3, gamma=ratio).multipliers(100).resolution_px == 225
    half = 224.5
    assert [round_px(half + dust) for dust in (-1e-10, 0, 1e-10)] == [224, 224, 224]
    assert [round_px(half + more) for more in (-1e-6, 1e-6)] == [224, 225]


def test_a_little_more_than_dust_is_another_block() -> None:
    assert [round_repeats(1, depth) for depth in (2 + 1e-12, 2 + 1e-7, 2 - 1e-7)] == [2, 3, 2]
    assert undusted(0.1 + 0.2) == 0.1 + 0.2


def test_round_repeats_doubles_a_one_block_stage_for_any_depth_above_1() -> None:
    assert [round_repeats(1, d) for d in (0.5, 1, 1.001, 2)] == [1, 1, 2, 2]
    assert [round_repeats(4, d) for d in (0.5, 1, 1.1, 1.2)] == [2, 4, 5, 5]


def test_the_paper_s_coefficients() -> None:
    step = Coefficients(phi=1)
    assert step.constraint == pytest.approx(1.2 * 1.1**2 * 1.15**2) == pytest.approx(1.92027)
    assert step.law_ratio == step.constraint
    assert Coefficients(phi=3).law_ratio == pytest.approx(1.92027**3)
    assert Coefficients(phi=0).multipliers(224) == Multipliers(1.0, 1.0, 224)
    assert step.multipliers(224) == Multipliers(1.2, 1.1, 258)  # round(224 · 1.15) = round(257.6)
    assert Coefficients(phi=-1).multipliers(224).resolution_px == 195  # round(194.78)


def test_doubling_width_and_resolution_together_costs_16_times_by_the_law() -> None:
    assert Multipliers(1.0, 2.0, 448).law_ratio(224) == 16


def test_phi_1_has_the_parameters_of_b2_and_phi_3_those_of_no_released_variant() -> None:
    def params(multipliers: Multipliers) -> int:
        return network_cost(scale(EFFICIENTNET_B0, multipliers)).params

    by_variant = {name: params(released(name)) for name in RELEASED_VARIANTS}
    assert params(Coefficients(phi=1).multipliers(224)) == by_variant["b2"] == 9_109_994
    assert params(Coefficients(phi=2).multipliers(224)) == 12_255_408
    assert by_variant["b3"] == 12_233_232
    assert params(Coefficients(phi=3).multipliers(224)) not in by_variant.values()


def test_scale_changes_what_it_should_and_leaves_the_base_alone() -> None:
    before = hash(EFFICIENTNET_B0)
    scaled = scale(EFFICIENTNET_B0, Multipliers(1.2, 1.1, 258))
    assert [s.repeats for s in scaled.stages] == [1, 2, 3, 3, 4, 4, 5, 2, 1]
    assert [s.out_channels for s in scaled.stages] == [32, 16, 24, 48, 88, 120, 208, 352, 1408]
    assert scaled.resolution_px == 258
    assert [(s.kernel_size, s.stride, s.expand_ratio) for s in scaled.stages] == [
        (s.kernel_size, s.stride, s.expand_ratio) for s in EFFICIENTNET_B0.stages
    ]
    assert hash(EFFICIENTNET_B0) == before


@pytest.mark.parametrize("spec", ARCHITECTURES.values(), ids=lambda spec: spec.name)
def test_scaling_by_one_changes_nothing(spec: Any) -> None:
    assert scale(spec, Multipliers(1.0, 1.0, spec.resolution_px)) == spec


def test_mobilenet_v2_s_head_never_shrinks_below_1280() -> None:
    assert scale(MOBILENET_V2, Multipliers(1, 0.5, 224)).stages[-1].out_channels == 1280
    assert scale(MOBILENET_V2, Multipliers(1, 2, 224)).stages[-1].out_channels == 2560


def test_resnet_scales_all_its_widths() -> None:
    doubled = scale(RESNET_50, Multipliers(1, 2, 224))
    assert [s.out_channels for s in doubled.stages] == [128, 512, 1024, 2048, 4096, 0]
    assert [s.inner_channels for s in doubled.stages] == [0, 128, 256, 512, 1024, 0]


@given(
    depth=st.floats(0.25, 8),
    width=st.floats(0.5, 8),
    px=st.integers(8, 8000),
    spec=st.sampled_from([EFFICIENTNET_B0, MOBILENET_V2, RESNET_50, CLASSROOM_BASELINE]),
)
def test_any_multipliers_in_range_give_a_whole_network(
    depth: float, width: float, px: int, spec: Any
) -> None:
    cost = network_cost(scale(spec, checked_multipliers(depth, width, px)))
    assert all(row.repeats >= 1 and row.out_channels % 8 == 0 for row in cost.stages[:-1])
    assert all(isinstance(value, int) and value > 0 for value in cost[:4])


@pytest.mark.parametrize("bad", [999, -999, 20.001, *NOT_NUMBERS])
def test_bad_phi(bad: Any) -> None:
    with pytest.raises(UserError, match=r"phi must be between -20 and 20, not "):
        Coefficients(phi=bad)


@pytest.mark.parametrize("name", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("bad", [0, -1, 4.1, *NOT_NUMBERS])
def test_bad_coefficient(name: str, bad: Any) -> None:
    with pytest.raises(UserError, match=rf"{name} must be between 0.5 and 4, not "):
        Coefficients(1.0, **{name: bad})


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("bad", [0, -1, 10**8, 1e300, *NOT_NUMBERS])
def test_bad_multiplier(position: int, bad: Any) -> None:
    values: list[Any] = [1, 1, 224]
    values[position] = bad
    name = ("depth", "width", "resolution_px")[position]
    with pytest.raises(UserError, match=f"{name} must be "):
        checked_multipliers(*values)
    with pytest.raises(UserError, match=f"{name} must be "):
        scale(EFFICIENTNET_B0, Multipliers(*values))


def test_half_a_pixel_is_refused() -> None:
    with pytest.raises(UserError, match=r"whole number of pixels, not 224\.5"):
        checked_multipliers(1, 1, 224.5)


def test_phi_that_leads_to_an_impossible_resolution() -> None:
    with pytest.raises(UserError, match="resolution_px must be between 8 and 8000, not "):
        Coefficients(phi=20, gamma=4).multipliers(224)


def test_width_that_rounds_to_nothing_names_the_stage_and_the_least_width() -> None:
    with pytest.raises(UserError, match=r"leaves stage 2 .* rounds to none; use at least 0.25"):
        scale(EFFICIENTNET_B0, Multipliers(1, 0.2, 224))
    scale(EFFICIENTNET_B0, Multipliers(1, 0.25, 224))


def test_the_deepest_and_widest_allowed_network_is_still_prompt() -> None:
    started = time.process_time()
    network_cost(scale(EFFICIENTNET_B0, checked_multipliers(64, 64, 8000)))
    assert time.process_time() - started < 0.5


def test_unknown_variant_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"no variant 'b9'; choose one of b0, b1, .*b7, b8, l2"):
        released("b9")


def test_a_variant_s_name_is_the_same_in_any_case() -> None:
    assert all(released(name.upper()) == released(name) for name in VARIANTS)


def test_what_was_published_later_stands_apart() -> None:
    """The printed B0-B7 are the paper's; the parameters of the others are those of the original
    implementation, counted."""
    assert list(RELEASED_VARIANTS) == [f"b{number}" for number in range(8)]
    assert not set(LATER_VARIANTS) & set(RELEASED_VARIANTS)
    counted = {name: network_cost(scale(EFFICIENTNET_B0, released(name))).params
               for name in LATER_VARIANTS}  # fmt: skip
    assert counted == {"b8": 87_413_142, "l2": 480_309_308}


@given(
    st.floats(1, 2), st.floats(1, 2), st.floats(1, 2), st.sampled_from(["alpha", "beta", "gamma"])
)
def test_hold_constraint(alpha: float, beta: float, gamma: float, moved: str) -> None:
    held = dict(
        zip(("alpha", "beta", "gamma"), hold_constraint(alpha, beta, gamma, moved), strict=True)
    )
    product = held["alpha"] * held["beta"] ** 2 * held["gamma"] ** 2
    assert product == pytest.approx(2)
    assert all(value >= 1 - 1e-12 for value in held.values())
    asked = {"alpha": alpha, "beta": beta, "gamma": gamma}[moved]
    most = 2.0 if moved == "alpha" else math.sqrt(2)
    assert held[moved] == pytest.approx(min(asked, most))


@given(*[st.floats(1, 2)] * 3, st.floats(1, 32), st.sampled_from(["alpha", "beta", "gamma"]))
def test_held_coefficients_stay_where_their_sliders_end(alpha, beta, gamma, target, moved) -> None:
    names = ("alpha", "beta", "gamma")
    held = dict(
        zip(names, hold_constraint(alpha, beta, gamma, moved, target, most=2.0), strict=True)
    )
    assert held["alpha"] * held["beta"] ** 2 * held["gamma"] ** 2 == pytest.approx(target)
    assert all(1 - 1e-9 <= value <= 2 + 1e-9 for value in held.values())
    asked = {"alpha": alpha, "beta": beta, "gamma": gamma}[moved]
    power = 1 if moved == "alpha" else 2
    room = 2 ** (5 - power)  # what the others can be together
    lowest = max(1, target / room) ** (1 / power)
    assert held[moved] == pytest.approx(min(max(asked, lowest), target ** (1 / power), 2))


def test_hold_constraint_keeps_the_proportion_of_the_other_two() -> None:
    # alpha takes 1.5 of 2; beta and gamma share ln(4/3)/2 in the ratio ln 1.1 : ln 1.15
    _, beta, gamma = hold_constraint(1.5, 1.1, 1.15, "alpha")
    assert math.log(beta) / math.log(gamma) == pytest.approx(math.log(1.1) / math.log(1.15))
    assert hold_constraint(1.0, 1.0, 1.0, "alpha")[1:] == pytest.approx((2**0.25, 2**0.25))


def test_hold_constraint_refuses_another_name() -> None:
    with pytest.raises(UserError, match="alpha, beta or gamma, not 'delta'"):
        hold_constraint(1, 1, 1, "delta")


#: One example of every law.
LAW_EXAMPLES: dict[str, Law] = {"compound": Coefficients(1.5, 1.2, 1.1, 1.15)}


def test_every_law_has_an_example() -> None:
    assert set(LAW_EXAMPLES) == set(LAWS)


@pytest.mark.parametrize("name", LAW_EXAMPLES)
@pytest.mark.parametrize("px", [96, 224])
def test_a_law_promises_the_product_of_what_it_multiplies(name: str, px: int) -> None:
    law = LAW_EXAMPLES[name]
    made = law.multipliers(px)
    assert law.law_ratio == pytest.approx(
        made.depth * made.width**2 * (law.exact_px(px) / px) ** 2, rel=1e-9
    )
    assert abs(made.resolution_px - law.exact_px(px)) <= 0.5
    assert hash(law) == hash(replace(law))  # type: ignore[type-var]  # a frozen record
