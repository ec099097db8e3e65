import copy

import pytest
import torch
from torch import nn
from torchvision.models import efficientnet_b0, resnet18, resnet50

from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.scaling.families import classroom_spec


def lived_in(module: nn.Module) -> nn.Module:
    """The module in evaluation mode, its norms with the statistics of random data and varied
    weights: with the initial ones folding would change nothing and a mistake would not show."""
    generator = torch.Generator().manual_seed(0)
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.momentum = None  # a plain average over what passes in training mode
            norm.reset_running_stats()
            norm.weight.uniform_(0.4, 0.9, generator=generator)
            norm.bias.uniform_(-0.3, 0.3, generator=generator)
        module.train()(torch.randn(8, 3, 96, 96, generator=generator))
    return module.eval()


@pytest.mark.parametrize("build", [efficientnet_b0, resnet18, resnet50])
def test_logits_stay_the_same(build):
    torch.manual_seed(0)
    plain = lived_in(build())
    inputs = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        before = plain(inputs)
        after = optimise(plain, "cpu")(inputs)
    assert before.std() > 0.01
    assert (after - before).abs().max() <= 1e-4 * before.abs().max()


@pytest.mark.parametrize("leave_out", ["running_mean", "running_var", "weight", "bias"])
def test_every_part_of_a_norm_matters_here(leave_out):
    """The comparison above would notice a norm that is folded without one of its four parts."""
    torch.manual_seed(0)
    plain = lived_in(resnet18())
    wrong = copy.deepcopy(plain)
    for layer in wrong.modules():
        if isinstance(layer, nn.BatchNorm2d):
            neutral = 0.0 if leave_out in ("running_mean", "bias") else 1.0
            getattr(layer, leave_out).data.fill_(neutral)
    inputs = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        before, after = plain(inputs), optimise(wrong, "cpu")(inputs)
    assert (after - before).abs().max() > 0.01 * before.abs().max()


@pytest.mark.parametrize("build", [efficientnet_b0, resnet50])
def test_every_norm_is_folded_and_layers_keep_their_names(build):
    plain = build().eval()
    faster = optimise(plain, "cpu")
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in faster.modules())
    norms = [name for name, layer in plain.named_modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) > 40
    assert all(isinstance(faster.get_submodule(name), nn.Identity) for name in norms)
    assert [name for name, _ in faster.named_modules()] == [n for n, _ in plain.named_modules()]


def test_the_copy_is_frozen_in_evaluation_mode_and_channels_last():
    faster = optimise(build_model(classroom_spec("baseline")), "cpu")
    assert not any(layer.training for layer in faster.modules())
    assert not any(parameter.requires_grad for parameter in faster.parameters())
    spatial = [p for p in faster.parameters() if p.ndim == 4 and p.shape[-1] > 1 and p.shape[1] > 1]
    assert spatial
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in spatial)
    output = faster.features(torch.randn(1, 3, 96, 96))
    assert output.is_contiguous(memory_format=torch.channels_last)


def test_the_input_is_untouched_and_shares_no_memory():
    plain = build_model(classroom_spec("baseline"))
    reference = copy.deepcopy(plain)
    faster = optimise(plain, "cpu")
    with torch.no_grad():
        for parameter in faster.parameters():
            parameter.zero_()
    assert plain.training
    assert all(parameter.requires_grad for parameter in plain.parameters())
    state, expected = plain.state_dict(), reference.state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[key], expected[key]) for key in state)


def test_a_norm_that_follows_no_convolution_stays():
    torch.manual_seed(0)
    module = lived_in(
        nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4))
    )
    faster = optimise(module, "cpu")
    inputs = torch.randn(1, 3, 8, 8)
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in faster) == 2
    assert torch.allclose(faster(inputs), module(inputs), atol=1e-6)
