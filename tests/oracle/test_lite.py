"""EfficientNet-Lite against a package that others wrote, torch's counter and the stock library.

The package efficientnet-lite-pytorch builds the networks in its own way from the same files.
"""

from __future__ import annotations

import contextlib
import functools
import io
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image
from torch import nn
from torchvision.models import EfficientNet_B0_Weights

from effnet_viz.engine import images, inference, packages
from effnet_viz.engine.graph.runtime import forward, runtime_of
from effnet_viz.engine.growth import grown_model
from effnet_viz.engine.maps.cam import METHODS, compute_cam
from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.models import build_model
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.evidence.lite import PUBLISHED
from effnet_viz.evidence.samples import read_sample
from effnet_viz.scaling.architectures import EFFICIENTNET_LITE0, LITE_VARIANTS
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    LITE_RESOLUTION_PX,
    LITE_WEIGHTS,
    find_model,
    lite_spec,
)
from tests.oracle.test_cam_against_stock import STOCK, nearest_stock_map, scaled_as_the_library_does
from tests.oracle.torch_counts import Counted, count, skeletons

#: Ten photos that come with a library, none of them made for these networks.
PHOTOS = (
    "chelsea", "astronaut", "coffee", "rocket", "hubble_deep_field", "immunohistochemistry",
    "retina", "page", "camera", "coins",
)  # fmt: skip
#: Of the largest value.
TOLERANCE = 1e-4
PARAMS = {
    "lite0": 4_652_008, "lite1": 5_416_680, "lite2": 6_092_072, "lite3": 8_197_096,
    "lite4": 13_006_568,
}  # fmt: skip


@functools.cache
def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


@functools.cache
def ours(name: str, optimised: bool = True) -> LoadedModel:
    return load_model("lite", name, optimised=optimised)


def theirs(name: str, px: int | None = None, weights: str | None = None) -> nn.Module:
    options = {} if px is None else {"image_size": px}
    with contextlib.redirect_stdout(io.StringIO()):
        if weights is None:
            return EfficientNet.from_name(f"efficientnet-{name}", **options).eval()
        return EfficientNet.from_pretrained(
            f"efficientnet-{name}", weights_path=weights, **options
        ).eval()


@functools.cache
def trained(name: str, px: int | None = None) -> nn.Module:
    package = packages.PACKAGES[name]
    found = __import__(package.folder).__file__
    return theirs(name, px, f"{found.rpartition('/')[0]}/{package.file}")


@functools.cache
def inputs(name: str) -> torch.Tensor:
    return torch.cat([ours(name).preprocess(photo(each)) for each in PHOTOS])


# Cost


@pytest.mark.parametrize("name", LITE_VARIANTS)
def test_params_are_as_printed_and_multiply_adds_are_torchs_to_the_unit(name):
    spec, printed = lite_spec(name), PUBLISHED[name]
    cost = network_cost(spec)
    assert cost.params == PARAMS[name] == sum(p.numel() for p in theirs(name).parameters())
    assert round(cost.params / 1e6, 1) == printed.params_m
    with skeletons():
        module = build_model(spec)
    expected = Counted(cost.params, cost.macs, cost.activations)
    assert count(module, spec.resolution_px, bare=True) == expected
    # What is printed lies above by about three operations per output value.
    above = (printed.macs_m * 1e6 - cost.macs) / cost.activations
    assert 2.9 < above < 3.3
    assert 1.03 < printed.macs_m * 1e6 / cost.macs < 1.06


@pytest.mark.parametrize("name", LITE_VARIANTS)
def test_the_oracle_has_the_same_layers_in_the_same_order(name):
    with skeletons():
        module = build_model(lite_spec(name))
    shapes = [tuple(value.shape) for value in module.state_dict().values()]
    assert shapes == [tuple(value.shape) for value in theirs(name).state_dict().values()]


# Logits


@pytest.mark.parametrize("name", LITE_WEIGHTS)
def test_logits_equal_the_packages_on_ten_photos(name):
    network, module, seen = trained(name), ours(name, False).module, inputs(name)
    with torch.inference_mode():
        expected, plain = network(seen), module(seen)
    assert runtime_of(ours(name).module, inputs(name)) == "openvino"
    graph = forward(ours(name).module, inputs(name))
    largest = expected.abs().max()
    assert largest > 5
    assert (expected[0] - expected[1]).abs().max() > 0.1 * largest
    for found in (plain, graph):
        assert (found - expected).abs().max() <= TOLERANCE * largest


@pytest.mark.parametrize("px", [LITE_RESOLUTION_PX, 225, 97])
def test_another_size_pads_as_the_package_does(px):
    model = load_model("lite", f"lite0@{px}")
    seen = model.preprocess(photo("coffee"))
    assert seen.shape == (1, 3, px, px)
    network = trained("lite0", px)
    with torch.inference_mode():
        expected = network(seen)
    assert (forward(model.module, seen) - expected).abs().max() <= TOLERANCE * expected.abs().max()
    assert model.record["val_top1"] is None
    assert model.record["note"].startswith("these weights were not trained at this size; ")


def test_symmetric_padding_would_be_noticed():
    spec = find_model("lite", "lite0").spec
    wrong = build_model(replace(spec, padding="symmetric"))
    wrong.load_state_dict(ours("lite0", False).module.state_dict())
    network, seen = trained("lite0"), inputs("lite0")
    with torch.inference_mode():
        expected, found = network(seen), wrong.eval()(seen)
    assert (found - expected).abs().max() > 100 * TOLERANCE * expected.abs().max()


# Preprocessing


@pytest.mark.parametrize("name", LITE_WEIGHTS)
@pytest.mark.parametrize("size", [(300, 200), (120, 333), (224, 224)])
def test_a_whole_photo_is_cropped_and_scaled_as_published(name, size):
    """``(x * 255 - 127) / 128`` of the centre ``px / (px + 32)`` of the shorter side, by Pillow."""
    whole = photo("coffee").resize(size)
    px = ours(name).spec.resolution_px
    side = int(px / (px + 32) * min(size))
    left, top = ((length - side + 1) // 2 for length in size)
    part = whole.crop((left, top, left + side, top + side))
    resized = np.asarray(part.resize((px, px), Image.Resampling.BICUBIC), dtype=np.float64)
    expected = (resized - 127) / 128
    found = ours(name).preprocess(whole)[0].permute(1, 2, 0).numpy()
    assert np.abs(found - expected).max() * 128 <= 2.1  # levels: torch rounds 8 bits otherwise
    assert np.abs(found - expected).mean() * 128 < 0.2


# Maps


@pytest.mark.parametrize("stage", [9, 7, 5])
@pytest.mark.parametrize("method", STOCK)
def test_maps_equal_the_stock_library(method, stage):
    model, plain = ours("lite0"), load_model("lite", "lite0", optimised=False)
    plain.module.requires_grad_(True)
    seen = inputs("lite0")[:1]
    target = int(forward(model.module, seen)[0].argmax())
    result = compute_cam(
        model, photo("chelsea"), method=method, target_class=target, target_stage=stage
    )
    scaled = scaled_as_the_library_does(np.array(result.raw, dtype=np.float32), 224)
    layer = plain.module.features[stage - 1]
    expected = nearest_stock_map(scaled, plain.module, layer, seen, method, target)
    assert expected.max() > 0.99
    divides = METHODS[method].divides
    moved = (
        raw_map(model.module, seen, method=method, target_class=target, target_stage=stage).moved
        if divides
        else 0
    )
    assert np.abs(scaled - expected).max() <= 3e-3 + 10 * moved / max(result.raw_max, 1e-30)


def test_grad_cam_is_that_of_the_other_implementation():
    """By the formula, on the package's own layers: gradients averaged, maps weighted and summed."""
    network, seen = trained("lite0"), inputs("lite0")[:1]
    features = network.extract_features(seen).detach().requires_grad_()
    logits = network._fc(network._avg_pooling(features).flatten(1))[0]
    target = int(logits.argmax())
    logits[target].backward()
    weights = features.grad.mean((2, 3), keepdim=True)
    expected = (weights * features).sum(1)[0].clamp(min=0).detach().numpy()
    found = compute_cam(ours("lite0"), photo("chelsea"), target_class=target)
    assert expected.max() > 0
    assert np.abs(np.array(found.raw) - expected).max() <= 1e-3 * expected.max()


# None of the ten


def test_the_share_of_the_ten_classes_is_the_packages():
    """On whole squares: strangers get next to nothing, rendered golf balls nearly all."""
    ball = images.decode(read_sample("golf-ball"))
    found = {}
    for name, picture in (("cat", photo("chelsea")), ("cup", photo("coffee")), ("ball", ball)):
        square = images.square(*picture.size)
        seen = ours("lite0").preprocess(picture, square)
        shares = trained("lite0")(seen)[0].softmax(0)
        labels = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
        expected = sum(float(shares[labels.index(each)]) for each in IMAGENETTE_CLASSES.values())
        found[name] = inference.share_of_ten(ours("lite0"), picture)
        assert found[name] == pytest.approx(expected, rel=1e-3)
    assert max(found["cat"], found["cup"]) < 0.002
    assert found["ball"] > 0.85


# Growing


@pytest.mark.parametrize(("depth", "width"), [(1.0, 1.3), (1.2, 1.1), (2.5, 1.6)])
def test_a_grown_network_says_what_lite0_says(depth, width):
    parent = ours("lite0", False)
    grown = grown_model(parent, scale(EFFICIENTNET_LITE0, Multipliers(depth, width, 224)))
    expected = forward(ours("lite0").module, inputs("lite0"))
    found = forward(grown.module, inputs("lite0"))
    assert (found - expected).abs().max() <= TOLERANCE * expected.abs().max()
    assert grown.weights == "grown from lite lite0, not trained further"
    for method in ("gradcam", "layercam"):
        options = {"method": method, "target_stage": 7, "target_class": 281}
        want = compute_cam(ours("lite0"), photo("chelsea"), **options)
        got = compute_cam(grown, photo("chelsea"), **options)
        assert np.abs(np.subtract(got.raw, want.raw)).max() <= 1e-3 * want.raw_max
