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
    blocks_of,
    in_shape,
    macs_formula,
    operations,
    operations_csv,
    out_shape,
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


def said_of(module: nn.Module) -> str:
    """A torchvision block's layers after each convolution, as an operation says them."""
    names = {nn.BatchNorm2d: "batch norm", nn.SiLU: "SiLU", nn.ReLU: "ReLU", nn.ReLU6: "ReLU6"}
    return ", ".join(names[type(part)] for part in module if not isinstance(part, nn.Conv2d))


def test_what_follows_each_layer_is_what_torchvision_has():
    expand, depthwise, gate, project = torchvision.models.efficientnet_b0().features[6][1].block
    steps = {step.name: step.then for step in operations(blocks_of(EFFICIENTNET_B0, 6)[1])}
    assert steps["expand"] == said_of(expand)
    assert steps["depthwise"] == said_of(depthwise)
    assert steps["project"] == said_of(project)
    assert steps["se_reduce"] == type(gate.activation).__name__
    assert steps["se_expand"] == type(gate.scale_activation).__name__.lower()
    mobile = torchvision.models.mobilenet_v2().features[2].conv
    block = blocks_of(MOBILENET_V2, 3)[0]
    steps = {step.name: step.then for step in operations(block, "mobilenet_v2")}
    assert steps["expand"] == said_of(mobile[0])
    assert steps["project"] == said_of(mobile[2:])
