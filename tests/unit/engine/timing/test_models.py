"""The benchmark: what is built is what was meant, threads are put back, too much is refused."""

from dataclasses import replace

import pytest
import torch
import torchvision
from torch.utils.flop_counter import FlopCounterMode

from effnet_viz.engine.graph.runtime import graph_of
from effnet_viz.engine.timing import models
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import Latency
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
