"""What else could do a block's job, against modules counted by torch, and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from effnet_viz.scaling.alternatives import alternatives, ratio_terms
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.blocks import blocks_of, out_shape
from effnet_viz.scaling.cost import block_cost
from effnet_viz.scaling.layers import Block
from tests.unit.scaling.test_blocks import ALL_BLOCKS, PHI_ONE, worked


@pytest.mark.parametrize("block", ALL_BLOCKS)
def test_printed_formulas_give_the_printed_numbers(block: Block) -> None:
    for other in alternatives(block):
        assert worked(other.formula) == other.cost.macs
    for term in ratio_terms(block):
        assert worked(term.worked) == pytest.approx(term.value, rel=1e-12)


@pytest.mark.parametrize("block", ALL_BLOCKS)
def test_ratio_terms_add_up_to_the_ratio(block: Block) -> None:
    terms, others = ratio_terms(block), alternatives(block)
    if not others:
        assert not terms
        return
    assert sum(term.value for term in terms) == pytest.approx(others[0].ratio.macs, rel=1e-12)
    assert others[0].ratio.macs == block_cost(block).macs / others[0].cost.macs


def conv(cin: int, cout: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Sequential:
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(cout),
    )


def chain(*rows: tuple[int, ...]) -> nn.Sequential:
    return nn.Sequential(*(conv(*row) for row in rows))


def measured(module: nn.Module, channels: int, px: int) -> tuple[int, int, int, tuple[int, ...]]:
    """Params, multiply-adds, convolution outputs and output shape of a module, by torch itself."""
    outputs: list[int] = []
    for child in module.modules():
        if isinstance(child, nn.Conv2d):
            child.register_forward_hook(lambda _m, _a, out: outputs.append(out.numel()))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        out = module.eval().to("meta")(torch.empty(1, channels, px, px, device="meta"))
    params = sum(p.numel() for p in module.parameters())
    return params, counter.get_total_flops() // 2, sum(outputs), tuple(out.shape[1:])


@pytest.mark.parametrize(
    ("spec", "stage", "index", "k", "s"),
    [
        (PHI_ONE, 3, 0, 3, 2), (PHI_ONE, 6, 0, 5, 1), (PHI_ONE, 6, 1, 5, 1), (PHI_ONE, 7, 0, 5, 2),
        (MOBILENET_V2, 4, 0, 3, 2), (MOBILENET_V1, 3, 0, 3, 2), (MOBILENET_V1, 5, 1, 3, 1),
        (RESNET_50, 3, 0, 3, 2), (RESNET_50, 3, 1, 3, 1),
    ],
)  # fmt: skip
def test_alternatives_are_the_modules_they_name(
    spec: ArchitectureSpec, stage: int, index: int, k: int, s: int
) -> None:
    block = blocks_of(spec, stage)[index]
    i, o = int(block.in_channels), int(block.out_channels)
    quarter, wide = o // 4, 6 * i
    expected = [(i, chain((i, o, k, s)))]
    if spec is RESNET_50:
        expected.append((wide, chain((i, wide), (wide, wide, k, s, wide), (wide, o))))
    else:
        expected.append((quarter, chain((i, quarter), (quarter, quarter, k, s), (quarter, o))))
    if spec in (PHI_ONE, MOBILENET_V2):
        expected.append((wide, chain((i, wide), (wide, wide, k, s), (wide, o))))
    own = block_cost(block)
    for other, (filtered, module) in zip(alternatives(block), expected, strict=True):
        params, macs, activations, shape = measured(module, i, int(block.in_px))
        assert other.cost == (params, macs, activations), other.name
        assert other.ratio == (own.params / params, own.macs / macs, own.activations / activations)
        assert other.filtered == filtered
        assert shape == out_shape(block)


def test_b0_stage_6_by_hand() -> None:
    """5×5 MBConv6 from 112 to 112 channels at 14 px; 672 inside, 28 squeezed."""
    block = blocks_of(EFFICIENTNET_B0, 6)[1]
    macs = 112 * 672 * 196 + 672 * 25 * 196 + 2 * 672 * 28 + 672 * 112 * 196
    assert block_cost(block).macs == macs == 32_833_920
    plain, bottleneck, wide = alternatives(block)
    assert plain.cost.macs == 25 * 112 * 112 * 196 == 61_465_600
    assert bottleneck.cost.macs == (112 * 28 + 25 * 28 * 28 + 28 * 112) * 196
    assert wide.cost.macs == (2 * 112 * 672 + 25 * 672 * 672) * 196
    assert plain.ratio.macs == pytest.approx(0.5342, abs=5e-5)
    assert [t.symbols for t in ratio_terms(block)] == [
        "e/k²", "e/C′", "2·e·s/(k²·C′·H′²)", "e/k²",
    ]  # fmt: skip


def test_a_3x3_mbconv6_costs_more_than_a_plain_convolution() -> None:
    """6/9 + 6/9 alone is more than 1; a 5×5 is cheaper, because 6/25 + 6/25 is less."""
    three = blocks_of(EFFICIENTNET_B0, 5)[1]
    five = blocks_of(EFFICIENTNET_B0, 6)[1]
    assert alternatives(three)[0].ratio.macs > 4 / 3
    assert 12 / 25 < alternatives(five)[0].ratio.macs < 1


def test_a_separable_convolution_saves_what_mobilenet_says() -> None:
    block = blocks_of(MOBILENET_V1, 5)[1]
    assert [t.symbols for t in ratio_terms(block)] == ["1/C′", "1/k²"]
    assert alternatives(block)[0].ratio.macs == pytest.approx(1 / 512 + 1 / 9)


def test_a_bottleneck_is_compared_with_mbconv_not_with_itself() -> None:
    names = [other.name for other in alternatives(blocks_of(RESNET_50, 3)[1])]
    assert names == ["Plain 3×3 convolution", "MBConv6 without SE"]
