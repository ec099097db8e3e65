"""What one model takes on this machine: time, spread and memory of a forward pass."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from effnet_viz import __version__
from effnet_viz.engine import inference
from effnet_viz.engine.graph.runtime import forward, runtime_of
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.engine.timing.one_pass import measure_latency, synchronise
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import Setup, title
from effnet_viz.scaling.architectures import MOBILENET_V1, ArchitectureSpec
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import inference_memory_bytes, network_cost
from effnet_viz.scaling.families import ModelEntry

#: Without a number of repeats, so many that they take about this long, within these bounds.
TARGET_SECONDS = 1.5
FEWEST_REPEATS, MOST_REPEATS = 5, 30

OnPass = Callable[[int, int], None]
Run = Callable[[Tensor], object]


def random_network(spec: ArchitectureSpec) -> nn.Module:
    """The spec's network with random weights, in evaluation mode and frozen, on the CPU."""
    return build_model(spec).eval().requires_grad_(False)


def check(entry: ModelEntry, setup: Setup) -> None:
    """Return if this machine can measure the model. Raises UserError with both numbers."""
    batches = f" in batches of {setup.batch_size}" if setup.batch_size > 1 else ""
    name = f"{title(entry.name)}{batches}"
    try:
        inference.guard(entry.spec, name=name, batch_size=setup.batch_size, device=setup.device)
    except UserError as error:
        smaller = " Or choose smaller batches." if batches else ""
        raise UserError(f"Not run: {error}{smaller}") from error


def measure(
    entry: ModelEntry, setup: Setup, on_pass: OnPass = lambda _done, _all: None
) -> BenchmarkRow:
    """Time and memory of one model with random weights, run as the setup says.

    Two passes warm up; the second also gives the peak memory (the first compiles, where that is
    done) and how many passes are worth timing. ``on_pass`` gets (passes done, passes in total)
    before every pass. torch's number of threads is afterwards what it was.
    Raises UserError where the machine cannot hold or run the model.
    """
    check(entry, setup)
    free = inference.available_memory_bytes(setup.device)
    try:
        with _threads(setup.threads):
            return _measure(entry, setup, on_pass)
    except (RuntimeError, MemoryError) as error:
        if not inference.is_out_of_memory(error):
            raise
    # Out of the handler: the exception's frames no longer hold tensors on the GPU.
    torch.cuda.empty_cache()
    raise UserError(_memory_full(entry, setup, free))


def _memory_full(entry: ModelEntry, setup: Setup, free: int) -> str:
    images = "1 image" if setup.batch_size == 1 else f"{setup.batch_size} images"
    whose = "the memory" if setup.device == "cpu" else "the GPU's memory"
    least = inference_memory_bytes(entry.spec, setup.batch_size)
    smaller = "a smaller model" if setup.batch_size == 1 else "smaller batches or a smaller model"
    return (
        f"{title(entry.name)} with {images} at once did not fit into {whose}: {free / 1024**3:.1f} "
        f"GB were free, and it takes more than the {least / 1024**3:.1f} GB of its weights and "
        f"largest layer; choose {smaller}."
    )


def _measure(entry: ModelEntry, setup: Setup, on_pass: OnPass) -> BenchmarkRow:
    device, spec = setup.device, entry.spec
    _load_libraries()
    before = _resident_bytes()
    network = random_network(spec)
    as_the_app = setup.runs == "engine"
    module = optimise(network, device, spec) if as_the_app else network.to(device)
    del network
    side = spec.resolution_px
    inputs = torch.rand(setup.batch_size, spec.in_channels, side, side, device=device)
    done, passes = 0, 2 + (setup.repeats or FEWEST_REPEATS)

    def run(inputs: Tensor) -> None:
        nonlocal done
        on_pass(done, passes)
        done += 1
        forward(module, inputs)

    _one_pass(run, inputs, device)
    seconds, peak = _watched_pass(run, inputs, device, before)
    repeats = setup.repeats or min(
        MOST_REPEATS, max(FEWEST_REPEATS, round(TARGET_SECONDS / max(seconds, 1e-6)))
    )
    passes = 2 + repeats
    latency = measure_latency(
        run,
        inputs,
        device=device,
        repeats=repeats,
        warmup=0,
        runtime=runtime_of(module, inputs),
    )
    cost = network_cost(spec)
    return BenchmarkRow(
        model=entry.name,
        family=entry.family,
        role=entry.role,
        resolution_px=side,
        device=device,
        threads=latency.threads,
        batch_size=setup.batch_size,
        latency=replace(latency, device=inference.device_label(device)),
        peak_memory_bytes=peak,
        least_memory_bytes=inference_memory_bytes(spec, setup.batch_size),
        params=cost.params,
        macs=cost.macs,
        activations=cost.activations,
        versions=versions(),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
    )


@cache
def _load_libraries() -> None:
    """One small pass of each runtime, so that what the first convolution of a process loads is
    nobody's memory."""
    spec = replace(scale(MOBILENET_V1, Multipliers(1, 0.25, 32)), num_classes=10)
    plain = random_network(spec)
    for module in (plain, optimise(plain, "cpu", spec)):
        _one_pass(partial(forward, module), torch.rand(1, 3, 32, 32), "cpu")


def versions() -> tuple[tuple[str, str], ...]:
    """What a measurement depends on besides the device."""
    return (
        ("effnet_viz", __version__),
        ("torch", str(torch.__version__)),
        ("torchvision", str(torchvision.__version__)),
        *_openvino_version(),
        ("python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
    )


def _openvino_version() -> tuple[tuple[str, str], ...]:
    try:
        return (("openvino", version("openvino")),)
    except PackageNotFoundError:
        return ()


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def _one_pass(run: Run, inputs: Tensor, device: str) -> float:
    """Seconds of a pass, without autograd."""
    with torch.inference_mode():
        synchronise(device)
        started = time.perf_counter()
        run(inputs)
        synchronise(device)
    return time.perf_counter() - started


def _watched_pass(
    run: Run, inputs: Tensor, device: str, before: int | None
) -> tuple[float, int | None]:
    """Seconds of a pass, and the most memory during it, weights and input included.

    On CUDA what torch allocates; on Linux's CPU what the process holds beyond ``before``, which is
    a little more than the tensors, and noisy where the process does other things meanwhile. None
    elsewhere.
    """
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        seconds = _one_pass(run, inputs, device)
        return seconds, int(torch.cuda.max_memory_allocated(device))
    counted = device == "cpu" and before is not None and _forget_peak()
    seconds = _one_pass(run, inputs, device)
    peak = _status_bytes("VmHWM") if counted else None
    return seconds, max(0, peak - before) if peak is not None and before is not None else None


def _resident_bytes() -> int | None:
    """What the process holds, once it has given back what it does not use; None where the system
    does not say."""
    gc.collect()
    if sys.platform == "linux":
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (OSError, AttributeError):  # another C library than glibc
            return None
    return _status_bytes("VmRSS")


def _forget_peak() -> bool:
    """Start the system's record of the most the process held anew; false where that cannot be."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _status_bytes(key: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), None)
