"""The control with random weights: random, repeatable, and with maps that can be looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import nn

from effnet_viz.engine.calibration import clouds, fit_batch_norms
from effnet_viz.engine.maps import cam
from effnet_viz.engine.weights import load_model, random_control, seeding
from effnet_viz.scaling.families import ROLES, UNTRAINED, find_model

PHOTOS = [Image.fromarray(picture) for picture in (skimage.data.chelsea(), skimage.data.coffee())]


@pytest.mark.parametrize("role", ROLES)
def test_the_control_has_finite_maps_that_follow_the_photo(role):
    control = random_control(find_model("classroom", role))
    assert (control.name, control.role, control.weights) == (f"{role}-random", role, UNTRAINED)
    assert not control.meaningful
    maps = [
        cam.compute_cam(control, photo, target_class=3, target_stage=stage)
        for photo in PHOTOS
        for stage in (5, 9)
    ]
    assert sum(found.evidence for found in maps) >= 3
    assert all(0 < found.raw_max < 1e4 for found in maps if found.evidence)
    assert maps[1].raw != maps[3].raw
    assert all(np.std(found.raw) > 0.05 * found.raw_max for found in maps if found.evidence)


def test_the_control_is_not_the_trained_network():
    trained = load_model("classroom", "baseline")
    control = random_control(find_model("classroom", "baseline"))
    assert control.spec == trained.spec
    assert control.classes == trained.classes
    ours, theirs = (model.module.features[0][0].weight for model in (control, trained))
    assert ours.shape == theirs.shape
    # A control with the training's own seed would correlate by 0.9: it is where training began.
    assert abs(np.corrcoef(ours.flatten(), theirs.flatten())[0, 1]) < 0.3


def test_equal_seeds_give_equal_controls_and_leave_the_dice_alone():
    entry = find_model("classroom", "baseline")
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = (random_control(entry, seed).module.state_dict() for seed in (0, 0, 1))
    assert torch.rand(1) == expected
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    assert not seeding.locked()


def test_a_resnet_has_a_control_too():
    entry = find_model("resnet50", "resnet50")
    control = random_control(replace(entry, spec=replace(entry.spec, resolution_px=64)))
    assert cam.stage_count(control) == 5
    assert cam.compute_cam(control, PHOTOS[0], target_class=3).raw_max > 0


def test_norms_are_fitted_to_their_own_input():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.Conv2d(8, 4, 3), nn.BatchNorm2d(4)
    )
    fit_batch_norms(network, 32, seed=7)
    assert not any(layer.training for layer in network.modules())
    with torch.no_grad():
        output = network(clouds(32, 32, 7))
    assert output.mean((0, 2, 3)).abs().max() < 1e-4
    assert (output.var((0, 2, 3)) - 1).abs().max() < 1e-3
