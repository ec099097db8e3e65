"""What a GPU computes is what the CPU computes, what it cannot hold runs on the CPU, and its times
are those of work that is done. `make gpu` runs this; without a GPU each test says why it did not.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from effnet_viz.engine.inference import device_label, predict
from effnet_viz.engine.maps.cam import METHODS, all_stages, compute_cam, stage_count
from effnet_viz.engine.optimise import choose_device
from effnet_viz.engine.timing import models, one_pass
from effnet_viz.engine.timing.one_pass import measure_latency, synchronise
from effnet_viz.engine.weights import LoadedModel, load_model, untrained_model
from effnet_viz.evidence.timing import Setup, find
from effnet_viz.scaling.architectures import MOBILENET_V1, MOBILENET_V2, RESNET_50
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.families import ROLES

pytestmark = pytest.mark.gpu

PHOTO = Image.fromarray(skimage.data.chelsea())
#: Of full scale: a probability's, or the map's maximum.
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def device() -> str:
    found = choose_device("auto")
    if found == "cpu":
        pytest.skip("PyTorch finds no GPU on this machine")
    return found


@pytest.fixture
def cuda(device: str) -> str:
    if device != "cuda":
        pytest.skip("only CUDA lets a process limit its own memory")
    return device


def both(role: str, device: str) -> tuple[LoadedModel, LoadedModel]:
    return load_model("classroom", role, device=device), load_model("classroom", role)


@pytest.mark.parametrize("role", ROLES)
def test_a_prediction_is_the_cpus(device: str, role: str) -> None:
    there, here = (predict(model, PHOTO, top=10) for model in both(role, device))
    assert there.device == device
    assert there.note == ""
    assert there.latency.runtime == "folded"
    shares = {entry.label: entry.probability for entry in here.top}
    assert {e.label: e.probability for e in there.top} == pytest.approx(shares, abs=TOLERANCE)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", ["baseline", "compound"])
def test_a_map_is_the_cpus(device: str, role: str, method: str) -> None:
    there, here = both(role, device)
    last = stage_count(here)
    compared = 0
    for stage in (last,) if METHODS[method].last_stage_only else (last, 7, 5):
        for target in (0, 4, 8):
            options = {"method": method, "target_class": target, "target_stage": stage}
            found, expected = (compute_cam(model, PHOTO, **options) for model in (there, here))
            if not expected.evidence or "Rounding" in expected.note:
                continue
            values = np.array(expected.raw)
            assert np.abs(np.array(found.raw) - values).max() <= TOLERANCE * values.max()
            assert found.device == device
            compared += 1
    assert compared


@pytest.mark.parametrize("base", [MOBILENET_V1, MOBILENET_V2, RESNET_50])
def test_every_architecture_runs(device: str, base) -> None:
    spec = scale(base, Multipliers(0.5, 0.5, 96))
    there, here = (untrained_model(spec, device=where) for where in (device, "cpu"))
    found, expected = (predict(model, PHOTO, top=3) for model in (there, here))
    assert [e.probability for e in found.top] == pytest.approx(
        [e.probability for e in expected.top], abs=TOLERANCE
    )


def test_all_stages_at_once_are_the_cpus(device: str) -> None:
    there, here = both("depth", device)
    pairs = zip(all_stages(there, PHOTO), all_stages(here, PHOTO), strict=True)
    for found, expected in pairs:
        values = np.array(expected.raw)
        assert np.abs(np.array(found.raw) - values).max() <= TOLERANCE * max(values.max(), 1e-6)


@pytest.fixture
def full_memory(cuda: str) -> Iterator[str]:
    """A process that may allocate next to nothing more on its GPU."""
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e-5)
    yield cuda
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_full_memory_falls_back_to_the_cpu_once_and_says_so(cuda: str, request) -> None:
    model = load_model("classroom", "resolution", device=cuda)
    expected = predict(load_model("classroom", "resolution"), PHOTO)
    request.getfixturevalue("full_memory")
    for result in (predict(model, PHOTO), compute_cam(model, PHOTO)):
        assert result.note == "The GPU's memory was full, so this ran on the CPU."
        assert result.device == "cpu"
    found = predict(model, PHOTO)
    assert found.top[0].label == expected.top[0].label


def test_five_maps_beside_the_plain_passes(device: str, capsys) -> None:
    """The figures to report; what is asserted is only that they are there."""
    lines = []
    for role in ROLES:
        model = load_model("classroom", role, device=device)
        plain = load_model("classroom", role, device=device, optimised=False)
        inputs = plain.preprocess(PHOTO).to(device)
        times = {
            "plain pass": median_ms(lambda m=plain, x=inputs: m.module(x), device),
            "map": median_ms(lambda m=model: compute_cam(m, PHOTO, target_class=3), device),
        }
        assert all(ms > 0 for ms in times.values())
        lines.append(f"{role:<12}" + "".join(f"{who} {ms:7.2f} ms   " for who, ms in times.items()))
    with capsys.disabled():
        print("\n".join(["", device_label(device), *lines]))


def median_ms(run: Callable[[], object], device: str) -> float:
    times = []
    with torch.no_grad():
        for _ in range(23):
            synchronise(device)
            started = time.perf_counter()
            run()
            synchronise(device)
            times.append(1e3 * (time.perf_counter() - started))
    return statistics.median(times[3:])


def test_each_timed_pass_is_sync_clock_forward_sync_clock(device: str, monkeypatch) -> None:
    events: list[str] = []
    backend = torch.cuda if device == "cuda" else torch.mps
    real_sync, real_clock = backend.synchronize, time.perf_counter
    monkeypatch.setattr(
        backend, "synchronize", lambda *a: (events.append("sync"), real_sync(*a))[1]
    )
    monkeypatch.setattr(
        one_pass.time, "perf_counter", lambda: (events.append("clock"), real_clock())[1]
    )
    square = torch.rand(2048, 2048, device=device)

    def run(inputs: torch.Tensor) -> None:
        events.append("forward")
        for _ in range(20):  # queued faster than it is done
            inputs = inputs @ square

    latency = measure_latency(run, square, device=device, repeats=3, warmup=1)
    assert events == ["forward", *3 * ["sync", "clock", "forward", "sync", "clock"]]
    assert latency.median_ms > 0.5 * median_ms(lambda: run(square), device)


def test_a_measured_row_names_the_gpu(device: str) -> None:
    for runs, runtime in (("engine", "folded"), ("torch", "torch")):
        setup = Setup(device=device, threads=None, repeats=3, runs=runs)
        row = models.measure(replace(find("baseline")), setup)
        assert (row.device, row.latency.runtime) == (device, runtime)
        assert row.latency.device.startswith("GPU")
