"""The slips and the misreadings: what the page lets a reader compute, against torch or by hand."""

from __future__ import annotations

import math
import statistics

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.efficientnet import _efficientnet_conf

from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.claims import (
    b4_gain,
    channels_per_stage,
    classic_bottleneck,
    coefficients_at_zero,
    compound_gain,
    doubled,
    figure4_network,
    find_block,
    grown,
    implied_numerator,
    intensity,
    largest_mac_ratios,
    latency_margin,
    lower_bound_if_all_agree,
    outcomes_against_best,
    photos_right,
    powers,
    public_geo_mean,
    rates,
    ratios_at,
    relative_macs,
    stage6_at,
    widths_along,
)
from effnet_viz.evidence.paper.tables import load
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.layers import Layer
from tests.oracle.torch_counts import count, skeletons

PAPER = load()
B0_MACS = 385_814_752


def b0_macs(depth: float = 1.0, width: float = 1.0, px: int = 224) -> int:
    """torchvision's own scaling of B0, counted by torch."""
    rows, _ = _efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    head = torchvision.models._utils._make_divisible(1280 * width, 8)
    with skeletons():
        module = torchvision.models.EfficientNet(rows, dropout=0.2, last_channel=head)
    return count(module, px, bare=True).macs


# Slips


def test_the_two_gains_over_resnet_50() -> None:
    assert b4_gain(PAPER, 76.3) == pytest.approx(6.3)
    assert b4_gain(PAPER, 76.0) == pytest.approx(6.6)


def test_the_numerator_that_6_0_would_need() -> None:
    assert implied_numerator(6.0, 4.2) == pytest.approx(25.2)


def test_two_networks_exceed_the_captions_16() -> None:
    ranking = largest_mac_ratios(PAPER)
    assert [(name, str(ratio)) for name, ratio in ranking[:3]] == [
        ("PolyNet", "19"), ("ResNeXt-101", "18"), ("ResNet-152", "16"),
    ]  # fmt: skip
    assert len(ranking) == 15


def test_the_mean_with_another_ratio_for_pets() -> None:
    assert PAPER.geo_mean_public.agrees(public_geo_mean(PAPER, 5.6))
    others = [21, 21, 1.5, 4.1, 1.5, 4.1, 2.4]
    assert public_geo_mean(PAPER, 3.41) == pytest.approx(statistics.geometric_mean([*others, 3.41]))


def test_three_wins_two_ties_three_losses() -> None:
    outcomes = [outcome for _, _, outcome in outcomes_against_best(PAPER)]
    assert [outcomes.count(kind) for kind in ("wins", "ties", "loses")] == [3, 2, 3]
    margins = {name: margin for name, margin, _ in outcomes_against_best(PAPER)}
    assert (margins["Birdsnap"], margins["CIFAR-10"], margins["Food-101"]) == (0.7, -0.1, 0.0)


def test_b7_no_longer_beats_gpipe_with_v5s_accuracies() -> None:
    assert latency_margin(PAPER, "v1") == pytest.approx((1.0, 0.1))
    assert latency_margin(PAPER, "v5") == pytest.approx((1.3, 0.0))


def test_figure_4s_last_baseline_as_built() -> None:
    network = figure4_network(2.0, 1.3)
    assert (network.px, network.layers) == (291, 34)
    assert network.macs == b0_macs(depth=2.0, px=291)


def test_photos_right() -> None:
    assert photos_right(95.4, 3369) == (3214, pytest.approx(100 * math.sqrt(0.954 * 0.046 / 3369)))
    assert photos_right(95.4, 3669)[0] == 3500


def test_stage_6_at_28_px_costs_what_torch_counts() -> None:
    wrong = stage6_at(28)
    with skeletons():
        module = build_model(wrong)
    assert network_cost(wrong).macs == count(module, 224).macs
    inputs = [row.in_resolution_px for row in network_cost(wrong).stages]
    assert inputs == [224, 112, 112, 56, 28, 28, 14, 7, 7]
    printed = PAPER.result("B0").gmacs
    assert printed is not None
    assert not printed.agrees(network_cost(wrong).macs / 1e9)
    assert stage6_at(14) == EFFICIENTNET_B0
    assert printed.agrees(network_cost(stage6_at(14)).macs / 1e9)
    with pytest.raises(UserError, match="28 or at 14"):
        stage6_at(7)


def test_compound_gains_over_three_baselines() -> None:
    assert [round(compound_gain(PAPER, base), 1) for base in (76.3, 77.3, 77.1)] == [4.8, 3.8, 4.0]


# Misreadings


def test_phi_to_the_alpha_starts_at_nothing() -> None:
    assert powers(0.0, 1.2) == (0.0, 1.0)
    assert powers(1.0, 1.2) == (1.0, 1.2)
    assert powers(3.0, 1.2) == pytest.approx((3**1.2, 1.728))


def test_only_phi_0_leaves_b0_as_it_is() -> None:
    assert ratios_at(0.0) == (1.0, 1.0)
    law, built = ratios_at(1.0)
    assert law == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    assert built == b0_macs(1.2, 1.1, 258) / b0_macs()


def test_the_faster_network_does_fewer_operations_per_second() -> None:
    by_model = {row.model: row for row in rates(PAPER)}
    assert list(by_model) == ["ResNet-152", "EfficientNet-B1", "EfficientNet-B7"]
    slow, fast = by_model["ResNet-152"], by_model["EfficientNet-B1"]
    assert fast.seconds < slow.seconds
    assert slow.gmacs_per_second == pytest.approx(11 / 0.554)
    assert fast.gmacs_per_second == pytest.approx(0.70 / 0.098)
    assert fast.gmacs_per_second < slow.gmacs_per_second


@pytest.mark.parametrize("coefficients", [(1.0, 1.0, 1.0), (2.0, 1.5, 1.5), (1.2, 1.1, 1.15)])
def test_any_coefficients_build_b0_at_phi_0(coefficients) -> None:
    assert coefficients_at_zero(*coefficients) == EFFICIENTNET_B0


def test_width_changes_no_pixel_and_no_receptive_field() -> None:
    base = grown()
    assert (base.input_px, base.channels, base.blocks, base.macs) == (224, 320, 16, B0_MACS)
    wide, large, deep = grown(width=2.0), grown(ratio=2.0), grown(depth=2.0)
    assert (wide.input_px, wide.receptive_field_px) == (224, base.receptive_field_px)
    assert wide.channels == 640
    assert (large.input_px, large.channels) == (448, 320)
    assert deep.receptive_field_px > base.receptive_field_px
    assert deep.blocks == 32
    assert [wide.macs, large.macs, deep.macs] == [
        b0_macs(width=2.0), b0_macs(px=448), b0_macs(depth=2.0),
    ]  # fmt: skip


def test_doubling_width_and_resolution_costs_16_by_the_law() -> None:
    law, built = doubled(False, True, True)
    assert law == 16
    assert built == b0_macs(width=2.0, px=448) / b0_macs()
    assert doubled(False, False, False) == (1, 1)
    assert doubled(True, True, True)[0] == 32
    assert relative_macs(1.0, 2.0, 224) == b0_macs(width=2.0) / b0_macs()


def test_the_width_multiplier_reaches_every_stage() -> None:
    rows, _ = _efficientnet_conf("efficientnet_b0", width_mult=1.4, depth_mult=1.0)
    expected = [rows[0].input_channels, *(row.out_channels for row in rows), 1792]
    assert [after for _, after in channels_per_stage(1.4)] == expected
    assert [before for before, _ in channels_per_stage(1.0)] == [
        32, 16, 24, 40, 80, 112, 192, 320, 1280,
    ]  # fmt: skip


def main_convolutions(module: nn.Module) -> list[int]:
    """Output channels of the convolutions on the main path, in order."""
    return [
        m.out_channels
        for name, m in module.named_modules()
        if isinstance(m, nn.Conv2d) and ".fc" not in name and "downsample" not in name
    ]


@pytest.mark.parametrize(("stage", "first"), [(3, True), (5, False), (8, True)])
def test_widths_along_an_mbconv_are_torchvisions(stage: int, first: bool) -> None:
    with skeletons():
        module = torchvision.models.efficientnet_b0().features[stage - 1][0 if first else 1]
    block = find_block(EFFICIENTNET_B0, stage, first)
    assert [channels for _, channels in widths_along(block)[1:]] == main_convolutions(module)
    assert block.skip == module.use_res_connect


def test_widths_along_a_bottleneck_are_torchvisions() -> None:
    with skeletons():
        module = torchvision.models.resnet50().layer2[1]
    widths = [channels for _, channels in widths_along(classic_bottleneck())]
    assert widths == [module.conv1.in_channels, *main_convolutions(module)]
    assert widths[0] > widths[1]


def test_a_single_block_stage_has_no_later_block() -> None:
    with pytest.raises(UserError, match="single block"):
        find_block(EFFICIENTNET_B0, 2, first=False)


@pytest.mark.parametrize("stage", [3, 5, 7])
def test_intensity_counts_what_torchs_layers_move(stage: int) -> None:
    """MACs by the flop counter; values by the sizes of real tensors and weights."""
    block = find_block(EFFICIENTNET_B0, stage, first=True)
    module = torchvision.models.efficientnet_b0().features[stage - 1][0].eval()
    seen: list[tuple[int, int]] = []

    def record(conv: nn.Conv2d, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
        bias_or_norm = conv.out_channels * (1 if conv.bias is not None else 2)
        moved = inputs[0].numel() + output.numel() + conv.weight.numel() + bias_or_norm
        positions = output.shape[-1] ** 2
        seen.append((positions * conv.weight.numel(), moved))

    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            conv.register_forward_hook(record)
    with torch.no_grad():
        module(torch.zeros(1, int(block.in_channels), int(block.in_px), int(block.in_px)))
    layers = [intensity(layer) for layer in block.layers]
    assert [(row.macs, row.values) for row in layers] == seen
    assert layers[1].macs_per_value == pytest.approx(seen[1][0] / seen[1][1])


def test_depthwise_layers_do_the_least_per_value_of_the_main_path() -> None:
    for stage in range(3, 9):
        block = find_block(EFFICIENTNET_B0, stage, first=True)
        main: list[Layer] = [layer for layer in block.layers if layer.branch == "main"]
        lowest = min(main, key=lambda layer: intensity(layer).macs_per_value)
        assert lowest.name == "depthwise"


@pytest.mark.parametrize("photos", [1, 2, 14, 60])
def test_the_bound_is_where_so_many_agreements_become_unlikely(photos: int) -> None:
    share = lower_bound_if_all_agree(photos)
    assert share**photos == pytest.approx(0.05)
    with pytest.raises(UserError):
        lower_bound_if_all_agree(0)
