import copy
import ctypes
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.transforms.v2 import functional

from effnet_viz.engine import inference
from effnet_viz.engine.images import Square
from effnet_viz.engine.inference import (
    available_memory_bytes,
    device_label,
    guard,
    predict,
)
from effnet_viz.engine.optimise import choose_device
from effnet_viz.engine.weights import load_model, untrained_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import inference_memory_bytes, network_cost
from effnet_viz.scaling.families import SHIPPED, classroom_spec, released_spec

PHOTO = Image.fromarray(
    np.random.default_rng(0).integers(0, 256, size=(120, 150, 3), dtype=np.uint8)
)


@pytest.fixture(scope="module")
def model():
    return load_model("classroom", "baseline")


def pretend(monkeypatch, *, cuda: bool, mps: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(False, False, "cpu"), (False, True, "mps"), (True, False, "cuda"), (True, True, "cuda")],
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch, cuda, mps, chosen):
    pretend(monkeypatch, cuda=cuda, mps=mps)
    assert choose_device() == choose_device("auto") == chosen
    assert choose_device("cpu") == "cpu"


def test_a_device_that_is_not_there_is_refused(monkeypatch):
    pretend(monkeypatch, cuda=False, mps=False)
    with pytest.raises(UserError, match=r"no cuda device.*choose auto or cpu"):
        choose_device("cuda")
    with pytest.raises(UserError, match="no mps device"):
        choose_device("mps")
    with pytest.raises(UserError, match="no device 'tpu'; choose one of auto, cpu, cuda, mps"):
        choose_device("tpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == "cuda:1"
    for odd in ("cuda:2", "cuda:x", "cpu:1"):
        with pytest.raises(UserError, match="There is no device"):
            choose_device(odd)


def test_labels_name_the_hardware(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"card at {device}")
    assert device_label("cuda") == "GPU (card at cuda)"
    assert device_label("mps") == "GPU (Apple Metal)"
    monkeypatch.setattr(inference, "_processor_name", lambda: "Some Processor")
    assert device_label("cpu") == "CPU (Some Processor)"
    monkeypatch.setattr(inference, "_processor_name", lambda: "")
    assert device_label("cpu") == "CPU"


def test_the_guard_says_what_is_needed_and_what_there_is():
    spec = released_spec("b7")
    cost = network_cost(spec)
    needed = inference_memory_bytes(spec) + 4 * cost.params
    guard(spec, available_bytes=needed)
    with pytest.raises(UserError) as refused:
        guard(spec, available_bytes=needed - 1)
    message = str(refused.value)
    assert f"needs at least {needed / 1024**3:.1f} GB" in message
    assert f"{(needed - 1) / 1024**3:.1f} GB are free" in message
    assert "600 px" in message
    assert "Lower the resolution or the width." in message


def test_a_loaded_model_needs_no_memory_for_its_weights():
    spec = released_spec("b7")
    activations = inference_memory_bytes(spec) - 4 * network_cost(spec).params
    guard(spec, available_bytes=activations, loaded=True)
    with pytest.raises(UserError, match="does not fit"):
        guard(spec, available_bytes=activations - 1, loaded=True)


def test_a_batch_and_a_map_of_an_early_stage_need_more():
    spec = released_spec("b3")
    single = inference_memory_bytes(spec) + 4 * network_cost(spec).params
    with pytest.raises(UserError, match="does not fit"):
        guard(spec, available_bytes=single, batch_size=2)
    guard(spec, available_bytes=single, map_stage=9)
    with pytest.raises(UserError, match="choose a later stage"):
        guard(spec, available_bytes=single, map_stage=1)


def test_the_guard_counts_multiply_adds_per_pass():
    macs = network_cost(EFFICIENTNET_B0).macs
    guard(EFFICIENTNET_B0, batch_size=2, max_macs=2 * macs)
    with pytest.raises(UserError, match=r"needs 1 billion multiply-adds.*at most 1 billion"):
        guard(EFFICIENTNET_B0, batch_size=2, max_macs=2 * macs - 1)


def test_the_defaults_let_b7_pass_and_refuse_what_would_take_minutes():
    for device in ("cpu", "cuda", "mps"):
        guard(released_spec("b7"), device=device, available_bytes=2**60)
    huge = scale(EFFICIENTNET_B0, Multipliers(depth=8, width=8, resolution_px=2000))
    with pytest.raises(UserError, match="Lower the resolution, the width or the depth"):
        guard(huge, available_bytes=2**60)


def test_the_estimate_is_below_but_near_what_a_pass_really_allocates():
    # Early layers dominate here, so the peak is one layer's input and output, times a copy or two.
    spec = replace(classroom_spec("baseline"), resolution_px=512)
    module = untrained_model(spec).module
    inputs = torch.randn(1, 3, 512, 512)
    with (
        torch.inference_mode(),
        torch.profiler.profile(
            activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
        ) as profile,
    ):
        module(inputs)
    live = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            live += event.nbytes()
            peak = max(peak, live)
    estimate = inference_memory_bytes(spec) - 4 * network_cost(spec).params
    assert 0.5 * peak <= estimate <= 1.5 * peak


def test_free_memory_is_less_than_all_there_is():
    free = available_memory_bytes("cpu")
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 50 * 1024**2 < free < total


def test_gpu_memory_is_asked_of_the_gpu(monkeypatch):
    """What torch keeps of it for its next tensors is as good as free."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (123, 456))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 20)
    assert available_memory_bytes("cuda") == 153
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 100)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: 60)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 30)
    assert available_memory_bytes("mps") == 70


def test_a_container_limit_counts(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert inference._container_memory_bytes(tmp_path) == 600
    stat = "anon 150\nactive_file 70\ninactive_file 130\nshmem 50\n"
    (tmp_path / "memory.stat").write_text(stat)
    assert inference._container_memory_bytes(tmp_path) == 800
    monkeypatch.setattr(inference, "_container_memory_bytes", lambda: 600)
    assert available_memory_bytes("cpu") == 600


@pytest.mark.parametrize("limit", ["max\n", None])
def test_without_a_limit_the_system_decides(monkeypatch, tmp_path, limit):
    if limit:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text("400\n")
    assert inference._container_memory_bytes(tmp_path) is None
    monkeypatch.setattr(inference, "_container_memory_bytes", lambda: None)
    monkeypatch.setattr(inference, "_system_memory_bytes", lambda: 800)
    assert available_memory_bytes("cpu") == 800
    monkeypatch.setattr(inference, "_system_memory_bytes", lambda: None)
    assert available_memory_bytes("cpu") == inference.UNKNOWN_MEMORY_BYTES


def test_without_proc_half_of_the_physical_memory_counts(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    monkeypatch.setattr(
        os, "sysconf", {"SC_PHYS_PAGES": 1000, "SC_PAGE_SIZE": 4096}.__getitem__, raising=False
    )
    assert inference._system_memory_bytes() == 2_048_000
    monkeypatch.delattr(os, "sysconf")
    assert inference._system_memory_bytes() is None


def test_windows_is_asked_in_its_own_way(monkeypatch):
    class Kernel:
        answers = True

        def GlobalMemoryStatusEx(self, reference):  # noqa: N802
            status = reference._obj
            assert status.length == 64
            status.available = 777
            return self.answers

    class Windll:
        kernel32 = Kernel()

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "windll", Windll, raising=False)
    # A Windows "unsigned long" has 4 bytes; here it may have 8.
    monkeypatch.setattr(ctypes, "c_ulong", ctypes.c_uint32)
    assert inference._system_memory_bytes() == 777
    Kernel.answers = False
    assert inference._system_memory_bytes() is None


def test_a_prediction_is_the_softmax_of_the_network(model):
    result = predict(model, PHOTO, top=3, repeats=2)
    centre = functional.pil_to_tensor(PHOTO.crop((15, 0, 135, 120)))
    pixels = functional.resize(centre, [96, 96], antialias=True).float() / 255
    inputs = functional.normalize(pixels, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    plain = load_model("classroom", "baseline", optimised=False).module
    with torch.inference_mode():
        expected = plain(inputs[None])[0].softmax(0)
    order = sorted(range(10), key=lambda index: -expected[index].item())
    assert [entry.index for entry in result.top] == order[:3]
    assert expected.max() > 0.2  # not merely uniform
    for entry in result.top:
        assert entry.probability == pytest.approx(expected[entry.index].item(), abs=1e-5)
        assert entry.label == model.classes[entry.index]
    assert (result.model, result.family, result.role) == ("baseline", "classroom", "baseline")
    assert (result.weights, result.meaningful) == (SHIPPED, True)
    assert (result.device, result.resolution_px, result.note) == ("cpu", 96, "")
    assert (result.latency.repeats, result.latency.batch_size) == (2, 1)
    assert result.latency.device.startswith("CPU")
    assert 0 < result.latency.q1_ms <= result.latency.median_ms <= result.latency.q3_ms


def test_the_square_decides_what_the_model_sees(model):
    left = predict(model, PHOTO, square=Square(0, 0, 60), top=10, repeats=1)
    cropped = predict(model, PHOTO.crop((0, 0, 60, 60)), top=10, repeats=1)
    assert left.top == cropped.top
    assert left.top != predict(model, PHOTO, top=10, repeats=1).top


def test_no_more_classes_than_there_are(model):
    result = predict(model, PHOTO, top=99, repeats=1)
    assert len(result.top) == 10
    assert sum(entry.probability for entry in result.top) == pytest.approx(1)
    with pytest.raises(UserError, match="at least one class, not 0"):
        predict(model, PHOTO, top=0)


def test_a_class_without_a_name_is_numbered(model):
    result = predict(replace(model, classes=()), PHOTO, top=1, repeats=1)
    assert result.top[0].label == f"class {result.top[0].index}"


def test_what_cannot_be_held_is_refused_before_the_pass(model, monkeypatch):
    monkeypatch.setattr(inference, "available_memory_bytes", lambda device: 1000)
    with pytest.raises(UserError, match="does not fit"):
        predict(replace(model, module=Full(model.module, forever=True)), PHOTO)


def test_damaged_weights_are_named():
    broken = untrained_model(classroom_spec("baseline"), name="broken")
    broken.module.classifier[1].bias[3] = float("nan")
    with pytest.raises(UserError, match="broken gave a result that is not a finite number"):
        predict(broken, PHOTO, repeats=1)


class Full(nn.Module):
    """A network on a device without memory left; its copy elsewhere runs."""

    def __init__(self, network: nn.Module, error: Exception | None = None, forever=False) -> None:
        super().__init__()
        self.network = network
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        self.forever = forever

    def forward(self, inputs):
        if self.error:
            raise self.error
        return self.network(inputs)

    def __deepcopy__(self, memo):
        copied = Full(copy.deepcopy(self.network, memo), self.error, self.forever)
        if not self.forever:
            copied.error = None
        return copied


# "cpu:0" is a device that is there but is not called "cpu": the tests' stand-in for a GPU.
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
    ],
)
def test_a_full_gpu_is_left_for_the_cpu_once(model, error):
    full = replace(model, module=Full(model.module, error), device="cpu:0")
    result = predict(full, PHOTO, top=10, repeats=1)
    assert result.note == "The GPU's memory was full, so this ran on the CPU."
    assert result.device == "cpu"
    expected = predict(model, PHOTO, top=10, repeats=1)
    assert [entry.index for entry in result.top] == [entry.index for entry in expected.top]
    for entry, other in zip(result.top, expected.top, strict=True):
        assert entry.probability == pytest.approx(other.probability, abs=1e-6)
    assert full.device == "cpu:0"


def test_a_full_cpu_is_an_error_that_says_so(model):
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9 bytes")
    for device in ("cpu", "cpu:0"):
        full = replace(model, module=Full(model.module, error, forever=True), device=device)
        with pytest.raises(UserError, match="not enough memory to run baseline at 96 px"):
            predict(full, PHOTO)


def test_other_failures_are_not_hidden(model):
    for device in ("cpu", "cpu:0"):
        wrong = Full(model.module, RuntimeError("shapes do not match"), forever=True)
        with pytest.raises(RuntimeError, match="shapes do not match"):
            predict(replace(model, module=wrong, device=device), PHOTO)


def test_the_copy_on_the_cpu_shares_nothing_with_the_gpu(model):
    copied = inference._copy_on_cpu(model.module)
    state, original = copied.state_dict(), model.module.state_dict()
    assert state.keys() == original.keys()
    # On the CPU itself `.cpu()` copies nothing, so only equality can be seen here.
    assert all(torch.equal(state[key], original[key]) for key in state)
    assert copied is not model.module
    assert not any(parameter.requires_grad for parameter in copied.parameters())


def test_as_many_at_once_as_a_second_allows():
    assert inference.batch_at_once(released_spec("b0")) == 16
    assert inference.batch_at_once(released_spec("b0"), most=4) == 4
    spec = released_spec("b7")  # 38 billion multiply-adds
    assert inference.batch_at_once(spec) == 1
    half = replace(spec, resolution_px=300)
    assert inference.batch_at_once(half) == 40 * 10**9 // network_cost(half).macs == 4


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("crane", 0),
        ("CRANE BIRD", 1),
        (" golf ball ", 2),
        ("cardigan", 3),
        ("Cardigan", 4),
        ("3", 3),
    ],
)
def test_class_index(wanted: str, index: int) -> None:
    assert inference.class_index(CLASSES, wanted) == index


CLASSES = ("crane", "crane bird", "golf ball", "cardigan", "Cardigan", "French horn")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("CARDIGAN", "could be cardigan (3) or Cardigan (4); give the number"),
        ("crain", "did you mean crane"),
        ("horn", "did you mean French horn?"),
        ("zzzz", "there are, for example, crane, crane bird"),
        ("6", "There is no class 6; there are 0 to 5"),
        ("9" * 5000, "There is no class 999"),
        ("", "There is no class ''"),
    ],
)
def test_class_index_of_a_class_that_is_not_there(wanted: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        inference.class_index(CLASSES, wanted)
    assert message in str(error.value)
