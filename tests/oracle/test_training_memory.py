"""A training step's memory by arithmetic against torch's own allocator.

torch's profiler notes every allocation and release of the CPU's allocator during a second step;
their running sum's maximum, with the weights and Adam's moments that are there before, is the peak.
"""

from __future__ import annotations

import gc
from dataclasses import replace
from itertools import accumulate

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from effnet_viz.engine.models import build_model
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.families import classroom_spec
from effnet_viz.scaling.training_memory import training_memory

NETWORKS: dict[str, tuple[ArchitectureSpec, int]] = {
    "B0": (replace(EFFICIENTNET_B0, resolution_px=128), 4),
    "B0, one photo": (EFFICIENTNET_B0, 1),
    "classroom baseline": (classroom_spec("baseline"), 16),
    "classroom width": (classroom_spec("width"), 8),
    "MobileNetV1": (replace(MOBILENET_V1, resolution_px=128), 4),
    "MobileNetV2": (replace(MOBILENET_V2, resolution_px=128), 4),
    "ResNet-50": (replace(RESNET_50, resolution_px=128), 4),
    "ResNet-50, small photo": (replace(RESNET_50, resolution_px=64), 1),
}


def tensor_bytes(tensors) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def measured(spec: ArchitectureSpec, batch: int) -> tuple[int, int]:
    """(peak, what the forward pass saves for the backward pass), in bytes."""
    torch.manual_seed(0)
    model = build_model(spec)
    optimiser = torch.optim.AdamW(model.parameters(), foreach=False)
    inputs = torch.randn(batch, spec.in_channels, spec.resolution_px, spec.resolution_px)
    targets = torch.randint(0, spec.num_classes, (batch,))
    weights = {value.untyped_storage().data_ptr() for value in model.parameters()}
    saved: dict[int, int] = {}

    def note(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return value

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimiser.step()

    step()
    optimiser.zero_grad(set_to_none=True)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda value: value):
        loss = nn.functional.cross_entropy(model(inputs), targets)
    kept = sum(saved.values())
    del loss
    gc.collect()
    before = tensor_bytes([*model.parameters(), *model.buffers(), inputs])
    before += tensor_bytes(value for state in optimiser.state.values() for value in state.values())
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        step()
    events = watched.profiler.kineto_results.events()
    changes = [event.nbytes() for event in events if event.name() == "[memory]"]
    assert len(changes) > 100
    return before + max(accumulate(changes)), kept


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_what_torch_allocates(name: str) -> None:
    spec, batch = NETWORKS[name]
    peak, kept = measured(spec, batch)
    found = training_memory(spec, batch)
    assert found.peak_bytes == pytest.approx(peak, rel=0.15)
    assert found.activations_bytes == pytest.approx(kept, rel=0.15)


def test_the_parts_of_resnet_50_by_hand() -> None:
    one, eight = (training_memory(RESNET_50, batch) for batch in (1, 8))
    params, running = 25_557_032, 2 * 26_560
    assert one.weights_bytes == 4 * (params + running)
    assert one.gradients_bytes == 4 * params
    assert one.moments_bytes == 8 * params
    assert eight.activations_bytes == 8 * one.activations_bytes
    # With one photo the most is at the end, when every weight has its gradient.
    assert one.peak_bytes < sum(one[:4])
    assert eight.peak_bytes - one.peak_bytes > 6 * one.activations_bytes
