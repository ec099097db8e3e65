"""A network taken apart: the operations of a block, what else could do its job, and how far it
sees.

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
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import Cost, block_cost, layer_cost, network_cost
from effnet_viz.scaling.layers import Block, Layer, expand, iter_blocks

Work = Literal["mix", "filter", "gate", "pool", "add"]


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
    counted; ``branch`` is the layer's (see `effnet_viz.scaling.layers`).
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


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something else that turns the block's input shape into its output shape.

    ``ratio`` is the opened block over this one, for each kind of cost; ``filtered`` counts the
    channels its k×k filters look at.
    """

    name: str
    what: str
    filtered: int
    formula: str
    cost: Cost
    ratio: Cost


@dataclass(frozen=True, slots=True)
class RatioTerm:
    """One operation's multiply-adds over those of the plain convolution: a part of the ratio.

    ``symbols`` is the simplified fraction, ``worked`` the same with the block's numbers.
    """

    title: str
    symbols: str
    worked: str
    value: float


@dataclass(frozen=True, slots=True)
class StageField:
    """What one output position of a stage sees through the convolutions, in input pixels.

    ``side_px`` is the side of its square; ``start_px`` where the square of the position nearest the
    middle begins on either axis (negative: outside the photo); ``step_px`` how far apart
    neighbouring positions lie; ``grid`` how many there are along one side.
    """

    stage: int
    operator: str
    side_px: int
    start_px: int
    step_px: int
    grid: int

    @property
    def end_px(self) -> int:
        """Where the square ends, exclusive."""
        return self.start_px + self.side_px


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


def operations(block: Block) -> tuple[Operation, ...]:
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
                title=_title(layer),
                what=_what(layer),
                work=_work(layer),
                branch=layer.branch,
                in_shape=_shape(layer.in_channels, layer.in_px),
                out_shape=leaving,
                stride=layer.stride,
                cost=cost,
                share=Cost(*(part / whole for part, whole in zip(cost, total, strict=True))),
                formula=macs_formula(layer),
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


def alternatives(block: Block) -> tuple[Alternative, ...]:
    """What else could turn the block's input into its output; nothing for stems and heads.

    The plain convolution and the classic bottleneck share the block's in and out channels, stride
    and kernel; the bottleneck's inner width is a quarter of its output, as in ResNet. Blocks that
    work on more channels inside get a third: a plain convolution at that inner width. A bottleneck
    is compared with MBConv6 without squeeze-and-excitation instead of with itself.
    """
    spatial = spatial_layer(block)
    if spatial is None:
        return ()
    k, s = spatial.kernel_size, spatial.stride
    cin, cout, a, b = block.in_channels, block.out_channels, block.in_px, block.out_px

    def conv(
        name: str, i: float, o: float, kernel: int, stride: int, groups: float, px: float, to: float
    ) -> Layer:
        return Layer(name, "conv", i, o, kernel, stride, groups, px, to, False, True)

    found = [
        _alternative(
            block,
            f"Plain {k}×{k} convolution",
            f"every output channel looks at all {cin:g} input channels through its own {k}×{k} "
            "filters",
            [conv("conv", cin, cout, k, s, 1, a, b)],
        )
    ]
    if spatial.name == "spatial":
        inner = 6 * cin
        found.append(
            _alternative(
                block,
                "MBConv6 without SE",
                f"expands to {inner:g} channels, filters each alone, projects back",
                [
                    conv("expand", cin, inner, 1, 1, 1, a, a),
                    conv("depthwise", inner, inner, k, s, inner, a, b),
                    conv("project", inner, cout, 1, 1, 1, b, b),
                ],
            )
        )
        return tuple(found)
    inner = max(1, cout // 4)
    found.append(
        _alternative(
            block,
            "Classic bottleneck",
            f"reduces to {inner:g} channels (a quarter of the output), filters them all "
            "together, restores",
            [
                conv("reduce", cin, inner, 1, 1, 1, a, a),
                conv("spatial", inner, inner, k, s, 1, a, b),
                conv("restore", inner, cout, 1, 1, 1, b, b),
            ],
        )
    )
    wide = spatial.in_channels
    if wide > max(cin, cout):
        found.append(
            _alternative(
                block,
                f"Plain {k}×{k} on all {wide:g} channels",
                "a plain convolution where the block has its depthwise one, expand and project "
                "kept",
                [
                    conv("expand", cin, wide, 1, 1, 1, a, a),
                    conv("conv", wide, wide, k, s, 1, a, b),
                    conv("project", wide, cout, 1, 1, 1, b, b),
                ],
            )
        )
    return tuple(found)


def ratio_terms(block: Block) -> tuple[RatioTerm, ...]:
    """The block's multiply-adds over the plain convolution's, operation by operation.

    Each term is simplified as far as its operation allows: ``C`` and ``C′`` channels in and out,
    ``H`` and ``H′`` map sides, ``e`` expansion, ``m`` inner and ``s`` squeezed channels, ``k`` the
    kernel. The values add up to the ratio of `alternatives` exactly; nothing for stems and heads.
    """
    spatial = spatial_layer(block)
    if spatial is None:
        return ()
    k = spatial.kernel_size
    cin, cout = int(block.in_channels), int(block.out_channels)
    a, b = int(block.in_px), int(block.out_px)
    plain = k * k * cin * cout * b * b
    inner = int(spatial.in_channels)
    e = f"{inner / cin:g}"
    shrinks, from_to = ("", "") if a == b else ("·(H/H′)²", f"·({a}/{b})²")
    same = cin == cout
    terms = []
    for layer in block.layers:
        macs, title = layer_cost(layer).macs, _title(layer)
        match layer.name:
            case "expand":
                symbols = f"{'e/k²' if same else 'e·C/(k²·C′)'}{shrinks}"
                worked = f"{e}/{k}²" if same else f"{e}·{cin}/({k}²·{cout})"
                worked += from_to
            case "depthwise":
                symbols = "1/C′" if inner == cin else "e/C′"
                worked = f"1/{cout}" if inner == cin else f"{e}/{cout}"
            case "se_reduce":
                macs *= 2
                title = "SE reduce, expand"
                symbols = "2·e·s/(k²·C′·H′²)"
                worked = f"2·{e}·{layer.out_channels:g}/({k}²·{cout}·{b}²)"
            case "se_expand":
                continue  # costs the same as se_reduce, and is counted with it
            case "project":
                symbols, worked = "e/k²", f"{e}/{k}²"
            case "pointwise" | "shortcut":
                symbols, worked = "1/k²", f"1/{k}²"
            case "reduce":
                symbols = f"m/(k²·C′){shrinks}"
                worked = f"{inner}/({k}²·{cout}){from_to}"
            case "spatial":
                symbols, worked = "m²/(C·C′)", f"{inner}²/({cin}·{cout})"
            case _:  # restore
                symbols, worked = "m/(k²·C)", f"{inner}/({k}²·{cin})"
        terms.append(RatioTerm(title, symbols, worked, macs / plain))
    return tuple(terms)


def receptive_fields(spec: ArchitectureSpec) -> tuple[StageField, ...]:
    """What a middle position of each stage sees, stem to last convolution stage; no head.

    A position ``i`` of a map lies on input pixel ``i · step_px``: convolutions pad evenly, so every
    one keeps its centre. The position chosen is the one nearest the photo's middle.
    """
    fields = []
    step = 1
    for row in network_cost(spec).stages:
        for block in blocks_of(spec, row.stage):
            for layer in block.layers:
                if layer.branch == "main":
                    step *= layer.stride
        if spec.stages[row.stage - 1].operator in ("conv_head", "pool_head"):
            continue
        grid = row.out_resolution_px
        middle = min(grid - 1, (spec.resolution_px - 1 + step) // (2 * step))
        start = middle * step - (row.receptive_field_px - 1) // 2
        fields.append(
            StageField(row.stage, row.operator, row.receptive_field_px, start, step, grid)
        )
    return tuple(fields)


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


def _alternative(block: Block, name: str, what: str, layers: list[Layer]) -> Alternative:
    cost = block_cost(block._replace(layers=tuple(layers)))
    own = block_cost(block)
    return Alternative(
        name=name,
        what=what,
        filtered=int(max(layers, key=lambda layer: layer.kernel_size).in_channels),
        formula=" + ".join(macs_formula(layer) for layer in layers),
        cost=cost,
        ratio=Cost(*(mine / other for mine, other in zip(own, cost, strict=True))),
    )


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


def _title(layer: Layer) -> str:
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
