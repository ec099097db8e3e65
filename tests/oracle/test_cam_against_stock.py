"""Our maps against pytorch-grad-cam as its manual shows it: on the whole, plain, trained module.

The library hooks the unfused network and scales its map itself; ours runs on the optimised network
and only its private tail. After the library's own scaling both agree within 3e-3 of full scale.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from pytorch_grad_cam import (
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    ScoreCAM,
    XGradCAM,
)
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn
from torchvision.models import EfficientNet, efficientnet_b0, resnet50

from effnet_viz.engine.maps.cam import METHODS, compute_cam
from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.optimise import optimise
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.scaling.families import ROLES

STOCK = {
    "gradcam": GradCAM,
    "gradcam++": GradCAMPlusPlus,
    "xgradcam": XGradCAM,
    "layercam": LayerCAM,
    "eigencam": EigenCAM,
    "hirescam": HiResCAM,
}
PHOTOS = ("chelsea.png", "astronaut.png", "coffee.png", "rocket.jpg")
TOLERANCE = 3e-3


@functools.cache
def photo(name: str) -> Image.Image:
    return Image.open(Path(skimage.data.__file__).with_name(name)).convert("RGB")


@functools.cache
def networks(role: str) -> tuple[LoadedModel, LoadedModel]:
    """(ours, plain with parameters that want gradients, as a user of the library has it)."""
    plain = load_model("classroom", role, optimised=False)
    plain.module.requires_grad_(True)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in plain.module.modules())
    return load_model("classroom", role), plain


@functools.cache
def ranking(role: str, name: str) -> list[int]:
    """The classes of the plain network for this photo, the most probable first."""
    _, plain = networks(role)
    with torch.no_grad():
        return plain.module(plain.preprocess(photo(name)))[0].argsort(descending=True).tolist()


def stock_map(
    module: nn.Module, layer: nn.Module, inputs: torch.Tensor, method: str, target: int
) -> np.ndarray:
    """The library's own answer ``(H, W)``, at the input's size, 0-1."""
    library = ScoreCAM if method == "scorecam" else STOCK[method]
    with library(model=module, target_layers=[layer]) as stock:
        return stock(input_tensor=inputs, targets=[ClassifierOutputTarget(target)])[0]


class OtherEigenCAM(EigenCAM):
    """The library's map of the other end: its decomposition leaves the sign open, ours does not."""

    def get_cam_image(self, *args, **options):
        return -super().get_cam_image(*args, **options)


def nearest_stock_map(
    scaled: np.ndarray,
    module: nn.Module,
    layer: nn.Module,
    inputs: torch.Tensor,
    method: str,
    target: int,
) -> np.ndarray:
    """The library's own answer, of EigenCAM the end that is nearer to ``scaled``."""
    found = stock_map(module, layer, inputs, method, target)
    if method != "eigencam":
        return found
    with OtherEigenCAM(model=module, target_layers=[layer]) as stock:
        other = stock(input_tensor=inputs, targets=[ClassifierOutputTarget(target)])[0]
    return min(found, other, key=lambda each: np.abs(each - scaled).max())


def scaled_as_the_library_does(raw: np.ndarray, px: int) -> np.ndarray:
    """A raw map ``(h, w)`` through the library's two scalings: per layer, then over layers."""
    return scale_cam_image(scale_cam_image(raw[None], (px, px)))[0]


@pytest.mark.parametrize("role", ROLES)
def test_folding_leaves_the_logits_of_a_trained_network(role):
    ours, plain = networks(role)
    inputs = torch.cat([ours.preprocess(photo(name)) for name in PHOTOS])
    with torch.inference_mode():
        expected, logits = plain.module(inputs), ours.module(inputs)
    assert expected.abs().max() > 1
    assert (logits - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize("stage", [9, 7, 5])
@pytest.mark.parametrize("method", STOCK)
@pytest.mark.parametrize("role", ROLES)
def test_maps_equal_the_stock_library_on_the_trained_network(role, method, stage):
    """Of each network by each method at each stage one map; all four photos have their turns."""
    ours, plain = networks(role)
    first = (ROLES.index(role) + list(STOCK).index(method) + stage // 2) % len(PHOTOS)
    for name in PHOTOS[first:] + PHOTOS[:first]:
        inputs = plain.preprocess(photo(name))
        # Where a class has no map (Grad-CAM may be negative everywhere), one so small that the
        # library's scaling hides it, or one that rounding alone moves by as much as the tolerance
        # (see below), a less probable class is taken.
        for target in ranking(role, name):
            options = {"method": method, "target_class": target, "target_stage": stage}
            result = compute_cam(ours, photo(name), **options)
            divides = METHODS[method].divides
            moved = raw_map(ours.module, inputs, **options).moved if divides else 0
            stable = moved <= 0.3 * TOLERANCE * result.raw_max
            if result.evidence and stable and result.raw_max > 1e-5:
                break
        else:
            continue
        layer = plain.module.features[stage - 1]
        raw = np.array(result.raw, dtype=np.float32)
        scaled = scaled_as_the_library_does(raw, inputs.shape[-1])
        expected = nearest_stock_map(scaled, plain.module, layer, inputs, method, target)
        assert expected.max() > 0.99
        assert np.abs(scaled - expected).max() <= TOLERANCE, (name, target)
        return
    pytest.fail("no photo has a map to compare")


def test_every_method_is_compared():
    # CAM is not in the library; it is compared with the paper's formula in the unit tests.
    assert set(METHODS) == {*STOCK, "scorecam", "cam"}


@pytest.mark.parametrize("stage", [7, 8])
def test_score_cam_equals_the_stock_library(stage):
    """On the folded network within the tolerance, on the same module to the last digits."""
    ours, plain = networks("baseline")
    inputs = plain.preprocess(photo("chelsea.png"))
    expected = stock_map(plain.module, plain.module.features[stage - 1], inputs, "scorecam", 3)
    for module, tolerance in ((plain.module, 1e-5), (ours.module, TOLERANCE)):
        found = raw_map(module, inputs, method="scorecam", target_class=3, target_stage=stage)
        scaled = scaled_as_the_library_does(found.values, len(expected))
        assert np.abs(scaled - expected).max() <= tolerance
    assert expected.max() > 0.99


@pytest.mark.parametrize(
    ("role", "method"), [*(("baseline", method) for method in STOCK), ("depth", "gradcam")]
)
def test_without_folding_every_stage_equals_the_stock_library_to_the_last_digits(role, method):
    """The private tail itself changes nothing; only folding moves roundings."""
    _, plain = networks(role)
    inputs = plain.preprocess(photo("coffee.png"))
    assert_equal_on_the_same_module(plain.module, list(plain.module.features), inputs, method)


def assert_equal_on_the_same_module(
    module: nn.Module, layers: list[nn.Module], inputs: torch.Tensor, method: str
) -> None:
    visible = 0
    for stage, layer in enumerate(layers, start=1):
        found = raw_map(module, inputs, method=method, target_class=3, target_stage=stage)
        if method == "eigencam" and found.values.size > 60 * 60:
            continue  # the library would need gigabytes
        scaled = scaled_as_the_library_does(found.values, inputs.shape[-1])
        expected = nearest_stock_map(scaled, module, layer, inputs, method, 3)
        assert scaled.shape == expected.shape
        assert np.abs(scaled - expected).max() <= 1e-6, stage
        visible += bool(expected.max() > 0.99)
    assert visible >= 3


@pytest.mark.parametrize("method", [name for name, kind in METHODS.items() if kind.divides])
@pytest.mark.parametrize("role", ROLES)
def test_where_a_method_is_mostly_rounding_the_difference_is_announced(role, method):
    ours, plain = networks(role)
    inputs = plain.preprocess(photo("coffee.png"))
    for stage in range(1, 10):
        options = {"method": method, "target_class": 3, "target_stage": stage}
        found = raw_map(ours.module, inputs, **options)
        layer = plain.module.features[stage - 1]
        expected = stock_map(plain.module, layer, inputs, method, 3)
        scaled = scaled_as_the_library_does(found.values, len(expected))
        announced = 10 * found.moved / max(found.values.max(), 1e-30)
        assert np.abs(scaled - expected).max() <= TOLERANCE + announced, stage


@pytest.mark.parametrize("role", ROLES)
def test_the_maps_compared_differ_by_far_more_than_the_tolerance(role):
    """Across photos and classes; else the comparison would accept any map for any other."""
    ours, _ = networks(role)
    maps = [
        scaled_as_the_library_does(np.array(result.raw, dtype=np.float32), 96)
        for name in PHOTOS[:2]
        for target in range(5)
        if (result := compute_cam(ours, photo(name), target_class=target, target_stage=7)).evidence
    ]
    assert len(maps) >= 4
    apart = [np.abs(a - b).max() for i, a in enumerate(maps) for b in maps[:i]]
    assert min(apart) > 30 * TOLERANCE


@pytest.mark.parametrize("method", ["gradcam", "layercam", "eigencam"])
@pytest.mark.parametrize("build", [efficientnet_b0, resnet50])
def test_stages_are_the_layers_they_are_said_to_be(build, method):
    """On the large networks, whose trained weights are not here: every stage, random weights."""
    module, inputs = random_network(build)
    layers: list[nn.Module] = (
        list(module.features)
        if isinstance(module, EfficientNet)
        else [module.maxpool, module.layer1, module.layer2, module.layer3, module.layer4]
    )
    assert_equal_on_the_same_module(module, layers, inputs, method)
    last = raw_map(
        optimise(module, "cpu"), inputs, method=method, target_class=3, target_stage=len(layers)
    )
    scaled = scaled_as_the_library_does(last.values, inputs.shape[-1])
    expected = nearest_stock_map(scaled, module, layers[-1], inputs, method, 3)
    assert np.abs(scaled - expected).max() <= TOLERANCE


@pytest.mark.parametrize("role", ROLES)
def test_eigencam_is_bright_where_the_stage_is_active(role):
    """The projection taken apart with numpy: of its two ends the one that goes with the mean of the
    squared activations, in every network."""
    ours, _ = networks(role)
    for name in PHOTOS:
        inputs = ours.preprocess(photo(name))
        for stage in (5, 7, 9):
            with torch.no_grad():
                features = ours.module.features[:stage](inputs)[0].double().numpy()
            positions = features.reshape(len(features), -1).T
            _, _, directions = np.linalg.svd(positions - positions.mean(0), full_matrices=False)
            projection = (positions - positions.mean(0)) @ directions[0]
            along = np.corrcoef(projection, (positions**2).mean(1))[0, 1]
            if abs(along) < 0.01:
                continue
            expected = np.maximum(np.sign(along) * projection, 0)
            found = raw_map(ours.module, inputs, method="eigencam", target_stage=stage).values
            assert np.allclose(found.ravel(), expected, atol=1e-3 * expected.max())


@functools.cache
def random_network(build: Callable[[], nn.Module]) -> tuple[nn.Module, torch.Tensor]:
    """A network and an input that its norms were fitted to, residual branches the smaller part."""
    torch.manual_seed(0)
    module = build()
    batch = torch.randn(8, 3, 64, 64)
    with torch.no_grad():
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
                layer.weight.uniform_(0.2, 0.6)
        module.train()(batch)
    return module.eval(), batch[:1]
