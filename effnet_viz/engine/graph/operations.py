"""OpenVINO's model of a network: a fold over its layers, with a folded torch module's weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops
from torch import Tensor, nn

from effnet_viz.engine.graph.layout import zeros
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.layers import (
    ACTIVATIONS,
    LINEAR_LAYERS,
    Activation,
    Block,
    Layer,
    iter_blocks,
)

Weights = Iterator[nn.Conv2d | nn.Linear]

_FUNCTIONS: dict[Activation, Callable[[Any], Any]] = {
    "silu": ops.swish,
    "relu": ops.relu,
    "relu6": lambda x: ops.clamp(x, 0.0, 6.0),
}
_MAP_AXES = np.array([2, 3])


def openvino_model(
    spec: ArchitectureSpec,
    layers: list[nn.Conv2d | nn.Linear],
    *,
    batch_size: int,
    stages: tuple[int, ...],
) -> openvino.Model:
    """Inputs ``(batch_size, in_channels, px, px)`` to logits ``(batch_size, classes)`` and the
    outputs of ``stages`` (from 1), each ``(batch_size, C, h, w)``, in that order.

    ``layers`` are those of `effnet_viz.engine.graph.runtime.folded_layers`; their memory is shared
    where its order allows, not copied.
    """
    weights = iter(layers)
    px = spec.resolution_px
    image = ops.parameter([batch_size, spec.in_channels, px, px], np.float32)
    activation = _FUNCTIONS[ACTIVATIONS[spec.family]]
    outputs: dict[int, Any] = {}
    x: Any = image
    for block in iter_blocks(spec):
        if block.layers[-1].kind == "linear":
            break
        x = _block(x, block, spec, weights, activation)
        outputs[block.stage] = x  # the stage's last block stays
    for layer in block.layers[:-1]:
        x = outputs[block.stage] = activation(_conv(x, layer, next(weights), spec))
    logits = _linear(ops.reduce_mean(x, _MAP_AXES, False), next(weights))
    results = [ops.result(value) for value in (logits, *(outputs[number] for number in stages))]
    return openvino.Model(results, [image], spec.name)


def _block(
    x: Any,
    block: Block,
    spec: ArchitectureSpec,
    weights: Weights,
    activation: Callable[[Any], Any],
) -> Any:
    start, shortcut, squeezed = x, x, None
    for layer in block.layers:
        if layer.kind == "pool":
            x = _max_pool(x, layer, spec)
            continue
        weight = next(weights)
        if layer.name == "se_reduce":
            pooled = ops.reduce_mean(x, _MAP_AXES, True)
            squeezed = activation(_conv(pooled, layer, weight, spec))
        elif layer.name == "se_expand":
            x = ops.multiply(x, ops.sigmoid(_conv(squeezed, layer, weight, spec)))
        elif layer.branch == "shortcut":
            shortcut = _conv(start, layer, weight, spec)
        else:
            x = _conv(x, layer, weight, spec)
            x = x if layer.name in LINEAR_LAYERS else activation(x)
    if not block.skip:
        return x
    x = ops.add(x, shortcut)
    return activation(x) if spec.family == "resnet" else x


def _conv(x: Any, layer: Layer, module: nn.Conv2d | nn.Linear, spec: ArchitectureSpec) -> Any:
    before, after = zeros(layer, spec.padding)
    weight = _array(module.weight)  # (out, in / groups, k, k)
    where = ([layer.stride] * 2, [before] * 2, [after] * 2, [1, 1])
    if layer.groups == 1:
        x = ops.convolution(x, _constant(weight), *where)
    else:
        groups = int(layer.groups)
        grouped = weight.reshape(groups, weight.shape[0] // groups, *weight.shape[1:])
        x = ops.group_convolution(x, _constant(grouped), *where)
    return ops.add(x, _constant(_array(module.bias).reshape(1, -1, 1, 1)))


def _linear(x: Any, module: nn.Conv2d | nn.Linear) -> Any:
    product = ops.matmul(x, _constant(_array(module.weight)), False, True)
    return ops.add(product, _constant(_array(module.bias)[None]))


def _max_pool(x: Any, layer: Layer, spec: ArchitectureSpec) -> Any:
    before, after = zeros(layer, spec.padding)
    stride, kernel = [layer.stride] * 2, [layer.kernel_size] * 2
    return ops.max_pool(x, stride, [1, 1], [before] * 2, [after] * 2, kernel).output(0)


def _array(values: Tensor | None) -> Any:
    if values is None:
        raise ValueError("a folded layer has a bias")
    return np.ascontiguousarray(values.detach().numpy())


def _constant(values: Any) -> Any:
    return ops.constant(values, shared_memory=True)
