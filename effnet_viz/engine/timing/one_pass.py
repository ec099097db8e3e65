"""How long one forward pass takes on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from effnet_viz.errors import UserError
from effnet_viz.evidence.results import Latency, Runtime


def synchronise(device: str) -> None:
    """Wait until everything queued on ``device`` is done; the CPU never queues."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def measure_latency(
    run: Callable[[Tensor], object],
    inputs: Tensor,
    *,
    device: str,
    repeats: int = 5,
    warmup: int = 2,
    runtime: Runtime = "torch",
) -> Latency:
    """Median and quartiles over ``repeats`` timed passes of ``inputs`` ``(N, 3, H, W)``, in ms.

    Every timed run is: synchronise, read the clock, forward, synchronise, read the clock; so work
    that a GPU still has queued is neither missed nor charged to the next run. ``warmup`` passes go
    before. Module and inputs must already be on ``device``; nothing is moved. ``runtime`` is noted.
    Raises UserError where there is nothing to time.
    """
    if repeats < 1 or warmup < 0:
        raise UserError(f"A latency needs at least one timed run, not {repeats}.")
    times_ms = []
    with torch.inference_mode():
        for _ in range(warmup):
            run(inputs)
        for _ in range(repeats):
            synchronise(device)
            started = time.perf_counter()
            run(inputs)
            synchronise(device)
            times_ms.append(1e3 * (time.perf_counter() - started))
    if repeats == 1:
        q1 = median = q3 = times_ms[0]
    else:
        q1, median, q3 = statistics.quantiles(times_ms, n=4, method="inclusive")
    return Latency(
        median_ms=median,
        q1_ms=q1,
        q3_ms=q3,
        repeats=repeats,
        batch_size=len(inputs),
        device=device,
        threads=torch.get_num_threads(),
        torch_version=str(torch.__version__),
        runtime=runtime,
    )
