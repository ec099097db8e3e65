"""The benchmark: what is built is what was meant, threads are put back, what does not fit is said;
and fits against numpy's."""

import csv
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from effnet_viz.__main__ import main
from effnet_viz.engine.graph.runtime import graph_of
from effnet_viz.engine.timing import models
from effnet_viz.errors import UserError
from effnet_viz.evidence import timing
from effnet_viz.evidence.results import BenchmarkRow, Latency
from effnet_viz.evidence.timing import MODELS, QUICK, Setup, custom_entry, find
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
)
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES

TINY = replace(EFFICIENTNET_B0, resolution_px=32)


def row(model, macs, ms, spread=0.0, activations=None, params=None, **other) -> BenchmarkRow:
    latency = Latency(ms, ms - spread, ms + spread, 5, 1, "CPU (test)", 1, "2")
    values = {
        "family": "imagenet", "role": "compound", "resolution_px": 224, "device": "cpu",
        "threads": 1, "batch_size": 1, "peak_memory_bytes": None, "least_memory_bytes": 5,
        "versions": (("torch", "2"),), "date": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    values |= other
    return BenchmarkRow(
        model=model, latency=latency, macs=macs, activations=activations or macs,
        params=params or macs, **values,
    )  # fmt: skip


# --- what is measured -----------------------------------------------------------------------------


def test_the_models_are_the_papers_the_classrooms_and_two_resnets():
    names = (*ROLES, *(f"b{n}" for n in range(8)), "resnet50", "resnet152")
    assert tuple(MODELS) == names
    assert set(QUICK) == {*ROLES, "b0"}
    assert [MODELS[f"b{n}"].spec.resolution_px for n in range(8)] == [
        224, 240, 260, 300, 380, 456, 528, 600,
    ]  # fmt: skip
    assert {entry.weights for entry in MODELS.values()} == {"untrained"}


@pytest.mark.parametrize("name", ["baseline", "compound", "b0", "b3", "resnet50", "resnet152"])
def test_the_network_that_runs_is_the_one_that_is_counted(name):
    spec = replace(MODELS[name].spec, resolution_px=64)
    with torch.device("meta"):
        module = models.random_network(spec)
    cost = models.network_cost(spec)
    assert sum(p.numel() for p in module.parameters()) == cost.params
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, 3, 64, 64, device="meta"))
    assert counter.get_total_flops() == 2 * cost.macs
    assert not module.training


def test_resnets_are_torchvisions():
    ours = models.random_network(RESNET_50)
    assert isinstance(ours, torchvision.models.ResNet)
    assert ours.state_dict().keys() == torchvision.models.resnet50().state_dict().keys()


@pytest.mark.parametrize("base", [MOBILENET_V1, MOBILENET_V2, RESNET_50])
def test_every_architecture_can_be_measured_by_every_runtime(base):
    entry = custom_entry(scale(base, Multipliers(0.5, 0.5, 64)), "compound", base.name)
    rows = [models.measure(entry, Setup(repeats=1, runs=runs)) for runs in ("engine", "torch")]
    assert [row.latency.runtime for row in rows] == ["openvino", "torch"]
    assert rows[0].macs == rows[1].macs == network_cost(entry.spec).macs
    assert all(row.latency.median_ms > 0 for row in rows)
    assert dict(rows[0].versions)["openvino"]


def test_what_is_measured_is_what_it_says(monkeypatch):
    """The engine's pass is the graph's, torch's is the plain module's, norms and all."""
    seen = []
    monkeypatch.setattr(
        models, "forward", lambda module, inputs: seen.append(module) or module(inputs)
    )
    for runs in ("engine", "torch"):
        models.measure(custom_entry(TINY, "baseline"), Setup(repeats=1, runs=runs))
    assert graph_of(seen[0]) is not None
    assert graph_of(seen[-1]) is None
    norms = [
        sum(isinstance(layer, torch.nn.BatchNorm2d) for layer in module.modules())
        for module in (seen[0], seen[-1])
    ]
    assert norms == [0, 49]


def test_a_measured_row_carries_everything():
    passes = []
    entry = custom_entry(TINY, "resolution", "tiny")
    setup = Setup(batch_size=2, repeats=3)
    got = models.measure(entry, setup, lambda done, total: passes.append((done, total)))
    assert (got.model, got.role, got.resolution_px, got.batch_size) == ("tiny", "resolution", 32, 2)
    assert passes == [(n, 5) for n in range(5)]
    assert got.latency.repeats == 3
    assert got.latency.batch_size == 2
    assert 0 < got.latency.q1_ms <= got.latency.median_ms <= got.latency.q3_ms
    assert got.latency.device.startswith("CPU")
    assert (got.device, got.threads, got.latency.threads) == ("cpu", 1, 1)
    assert got.params == 5_288_548
    assert dict(got.versions)["torch"] == torch.__version__
    assert dict(got.versions)["torchvision"] == torchvision.__version__
    if got.peak_memory_bytes is not None:  # weights must be held, and the pass is small
        assert 0.5 * 4 * got.params < got.peak_memory_bytes < 200 * 2**20


def test_the_measured_pass_is_finite_and_without_autograd(monkeypatch):
    seen = []
    build = models.random_network

    def watched(spec):
        module = build(spec)
        module.register_forward_hook(lambda *a: seen.append((a[2], torch.is_grad_enabled())))
        return module

    models._load_libraries()
    monkeypatch.setattr(models, "random_network", watched)
    models.measure(replace(MODELS["resnet50"], spec=replace(RESNET_50, resolution_px=64)),
                  Setup(repeats=1, runs="torch"))  # fmt: skip
    assert len(seen) == 3
    assert all(out.isfinite().all() and out.abs().max() > 1e-6 for out, _ in seen)
    assert not any(grad for _, grad in seen)


def test_threads_are_set_and_put_back(monkeypatch):
    before = torch.get_num_threads()
    other = before + 1
    got = models.measure(custom_entry(TINY, "baseline"), Setup(threads=other, repeats=1))
    assert got.threads == got.latency.threads == other
    assert torch.get_num_threads() == before

    def fail(*_, **__):
        raise ValueError("broken")

    monkeypatch.setattr(models, "measure_latency", fail)
    with pytest.raises(ValueError, match="broken"):
        models.measure(custom_entry(TINY, "baseline"), Setup(threads=other))
    assert torch.get_num_threads() == before


def test_too_much_is_refused_with_the_number_before_anything_is_built(monkeypatch):
    monkeypatch.setattr(models, "random_network", lambda spec: pytest.fail("it was built"))
    with pytest.raises(UserError, match=r"B7 in batches of 32 .* 1,20\d billion .* at most 300"):
        models.measure(find("b7"), Setup(batch_size=32))
    monkeypatch.setattr(
        "effnet_viz.engine.inference.available_memory_bytes", lambda device: 50 * 2**20
    )
    with pytest.raises(UserError, match=r"needs at least 0\.\d GB of memory, 0\.0 GB are free"):
        models.measure(find("resnet152"), Setup())


def test_memory_that_runs_out_after_all_is_one_sentence(monkeypatch):
    def full(spec):
        raise MemoryError

    models._load_libraries()
    monkeypatch.setattr(models, "random_network", full)
    monkeypatch.setattr(
        "effnet_viz.engine.inference.available_memory_bytes", lambda device: 3 * 2**30
    )
    with pytest.raises(UserError, match=r"B0 with 1 image .* the memory: 3\.0 GB were free"):
        models.measure(find("b0"), Setup())


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."),
        RuntimeError("MPS backend out of memory (MPS allocated: 17 GB ...)"),
    ],
)
def test_a_gpu_that_is_full_is_one_sentence_with_the_numbers_and_is_emptied(monkeypatch, error):
    emptied = []

    def full(module, device, spec):
        raise error

    models._load_libraries()

    monkeypatch.setattr(models, "random_network", lambda spec: torch.nn.Identity())
    monkeypatch.setattr(models, "optimise", full)
    monkeypatch.setattr(
        "effnet_viz.engine.inference.available_memory_bytes", lambda device: 2 * 2**30
    )
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    with pytest.raises(UserError) as raised:
        models.measure(find("b4"), Setup(device="cuda", threads=None, batch_size=8))
    least = models.inference_memory_bytes(find("b4").spec, 8) / 2**30
    assert str(raised.value) == (
        "B4 with 8 images at once did not fit into the GPU's memory: 2.0 GB were free, and it "
        f"takes more than the {least:.1f} GB of its weights and largest layer; "
        "choose smaller batches or a smaller model."
    )
    assert emptied == [True]


def test_another_error_of_a_gpu_is_not_called_a_full_memory(monkeypatch):
    def broken(module, device, spec):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(models, "optimise", broken)
    monkeypatch.setattr("effnet_viz.engine.inference.available_memory_bytes", lambda device: 2**40)
    with pytest.raises(RuntimeError, match="illegal"):
        models.measure(find("baseline"), Setup(device="cuda", threads=None))


def test_without_repeats_the_time_of_a_pass_decides(monkeypatch):
    got = {}

    def latency(run, inputs, *, device, repeats, warmup, runtime):
        got[seconds] = repeats
        return Latency(1, 1, 1, repeats, 1, device, 1, "2")

    monkeypatch.setattr(models, "measure_latency", latency)
    for seconds in (1e-9, 0.1, 10.0):
        monkeypatch.setattr(models, "_watched_pass", lambda *_: (seconds, None))  # noqa: B023
        models.measure(custom_entry(TINY, "baseline"), Setup())
    assert list(got.values()) == [30, 15, 5]


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"batch_size": 33}, {"threads": 0},
                                   {"repeats": 0}, {"runs": "tensorflow"}])  # fmt: skip
def test_a_setup_that_makes_no_sense(wrong):
    with pytest.raises(UserError):
        Setup(**wrong)


# --- what the rows say ----------------------------------------------------------------------------


def test_a_fit_is_numpys_least_squares_in_logs():
    rng = np.random.default_rng(1)
    macs = rng.integers(10**6, 10**10, 12)
    ms = 3e-7 * macs**0.8 * np.exp(rng.normal(0, 0.3, 12))
    rows = [row(str(n), int(x), float(y)) for n, (x, y) in enumerate(zip(macs, ms, strict=True))]
    line = timing.fit(rows, "macs")
    slope, intercept = np.polyfit(np.log(macs), np.log(ms), 1)
    assert line.slope == pytest.approx(slope)
    assert line.factor_ms == pytest.approx(math.exp(intercept))
    assert line.r2 == pytest.approx(np.corrcoef(np.log(macs), np.log(ms))[0, 1] ** 2)
    off = np.log(ms) - np.polyval([slope, intercept], np.log(macs))
    assert line.typical_factor == pytest.approx(np.exp(np.sqrt(np.mean(off**2))))
    assert line.time_ms(1e9) == pytest.approx(np.exp(np.polyval([slope, intercept], np.log(1e9))))


def test_the_best_predictor_comes_first():
    rows = [
        row(str(n), macs, 2.0 * a, activations=a, params=p)
        for n, (macs, a, p) in enumerate(
            [(5, 10, 9), (70, 20, 4), (60, 40, 30), (300, 80, 2), (7, 160, 5), (900, 320, 6)]
        )
    ]
    lines = timing.fits(rows)
    assert lines[0].predictor == "activations"
    assert lines[0].r2 == pytest.approx(1)
    assert lines[0].slope == pytest.approx(1)
    assert lines[0].typical_factor == pytest.approx(1)
    factors = [line.typical_factor for line in lines]
    assert factors == sorted(factors)


def test_under_six_models_or_with_equal_times_there_is_no_line():
    five = [row(name, x, 2.0 * x) for x, name in enumerate("abcde", 1)]
    assert timing.fits(five) == []
    assert len(timing.fits([*five, row("f", 6, 12.0)])) == 3
    assert timing.fits([row(name, x, 4.0) for x, name in enumerate("abcdef", 1)]) == []


def test_the_contradiction_is_the_strongest_pair_beyond_the_spread():
    rows = [row("a", 100, 10, 1), row("b", 200, 9.5, 1), row("c", 400, 5, 1), row("d", 500, 50, 1)]
    found = timing.contradiction(rows)
    assert (found.light.model, found.heavy.model) == ("a", "c")
    assert (found.fewer_macs, found.longer) == (4, 2)
    assert timing.contradiction([row("a", 1, 1), row("b", 2, 2)]) is None
    assert timing.contradiction(rows[:2]) is None  # 10 ± 1 and 9.5 ± 1 ms overlap
    assert timing.contradiction([row("a", 100, 9), row("b", 110, 1)]) is None  # equal MACs


def test_equal_multiply_adds_and_the_most_different_times():
    rows = [row("a", 100, 10, 1), row("b", 104, 4, 1), row("c", 102, 7, 1), row("d", 200, 1)]
    found = timing.same_cost(rows)
    assert (found.light.model, found.heavy.model) == ("a", "b")
    assert found.longer == 2.5
    assert timing.same_cost([row("a", 100, 10), row("b", 106, 4)]) is None  # not equal
    assert timing.same_cost([row("a", 100, 10, 1), row("b", 100, 9, 1)]) is None  # overlap


def test_the_noisiest_row_and_only_where_it_is_noisy():
    rows = [row("a", 1, 10, 1), row("b", 2, 10, 2), row("c", 3, 10, 1.5)]
    assert timing.noisiest(rows).model == "b"
    assert timing.noisiest(rows[::2]) is None  # 11.5 / 8.5 ms
    assert timing.noisiest([]) is None


def test_speedup_and_throughput():
    rows = [row("resnet152", 2, 57.0), row("b1", 1, 10.0, batch_size=4)]
    assert timing.speedup(rows, "resnet152", "b1") == pytest.approx(5.7)
    assert timing.speedup(rows, "resnet152", "b7") is None
    assert timing.images_per_second(rows[1]) == pytest.approx(400)


def test_rows_survive_json_and_csv():
    rows = [row("a", 3, 1.25, 0.5), row("b", 4, 2.5, peak_memory_bytes=7)]
    back = [timing.from_dict(values) for values in json.loads(timing.as_json(rows))]
    assert back == rows
    table = list(csv.DictReader(io.StringIO(timing.as_csv(rows))))
    assert [line["median_ms"] for line in table] == ["1.25", "2.5"]
    assert table[0]["q1_ms"] == "0.75"
    assert table[0]["device_name"] == "CPU (test)"
    assert table[0]["torch"] == "2"
    assert table[1]["peak_memory_bytes"] == "7"


# --- the command line -----------------------------------------------------------------------------


def test_bench_json_is_nothing_but_json(capsys):
    words = "bench --depth 1 --resolution-px 64 --repeats 2 --batch-size 2 --json"
    assert main(words.split()) == 0
    (got,) = json.loads(capsys.readouterr().out)
    assert (got["model"], got["role"], got["resolution_px"]) == ("custom", "resolution", 64)
    assert (got["threads"], got["batch_size"], got["device"]) == (1, 2, "cpu")
    assert got["latency"]["repeats"] == 2
    assert got["latency"]["median_ms"] > 0
    assert got["versions"]["torch"] == torch.__version__
    assert got["latency"]["runtime"] == "openvino"


def test_bench_of_both_runtimes(capsys):
    words = "bench --architecture mobilenet_v1 --width 0.25 --resolution-px 64 --repeats 1"
    assert main([*words.split(), "--runtime", "both", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["latency"]["runtime"] for row in rows] == ["openvino", "torch"]


def test_a_row_of_before_there_were_two_runtimes_is_torchs():
    values = timing.as_dict(row("a", 3, 1.25))
    del values["latency"]["runtime"]
    assert timing.from_dict(values).latency.runtime == "torch"
    assert len(timing.example()) >= len(MODELS) - 3


def test_bench_as_text(capsys):
    assert main(["bench", "--model", "baseline", "resolution", "compound", "--repeats", "1"]) == 0
    out = capsys.readouterr().out
    assert out.count("OpenVINO") == 3
    assert "typically off" not in out  # three models make no line
    assert "66.0 M" in out


def test_bench_of_several_setups_leaves_out_what_cannot_be_run(capsys, monkeypatch):
    """B7 fits alone, not in batches of 32; the classroom's baseline fits both."""
    monkeypatch.setattr(
        models, "measure", lambda entry, setup, _: row(
            entry.name, 10**6, 1.0, threads=setup.threads, batch_size=setup.batch_size
        )
    )  # fmt: skip
    words = "bench --model baseline b7 --threads 1 2 --batch-size 1 32 --json"
    assert main(words.split()) == 0
    got = json.loads(capsys.readouterr().out)
    assert [(each["model"], each["threads"], each["batch_size"]) for each in got] == [
        ("baseline", 1, 1), ("baseline", 1, 32), ("baseline", 2, 1), ("baseline", 2, 32),
        ("b7", 1, 1), ("b7", 2, 1),
    ]  # fmt: skip


def test_bench_as_text_says_what_its_times_say(capsys, monkeypatch):
    monkeypatch.setattr(
        models, "measure", lambda entry, setup, _: row(
            entry.name, network_cost(entry.spec).macs, network_cost(entry.spec).macs / 1e6
        )
    )  # fmt: skip
    names = [f"b{n}" for n in range(7)]
    assert main(["bench", "--model", *names]) == 0
    out = capsys.readouterr().out
    assert "PyTorch, 1 thread(s), batch 1:" in out
    assert (
        "Within B0-B7 (7 models), time predicted from multiply-adds is typically off by 1.00×"
        in out
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--model vgg16", "no model 'vgg16'"),
        ("--model custom", "Say what custom is"),
        ("--batch-size 64", "1 to 32 images"),
        ("--threads many", "a number or all"),
        ("--model baseline b7 --batch-size 32", "at most 300 billion"),
        ("--device tpu", "no device 'tpu'"),
    ],
)
def test_bad_input_is_one_line_and_code_2(capsys, words, message):
    assert main(["bench", *words.split()]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
    assert captured.err.count("\n") == 1
