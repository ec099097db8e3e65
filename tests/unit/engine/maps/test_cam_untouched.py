"""A map leaves the shared network as it was, whoever else uses it and whatever happens."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from effnet_viz.engine.maps.cam import all_stages, compute_cam
from effnet_viz.engine.weights import load_model
from tests.unit.engine.maps.by_hand import EVERY_STAGE, PHOTO, gradients_by_hand


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
