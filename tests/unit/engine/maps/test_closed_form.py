"""The last stage's maps in closed form, against autograd and the library's own weighting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from effnet_viz.engine.maps.closed_form import WEIGHTS, last_stage_map
from effnet_viz.engine.maps.library import BY_GRADIENT

CHANNELS, CLASSES = 24, 5


def example(seed: int, shape: tuple[int, int]) -> tuple[torch.Tensor, nn.Linear]:
    """Activations ``(1, C, h, w)``, some of them negative as SiLU's may be, and a linear layer."""
    generator = torch.Generator().manual_seed(seed)
    activations = nn.functional.silu(3 * torch.randn(1, CHANNELS, *shape, generator=generator))
    linear = nn.Linear(CHANNELS, CLASSES)
    with torch.no_grad():
        linear.weight.copy_(torch.randn(CLASSES, CHANNELS, generator=generator))
        linear.weight[:, 3] = 0  # a channel without a say
    return activations, linear


@pytest.mark.parametrize("shape", [(3, 3), (7, 7), (4, 6), (1, 1)])
@pytest.mark.parametrize("method", BY_GRADIENT)
def test_it_is_what_a_backward_pass_and_the_library_give(method, shape) -> None:
    visible = 0
    for seed in range(5):
        activations, linear = example(seed, shape)
        leaf = activations.clone().requires_grad_()
        linear(leaf.mean((2, 3)))[0, seed].backward()
        values = activations.numpy()
        cam = BY_GRADIENT[method](linear, [])
        expected = np.maximum(
            cam.get_cam_image(None, None, None, values, leaf.grad.numpy(), False)[0], 0
        )
        found, magnitude, _ = last_stage_map(
            method, values[0], linear.weight[seed].detach().numpy(), divides=False
        )
        assert found.shape == shape
        visible += bool(expected.max() > 0)
        assert np.abs(found - expected).max() <= 1e-6 * expected.max()
        assert magnitude >= found.max()
    assert visible


def test_cam_is_the_class_s_weights_and_grad_cam_its_mean() -> None:
    activations, linear = example(0, (7, 7))
    row = linear.weight[2].detach()
    by_hand = torch.einsum("c,chw->hw", row, activations[0]).clamp(min=0).numpy()
    cam, *_ = last_stage_map("cam", activations[0].numpy(), row.numpy(), divides=False)
    assert np.allclose(cam, by_hand, rtol=1e-5, atol=1e-5)
    grad_cam, *_ = last_stage_map("gradcam", activations[0].numpy(), row.numpy(), divides=False)
    assert np.allclose(49 * grad_cam, by_hand, rtol=1e-5, atol=1e-5)


def test_a_quotient_by_almost_zero_is_known_to_be_rounding() -> None:
    """A channel whose sum cancels: XGrad-CAM divides by what is left of it."""
    steady = np.ones((2, 3, 3), np.float32)
    cancelling = steady.copy()
    cancelling[1] = np.float32([[1, -1, 1], [-1, 0, 1], [-1, 1, -1 + 1e-6]])
    weights = np.float32([1, 1])
    _, _, calm = last_stage_map("xgradcam", steady, weights, divides=True)
    values, _, moved = last_stage_map("xgradcam", cancelling, weights, divides=True)
    assert calm <= 1e-5
    assert moved > 0.01 * values.max()


def test_every_method_is_compared() -> None:
    assert set(WEIGHTS) == {*BY_GRADIENT, "cam"}
