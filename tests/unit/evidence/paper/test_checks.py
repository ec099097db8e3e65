"""The paper's ratios and its search objective, by exact fractions and by hand."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest

from effnet_viz.evidence.paper.checks import (
    all_ratios,
    check_ratio,
    compare,
    geo_mean,
    indifferent_w,
    iso_reward,
    ranked,
    reward,
    speedup_checks,
    switches,
    table2_ratios,
    time_if_proportional,
    transfer_ratios,
)
from effnet_viz.evidence.paper.tables import Printed, load

PAPER = load()


def exact(number: Printed) -> Fraction:
    return Fraction(str(number))


def exact_verdict(printed: Printed, over: Printed, under: Printed) -> str:
    """The verdict by exact fractions: a quotient rounds, could, or cannot."""

    def half(number: Printed) -> Fraction:
        return Fraction(1, 2 * 10 ** len(str(number).partition(".")[2]))

    if abs(exact(over) / exact(under) - exact(printed)) <= half(printed):
        return "same"
    low = (exact(over) - half(over)) / (exact(under) + half(under))
    high = (exact(over) + half(over)) / (exact(under) - half(under))
    possible = low <= exact(printed) + half(printed) and exact(printed) - half(printed) <= high
    return "rounding" if possible else "differs"


def test_table_2_ratios_by_exact_fractions() -> None:
    first = PAPER.imagenet_results[0]
    for row in PAPER.imagenet_results:
        if row.leads:
            first = row
            assert table2_ratios(PAPER, row) == (None, None)
            continue
        params, macs = table2_ratios(PAPER, row)
        assert params is not None
        assert params.recomputed == pytest.approx(
            float(exact(row.params_millions) / exact(first.params_millions))
        )
        assert params.verdict == exact_verdict(
            row.params_ratio, row.params_millions, first.params_millions
        )
        if row.model == "GPipe":
            assert macs is None
            continue
        assert macs is not None
        assert row.gmacs is not None
        assert first.gmacs is not None
        assert row.macs_ratio is not None
        assert macs.recomputed == pytest.approx(float(exact(row.gmacs) / exact(first.gmacs)))
        assert macs.verdict == exact_verdict(row.macs_ratio, row.gmacs, first.gmacs)


def test_transfer_and_speedup_ratios_by_exact_fractions() -> None:
    for row in PAPER.transfer:
        public, best = transfer_ratios(row)
        assert public.verdict == exact_verdict(row.ratio, row.public_params_m, row.ours_params_m)
        assert (best is None) == (row.best_params_m is None)
        if best is not None:
            assert row.ratio_best is not None
            assert row.best_params_m is not None
            assert row.ours_best_params_m is not None
            assert best.verdict == exact_verdict(
                row.ratio_best, row.best_params_m, row.ours_best_params_m
            )
    speedups = {check.name: check for check in speedup_checks(PAPER)}
    assert speedups["ResNet-152 to EfficientNet-B1"].recomputed == pytest.approx(554 / 98)
    assert speedups["GPipe to EfficientNet-B7"].recomputed == pytest.approx(190 / 31)


def test_two_of_the_printed_ratios_are_impossible() -> None:
    checks = all_ratios(PAPER)
    assert len(checks) == 16 + 15 + 2 + 8 + 5
    assert [c.name for c in checks if c.verdict == "differs"] == [
        "PNASNet: multiply-adds", "Oxford-IIIT Pets: public",
    ]  # fmt: skip


def test_the_bounds_of_a_ratio_are_the_extremes_of_what_prints_so() -> None:
    check = check_ratio("x", Printed("6.0"), Printed("23"), Printed("4.2"))
    assert (check.low, check.high) == pytest.approx((22.5 / 4.25, 23.5 / 4.15))


def test_geometric_means_equal_the_standard_librarys() -> None:
    ratios = [float(row.ratio) for row in PAPER.transfer]
    assert geo_mean(ratios) == pytest.approx(statistics.geometric_mean(ratios))
    assert PAPER.geo_mean_public.agrees(geo_mean(ratios))
    best = [row.ratio_best for row in PAPER.transfer if row.ratio_best is not None]
    assert PAPER.geo_mean_best.agrees(geo_mean(best))
    again = [transfer_ratios(row)[0].recomputed for row in PAPER.transfer]
    assert not PAPER.geo_mean_public.agrees(geo_mean(again))


def test_compare_says_who_has_less_of_what() -> None:
    b4, nasnet, gpipe = (PAPER.result(name) for name in ("B4", "NASNet-A", "GPipe"))
    assert compare(b4, nasnet) == (
        "**B4** has 0.21× the parameters of **NASNet-A** (19 M against 89 M); uses 0.18× its "
        "multiply-adds (4.2 B against 24 B), at 0.1 points less top-1 (82.6 % against 82.7 %)."
    )
    assert "4.7× the parameters" in compare(nasnet, b4)
    assert "GPipe's multiply-adds are not printed" in compare(b4, gpipe)
    assert "at the same top-1 accuracy" in compare(b4, b4)


def test_time_if_proportional() -> None:
    assert time_if_proportional(0.554, 11, 0.7) == pytest.approx(0.554 * 0.7 / 11)


# The search objective


def test_reward_is_the_printed_formula() -> None:
    assert reward(76.3, 400e6, -0.07, 400e6) == 76.3
    assert reward(80, 800e6, -0.07, 400e6) / 80 == pytest.approx(0.953, abs=5e-4)


def test_iso_reward_inverts_reward() -> None:
    for w in (-0.15, -0.07, 0.0):
        level = reward(81.1, 1.8e9, w, 4e8)
        assert iso_reward(level, 1.8e9, w, 4e8) == pytest.approx(81.1)


def test_b0_wins_at_the_papers_exponent_and_b7_without_one() -> None:
    assert ranked(PAPER, -0.07, 4e8)[0][1].short == "B0"
    assert ranked(PAPER, 0.0, 4e8)[0][1].short == "B7"


def test_the_target_does_not_change_the_order() -> None:
    orders = {
        tuple(row.model for _, row in ranked(PAPER, -0.07, target)) for target in (1e8, 4e8, 4e9)
    }
    assert len(orders) == 1


def test_switches_are_where_two_rewards_are_equal() -> None:
    found = switches(PAPER)
    assert [s.before.short + s.after.short for s in found] == [f"B{n}B{n + 1}" for n in range(7)]
    for switch in found:
        rewards = {
            round(reward(row.top1, row.gmacs * 1e9, switch.w, 4e8), 9)
            for row in (switch.before, switch.after)
            if row.gmacs
        }
        assert len(rewards) == 1
    assert indifferent_w(50, 1, 100, 2) == pytest.approx(-1)
