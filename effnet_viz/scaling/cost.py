"""What a network costs, by arithmetic alone: parameters, multiply-adds, activations, receptive
field.

Conventions, the same as the paper's tables: one multiply-add (MAC, the paper's "FLOPS") per weight
per output position of every convolution and linear layer; bias additions, batch norm, activation
functions, pooling and element-wise work are not counted. Activations are the elements that
convolutions and linear layers output. All figures are for one image.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.layers import Block, Layer, expand


class Cost(NamedTuple):
    """Totals for one image; `params` counts weights, biases and batch-norm scale and shift."""

    params: float
    macs: float
    activations: float


class StageRow(NamedTuple):
    """One stage of a concrete network, as in the paper's table 1, with its cost.

    ``receptive_field_px``: side of the input square that can reach one output position through the
    convolutions; the head's pooling and squeeze-and-excitation see the whole map and are left out.
    """

    stage: int
    operator: str
    in_resolution_px: int
    out_resolution_px: int
    in_channels: int
    out_channels: int
    repeats: int
    kernel_size: int
    stride: int
    expand_ratio: float
    params: int
    macs: int
    activations: int
    receptive_field_px: int


class NetworkCost(NamedTuple):
    """A network's stage table and its totals."""

    params: int
    macs: int
    activations: int
    receptive_field_px: int
    stages: tuple[StageRow, ...]


def layer_cost(layer: Layer) -> Cost:
    """One layer: a ``k × k`` convolution with ``g`` groups has ``out · in/g · k²`` weights, each
    used once at each of the ``out_px²`` output positions."""
    if layer.kind == "pool":
        return Cost(0, 0, 0)
    weights = layer.out_channels * layer.in_channels * layer.kernel_size**2
    if layer.groups != 1:
        weights = weights / layer.groups if weights % layer.groups else weights // layer.groups
    positions = layer.out_px**2
    per_channel = (1 if layer.bias else 0) + (2 if layer.norm else 0)
    return Cost(
        params=weights + per_channel * layer.out_channels,
        macs=weights * positions,
        activations=layer.out_channels * positions,
    )


def block_cost(block: Block) -> Cost:
    """One of the block's ``count`` equal copies."""
    params: float = 0
    macs: float = 0
    activations: float = 0
    for layer in block.layers:
        cost = layer_cost(layer)
        params += cost.params
        macs += cost.macs
        activations += cost.activations
    return Cost(params, macs, activations)


def total(blocks: Iterable[Block]) -> Cost:
    """The sum over blocks, each times its count."""
    params: float = 0
    macs: float = 0
    activations: float = 0
    for block in blocks:
        cost = block_cost(block)
        params += block.count * cost.params
        macs += block.count * cost.macs
        activations += block.count * cost.activations
    return Cost(params, macs, activations)


@lru_cache(maxsize=2048)
def network_cost(spec: ArchitectureSpec) -> NetworkCost:
    """The exact cost of a concrete architecture, per stage and in total."""
    by_stage: dict[int, list[Block]] = {}
    for block in expand(spec):
        by_stage.setdefault(block.stage, []).append(block)
    rows = []
    field, jump = 1, 1
    for number, blocks in by_stage.items():
        stage = spec.stages[number - 1]
        cost = total(blocks)
        for block in blocks:
            field, jump = _receptive_field(block, field, jump)
        first, last = blocks[0], blocks[-1]
        rows.append(
            StageRow(
                stage=number,
                operator=stage.label,
                in_resolution_px=int(first.in_px),
                out_resolution_px=int(last.out_px),
                in_channels=int(first.in_channels),
                out_channels=int(last.out_channels),
                repeats=stage.repeats,
                kernel_size=stage.kernel_size,
                stride=stage.stride,
                expand_ratio=stage.expand_ratio,
                params=int(cost.params),
                macs=int(cost.macs),
                activations=int(cost.activations),
                receptive_field_px=field,
            )
        )
    return NetworkCost(
        params=sum(row.params for row in rows),
        macs=sum(row.macs for row in rows),
        activations=sum(row.activations for row in rows),
        receptive_field_px=field,
        stages=tuple(rows),
    )


def _receptive_field(block: Block, field: int, jump: int) -> tuple[int, int]:
    """Receptive field and stride product after ``count`` copies: each k×k adds ``(k-1)·jump``.

    Only a stage's first block, whose count is 1, has a stride; all copies of another add the same.
    """
    growth, stride_product = 0, jump
    for layer in block.layers:
        if layer.branch == "main" and layer.kind != "linear":
            growth += (layer.kernel_size - 1) * stride_product
            stride_product *= layer.stride
    return field + int(block.count) * growth, stride_product


BYTES_PER_VALUE = 4


@lru_cache(maxsize=256)
def inference_memory_bytes(spec: ArchitectureSpec, batch_size: int = 1) -> int:
    """Lower estimate of float32 memory for a forward pass without gradients: all weights, plus the
    largest input-and-output pair that one layer needs at once (what waits to be added included)."""
    weights, peak = 0.0, 0.0
    for block in expand(spec):
        cost = block_cost(block)
        weights += block.count * cost.params
        skipped = block.in_channels * block.in_px**2 if block.skip else 0
        for layer in block.layers:
            if layer.branch == "se":
                continue
            live = layer.in_channels * layer.in_px**2 + layer.out_channels * layer.out_px**2
            if layer.branch == "shortcut":
                live += block.out_channels * block.out_px**2
            elif layer is not block.layers[0]:
                live += skipped
            peak = max(peak, live)
    return int(BYTES_PER_VALUE * (weights + batch_size * peak))
