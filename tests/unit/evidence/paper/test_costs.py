"""Recomputed costs of the paper's networks, against torchvision's modules and torch's counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import pytest
import torchvision
from torch import nn
from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import Bottleneck

from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.costs import (
    DIMENSIONS,
    RecomputedCost,
    best_within,
    candidates,
    convolution_layers,
    deepest,
    equal_cost_contour,
    find_multiplier,
    gain_per_doubling,
    largest_input,
    macs_of,
    one_dimension,
    pixels,
    recompute_map_model,
    recompute_other,
    solve_phi,
    staircase,
    transfer_params,
    variant_cost,
    widest,
    width_curve,
)
from effnet_viz.evidence.paper.tables import load
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, RELEASED_VARIANTS
from effnet_viz.scaling.compound import round_filters, round_repeats
from tests.oracle.torch_counts import count, skeletons

PAPER = load()


def torchvision_efficientnet(depth: float, width: float, classes: int = 1000) -> nn.Module:
    """Scaled by torchvision's own code; its head is told the paper's rule."""
    rows, _ = _efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    head = torchvision.models._utils._make_divisible(1280 * width, 8)
    return EfficientNet(rows, dropout=0.2, last_channel=head, num_classes=classes)


def mobilenet_v1(depth: float, width: float) -> nn.Module:
    """Howard et al. 2017, table 1, a depthwise and a pointwise convolution per row."""
    channels = round_filters(32, width)
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 2, 1, bias=False)]
    for out, repeats, stride in ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2)):
        out = round_filters(out, width)
        for number in range(round_repeats(repeats, depth)):
            step = stride if number == 0 else 1
            layers.append(nn.Conv2d(channels, channels, 3, step, 1, groups=channels, bias=False))
            layers.append(nn.Conv2d(channels, out, 1, bias=False))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def mobilenet_v2(depth: float, width: float) -> nn.Module:
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
    settings = [[t, c, math.ceil(n * depth), s] for t, c, n, s in rows]
    return MobileNetV2(width_mult=width, inverted_residual_setting=settings)


def resnet_50(depth: float, width: float) -> nn.Module:
    """torchvision's bottlenecks at ``width`` times the planes (inner and outer alike)."""
    channels = round_filters(64, width)
    layers: list[nn.Module] = [
        nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels),
        nn.MaxPool2d(3, 2, 1),
    ]  # fmt: skip
    for planes, repeats, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        inner, out = round_filters(planes, width), round_filters(4 * planes, width)
        for number in range(math.ceil(repeats * depth)):
            shortcut = None
            if number == 0:
                shortcut = nn.Sequential(
                    nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
                )
            layers.append(
                Bottleneck(
                    channels,
                    out // 4,
                    stride if number == 0 else 1,
                    shortcut,
                    base_width=64 * (inner + 1e-9) / (out // 4),
                )
            )
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


BUILDERS = {
    "efficientnet_b0": torchvision_efficientnet,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "resnet_50": resnet_50,
}


def counted_macs(architecture: str, depth: float, width: float, px: int) -> int:
    with skeletons():
        module = BUILDERS[architecture](depth, width)
    return count(module, px, bare=True).macs


@pytest.mark.parametrize("row", PAPER.other_networks, ids=lambda row: row.model)
def test_table_3_is_recomputed_as_torch_counts_it(row) -> None:
    cost = recompute_other(row)
    m = cost.multipliers
    assert cost.macs == counted_macs(row.architecture, m.depth, m.width, m.resolution_px)
    assert cost.assumed == (row.depth is None)
    if cost.assumed:
        assert (m.depth, m.width, m.resolution_px) == (1.4, 1.2, 291)


def test_table_3_rows_that_do_not_print_as_computed() -> None:
    off = [c.name for c in map(recompute_other, PAPER.other_networks) if not c.agrees]
    assert off == [
        "MobileNetV1 by resolution", "MobileNetV1 compound", "MobileNetV2 compound",
        "ResNet-50 by depth", "ResNet-50 by width", "ResNet-50 compound",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "gmacs", "params"),
    [
        ("baseline", 0.386, 5288548),
        ("depth", 1.575, 20091856),
        ("width", 1.450, 18122720),
        ("resolution", 1.538, 5288548),
        ("compound", 1.800, 12233232),
    ],
)
def test_table_7_is_recomputed_as_torchvision_builds_it(role, gmacs, params) -> None:
    row = next(row for row in PAPER.map_models if row.role == role)
    cost = recompute_map_model(row)
    px = round(224 * float(row.resolution))
    with skeletons():
        counted = count(torchvision_efficientnet(float(row.depth), float(row.width)), px)
    assert (cost.macs, cost.params) == (counted.macs, counted.params)
    assert (round(cost.macs / 1e9, 3), cost.params) == (gmacs, params)
    assert cost.agrees == (role in ("baseline", "compound"))


@pytest.mark.parametrize("variant", RELEASED_VARIANTS)
def test_variants_cost_what_torchvisions_cost(variant: str) -> None:
    with skeletons():
        module = getattr(torchvision.models, f"efficientnet_{variant}")()
    counted = count(module, RELEASED_VARIANTS[variant].resolution_px, bare=True)
    cost = variant_cost(variant)
    assert (cost.params, cost.macs) == (counted.params, counted.macs)


@pytest.mark.parametrize("row", PAPER.transfer, ids=lambda row: row.dataset)
def test_transfer_parameters_are_torchvisions(row) -> None:
    classes = next(int(d.classes) for d in PAPER.transfer_datasets if d.dataset == row.dataset)
    with skeletons():
        expected = tuple(
            sum(
                p.numel()
                for p in getattr(torchvision.models, f"efficientnet_{name.lower()}")(
                    num_classes=classes
                ).parameters()
            )
            for name in (row.ours_vs_public, row.ours_vs_best)
        )
    assert transfer_params(row, classes) == expected


@pytest.mark.parametrize(
    ("dimension", "target", "below", "above"),
    [
        # (first multiplier or pixel of the step, its cost in billions)
        ("depth", 1.83e9, (4.26, 1.782), (4.34, 1.831)),
        ("width", 1.83e9, (2.22, 1.758), (2.23, 1.836)),
        ("resolution", 1.83e9, (479, 1.765), (481, 1.897)),
    ],
)
def test_the_multipliers_that_do_cost_what_is_printed(dimension, target, below, above) -> None:
    search = find_multiplier(EFFICIENTNET_B0, dimension, target)
    for step, (first, gmacs) in ((search.below, below), (search.above, above)):
        assert (step.first, round(step.macs / 1e9, 3)) == (first, gmacs)
        for value in {step.first, step.last}:
            depth = value if dimension == "depth" else 1.0
            width = value if dimension == "width" else 1.0
            px = int(value) if dimension == "resolution" else 224
            assert step.macs == counted_macs("efficientnet_b0", depth, width, px)


def test_no_resolution_costs_1_83_billion_within_3_percent() -> None:
    search = find_multiplier(EFFICIENTNET_B0, "resolution", 1.83e9)
    assert min(abs(search.miss(search.below)), abs(search.miss(search.above))) > 0.03
    costs = [macs_of(EFFICIENTNET_B0, 1.0, 1.0, px) for px in range(400, 560)]
    assert not [c for c in costs if abs(c / 1.83e9 - 1) < 0.03]
    for dimension in ("depth", "width"):
        found = find_multiplier(EFFICIENTNET_B0, dimension, 1.83e9)
        assert abs(found.miss(found.nearest)) < 0.01


def test_a_cost_that_no_multiplier_reaches_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"No width between 1 and 3 costs 0\.10 B"):
        find_multiplier(EFFICIENTNET_B0, "width", 1e8)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_staircase_lists_every_point_once(dimension) -> None:
    low, high = (224, 300) if dimension == "resolution" else (1.0, 1.6)
    steps = staircase(EFFICIENTNET_B0, dimension, low, high)
    unit = 1 if dimension == "resolution" else 0.01
    assert steps[0].first == low
    assert steps[-1].last == high
    for before, after in pairwise(steps):
        assert after.first == pytest.approx(before.last + unit)
        assert after.macs != before.macs


def test_doubling_one_dimension() -> None:
    ends = {
        dimension: one_dimension(EFFICIENTNET_B0, dimension, 2.0, points=3)[-1]
        for dimension in DIMENSIONS
    }
    base = counted_macs("efficientnet_b0", 1, 1, 224)
    assert [ends[d].law_ratio for d in DIMENSIONS] == [2, 4, 4]
    assert ends["depth"].built_ratio == counted_macs("efficientnet_b0", 2, 1, 224) / base
    assert ends["width"].built_ratio == counted_macs("efficientnet_b0", 1, 2, 224) / base
    assert ends["resolution"].built_ratio == counted_macs("efficientnet_b0", 1, 1, 448) / base


def test_width_curve_and_the_widest_within_a_budget() -> None:
    curve = dict(width_curve(EFFICIENTNET_B0, 2.0, 291, highest=3.0, points=6))
    assert curve[1.0] == counted_macs("efficientnet_b0", 2, 1, 291)
    budget = 4 * 385_814_752
    for depth, px in ((1.0, 224), (2.0, 291)):
        width = widest(EFFICIENTNET_B0, depth, px, budget)
        assert width is not None
        assert counted_macs("efficientnet_b0", depth, width, px) <= budget
        assert counted_macs("efficientnet_b0", depth, round(width + 0.01, 2), px) > budget
    assert widest(EFFICIENTNET_B0, 4.0, 560, 1e7) is None


def test_deepest_and_largest_input_are_the_last_that_fit() -> None:
    budget = 4 * 385_814_752
    depth = deepest(EFFICIENTNET_B0, 1.2, 258, budget)
    assert depth is not None
    assert macs_of(EFFICIENTNET_B0, depth, 1.2, 258) <= budget
    assert macs_of(EFFICIENTNET_B0, round(depth + 0.01, 2), 1.2, 258) > budget
    assert deepest(EFFICIENTNET_B0, 4.0, 560, 1e7) is None
    px = largest_input(EFFICIENTNET_B0, 1.4, 1.2, budget)
    fitting = [p for p in range(200, 400) if macs_of(EFFICIENTNET_B0, 1.4, 1.2, p) <= budget]
    assert px == max(fitting)
    with pytest.raises(UserError, match="even at 32 px"):
        largest_input(EFFICIENTNET_B0, 8.0, 4.0, 1e6)


def test_contours_hold_the_budget() -> None:
    budget = 2 * 385_814_752
    contour = equal_cost_contour(EFFICIENTNET_B0, 224, budget, (1.0, 1.2, 1.4, 1.6))
    assert [w for w, _ in contour] == [1.0, 1.2, 1.4]  # at 1.6 even B0's depth is too much
    for width, depth in contour:
        assert depth == deepest(EFFICIENTNET_B0, width, 224, budget)
        assert macs_of(EFFICIENTNET_B0, depth, width, 224) <= budget


def test_pixels_are_whole() -> None:
    assert [pixels(EFFICIENTNET_B0, r) for r in (1.0, 1.15, 1.3, 2.0)] == [224, 258, 291, 448]


@pytest.mark.parametrize("variant", list(RELEASED_VARIANTS))
def test_solved_phi_gives_the_published_multiplier_back(variant: str) -> None:
    solved, row = solve_phi(variant), RELEASED_VARIANTS[variant]
    assert 1.2**solved.by_depth == pytest.approx(row.depth)
    assert 1.1**solved.by_width == pytest.approx(row.width)
    assert 224 * 1.15**solved.by_resolution == pytest.approx(row.resolution_px)
    ratio = variant_cost(variant).macs / variant_cost("b0").macs
    assert (1.2 * 1.1**2 * 1.15**2) ** solved.by_macs == pytest.approx(ratio)


def test_no_released_variant_but_b0_is_its_index() -> None:
    for variant in list(RELEASED_VARIANTS)[1:]:
        solved = solve_phi(variant)
        asked = (solved.by_depth, solved.by_width, solved.by_resolution)
        assert max(asked) - min(asked) > 0.05
        assert not any(abs(phi - int(variant[1:])) < 0.01 for phi in asked)


def test_layers_are_counted_as_the_paper_counts_them() -> None:
    assert convolution_layers(EFFICIENTNET_B0, 1.0) == 18  # figure 4's caption
    assert convolution_layers(EFFICIENTNET_B0, 2.0) == 34


def test_gain_per_doubling_by_hand() -> None:
    gains = dict(gain_per_doubling(PAPER))
    assert gains["b1"] == pytest.approx(2.5 / math.log2(686_802_832 / 385_814_752))
    assert list(gains) == list(RELEASED_VARIANTS)[1:]


def test_candidates_carry_their_built_cost_and_compound_ones_always_win() -> None:
    rows = candidates(PAPER)
    b3 = next(row for row in rows if row.name == "B3")
    assert b3.macs == counted_macs("efficientnet_b0", 1.4, 1.2, 300)
    assert len(rows) == 8 + 3
    for gmacs in (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0):
        for mib in (32, 48, 64, 96, 128, 192, 256, 512):
            best = best_within(rows, gmacs * 1e9, mib * 2**20)
            fitting: Sequence = [
                r for r in rows if r.macs <= gmacs * 1e9 and r.memory_bytes <= mib * 2**20
            ]
            assert best is not None
            assert best.role == "compound"
            assert best.top1 == max(r.top1 for r in fitting)
    assert best_within(rows, 1e8, 2**30) is None


def test_a_difference_is_relative_to_the_printed_figure() -> None:
    row = next(r for r in PAPER.other_networks if r.model == "ResNet-50 by depth")
    cost: RecomputedCost = recompute_other(row)
    assert cost.difference == pytest.approx(cost.macs / 16.2e9 - 1)
    assert ARCHITECTURES[row.architecture].resolution_px == 224
