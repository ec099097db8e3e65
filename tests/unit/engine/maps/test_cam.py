"""Maps by the formulas of their papers, and what is refused."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from pytorch_grad_cam import EigenCAM
from torch import nn
from torchvision.models import densenet121, resnet18

from effnet_viz.engine import inference
from effnet_viz.engine.graph.runtime import Graph
from effnet_viz.engine.images import Square
from effnet_viz.engine.maps import raw
from effnet_viz.engine.maps.cam import METHODS, compute_cam, stage_count
from effnet_viz.engine.maps.closed_form import WEIGHTS
from effnet_viz.engine.maps.library import (
    BY_GRADIENT,
    FORWARD_ONLY,
    LargeGridEigenCAM,
)
from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import RESNET50_MATCHED_PX, find_model
from tests.unit.engine.maps.by_hand import EVERY_STAGE, PHOTO, gradients_by_hand


@pytest.mark.parametrize("stage", [9, 6, 3])
def test_grad_cam_is_the_formula_of_the_paper(model, stage):
    # Selvaraju et al. 2017: ReLU of the channels' sum, weighted by their mean gradient
    result = compute_cam(model, PHOTO, target_class=4, target_stage=stage)
    activations, gradients = gradients_by_hand(model.module, model.preprocess(PHOTO), stage, 4)
    expected = (gradients.mean((1, 2), keepdim=True) * activations).sum(0).relu()
    assert expected.max() > 0
    assert result.evidence
    assert result.grid == tuple(expected.shape)
    assert np.allclose(result.raw, expected, atol=1e-5 * expected.max())
    assert result.raw_max == pytest.approx(expected.max().item(), rel=1e-5)


def test_layer_cam_is_the_formula_of_the_paper(model):
    # Jiang et al. 2021: each position has its own weight, the positive part of its gradient
    result = compute_cam(model, PHOTO, method="layercam", target_class=4, target_stage=5)
    activations, gradients = gradients_by_hand(model.module, model.preprocess(PHOTO), 5, 4)
    expected = (gradients.relu() * activations).sum(0).relu()
    assert expected.max() > 0
    assert np.allclose(result.raw, expected, atol=1e-5 * expected.max())


def test_hi_res_cam_is_the_formula_of_the_paper(model):
    # Draelos & Carin 2020: gradient times activation, position by position
    result = compute_cam(model, PHOTO, method="hirescam", target_class=4, target_stage=5)
    activations, gradients = gradients_by_hand(model.module, model.preprocess(PHOTO), 5, 4)
    expected = (gradients * activations).sum(0).relu()
    assert expected.max() > 0
    assert np.allclose(result.raw, expected, atol=1e-5 * expected.max())


def test_x_grad_cam_is_the_formula_of_the_paper(model):
    # Fu et al. 2020, equation 8: gradients weighted by the position's share of the activation
    result = compute_cam(model, PHOTO, method="xgradcam", target_class=4, target_stage=9)
    activations, gradients = gradients_by_hand(model.module, model.preprocess(PHOTO), 9, 4)
    shares = activations / activations.sum((1, 2), keepdim=True)
    expected = ((gradients * shares).sum((1, 2), keepdim=True) * activations).sum(0).relu()
    assert expected.max() > 0
    assert np.allclose(result.raw, expected, atol=1e-4 * expected.max())


@pytest.mark.parametrize("target", range(10))
def test_on_the_last_stage_grad_cam_is_cam_up_to_scale(model, target):
    # Zhou et al. 2016: the class's weights in the linear layer are the channels' weights
    result = compute_cam(model, PHOTO, target_class=target)
    paper = compute_cam(model, PHOTO, method="cam", target_class=target)
    assert paper.evidence == result.evidence
    if result.evidence:
        ours, theirs = np.array(result.raw), np.array(paper.raw)
        assert np.allclose(ours / ours.max(), theirs / theirs.max(), atol=1e-5)
        # the gradient of a mean over 6 × 6 positions is the weight over 36
        assert paper.raw_max == pytest.approx(36 * result.raw_max, rel=1e-5)


def test_cam_is_the_formula_of_the_paper(model):
    result = compute_cam(model, PHOTO, method="cam", target_class=6)
    with torch.no_grad():
        activations = model.module.features(model.preprocess(PHOTO))[0]
    weights = model.module.classifier[1].weight[6].detach()
    class_map = torch.einsum("c,chw->hw", weights, activations).relu().numpy()
    assert class_map.max() > 0
    assert np.allclose(result.raw, class_map, atol=1e-5 * class_map.max())


def test_the_result_carries_what_the_model_says(model):
    result = compute_cam(model, PHOTO)
    with torch.no_grad():
        probabilities = model.module(model.preprocess(PHOTO))[0].softmax(0)
    top = int(probabilities.argmax())
    assert (result.target_index, result.target_class) == (top, model.classes[top])
    assert result.probability == pytest.approx(probabilities[top].item(), abs=1e-6)
    assert (result.family, result.model, result.role) == ("classroom", "baseline", "baseline")
    assert (result.weights, result.meaningful, result.device) == (model.weights, True, "cpu")
    assert (result.method, result.target_stage, result.resolution_px) == ("gradcam", 9, 96)
    other = compute_cam(model, PHOTO, target_class=(top + 1) % 10)
    assert other.probability == pytest.approx(probabilities[(top + 1) % 10].item(), abs=1e-6)
    assert other.raw != result.raw


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("method", EVERY_STAGE)
def test_every_stage_has_its_own_grid(model, method):
    for row in network_cost(model.spec).stages:
        expected = row.out_resolution_px if row.stage < 9 else row.in_resolution_px
        result = compute_cam(model, PHOTO, method=method, target_class=3, target_stage=row.stage)
        assert result.grid == (expected, expected)
        assert (len(result.raw), len(result.raw[0])) == result.grid
        assert result.raw_max == max(map(max, result.raw))
        positive_weights = ("gradcam++", "layercam", "scorecam")
        assert min(map(min, result.raw)) == 0 or method in positive_weights


def test_a_resnet_has_five_stages():
    torch.manual_seed(0)
    spec = find_model("resnet50", "resnet50").spec
    network = resnet18(num_classes=7).eval().requires_grad_(False)
    model = LoadedModel(
        family="resnet50",
        name="small resnet",
        role="baseline",
        weights="random",
        meaningful=False,
        spec=replace(spec, num_classes=7, resolution_px=64),
        module=network,
        classes=(),
        record={
            "preprocessing": {"mean": [0.5] * 3, "std": [0.25] * 3, "interpolation": "bilinear"}
        },
        device="cpu",
    )
    assert stage_count(model) == 5
    inputs = model.preprocess(PHOTO)
    assert [
        compute_cam(model, PHOTO, target_class=2, target_stage=stage).grid for stage in range(1, 6)
    ] == [(16, 16), (16, 16), (8, 8), (4, 4), (2, 2)]
    with torch.no_grad():
        stem = network.maxpool(network.relu(network.bn1(network.conv1(inputs))))
        activations = network.layer4(network.layer3(network.layer2(network.layer1(stem))))[0]
    expected = torch.einsum("c,chw->hw", network.fc.weight[2].detach(), activations).relu() / 4
    result = compute_cam(model, PHOTO, target_class=2)
    assert result.target_class == "class 2"
    assert expected.max() > 0
    assert np.allclose(result.raw, expected, atol=1e-5 * expected.max())


def test_other_networks_are_refused():
    with pytest.raises(UserError, match="EfficientNets, MobileNets and ResNets, not of a DenseNet"):
        raw_map(densenet121().eval(), torch.zeros(1, 3, 64, 64), target_stage=1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "ablation"}, "no method 'ablation'; choose one of gradcam, gradcam"),
        ({"target_stage": 0}, "stages 1 to 9; there is no stage 0"),
        ({"target_stage": 10}, "stages 1 to 9; there is no stage 10"),
        ({"target_class": 10}, "10 classes, numbered 0 to 9; there is no class 10"),
        ({"target_class": -1}, "there is no class -1"),
    ],
)
def test_what_does_not_exist_is_refused(model, wrong, message):
    with pytest.raises(UserError, match=message):
        compute_cam(model, PHOTO, **wrong)


def test_a_map_that_does_not_fit_is_refused(model, monkeypatch):
    enough = 4 * network_cost(model.spec).activations
    monkeypatch.setattr(inference, "available_memory_bytes", lambda device: enough)
    compute_cam(model, PHOTO, target_stage=9)
    compute_cam(model, PHOTO, method="eigencam", target_stage=1)  # keeps nothing for gradients
    with pytest.raises(UserError, match=r"does not fit: a map of an early stage.*later stage"):
        compute_cam(model, PHOTO, target_stage=1)


def test_the_square_decides_what_the_model_sees(model):
    left = compute_cam(model, PHOTO, square=Square(0, 0, 300))
    assert left.raw == compute_cam(model, PHOTO.crop((0, 0, 300, 300))).raw
    assert left.raw != compute_cam(model, PHOTO).raw


class Full(nn.Sequential):
    """Features that run out of memory where they are; a copy of them does not."""

    full = True

    def forward(self, inputs):
        if self.full:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return super().forward(inputs)

    def __deepcopy__(self, memo):
        copied = Full(*(layer for layer in self))
        copied.full = False
        return copied


def test_a_full_gpu_is_left_for_the_cpu_once(own_model):
    expected = compute_cam(own_model, PHOTO)
    own_model.module.features[3] = Full(own_model.module.features[3])
    result = compute_cam(replace(own_model, device="cpu:0"), PHOTO)  # stands in for a GPU
    assert (result.device, result.raw) == ("cpu", expected.raw)
    assert result.note == "The GPU's memory was full, so this ran on the CPU."


def test_every_method_has_its_weighting_in_the_table_its_row_names():
    assert set(BY_GRADIENT) == {name for name, kind in METHODS.items() if kind.gradients}
    only_closed = {name for name, kind in METHODS.items() if kind.last_stage_only}
    assert set(FORWARD_ONLY) | only_closed == {
        name for name, kind in METHODS.items() if not kind.gradients
    }
    assert set(WEIGHTS) == {*BY_GRADIENT, *only_closed}


@pytest.mark.parametrize("shape", [(1, 24, 20, 20), (1, 8, 60, 68), (1, 30, 40, 30)])
def test_the_thin_decomposition_gives_the_same_map(monkeypatch, shape):
    activations = np.random.default_rng(0).gamma(1.0, size=shape).astype(np.float32)
    stock = EigenCAM.get_cam_image(None, None, None, None, activations, None, False)
    monkeypatch.setattr(LargeGridEigenCAM, "MAX_POSITIONS", 0)
    thin = LargeGridEigenCAM.get_cam_image(
        object.__new__(QuietEigenCAM), None, None, None, activations, None
    )
    assert thin.shape == stock.shape
    assert np.allclose(thin, stock, atol=1e-4 * np.abs(stock).max())


class QuietEigenCAM(LargeGridEigenCAM):
    """Without a model: the library's destructor would miss it."""

    def __del__(self):
        pass


def test_eigencam_of_a_large_grid_needs_little_memory(monkeypatch):
    model = load_model("classroom", "baseline")
    monkeypatch.setattr(np.linalg, "svd", watched := Watched(np.linalg.svd))
    spec = replace(model.spec, resolution_px=RESNET50_MATCHED_PX)
    result = compute_cam(replace(model, spec=spec), PHOTO, method="eigencam", target_stage=1)
    assert result.grid == (185, 185)
    assert result.evidence
    assert watched.largest < 185 * 185 * 100


class Watched:
    """A decomposition that notes the size of its largest factor."""

    def __init__(self, svd) -> None:
        self.svd = svd
        self.largest = 0

    def __call__(self, *args, **kwargs):
        factors = self.svd(*args, **kwargs)
        self.largest = max(self.largest, *(factor.size for factor in factors))
        return factors


def test_the_probability_is_of_the_same_pass(model, monkeypatch):
    passes = []
    original = raw.through
    monkeypatch.setattr(raw, "through", lambda x, layers: passes.append(1) or original(x, layers))
    compute_cam(replace(model, module=copy.deepcopy(model.module)), PHOTO)
    assert len(passes) == 2  # features, then tail: each once
    once = Graph.run
    monkeypatch.setattr(Graph, "run", lambda *a: passes.append(2) or once(*a))
    compute_cam(model, PHOTO)
    assert passes[2:] == [2]  # the graph gives both
