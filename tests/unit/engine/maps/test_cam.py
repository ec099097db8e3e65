import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from pytorch_grad_cam import EigenCAM
from torch import nn
from torchvision.models import densenet121, resnet18

from effnet_viz.engine import inference
from effnet_viz.engine.graph.runtime import Graph
from effnet_viz.engine.images import Square
from effnet_viz.engine.maps import raw
from effnet_viz.engine.maps.cam import METHODS, all_stages, compute_cam, stage_count
from effnet_viz.engine.maps.closed_form import WEIGHTS
from effnet_viz.engine.maps.library import (
    BY_GRADIENT,
    FORWARD_ONLY,
    BatchedScoreCAM,
    LargeGridEigenCAM,
)
from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import RESNET50_MATCHED_PX, find_model

PHOTO = Image.open(Path(skimage.data.__file__).with_name("coffee.png")).convert("RGB")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model("classroom", "baseline")


@pytest.fixture
def own_model(model: LoadedModel) -> LoadedModel:
    """A copy of the model that this test may change."""
    return replace(model, module=copy.deepcopy(model.module))


def gradients_by_hand(
    module: nn.Module, inputs: torch.Tensor, stage: int, target: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Activations of an EfficientNet's stage and gradients of a logit, ``(C, h, w)`` each."""
    with torch.no_grad():
        activations = module.features[:stage](inputs)
    leaf = activations.clone().requires_grad_()
    pooled = module.avgpool(module.features[stage:](leaf.clone())).flatten(1)
    (gradients,) = torch.autograd.grad(module.classifier(pooled)[0, target], leaf)
    return activations[0], gradients[0]


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


EVERY_STAGE = [name for name, kind in METHODS.items() if not kind.last_stage_only]


@pytest.fixture
def few_channels(monkeypatch):
    """Score-CAM takes a pass for every channel: here the stages have few."""
    channels = BatchedScoreCAM.get_cam_weights

    def of_some(cam, inputs, layer, targets, activations, grads):
        weights = channels(cam, inputs, layer, targets, activations[:, :8], grads)
        return np.pad(weights, ((0, 0), (0, activations.shape[1] - 8)))

    monkeypatch.setattr(BatchedScoreCAM, "get_cam_weights", of_some)


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


# --- the shared model ---


def state_of(module: nn.Module) -> Iterator[tuple]:
    for name, layer in module.named_modules():
        yield (
            name,
            id(layer),
            layer.training,
            len(layer._forward_hooks),
            len(layer._forward_pre_hooks),
            len(layer._backward_hooks),
        )
    for name, parameter in module.named_parameters():
        yield name, id(parameter), parameter.requires_grad, parameter.grad, parameter._version
    for name, buffer in module.named_buffers():
        yield name, id(buffer), buffer._version


class Trap(nn.Module):
    """A layer that fails, or tells whether anything hooks it or its neighbours meanwhile."""

    def __init__(self, network: nn.Module, error: Exception | None = None) -> None:
        super().__init__()
        self.seen: list[list[tuple]] = []
        self.network = [network]  # in a list: not a child
        self.error = error

    def forward(self, inputs):
        self.seen.append(list(state_of(self.network[0])))
        if self.error:
            raise self.error
        return inputs


@pytest.mark.usefixtures("few_channels")
@pytest.mark.parametrize("method", EVERY_STAGE)
def test_nothing_of_the_shared_model_changes_not_even_for_a_moment(own_model, method):
    network = own_model.module
    trap = Trap(network)
    network.classifier.append(trap)
    # A mode nobody would set: the library's own eval() would correct it.
    network.features[8][0].training = True
    before = list(state_of(network))
    for stage in (1, 8, 9):
        compute_cam(own_model, PHOTO, method=method, target_class=0, target_stage=stage)
    all_stages(own_model, PHOTO, method=method, target_class=0)
    assert len(trap.seen) >= 4
    assert all(seen == before for seen in trap.seen)
    assert list(state_of(network)) == before


@pytest.mark.parametrize("error", [IndexError("list index"), ValueError("shape"), KeyError("x")])
def test_an_exception_gets_out_and_leaves_nothing_behind(own_model, error):
    # The library's own context manager would swallow the IndexError.
    network = own_model.module
    network.classifier.append(Trap(network, error))
    before = list(state_of(network))
    with pytest.raises(type(error)):
        compute_cam(own_model, PHOTO)
    assert list(state_of(network)) == before


@pytest.mark.parametrize("in_place", [nn.ReLU(inplace=True), nn.SiLU(inplace=True)])
@pytest.mark.parametrize("method", ["gradcam", "layercam"])
def test_an_in_place_layer_after_the_stage_does_not_change_the_map(own_model, in_place, method):
    network = own_model.module
    inputs = own_model.preprocess(PHOTO)
    network.features[5] = nn.Sequential(in_place, network.features[5])
    activations, gradients = gradients_by_hand(network, inputs, 5, 4)
    by_mean = method == "gradcam"
    weights = gradients.mean((1, 2), keepdim=True) if by_mean else gradients.relu()
    expected = (weights * activations).sum(0).relu().numpy()
    result = compute_cam(own_model, PHOTO, method=method, target_class=4, target_stage=5)
    assert activations.min() < -0.01  # what an in-place layer would have changed
    assert np.allclose(result.raw, expected, atol=1e-5 * expected.max())


@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad])
def test_it_works_whatever_mode_the_caller_is_in(model, mode):
    expected = compute_cam(model, PHOTO)
    with mode():
        assert compute_cam(model, PHOTO) == expected
        assert torch.is_inference_mode_enabled() == (mode is torch.inference_mode)


def test_a_model_whose_parameters_want_gradients_gets_none(own_model):
    own_model.module.requires_grad_(True)
    for stage in (9, 5):
        result, expected = (
            np.array(compute_cam(each, PHOTO, target_stage=stage).raw)
            for each in (own_model, load_model("classroom", "baseline"))
        )
        assert np.abs(result - expected).max() <= 1e-5 * expected.max()


# --- evidence ---


def with_class_weights(model: LoadedModel, weights: torch.Tensor, bias: float = 0) -> LoadedModel:
    """Class 0 gets these weights in the last linear layer."""
    with torch.no_grad():
        model.module.classifier[1].weight[0] = weights
        model.module.classifier[1].bias[0] = bias
    return model


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "xgradcam", "layercam", "hirescam"])
@pytest.mark.parametrize("stage", [9, 5])
def test_a_class_without_gradient_has_no_evidence(own_model, method, stage):
    model = with_class_weights(own_model, torch.zeros(320), bias=9)
    result = compute_cam(model, PHOTO, method=method, target_stage=stage)
    assert result.target_index == 0
    assert result.probability > 0.5  # sure, but not because of anything in the photo
    assert (result.evidence, result.raw_max) == (False, 0)
    assert result.note == (
        f"No evidence for this class at stage {stage}: the map is zero everywhere."
    )


def test_a_map_that_relu_cuts_away_is_no_evidence(own_model):
    # Grad-CAM's sum is the class's weights times the activations: make it negative everywhere.
    with torch.no_grad():
        own_model.module.features[8][0].bias[0] += 100  # a channel that is active everywhere
    weights = torch.zeros(320)
    weights[0] = -1
    result = compute_cam(with_class_weights(own_model, weights), PHOTO, target_class=0)
    assert (result.evidence, result.raw_max) == (False, 0)


def test_what_is_left_when_large_terms_cancel_is_no_evidence(own_model):
    # Three equal channels whose weights add up to nothing but their rounding error.
    head = own_model.module.features[8][0]
    with torch.no_grad():
        for channel in (1, 2):
            head.weight[channel] = head.weight[0]
            head.bias[channel] = head.bias[0]
    weights = torch.zeros(320)
    weights[:3] = torch.tensor([0.1, 0.7, -0.8]) * (-1)
    for sign in (1, -1):
        result = compute_cam(with_class_weights(own_model, sign * weights), PHOTO, target_class=0)
        assert not result.evidence
    weights[:3] = torch.tensor([0.1, 0.7, -0.79])
    maps = [
        compute_cam(with_class_weights(own_model, sign * weights), PHOTO, target_class=0)
        for sign in (1, -1)
    ]
    assert any(result.evidence for result in maps)


def test_evidence_does_not_depend_on_the_scale_of_the_logits(own_model):
    weights = own_model.module.classifier[1].weight[4].detach().clone()
    reference = compute_cam(own_model, PHOTO, target_class=4)
    assert reference.evidence
    for factor in (1e-6, 1e6):
        scaled = compute_cam(with_class_weights(own_model, factor * weights), PHOTO, target_class=0)
        assert scaled.evidence
        assert scaled.raw_max == pytest.approx(factor * reference.raw_max, rel=1e-4)


def test_a_map_that_rounding_decides_says_so():
    """Somewhere in the early stages Grad-CAM++ divides by almost zero; in double precision, with
    the same activations, the map is then visibly another one. Elsewhere it is the same."""
    model = load_model("classroom", "depth")
    inputs = model.preprocess(PHOTO)
    precise = copy.deepcopy(model.module).double()
    shares, errors = [], []
    for stage in (2, 5):
        for target in range(0, 10, 3):
            options = {"method": "gradcam++", "target_class": target, "target_stage": stage}
            found = raw_map(model.module, inputs, **options)
            exact = raw_map(precise, inputs.double(), **options)
            if found.values.max() > 0:
                shares.append(found.moved / found.values.max())
                errors.append(np.abs(found.values - exact.values).max() / found.values.max())
    shares, errors = np.array(shares), np.array(errors)
    assert (errors < 2e-3).any()
    assert (errors > 2e-3).any()
    assert (errors <= np.maximum(20 * shares, 2e-4)).all()
    assert np.median(shares) < 1e-3


def test_the_share_that_rounding_moves_is_in_the_note(model, monkeypatch):
    options = {"method": "gradcam++", "target_stage": 7}
    assert compute_cam(model, PHOTO, **options).note == ""
    largest = compute_cam(model, PHOTO, **options).raw_max

    def share(part):
        monkeypatch.setattr(raw, "_moved_by_rounding", lambda *_: part * largest)
        return compute_cam(model, PHOTO, **options)

    assert share(0.009).note == ""
    assert share(0.07).evidence
    assert "moves this map by up to 7% of its maximum" in share(0.07).note
    assert not share(0.6).evidence
    assert "no stronger than rounding noise" in share(0.6).note


def test_a_featureless_activation_has_no_main_direction(own_model):
    # All positions alike: what EigenCAM centres and projects is rounding error.
    with torch.no_grad():
        own_model.module.features[8][0].weight.mul_(1e-6)
    result = compute_cam(own_model, PHOTO, method="eigencam")
    assert result.raw_max > 0
    assert not result.evidence
    assert result.note.startswith("No evidence for this class at stage 9")


def test_eigencam_says_that_it_ignores_the_class(model):
    maps = [compute_cam(model, PHOTO, method="eigencam", target_class=c) for c in (0, 5)]
    assert maps[0].raw == maps[1].raw
    assert {result.note for result in maps} == {"This map is the same for every class."}
    assert maps[0].probability != maps[1].probability


# --- not finite ---


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_damaged_network_gives_no_map(own_model, method, value):
    with torch.no_grad():
        own_model.module.features[8][0].weight[5, 0] = value
    with pytest.raises(UserError, match="baseline gave a result that is not a finite number"):
        compute_cam(own_model, PHOTO, method=method, target_class=1)


def test_an_overflow_inside_the_method_gives_no_map(own_model):
    # The logit is finite, the gradient's square (Grad-CAM++) is not.
    weights = torch.full((320,), 1e25)
    model = with_class_weights(own_model, weights)
    with pytest.raises(UserError, match=r"Grad-CAM\+\+ has no finite map at stage 9 of baseline"):
        compute_cam(model, PHOTO, method="gradcam++", target_class=0)


# --- a full GPU, large grids ---


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
