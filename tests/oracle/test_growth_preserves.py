"""A grown network does what its parent does: the trained parent itself is the oracle."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from effnet_viz.engine import images
from effnet_viz.engine.growth import grow, grown_model
from effnet_viz.engine.maps.cam import compute_cam
from effnet_viz.engine.models import build_model
from effnet_viz.engine.weights import load_model
from effnet_viz.evidence.samples import read_sample
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE, EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.scaling.compound import Multipliers, scale

SPECS = {"classroom": CLASSROOM_BASELINE, "b0": EFFICIENTNET_B0}
PX = {"classroom": 96, "b0": 64}
SCALINGS_EACH = 8


@cache
def parent(name: str) -> nn.Module:
    """The shipped baseline, and B0 as if trained: no batch norm or bias at its initial value."""
    if name == "classroom":
        return load_model("classroom", "baseline", optimised=False).module
    generator = torch.Generator().manual_seed(0)

    def uniform(tensor: torch.Tensor, low: float, high: float) -> None:
        tensor.data.uniform_(low, high, generator=generator)

    torch.manual_seed(0)
    module = build_model(SPECS[name])
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            uniform(layer.weight, 0.8, 1.6)
            uniform(layer.bias, -0.3, 0.3)
            layer.momentum = 1.0  # statistics of the one batch below
        elif isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
            uniform(layer.bias, -1.0, 1.0)
    module.train()(torch.randn(8, 3, 96, 96, generator=generator))
    return module.eval()


def photos(name: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 3, PX[name], PX[name], generator=generator)


@cache
def parent_logits(name: str) -> torch.Tensor:
    with torch.inference_mode():
        return parent(name)(photos(name))


def difference(name: str, grown: nn.Module) -> float:
    """Largest difference of any logit, as a share of the parent's largest."""
    with torch.inference_mode():
        logits = grown(photos(name))
    return float((logits - parent_logits(name)).abs().max() / parent_logits(name).abs().max())


def random_scaling(name: str, seed: int) -> ArchitectureSpec:
    draw = random.Random(f"{name} {seed}")
    depth, width = draw.uniform(1, 3), draw.uniform(1, 3)
    return scale(SPECS[name], Multipliers(depth, width, PX[name]))


@pytest.mark.parametrize("name", SPECS)
def test_the_parents_logits_depend_on_photo_and_class(name):
    """Else the comparisons below would prove nothing."""
    logits = parent_logits(name)
    scale_of_logits = logits.abs().max()
    assert (logits[0] - logits[1]).abs().max() > 0.02 * scale_of_logits
    assert logits.std(1).min() > 0.1 * scale_of_logits


@pytest.mark.parametrize("name", SPECS)
def test_the_logits_are_the_parents_for_random_scalings(name):
    differences = []
    for seed in range(SCALINGS_EACH):
        spec = random_scaling(name, seed)
        differences.append(difference(name, grow(parent(name), SPECS[name], spec)))
    assert max(differences) <= 1e-4, f"scaling {differences.index(max(differences))}"


@pytest.mark.parametrize("name", SPECS)
def test_the_comparison_notices_a_small_change_of_one_block(name):
    spec = random_scaling(name, 0)
    grown = grow(parent(name), SPECS[name], spec)
    with torch.no_grad():
        grown.features[5][1].block[-1][0].weight *= 1.05
    assert difference(name, grown) > 1e-4


@pytest.mark.parametrize("name", SPECS)
def test_a_deeper_network_is_its_parent_bit_for_bit(name):
    spec = scale(SPECS[name], Multipliers(2.5, 1.0, PX[name]))
    assert sum(s.repeats for s in spec.stages) > 2 * sum(s.repeats for s in SPECS[name].stages)
    assert difference(name, grow(parent(name), SPECS[name], spec)) == 0


@pytest.mark.parametrize("photo", ["golf-ball", "cat"])
@pytest.mark.parametrize(("depth", "width"), [(1.0, 2.15), (1.7, 1.4), (3.0, 2.9)])
def test_maps_are_the_parents(photo, depth, width):
    """Grad-CAM and LayerCAM of the same photo and class: last stage, and before a split."""
    model = load_model("classroom", "baseline", optimised=False)
    spec = scale(CLASSROOM_BASELINE, Multipliers(depth, width, model.spec.resolution_px))
    grown = grown_model(model, spec, optimised=False)
    image = images.decode(read_sample(photo))
    for method, stage in (("gradcam", 9), ("gradcam", 4), ("layercam", 9), ("layercam", 6)):
        want = compute_cam(model, image, method=method, target_stage=stage)
        got = compute_cam(grown, image, method=method, target_stage=stage)
        assert want.evidence
        assert got.target_index == want.target_index
        assert got.probability == pytest.approx(want.probability, rel=1e-4)
        assert got.grid == want.grid
        assert np.abs(np.subtract(got.raw, want.raw)).max() <= 1e-4 * want.raw_max


def test_folding_and_reordering_keep_the_grown_networks_function():
    model = load_model("classroom", "baseline", optimised=False)
    spec = scale(CLASSROOM_BASELINE, Multipliers(1.6, 1.8, model.spec.resolution_px))
    assert difference("classroom", grown_model(model, spec).module) <= 1e-4


def test_the_parents_norm_epsilon_goes_with_it():
    """Some of torchvision's variants are trained with another one."""
    module = build_model(CLASSROOM_BASELINE, norm_eps=0.5)
    module.load_state_dict(parent("classroom").state_dict())
    spec = random_scaling("classroom", 1)
    with torch.inference_mode():
        want = module.eval()(photos("classroom"))
        got = grow(module, CLASSROOM_BASELINE, spec)(photos("classroom"))
    assert (want - parent_logits("classroom")).abs().max() > 0.01 * want.abs().max()
    assert (got - want).abs().max() <= 1e-4 * want.abs().max()


def test_a_grown_network_can_be_grown_again():
    first = replace(random_scaling("classroom", 2), name="first")
    then = scale(first, Multipliers(1.3, 1.3, 96))
    grown = grow(grow(parent("classroom"), CLASSROOM_BASELINE, first), first, then)
    assert difference("classroom", grown) <= 1e-4
