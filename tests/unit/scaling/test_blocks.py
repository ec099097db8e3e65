"""Blocks taken apart, against torchvision's hooked modules, torch's flop counter and by hand."""

from __future__ import annotations

import ast
import csv
import io
import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import Bottleneck

from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.blocks import (
    alternatives,
    blocks_of,
    in_shape,
    macs_formula,
    operations,
    operations_csv,
    out_shape,
    ratio_terms,
    receptive_fields,
    skip_reason,
)
from effnet_viz.scaling.compound import Coefficients, scale
from effnet_viz.scaling.cost import block_cost, layer_cost, network_cost
from effnet_viz.scaling.families import released_spec
from effnet_viz.scaling.layers import Block, expand, iter_blocks
from tests.oracle.torch_counts import count, skeletons

PHI_ONE = scale(EFFICIENTNET_B0, Coefficients(1.0).multipliers(224))

BUILDERS: dict[str, tuple[ArchitectureSpec, Callable[[], nn.Module]]] = {
    "phi = 1, odd maps": (PHI_ONE, lambda: build_model(PHI_ONE)),
    "b3": (released_spec("b3"), torchvision.models.efficientnet_b3),
    "classroom": (CLASSROOM_BASELINE, lambda: build_model(CLASSROOM_BASELINE)),
    "mobilenet_v2": (replace(MOBILENET_V2, resolution_px=97), torchvision.models.mobilenet_v2),
    "resnet_50": (replace(RESNET_50, resolution_px=225), torchvision.models.resnet50),
}
COUNTED = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AdaptiveAvgPool2d)


def image_shape(tensor: torch.Tensor) -> tuple[int, int, int]:
    """(C, H, W) of one image's tensor; a flat vector is C×1×1."""
    sizes = tuple(tensor.shape[1:])
    return sizes if len(sizes) == 3 else (*sizes, 1, 1)


def run_with_hooks(module: nn.Module, px: int) -> list[tuple[nn.Module, tuple, tuple]]:
    """Every convolution, linear layer and pooling as it runs, with its input and output shape."""
    seen: list[tuple[nn.Module, tuple, tuple]] = []
    for child in module.modules():
        if isinstance(child, COUNTED):
            child.register_forward_hook(
                lambda m, args, out: seen.append((m, image_shape(args[0]), image_shape(out)))
            )
    with torch.no_grad():
        module.eval()(torch.empty(1, 3, px, px, device="meta"))
    return seen


@pytest.mark.parametrize("name", BUILDERS)
def test_operations_are_what_torchvision_s_modules_do(name: str) -> None:
    spec, build = BUILDERS[name]
    with skeletons():
        seen = run_with_hooks(build(), spec.resolution_px)
    steps = [
        step
        for block in iter_blocks(spec)
        for step in operations(block)
        if step.work != "add" and step.name != "se_scale"
    ]
    if name == "mobilenet_v2":  # its last pooling is a function, which no hook sees
        steps = [step for step in steps if step.name != "head_pool"]
    assert [(s.in_shape, s.out_shape) for s in steps] == [(a, b) for _, a, b in seen]
    for step, (module, _, out) in zip(steps, seen, strict=True):
        own = sum(p.numel() for p in module.parameters())
        normed = isinstance(module, nn.Conv2d) and module.bias is None
        assert step.cost.params == own + (2 * module.out_channels if normed else 0)
        is_layer = isinstance(module, nn.Conv2d | nn.Linear)
        assert step.cost.activations == (math.prod(out) if is_layer else 0)
        stride = module.stride if isinstance(module, nn.Conv2d | nn.MaxPool2d) else 1
        assert step.stride == (stride[0] if isinstance(stride, tuple) else stride)


@pytest.mark.parametrize("name", BUILDERS)
def test_every_block_costs_what_the_flop_counter_says(name: str) -> None:
    spec, build = BUILDERS[name]
    with skeletons():
        module = build()
    blocks = [
        (path, child)
        for path, child in module.named_modules()
        if type(child).__name__ == "MBConv" or isinstance(child, InvertedResidual | Bottleneck)
    ]
    counter = FlopCounterMode(display=False, depth=None)
    with torch.no_grad(), counter:
        module.eval()(torch.empty(1, 3, spec.resolution_px, spec.resolution_px, device="meta"))
    flops = counter.get_flop_counts()
    ours = [block for block in iter_blocks(spec) if 1 < block.stage < len(spec.stages)]
    assert len(ours) == len(blocks)
    for block, (path, child) in zip(ours, blocks, strict=True):
        steps = operations(block)
        counted = sum(flops[f"{type(module).__name__}.{path}"].values()) // 2
        assert sum(step.cost.macs for step in steps) == counted, path
        assert sum(step.cost.params for step in steps) == sum(
            p.numel() for p in child.parameters()
        ), path
        adds = any(step.name == "add" for step in steps)
        assert adds == getattr(child, "use_res_connect", True), path
        assert skip_reason(block).startswith("Skip" if adds else "No skip")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_costs_add_up_and_shapes_join(name: str) -> None:
    for block in expand(ARCHITECTURES[name]):
        steps = operations(block)
        whole = block_cost(block)
        for field in ("params", "macs", "activations"):
            assert sum(getattr(s.cost, field) for s in steps) == getattr(whole, field)
            assert sum(getattr(s.share, field) for s in steps) == pytest.approx(1)
        main = [s for s in steps if s.branch == "main"]
        assert main[0].in_shape == in_shape(block)
        assert main[-1].out_shape == out_shape(block)
        for before, after in pairwise(main):
            assert before.out_shape == after.in_shape


def worked(expression: str) -> float:
    """The value of an expression as the page prints it, e.g. ``6·88/(5²·120)·(65/33)²``."""

    def value(node: ast.expr) -> float:
        match node:
            case ast.Constant(value=number):
                return float(number)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                return value(left) * value(right)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return value(left) / value(right)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return value(left) + value(right)
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return value(left) ** value(right)
        raise AssertionError(ast.dump(node))

    plain = expression.replace(" ", "").replace("·", "*").replace("²", "**2")
    return value(ast.parse(plain, mode="eval").body)


ALL_BLOCKS = [
    pytest.param(block, id=f"{spec.name}-{block.stage}-{'first' if block.first else 'others'}")
    for spec in (PHI_ONE, MOBILENET_V1, MOBILENET_V2, replace(RESNET_50, resolution_px=225))
    for block in expand(spec)
]


@pytest.mark.parametrize("block", ALL_BLOCKS)
def test_printed_formulas_give_the_printed_numbers(block: Block) -> None:
    for layer in block.layers:
        if layer.kind != "pool":
            assert worked(macs_formula(layer)) == layer_cost(layer).macs
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


def test_skip_reasons_name_the_numbers() -> None:
    first, other = blocks_of(EFFICIENTNET_B0, 4)
    assert "56 → 28 px" in skip_reason(first)
    assert "24 → 40" in skip_reason(first)
    assert "(40)" in skip_reason(other)
    assert "88 → 120" in skip_reason(blocks_of(PHI_ONE, 6)[0])
    assert "stride" not in skip_reason(blocks_of(PHI_ONE, 6)[0])
    assert skip_reason(blocks_of(RESNET_50, 3)[0]).startswith("Skip through a 1×1")
    assert "MobileNetV1" in skip_reason(blocks_of(MOBILENET_V1, 4)[0])
    assert "stem" in skip_reason(blocks_of(RESNET_50, 1)[0])


@pytest.mark.parametrize("stage", [0, 10, -1])
def test_a_stage_that_is_not_there_is_a_user_error(stage: int) -> None:
    with pytest.raises(UserError, match="stages 1 to 9"):
        blocks_of(EFFICIENTNET_B0, stage)


def support(chain: list[tuple[int, int]], px: int, position: int, step: int) -> tuple[int, int]:
    """First and last input pixel, on one axis, that reach ``position`` of a chain of (kernel,
    stride) convolutions: the non-zero gradient, with zeros around the photo instead of an edge."""
    around = 32 * 64
    signal = torch.zeros(1, 1, px + 2 * around, dtype=torch.float64, requires_grad=True)
    value = signal
    for kernel, stride in chain:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        value = nn.functional.conv1d(value, ones / kernel, stride=stride, padding=kernel // 2)
    value[0, 0, position + around // step].backward()
    assert signal.grad is not None
    reached = signal.grad[0, 0].nonzero().flatten()
    return int(reached[0]) - around, int(reached[-1]) - around


@pytest.mark.parametrize(
    "spec", [PHI_ONE, EFFICIENTNET_B0, CLASSROOM_BASELINE, MOBILENET_V1, RESNET_50]
)
def test_fields_are_the_gradient_s_support(spec: ArchitectureSpec) -> None:
    """Stage by stage, the very pixels; and the position is the one nearest the middle."""
    px = spec.resolution_px
    chain: list[tuple[int, int]] = []
    fields = receptive_fields(spec)
    assert [field.stage for field in fields] == list(range(1, len(spec.stages)))
    for field in fields:
        chain += [
            (layer.kernel_size, layer.stride)
            for block in iter_blocks(spec)
            if block.stage == field.stage
            for layer in block.layers
            if layer.branch == "main"
        ]
        assert field.step_px == math.prod(stride for _, stride in chain)
        middle = (field.start_px + field.end_px - 1) // 2
        position = middle // field.step_px
        assert 0 <= position < field.grid
        nearest = min(range(field.grid), key=lambda i: abs(i * field.step_px - (px - 1) / 2))
        offset = abs(position * field.step_px - (px - 1) / 2)
        assert offset == abs(nearest * field.step_px - (px - 1) / 2)
        first, last = support(chain, px, position, field.step_px)
        assert (first, last) == (field.start_px, field.end_px - 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_table_of_operations_adds_up_to_the_network(name: str) -> None:
    spec = ARCHITECTURES[name]
    rows = list(csv.DictReader(io.StringIO(operations_csv(spec))))
    cost = network_cost(spec)
    for field in ("params", "macs", "activations"):
        assert sum(int(row[field]) for row in rows) == getattr(cost, field)
    assert {(row["stage"], row["block"]) for row in rows} == {
        (str(stage), str(number))
        for stage, row in enumerate(spec.stages, start=1)
        for number in range(1, row.repeats + 1)
    }


def test_counting_the_whole_agrees_with_the_shared_oracle() -> None:
    with skeletons():
        module = build_model(PHI_ONE)
    counted = count(module, PHI_ONE.resolution_px)
    steps = [step for block in iter_blocks(PHI_ONE) for step in operations(block)]
    assert sum(step.cost.macs for step in steps) == counted.macs
    assert sum(step.cost.params for step in steps) == counted.params
    assert sum(step.cost.activations for step in steps) == counted.activations
