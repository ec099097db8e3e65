"""OpenVINO's graph of every kind of network against plain torch: logits and each stage's output.

Trained networks and shallow random ones agree within 1e-5 of the largest value. A deep random one
amplifies every rounding, torch's as much as OpenVINO's; so the judge there is torch in double
precision, from which the graph must be no further than four times what torch itself is.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import skimage.data
import torch
from PIL import Image
from torch import Tensor, nn

from effnet_viz.engine.graph.runtime import Graph, forward, graph_of, runtime_of
from effnet_viz.engine.maps.raw import run_stages, take_apart
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.engine.weights import load_model
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.families import ROLES, classroom_spec, find_model, lite_spec, released_spec

PHOTOS = (skimage.data.coffee, skimage.data.chelsea, skimage.data.astronaut)

#: Of the largest logit, or the largest value of a stage.
TOLERANCE = 1e-5

NETWORKS: dict[str, ArchitectureSpec] = {
    **{role: classroom_spec(role) for role in ROLES},
    "b0": released_spec("b0"),
    **{
        variant: replace(released_spec(variant), resolution_px=65)
        for variant in ("b1", "b2", "b3", "b4", "b5", "b6", "b7")
    },
    "resnet50": RESNET_50,
    "resnet152": replace(find_model("resnet50", "resnet152").spec, resolution_px=97),
    "wide_resnet50_2": replace(find_model("resnet50", "wide_resnet50_2").spec, resolution_px=97),
    "lite3": replace(lite_spec("lite3"), resolution_px=97),
    "mobilenet_v1": MOBILENET_V1,
    "mobilenet_v2": MOBILENET_V2,
    "B0 scaled": scale(EFFICIENTNET_B0, Multipliers(1.6, 1.3, 97)),
    "B0 shrunk": scale(EFFICIENTNET_B0, Multipliers(0.4, 0.5, 65)),
    "classroom scaled": scale(CLASSROOM_BASELINE, Multipliers(2.2, 1.7, 131)),
    "MobileNetV1 scaled": scale(MOBILENET_V1, Multipliers(2, 1.3, 161)),
    "MobileNetV2 scaled": scale(MOBILENET_V2, Multipliers(1.7, 1.4, 193)),
    "MobileNetV2 shrunk": scale(MOBILENET_V2, Multipliers(0.5, 0.5, 96)),
    "ResNet-50 scaled": scale(RESNET_50, Multipliers(0.5, 0.6, 129)),
    "ten classes": replace(MOBILENET_V1, num_classes=10, resolution_px=64),
}

#: Of the kinds above those that others stand for and that take longest.
LONG = ("b2", "b3", "b5", "b6", "b7", "resnet152", "wide_resnet50_2")


def lived_in(spec: ArchitectureSpec, seed: int) -> nn.Module:
    """The spec's network whose norms took their statistics from random data and weight it anew; as
    initialised they change nothing, and what enters a network would fade before it comes out."""
    torch.manual_seed(seed)
    module = build_model(spec)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None  # a plain average over what passes in training mode
                layer.weight.uniform_(0.1, 0.4)
                layer.bias.uniform_(-0.3, 0.3)
        module.train()(torch.randn(8, 3, 96, 96))
    return module.eval()


def distance(found: Tensor, exact: Tensor) -> float:
    """The largest difference, in the largest value."""
    assert found.shape == exact.shape
    return ((found.double() - exact).abs().max() / exact.abs().max()).item()


def assert_as_exact(found: Tensor, plain: Tensor, exact: Tensor) -> None:
    torchs = distance(plain, exact)
    assert torchs < 0.02  # else nothing could fail
    assert distance(found, exact) <= max(TOLERANCE, 4 * torchs)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.soak if name in LONG else ()) for name in NETWORKS],
)
def test_logits_and_every_stage_are_those_of_the_plain_module(name: str) -> None:
    spec = NETWORKS[name]
    plain = lived_in(spec, seed=len(name))
    inputs = torch.randn(2, 3, spec.resolution_px, spec.resolution_px)
    graph = graph_of(optimise(plain, "cpu", spec))
    assert isinstance(graph, Graph)
    single, exact = run_stages(take_apart(plain), inputs[:1]), copy.deepcopy(plain).double()
    exactly = run_stages(take_apart(exact), inputs[:1].double())
    with torch.inference_mode():
        both, both_exactly = plain(inputs), exact(inputs.double())
    assert distance(both_exactly.flip(0), both_exactly) > 0.05  # logits depend on the input
    every, last = graph.run(inputs[:1], "all"), graph.run(inputs, "last")
    assert every is not None
    assert last is not None
    assert_as_exact(every.logits, both[:1], both_exactly[:1])
    assert_as_exact(last.logits, both, both_exactly)
    assert len(every.stages) == len(exactly.stages)
    for found in zip(every.stages, single.stages, exactly.stages, strict=True):
        assert_as_exact(*found)
    assert_as_exact(last.stages[0][:1], single.stages[-1], exactly.stages[-1])


@pytest.mark.parametrize("role", ROLES)
def test_trained_networks_agree_within_rounding(role: str) -> None:
    plain = load_model("classroom", role, optimised=False)
    ours = load_model("classroom", role)
    inputs = torch.cat([plain.preprocess(Image.fromarray(photo())) for photo in PHOTOS])
    with torch.inference_mode():
        expected = plain.module(inputs)
    assert runtime_of(ours.module, inputs) == "openvino"
    for found in (
        forward(ours.module, inputs),
        torch.cat([forward(ours.module, each[None]) for each in inputs]),
    ):
        assert distance(found, expected.double()) <= TOLERANCE


@pytest.mark.parametrize("seed", range(3))
def test_one_channel_of_one_norm_would_be_seen(seed: int) -> None:
    """The tolerance is far below what the smallest part of one norm of many changes."""
    spec = replace(MOBILENET_V2, resolution_px=64)
    plain = lived_in(spec, seed)
    norms = [layer for layer in plain.modules() if isinstance(layer, nn.BatchNorm2d)]
    inputs = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before = plain(inputs)
        norms[7 * seed].bias[3] += 0.2
        changed = plain(inputs)
    assert distance(changed, before.double()) > 100 * TOLERANCE
