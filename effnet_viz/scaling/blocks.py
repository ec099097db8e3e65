"""A block taken apart: its operations in order, what each does, costs, and turns into what.

Everything is built on `effnet_viz.scaling.layers` and `effnet_viz.scaling.cost`, with their
conventions: work that those do not count (pooling, scaling, adding) appears here as an operation
that costs nothing.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Literal, NamedTuple

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec, Family
from effnet_viz.scaling.cost import Cost, block_cost, layer_cost
from effnet_viz.scaling.layers import (
    ACTIVATIONS,
    LINEAR_LAYERS,
    Activation,
    Block,
    Layer,
    expand,
    iter_blocks,
)

Work = Literal["mix", "filter", "gate", "pool", "add"]

_FUNCTIONS: dict[Activation, str] = {"silu": "SiLU", "relu": "ReLU", "relu6": "ReLU6"}


class Shape(NamedTuple):
    """A feature map of one image: channels, height, width."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels}×{self.height}×{self.width}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a block.

    ``work`` says what it does: ``mix`` combines channels (a 1×1 or plain convolution, a linear
    layer), ``filter`` treats every channel alone (depthwise), ``gate`` is squeeze-and-excitation,
    ``pool`` averages or takes maxima, ``add`` is the skip. ``share`` holds fractions of the block's
    totals, 0-1. ``formula`` is the multiply-adds worked with the numbers, empty where none are
    counted; ``branch`` is the layer's (see `effnet_viz.scaling.layers`). ``then`` is what follows
    at no multiply-add: batch norm, the activation function.
    """

    name: str
    title: str
    what: str
    work: Work
    branch: str
    in_shape: Shape
    out_shape: Shape
    stride: int
    cost: Cost
    share: Cost
    formula: str
    then: str = ""


def blocks_of(spec: ArchitectureSpec, stage: int) -> tuple[Block, ...]:
    """The distinct blocks of a stage: its first, then the equal others with their count, if any.

    Raises UserError where there is no such stage.
    """
    if not 1 <= stage <= len(spec.stages):
        raise UserError(f"{spec.name} has stages 1 to {len(spec.stages)}, not {stage}.")
    return tuple(block for block in expand(spec) if block.stage == stage)


def in_shape(block: Block) -> Shape:
    """The shape that enters the block."""
    return _shape(block.in_channels, block.in_px)


def out_shape(block: Block) -> Shape:
    """The shape that leaves the block; a head leaves one number per class."""
    last = block.layers[-1]
    if last.kind == "linear":
        return _shape(last.out_channels, 1)
    return _shape(block.out_channels, block.out_px)


def followed_by(layer: Layer, family: Family) -> str:
    """What follows a layer of an architecture: its batch norm and activation function."""
    norm = ["batch norm"] if layer.norm else []
    if layer.branch == "se":
        return "SiLU" if layer.name == "se_reduce" else "sigmoid"
    if layer.kind != "conv" or layer.name in LINEAR_LAYERS:
        return "".join(norm)
    return ", ".join((*norm, _FUNCTIONS[ACTIVATIONS[family]]))


def operations(block: Block, family: Family = "efficientnet") -> tuple[Operation, ...]:
    """The block's steps in the order they run, a shortcut's convolution before the addition.

    Invariant: the costs add up to `block_cost`, the shares to 1.
    """
    total = block_cost(block)
    steps: list[Operation] = []
    entering = in_shape(block)

    def free(name: str, title: str, what: str, work: Work, branch: str, to: Shape) -> None:
        steps.append(
            Operation(
                name, title, what, work, branch, entering, to, 1, Cost(0, 0, 0), Cost(0, 0, 0), ""
            )
        )

    for layer in block.layers:
        if layer.name == "se_reduce":
            pooled = _shape(entering.channels, 1)
            free("se_pool", "SE pool", _WHAT["se_pool"], "pool", "se", pooled)
        elif layer.kind == "linear":
            pooled = _shape(layer.in_channels, 1)
            free("head_pool", "Average pooling", _WHAT["head_pool"], "pool", "main", pooled)
        cost = layer_cost(layer)
        leaving = _shape(layer.out_channels, layer.out_px)
        steps.append(
            Operation(
                name=layer.name,
                title=layer_title(layer),
                what=_what(layer),
                work=_work(layer),
                branch=layer.branch,
                in_shape=_shape(layer.in_channels, layer.in_px),
                out_shape=leaving,
                stride=layer.stride,
                cost=cost,
                share=Cost(*(part / whole for part, whole in zip(cost, total, strict=True))),
                formula=macs_formula(layer),
                then=followed_by(layer, family),
            )
        )
        if layer.branch == "main":
            entering = leaving
        if layer.name == "se_expand":
            free("se_scale", "SE scale", _WHAT["se_scale"], "gate", "main", entering)
    if block.skip:
        free("add", "Add the skip", _WHAT["add"], "add", "main", entering)
    return tuple(steps)


def skip_reason(block: Block) -> str:
    """Why the block has a skip connection or has none, with its numbers; one sentence."""
    cin, cout = int(block.in_channels), int(block.out_channels)
    names = {layer.name for layer in block.layers}
    if "linear" in names or names <= {"conv", "pool"}:
        return "No skip: the stem and the head change the shape, and are no blocks to repeat."
    if "pointwise" in names:
        return "No skip: MobileNetV1 came before skips in such blocks; its layers form one chain."
    changes = []
    if block.in_px != block.out_px:
        changes.append(f"stride 2 shrinks the map ({block.in_px:g} → {block.out_px:g} px)")
    if cin != cout:
        changes.append(f"the channels change ({cin} → {cout})")
    why = " and ".join(changes)
    if "shortcut" in names:
        return f"Skip through a 1×1 convolution: {why}, so the input is reshaped and then added."
    if block.skip:
        return (
            f"Skip: stride 1 and as many channels out as in ({cout}), so input and output have one "
            "shape and can be added."
        )
    if not why:  # stride 2 on a 1-pixel map leaves its size as it is
        why = "the stride is 2"
    return f"No skip: {why}, so input and output cannot be added."


def operations_csv(spec: ArchitectureSpec) -> str:
    """Every operation of every block as one table: place, shapes, stride and cost."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    shapes = ("in_channels", "in_height", "in_width", "out_channels", "out_height", "out_width")
    head = ("stage", "block", "operation", *shapes, "stride", "params", "macs", "activations")
    writer.writerow(head)
    number = dict.fromkeys(range(1, len(spec.stages) + 1), 0)
    for block in iter_blocks(spec):
        number[block.stage] += 1
        for step in operations(block):
            place = (block.stage, number[block.stage], step.title)
            writer.writerow((*place, *step.in_shape, *step.out_shape, step.stride, *step.cost))
    return out.getvalue()


def macs_formula(layer: Layer) -> str:
    """A layer's multiply-adds as a product of its numbers, e.g. ``40 · 240 · 28²``."""
    if layer.kind == "pool":
        return ""
    parts = [f"{layer.in_channels:g}"]
    if layer.groups == 1:
        parts.append(f"{layer.out_channels:g}")
    if layer.kernel_size > 1:
        parts.append(f"{layer.kernel_size}²")
    if layer.kind == "conv" and layer.branch != "se":
        parts.append(f"{layer.out_px:g}²")
    return " · ".join(parts)


def spatial_layer(block: Block) -> Layer | None:
    """The layer of a block that looks beyond one pixel; None for stems and heads."""
    named = {layer.name: layer for layer in block.layers}
    return named.get("depthwise") or named.get("spatial")


def _shape(channels: float, px: float) -> Shape:
    return Shape(int(channels), int(px), int(px))


def _work(layer: Layer) -> Work:
    if layer.kind == "pool":
        return "pool"
    if layer.branch == "se":
        return "gate"
    return "mix" if layer.groups == 1 else "filter"


def layer_title(layer: Layer) -> str:
    """What an operation is called, e.g. ``3×3 depthwise``."""
    k = f"{layer.kernel_size}×{layer.kernel_size}"
    match layer.name:
        case "se_reduce" | "se_expand":
            return f"SE {layer.name.removeprefix('se_')}"
        case "spatial" | "conv":
            return f"{k} convolution"
        case "pool":
            return f"{k} max pooling"
        case "linear":
            return "Classifier"
        case _:
            return f"{k} {layer.name}"


_WHAT = {
    "expand": "mixes channels into {times} times as many, room for the filters",
    "depthwise": "one {k}×{k} filter per channel; channels do not mix",
    "se_pool": "averages each channel to one number",
    "se_reduce": "squeezes these numbers into {out}",
    "se_expand": "makes one factor, 0 to 1, per channel",
    "se_scale": "multiplies each channel by its factor",
    "project": "mixes channels down to {out}; no activation function follows",
    "pointwise": "mixes channels, one pixel at a time",
    "reduce": "mixes channels into {out}, few enough for the next step",
    "spatial": "{k}×{k} filters across all {out} channels together",
    "restore": "mixes channels up to {out}",
    "shortcut": "reshapes the input beside the main path",
    "conv": "filters and mixes all {in_} channels",
    "pool": "keeps the largest value of each {k}×{k} window",
    "head_pool": "averages each channel over the whole map",
    "linear": "one score per class",
    "add": "adds the block's input to its output",
}


def _what(layer: Layer) -> str:
    return _WHAT[layer.name].format(
        times=f"{layer.out_channels / layer.in_channels:g}",
        k=layer.kernel_size,
        out=f"{layer.out_channels:g}",
        in_=f"{layer.in_channels:g}",
    )
