"""Torch modules from ring 0's layers: ring 0's counts by torch's own, and torchvision's layers."""

from __future__ import annotations

import random

import pytest
import torch
import torchvision

from effnet_viz.engine.models import build_model
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_LITE0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import checked_multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import find_model
from tests.oracle.torch_counts import Counted, count, skeletons

TORCHVISIONS = [
    ("mobilenet_v2", MOBILENET_V2),
    *((name, find_model("resnet50", name).spec)
      for name in ("resnet50", "resnet152", "wide_resnet50_2")),
]  # fmt: skip


@pytest.mark.parametrize(
    "base", [EFFICIENTNET_LITE0, MOBILENET_V1, MOBILENET_V2, RESNET_50], ids=lambda s: s.name
)
def test_100_random_scalings_have_ring_0_s_counts(base: ArchitectureSpec) -> None:
    draw = random.Random(0)
    for _ in range(100):
        depth, width = draw.uniform(0.3, 3), draw.uniform(0.3, 3)
        spec = scale(base, checked_multipliers(depth, width, draw.randint(32, 800)))
        cost = network_cost(spec)
        with skeletons():
            module = build_model(spec)
        expected = Counted(cost.params, cost.macs, cost.activations)
        assert count(module, spec.resolution_px, bare=True) == expected, (depth, width)


@pytest.mark.parametrize(("name", "spec"), TORCHVISIONS, ids=[name for name, _ in TORCHVISIONS])
def test_torchvision_s_weights_load_key_for_key_and_say_the_same(
    name: str, spec: ArchitectureSpec
) -> None:
    torch.manual_seed(0)
    theirs = getattr(torchvision.models, name)(weights=None)
    with torch.no_grad():
        for layer in theirs.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.running_mean.normal_(0, 0.1)
                layer.running_var.uniform_(0.5, 1.5)
    with torch.device("meta"):
        ours = build_model(spec)
    assert [(n, v.shape) for n, v in ours.state_dict().items()] == [
        (n, v.shape) for n, v in theirs.state_dict().items()
    ]
    ours.load_state_dict(theirs.state_dict(), assign=True)
    inputs = torch.randn(2, 3, 97, 97)
    with torch.inference_mode():
        assert torch.equal(ours.eval()(inputs), theirs.eval()(inputs))


@pytest.mark.parametrize(
    "base", [EFFICIENTNET_LITE0, MOBILENET_V1, MOBILENET_V2, RESNET_50], ids=lambda s: s.name
)
def test_a_fresh_network_starts_as_torchvision_s_do(base: ArchitectureSpec) -> None:
    """He's initialisation by fan out; a linear layer small or as torch has it."""
    torch.manual_seed(0)
    module = build_model(scale(base, checked_multipliers(0.5, 1, 64)))
    assert module.training
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.numel() > 4000:
            fan_out = layer.out_channels * layer.kernel_size[0] ** 2  # as torch counts it
            assert layer.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.1)
