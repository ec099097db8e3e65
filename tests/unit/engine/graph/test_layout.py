"""Padding and activation of every layer, against torch's own convolutions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from effnet_viz.engine.graph.layout import zeros
from effnet_viz.engine.graph.modules import SameConv2d
from effnet_viz.engine.graph.runtime import graph_of
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.scaling.architectures import ARCHITECTURES, MOBILENET_V1, MOBILENET_V2, RESNET_50
from effnet_viz.scaling.layers import ACTIVATIONS, iter_layers


def test_every_architecture_has_an_activation_function() -> None:
    assert {spec.family for spec in ARCHITECTURES.values()} <= set(ACTIVATIONS)


@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize("px", [32, 33, 97, 224])
def test_zeros_give_the_size_that_ring_0_computes(padding, px) -> None:
    for spec in (MOBILENET_V2, RESNET_50):
        for name, layer in iter_layers(replace(spec, resolution_px=px, padding=padding)):
            if layer.kind == "linear":
                continue
            before, after = zeros(layer, padding)
            padded = layer.in_px + before + after
            assert (padded - layer.kernel_size) // layer.stride + 1 == layer.out_px, name
            assert 0 <= after - before <= 1 if padding == "same" else after == before


@pytest.mark.parametrize(("size", "kernel", "stride"), [(6, 3, 2), (7, 3, 2), (8, 5, 2), (5, 3, 1)])
def test_same_padding_is_the_sum_written_out(size, kernel, stride) -> None:
    """Of an odd number of zeros the one more comes after: output o starts at o·s − before."""
    values = torch.arange(1.0, size + 1)
    conv = SameConv2d(1, 1, (1, kernel), (1, stride), bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.arange(1.0, kernel + 1).reshape(1, 1, 1, kernel))
        found = conv(values.reshape(1, 1, 1, size))[0, 0, 0].tolist()
    out = -(-size // stride)
    before = max(0, (out - 1) * stride + kernel - size) // 2
    expected = [
        sum(
            (tap + 1) * (at + 1)
            for tap in range(kernel)
            if 0 <= (at := o * stride - before + tap) < size
        )
        for o in range(out)
    ]
    assert found == expected


@pytest.mark.parametrize("px", [64, 65, 97])
@pytest.mark.parametrize("base", [MOBILENET_V1, MOBILENET_V2], ids=lambda spec: spec.name)
def test_the_graph_pads_as_the_module_does(base, px) -> None:
    spec = replace(base, resolution_px=px, padding="same", num_classes=10, in_channels=1)
    torch.manual_seed(0)
    module = build_model(spec)
    assert any(isinstance(layer, SameConv2d) for layer in module.modules())
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
        module.train()(torch.randn(16, 1, px, px))
    inputs = torch.randn(1, 1, px, px)
    with torch.inference_mode():
        expected = module.eval()(inputs)
        symmetric = build_model(replace(spec, padding="symmetric"))
        symmetric.load_state_dict(module.state_dict())
        other = symmetric.eval()(inputs)
    graph = graph_of(optimise(module, "cpu", spec))
    assert graph is not None
    passed = graph.run(inputs)
    assert passed is not None
    scale = expected.abs().max()
    assert (passed.logits - expected).abs().max() <= 1e-4 * scale
    # Odd maps, which 65 and 97 px stay down to the last, get as many zeros on either side.
    assert ((other - expected).abs().max() > 1e-2 * scale) == (px == 64)
