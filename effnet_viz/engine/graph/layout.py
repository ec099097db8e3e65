"""What ring 0's layers leave open because it costs nothing: activation functions and padding."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from effnet_viz.scaling.architectures import Family, Padding
from effnet_viz.scaling.centres import zeros_before
from effnet_viz.scaling.layers import Layer

Activation = Literal["silu", "relu", "relu6"]

#: The function after a family's convolutions, as each paper has it.
ACTIVATIONS: Mapping[Family, Activation] = MappingProxyType(
    {
        "efficientnet": "silu",
        "mobilenet_v1": "relu",
        "mobilenet_v2": "relu6",
        "resnet": "relu",
    }
)

#: Layers that no activation function follows directly: a block's last, before anything is added.
LINEAR_LAYERS = ("project", "restore", "shortcut")


def is_activated(layer: Layer) -> bool:
    """Whether the family's activation function follows a convolution of the main path."""
    return layer.name not in LINEAR_LAYERS


def zeros(layer: Layer, padding: Padding) -> tuple[int, int]:
    """Zeros before and after a layer's map in each direction."""
    before = zeros_before(layer, padding)
    if padding == "symmetric":
        return before, before
    spanned = (layer.out_px - 1) * layer.stride + layer.kernel_size
    return before, max(0, int(spanned - layer.in_px) - before)
