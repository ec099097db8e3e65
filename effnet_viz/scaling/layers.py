"""Stages made concrete: every convolution and linear layer with its shapes.

A stage of ``R`` blocks is one first block (new channels, stride) and ``R - 1`` equal ones, so it is
kept as at most two `Block` records with a ``count``; `effnet_viz.scaling.cost` multiplies instead
of repeating, which is what makes a cost take microseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Literal, NamedTuple

from effnet_viz.scaling.architectures import ArchitectureSpec, Family, StageSpec
from effnet_viz.scaling.compound import round_filters, undusted

LayerKind = Literal["conv", "linear", "pool"]
Branch = Literal["main", "se", "shortcut"]
Activation = Literal["silu", "relu", "relu6"]

#: The function after a family's convolutions, as each paper has it.
ACTIVATIONS: MappingProxyType[Family, Activation] = MappingProxyType(
    {
        "efficientnet": "silu",
        "efficientnet_lite": "relu6",
        "mobilenet_v1": "relu",
        "mobilenet_v2": "relu6",
        "resnet": "relu",
    }
)

#: Convolutions that no activation function follows directly: a block's last, before anything is
#: added to it.
LINEAR_LAYERS = ("project", "restore", "shortcut")


class Layer(NamedTuple):
    """One operation. Convolutions pad so that ``out_px = ceil(in_px / stride)``; maps are square.

    ``norm``: a batch norm follows (two parameters per channel, folded at inference).
    ``branch``: ``se`` layers work on the pooled map, ``shortcut`` ones beside the main path.
    """

    name: str
    kind: LayerKind
    in_channels: float
    out_channels: float
    kernel_size: int
    stride: int
    groups: float
    in_px: float
    out_px: float
    bias: bool
    norm: bool
    branch: Branch = "main"


class Block(NamedTuple):
    """``count`` equal blocks of one stage: input and output shape, layers, skip connection."""

    stage: int
    first: bool
    count: float  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    in_channels: float
    out_channels: float
    in_px: float
    out_px: float
    skip: bool
    layers: tuple[Layer, ...]


def expand(spec: ArchitectureSpec) -> tuple[Block, ...]:
    """The concrete blocks of an architecture, stem to head, in order.

    Invariant: summing ``count`` over a stage's blocks gives its ``repeats``.
    """
    return tuple(_expand(spec, whole=True))


def expand_relaxed(spec: ArchitectureSpec) -> tuple[Block, ...]:
    """`expand` without whole numbers: halved maps may be fractional, as in the law's algebra.

    The spec's widths and repeats may be real numbers too. Used only to split a gap into causes.
    """
    return tuple(_expand(spec, whole=False))


def iter_blocks(spec: ArchitectureSpec) -> Iterator[Block]:
    """Every block once per occurrence, in order, each with ``count`` 1."""
    for block in expand(spec):
        single = block._replace(count=1)
        for _ in range(int(block.count)):
            yield single


def iter_layers(spec: ArchitectureSpec) -> Iterator[tuple[str, Layer]]:
    """Every layer once per occurrence, in order, named ``stage.block.layer`` (from 1)."""
    number: dict[int, int] = {}
    for block in iter_blocks(spec):
        number[block.stage] = number.get(block.stage, 0) + 1
        for layer in block.layers:
            yield f"{block.stage}.{number[block.stage]}.{layer.name}", layer


def _expand(spec: ArchitectureSpec, whole: bool) -> Iterator[Block]:
    channels: float = spec.in_channels
    px: float = spec.resolution_px
    for number, stage in enumerate(spec.stages, start=1):
        remaining: float = stage.repeats
        first = True
        while remaining > 0:
            count = min(1, remaining) if first else remaining
            stride = stage.stride if first else 1
            block = _block(stage, number, first, count, channels, px, stride, spec, whole)
            yield block
            channels, px = block.out_channels, block.out_px
            remaining -= count
            first = False


def _block(
    stage: StageSpec,
    number: int,
    first: bool,
    count: float,
    in_channels: float,
    in_px: float,
    stride: int,
    spec: ArchitectureSpec,
    whole: bool,
) -> Block:
    out_px = _shrink(in_px, stride, whole)
    out = stage.out_channels or in_channels
    k = stage.kernel_size
    skip = False

    def conv(
        name: str, cin: float, cout: float, k: int, s: int, groups: float, a: float, b: float,
        branch: Branch = "main",
    ) -> Layer:  # fmt: skip
        return Layer(name, "conv", cin, cout, k, s, groups, a, b, False, True, branch)

    layers: list[Layer]
    match stage.operator:
        case "conv":
            layers = [conv("conv", in_channels, out, k, stride, 1, in_px, out_px)]
            if stage.max_pool:
                pooled = _shrink(out_px, 2, whole)
                layers.append(
                    Layer("pool", "pool", out, out, 3, 2, 1, out_px, pooled, False, False)
                )
                out_px = pooled
        case "mbconv" | "inverted_residual":
            skip = stride == 1 and in_channels == out
            inner = in_channels * stage.expand_ratio
            if whole:
                inner = round_filters(inner)
            layers = []
            if inner != in_channels:
                layers.append(conv("expand", in_channels, inner, 1, 1, 1, in_px, in_px))
            layers.append(conv("depthwise", inner, inner, k, stride, inner, in_px, out_px))
            if stage.se_ratio:
                squeezed = in_channels * stage.se_ratio
                if whole:
                    squeezed = max(1, int(undusted(squeezed)))
                layers.append(_se("se_reduce", inner, squeezed))
                layers.append(_se("se_expand", squeezed, inner))
            layers.append(conv("project", inner, out, 1, 1, 1, out_px, out_px))
        case "separable":
            layers = [
                conv("depthwise", in_channels, in_channels, k, stride, in_channels, in_px, out_px),
                conv("pointwise", in_channels, out, 1, 1, 1, out_px, out_px),
            ]
        case "bottleneck":
            skip = True
            inner = stage.inner_channels
            layers = [
                conv("reduce", in_channels, inner, 1, 1, 1, in_px, in_px),
                conv("spatial", inner, inner, k, stride, 1, in_px, out_px),
                conv("restore", inner, out, 1, 1, 1, out_px, out_px),
            ]
            if stride != 1 or in_channels != out:
                layers.append(
                    conv("shortcut", in_channels, out, 1, stride, 1, in_px, out_px, "shortcut")
                )
        case _:
            layers = []
            if stage.operator == "conv_head":
                layers.append(conv("conv", in_channels, out, k, stride, 1, in_px, out_px))
            layers.append(
                Layer("linear", "linear", out, spec.num_classes, 1, 1, 1, 1, 1, True, False)
            )
            out_px = 1
    return Block(number, first, count, in_channels, out, in_px, out_px, skip, tuple(layers))


def _se(name: str, cin: float, cout: float) -> Layer:
    return Layer(name, "conv", cin, cout, 1, 1, 1, 1, 1, True, False, "se")


def _shrink(px: float, stride: int, whole: bool) -> float:
    return -(-px // stride) if whole else px / stride
