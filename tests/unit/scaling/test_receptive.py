"""How far a stage sees, against the support of a gradient."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.layers import iter_blocks
from effnet_viz.scaling.receptive import receptive_fields
from tests.unit.scaling.test_blocks import PHI_ONE


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
