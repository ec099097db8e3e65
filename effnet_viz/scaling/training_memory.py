"""What a training step needs in memory, by arithmetic: which tensors torch keeps for its backward
pass, layer by layer, and when most of them are there at once.

Float32, as torchvision's networks are written (activation functions in place), with an optimiser
of two moments (Adam, AdamW) and gradients freed between steps. Mixed precision, recomputing
activations and what a device's own libraries take for themselves are not in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import BYTES_PER_VALUE, layer_cost, network_cost
from effnet_viz.scaling.layers import ACTIVATIONS, LINEAR_LAYERS, Block, Layer, iter_blocks

#: Adam keeps a mean and a mean square of every weight's gradient.
MOMENTS = 2


class TrainingMemory(NamedTuple):
    """Bytes of one step after the first. ``weights`` count batch norms' running figures;
    ``activations`` are what the forward pass leaves for the backward pass, the photos included;
    ``peak`` is the most at any moment, which is less than the sum: activations go as gradients
    come."""

    weights_bytes: int
    gradients_bytes: int
    moments_bytes: int
    activations_bytes: int
    peak_bytes: int


class _Kept(NamedTuple):
    """One layer's values per photo: what it leaves for the backward pass, the largest gradients
    that live while it is passed backwards; and its parameters."""

    saved: float
    passing: float
    params: float


def training_memory(spec: ArchitectureSpec, batch_size: int) -> TrainingMemory:
    """The memory of a training step of ``batch_size`` photos. Raises UserError for none."""
    if batch_size < 1:
        raise UserError(f"A batch has at least one photo, not {batch_size}.")
    params = network_cost(spec).params
    running = sum(
        2 * layer.out_channels * block.count
        for block in iter_blocks(spec)
        for layer in block.layers
        if layer.norm
    )
    photo = spec.in_channels * spec.resolution_px**2
    kept = list(_kept(spec))
    live = saved = photo + sum(each.saved for each in kept)
    gradients, highest = 0.0, batch_size * live
    for each in reversed(kept):
        highest = max(highest, batch_size * (live + each.passing) + gradients + each.params)
        live -= each.saved
        gradients += each.params
    always = (1 + MOMENTS) * params + running
    return TrainingMemory(
        weights_bytes=int(BYTES_PER_VALUE * (params + running)),
        gradients_bytes=BYTES_PER_VALUE * params,
        moments_bytes=BYTES_PER_VALUE * MOMENTS * params,
        activations_bytes=int(BYTES_PER_VALUE * batch_size * saved),
        peak_bytes=int(BYTES_PER_VALUE * (always + max(highest, batch_size * photo + params))),
    )


def _kept(spec: ArchitectureSpec) -> Iterator[_Kept]:
    keeps_input = ACTIVATIONS[spec.family] != "relu"
    for block in iter_blocks(spec):
        for layer in block.layers:
            values = _values(layer, block, keeps_input=keeps_input)
            yield _Kept(*values, layer_cost(layer).params)


def _values(layer: Layer, block: Block, *, keeps_input: bool) -> tuple[float, float]:
    """Values that a layer leaves per photo, and those of the gradients on its way back.

    A convolution leaves nothing: its input is there already. Its batch norm keeps the convolution's
    output; the activation function's output, or the block's sum, is the next layer's input. Of
    ReLU that output is enough; SiLU and ReLU6 besides keep their own input.
    """
    out = layer.out_channels * layer.out_px**2
    into = layer.in_channels * layer.in_px**2
    if layer.kind == "pool":  # its output, and for each value where it came from, in 8 bytes
        return 3 * out, out + into
    if not layer.norm:
        return out, out + into
    if layer.branch == "shortcut":
        return out, out + into
    saved = 2 * out
    if keeps_input and layer.name not in LINEAR_LAYERS:
        saved += out
    if layer.name == "depthwise" and any(other.branch == "se" for other in block.layers):
        saved += out  # squeeze-and-excitation's product
    return saved, 2 * out + into
