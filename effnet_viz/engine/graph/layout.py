"""Where a layer's zeros go: what both the torch module and the graph ask of ring 0's layers."""

from __future__ import annotations

from effnet_viz.scaling.architectures import Padding
from effnet_viz.scaling.centres import zeros_before
from effnet_viz.scaling.layers import Layer


def zeros(layer: Layer, padding: Padding) -> tuple[int, int]:
    """Zeros before and after a layer's map in each direction."""
    before = zeros_before(layer, padding)
    if padding == "symmetric":
        return before, before
    spanned = (layer.out_px - 1) * layer.stride + layer.kernel_size
    return before, max(0, int(spanned - layer.in_px) - before)
