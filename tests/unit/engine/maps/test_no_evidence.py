"""Maps in which there is no evidence, or mostly rounding, say so."""

import copy

import numpy as np
import pytest
import torch

from effnet_viz.engine.maps import raw
from effnet_viz.engine.maps.cam import METHODS, compute_cam
from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.errors import UserError
from tests.unit.engine.maps.by_hand import PHOTO


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
