import time

import pytest
import torch
from torch import nn

from effnet_viz.engine.timing import one_pass
from effnet_viz.engine.timing.one_pass import measure_latency
from effnet_viz.errors import UserError


class Recorder(nn.Module):
    """Notes each pass, and whether autograd could see it."""

    def __init__(self, events: list[str]) -> None:
        super().__init__()
        self.events = events

    def forward(self, inputs):
        self.events.append("forward" if torch.is_inference_mode_enabled() else "with autograd")
        return inputs


@pytest.fixture
def events(monkeypatch):
    """What happens, in order; the clock advances as told by ``events.ticks``."""

    class Events(list):
        ticks = iter(range(1000))

    happened = Events()

    def clock():
        happened.append("clock")
        return next(happened.ticks)

    monkeypatch.setattr(one_pass.time, "perf_counter", clock)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: happened.append(f"sync {device}"))
    monkeypatch.setattr(torch.mps, "synchronize", lambda: happened.append("sync mps"))
    return happened


INPUTS = torch.zeros(2, 3, 4, 4)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps"])
def test_each_timed_run_is_sync_clock_forward_sync_clock(events, device):
    measure_latency(Recorder(events), INPUTS, device=device, repeats=3, warmup=2)
    run = [f"sync {device}", "clock", "forward", f"sync {device}", "clock"]
    assert events == ["forward", "forward", *run, *run, *run]


def test_the_cpu_has_nothing_to_wait_for(events):
    measure_latency(Recorder(events), INPUTS, device="cpu", repeats=2, warmup=1)
    assert events == ["forward", *(["clock", "forward", "clock"] * 2)]


def test_median_and_quartiles_are_those_of_the_timed_runs(events):
    # runs of 5, 1, 2, 9 and 3 ms
    events.ticks = iter([0, 0.005, 1, 1.001, 2, 2.002, 3, 3.009, 4, 4.003])
    latency = measure_latency(Recorder(events), INPUTS, device="cpu", repeats=5, warmup=0)
    assert latency.median_ms == pytest.approx(3)
    assert latency.q1_ms == pytest.approx(2)
    assert latency.q3_ms == pytest.approx(5)
    assert (latency.repeats, latency.batch_size, latency.device) == (5, 2, "cpu")
    assert latency.threads == torch.get_num_threads()
    assert latency.torch_version == torch.__version__


def test_one_run_is_its_own_median(events):
    events.ticks = iter([1, 1.25])
    latency = measure_latency(Recorder(events), INPUTS, device="cpu", repeats=1, warmup=0)
    assert (latency.q1_ms, latency.median_ms, latency.q3_ms) == (250, 250, 250)


@pytest.mark.parametrize(("repeats", "warmup"), [(0, 2), (-1, 2), (5, -1)])
def test_nothing_to_time_is_a_user_error(repeats, warmup):
    with pytest.raises(UserError, match="latency needs"):
        measure_latency(nn.Identity(), INPUTS, device="cpu", repeats=repeats, warmup=warmup)


def test_a_real_pass_takes_the_time_it_takes():
    class Slow(nn.Module):
        def forward(self, inputs):
            one_pass.time.sleep(0.02)
            return inputs

    started = time.perf_counter()
    latency = measure_latency(Slow(), INPUTS, device="cpu", repeats=3)
    all_of_it_ms = 1000 * (time.perf_counter() - started)
    assert 20 <= latency.q1_ms <= latency.median_ms <= latency.q3_ms < all_of_it_ms
