"""Models timed one after the other, in the foreground or in a thread that can be watched."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn

from effnet_viz import __version__
from effnet_viz.architectures import ArchitectureSpec
from effnet_viz.bench_study import Setup, title
from effnet_viz.benchmark import measure_latency, synchronise
from effnet_viz.cost import inference_memory_bytes, network_cost
from effnet_viz.errors import UserError
from effnet_viz.families import ModelEntry, find_model
from effnet_viz.inference import device_label, guard, is_out_of_memory
from effnet_viz.models import build_model
from effnet_viz.optimise import optimise
from effnet_viz.results import BenchmarkRow

#: Without a number of repeats, so many that they take about this long, within these bounds.
TARGET_SECONDS = 1.5
FEWEST_REPEATS, MOST_REPEATS = 5, 30

#: One measurement at a time in a process: two would slow each other, and the number of threads
#: belongs to the process.
_measuring = threading.Lock()

#: How long another busy Python thread may keep a `Job` waiting after each of a pass's hundreds of
#: operations; Python's own 5 ms would turn a pass of 10 ms into seconds while a page is drawn.
SWITCH_SECONDS = 1e-5

OnPass = Callable[[int, int], None]


class CancelledError(Exception):
    """The measurement was told to stop."""


def random_network(spec: ArchitectureSpec) -> nn.Module:
    """The spec's network with random weights, in evaluation mode, on the CPU.

    Raises UserError for architectures that are shown for their cost only.
    """
    for name, build in (
        ("resnet50", torchvision.models.resnet50),
        ("resnet152", torchvision.models.resnet152),
    ):
        if spec.stages == find_model("resnet50", name).spec.stages:
            return build(weights=None, num_classes=spec.num_classes).eval()
    return build_model(spec).eval()


def check(entry: ModelEntry, setup: Setup) -> None:
    """Return if this machine can measure the model. Raises UserError with both numbers."""
    try:
        guard(entry.spec, batch_size=setup.batch_size, device=setup.device)
    except UserError as error:
        size = f" in batches of {setup.batch_size}" if setup.batch_size > 1 else ""
        smaller = " Or choose smaller batches." if size else ""
        raise UserError(f"{title(entry.name)}{size} was not run: {error}{smaller}") from error


def measure(
    entry: ModelEntry, setup: Setup, on_pass: OnPass = lambda _done, _all: None
) -> BenchmarkRow:
    """Time and memory of one model as the app runs it: batch norm folded, random weights.

    Two passes warm up; the first also gives the peak memory, the second how many passes are worth
    timing. ``on_pass`` gets (passes done, passes in total) before every pass, and may raise
    `CancelledError`. torch's number of threads is afterwards what it was.
    Raises UserError where the machine cannot hold or run the model.
    """
    check(entry, setup)
    try:
        with _threads(setup.threads):
            return _measure(entry, setup, on_pass)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise UserError(
            f"{title(entry.name)} in batches of {setup.batch_size} did not fit into the memory "
            "that was free; choose smaller batches or a smaller model."
        ) from error


def _measure(entry: ModelEntry, setup: Setup, on_pass: OnPass) -> BenchmarkRow:
    device, spec = setup.device, entry.spec
    _load_libraries()
    before = _resident_bytes()
    module = optimise(random_network(spec), device)
    side = spec.resolution_px
    inputs = torch.rand(setup.batch_size, 3, side, side, device=device)
    if device == "cpu":
        inputs = inputs.to(memory_format=torch.channels_last)
    done, passes = 0, 2 + (setup.repeats or FEWEST_REPEATS)

    def count(*_: object) -> None:
        nonlocal done
        on_pass(done, passes)
        done += 1

    module.register_forward_pre_hook(count)
    peak = _peak_bytes(module, inputs, device, before)
    seconds = _one_pass(module, inputs, device)
    repeats = setup.repeats or min(
        MOST_REPEATS, max(FEWEST_REPEATS, round(TARGET_SECONDS / max(seconds, 1e-6)))
    )
    passes = 2 + repeats
    latency = measure_latency(module, inputs, device=device, repeats=repeats, warmup=0)
    cost = network_cost(spec)
    return BenchmarkRow(
        model=entry.name,
        family=entry.family,
        role=entry.role,
        resolution_px=side,
        device=device,
        threads=latency.threads,
        batch_size=setup.batch_size,
        latency=replace(latency, device=device_label(device)),
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
    """One small pass, so that what the first convolution of a process loads is nobody's memory."""
    small = nn.Sequential(nn.Conv2d(3, 32, 3), nn.SiLU(), nn.Conv2d(32, 64, 1)).eval()
    _one_pass(small.to(memory_format=torch.channels_last), torch.rand(1, 3, 32, 32), "cpu")


def versions() -> tuple[tuple[str, str], ...]:
    """What a measurement depends on besides the device."""
    return (
        ("effnet_viz", __version__),
        ("torch", str(torch.__version__)),
        ("torchvision", str(torchvision.__version__)),
        ("python", platform.python_version()),
        ("system", f"{platform.system()} {platform.machine()}"),
    )


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    try:
        if count is not None:
            torch.set_num_threads(count)
        yield
    finally:
        torch.set_num_threads(before)


def _one_pass(module: nn.Module, inputs: Tensor, device: str) -> float:
    """Seconds of a pass, without autograd."""
    with torch.inference_mode():
        synchronise(device)
        started = time.perf_counter()
        module(inputs)
        synchronise(device)
    return time.perf_counter() - started


def _peak_bytes(module: nn.Module, inputs: Tensor, device: str, before: int | None) -> int | None:
    """Most memory during one pass, weights and input included.

    On CUDA what torch allocates; on Linux's CPU what the process holds beyond ``before``, which is
    a little more than the tensors, and noisy where the process does other things meanwhile. None
    elsewhere.
    """
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        _one_pass(module, inputs, device)
        return int(torch.cuda.max_memory_allocated(device))
    counted = device == "cpu" and before is not None and _forget_peak()
    _one_pass(module, inputs, device)
    peak = _status_bytes("VmHWM") if counted else None
    return max(0, peak - before) if peak is not None and before is not None else None


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


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a `Job` stands. ``share`` is 0-1; ``seconds_left`` None until it can be told."""

    model: str
    models_done: int
    models: int
    share: float
    seconds_left: float | None
    waiting: bool
    finished: bool
    cancelled: bool


class Job:
    """Several models measured in a thread of their own; rows appear as they are done.

    `cancel` takes effect before the next pass. A model that cannot be measured is left out, with
    its reason in ``failures``.
    """

    def __init__(self, entries: Sequence[ModelEntry], setup: Setup) -> None:
        self.setup = setup
        self._entries = tuple(entries)
        self._work = [network_cost(entry.spec).activations for entry in entries]
        self._rows: list[BenchmarkRow] = []
        self._failures: list[str] = []
        self._at = 0
        self._part = 0.0
        self._started: float | None = None
        self._cancel = threading.Event()
        self._thread = threading.Thread(target=self._run, name="benchmark", daemon=True)

    def start(self) -> Job:
        """Begin; returns itself."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop before the next pass; what is done stays."""
        self._cancel.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def rows(self) -> tuple[BenchmarkRow, ...]:
        """What has been measured so far."""
        return tuple(self._rows)

    @property
    def failures(self) -> tuple[str, ...]:
        """Why models were left out, one sentence each."""
        return tuple(self._failures)

    def progress(self) -> Progress:
        """Where it stands now."""
        at, part, started = self._at, self._part, self._started
        whole = sum(self._work) or 1
        now = self._work[at] if at < len(self._work) else 0
        share = (sum(self._work[:at]) + part * now) / whole
        left = None
        if started is not None and share > 0:
            left = (time.monotonic() - started) * (1 - share) / share
        return Progress(
            model=self._entries[at].name if at < len(self._entries) else "",
            models_done=at,
            models=len(self._entries),
            share=min(1.0, share),
            seconds_left=left,
            waiting=started is None,
            finished=not self._thread.is_alive(),
            cancelled=self._cancel.is_set(),
        )

    def _run(self) -> None:
        try:
            while not _measuring.acquire(timeout=0.1):
                self._stop_if_cancelled()
            interval = sys.getswitchinterval()
            try:
                sys.setswitchinterval(SWITCH_SECONDS)
                self._started = time.monotonic()
                for entry in self._entries:
                    self._stop_if_cancelled()
                    self._part = 0.0
                    try:
                        self._rows.append(measure(entry, self.setup, self._on_pass))
                    except UserError as error:
                        self._failures.append(str(error))
                    self._at += 1
            finally:
                sys.setswitchinterval(interval)
                _measuring.release()
        except CancelledError:
            pass
        except Exception as error:  # a thread has nobody to raise to; the page shows it
            self._failures.append(f"The measurement stopped: {type(error).__name__}: {error}")

    def _on_pass(self, done: int, passes: int) -> None:
        self._stop_if_cancelled()
        self._part = done / passes

    def _stop_if_cancelled(self) -> None:
        if self._cancel.is_set():
            raise CancelledError
