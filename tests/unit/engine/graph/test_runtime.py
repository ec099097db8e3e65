"""One compiled network for many callers: what it takes, what it refuses, and who gets what."""

from __future__ import annotations

import copy
import importlib.util
import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import torch
from torch import nn

from effnet_viz.engine.graph import runtime
from effnet_viz.engine.graph.runtime import (
    Graph,
    batch_of,
    folded_layers,
    forward,
    graph_of,
    runtime_of,
)
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.scaling.architectures import MOBILENET_V2
from effnet_viz.scaling.families import ROLES, classroom_spec, released_spec

BASELINE = classroom_spec("baseline")


def fitted(spec, seed: int = 0) -> nn.Module:
    """The spec's network, through which an input can be told from another."""
    torch.manual_seed(seed)
    module = build_model(spec)
    with torch.no_grad():
        module.train()(torch.randn(16, 3, spec.resolution_px, spec.resolution_px))
        for layer in module.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
                layer.reset_running_stats()
        module(torch.randn(16, 3, spec.resolution_px, spec.resolution_px))
    return module.eval()


@pytest.fixture(scope="module")
def plain() -> nn.Module:
    return fitted(BASELINE)


@pytest.fixture
def module(plain) -> nn.Module:
    """Optimised anew, so that a test may change it."""
    return optimise(plain, "cpu", BASELINE)


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(1))


def close(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return bool((found - expected).abs().max() <= 1e-5 * expected.abs().max())


def test_the_graph_runs_what_fits_and_torch_the_rest(plain, module, inputs) -> None:
    assert runtime_of(module, inputs) == "openvino"
    larger = torch.randn(1, 3, 128, 128)
    for other in (larger, inputs.double(), inputs[:, :, :90]):
        assert runtime_of(module, other) == "folded"
    with torch.inference_mode():
        assert close(forward(module, larger), plain(larger))
        assert close(forward(module, inputs), plain(inputs))
    assert runtime_of(plain, inputs) == "torch"


@pytest.mark.parametrize(
    ("threads", "photos"), [(1, 1), (1, 2), (1, 16), (1, 17), (2, 1), (2, 5), (2, 17)]
)
def test_many_photos_give_what_each_gives(plain, module, threads, photos) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        inputs = torch.randn(photos, 3, 96, 96)
        with torch.inference_mode():
            expected = plain(inputs)
        passed = graph_of(module).run(inputs)
        assert close(passed.logits, expected)
        features = plain.features(inputs).detach()
        assert len(passed.stages) == 1
        assert close(passed.stages[0], features)
    finally:
        torch.set_num_threads(before)


def test_other_memory_orders_are_the_same_photo(module, inputs) -> None:
    reference = forward(module, inputs)
    turned = inputs.to(memory_format=torch.channels_last)
    with torch.inference_mode():
        part = torch.cat([inputs, inputs])[1:]
    for other in (turned, part):
        assert runtime_of(module, other) == "openvino"
        assert torch.equal(forward(module, other), reference)


def test_what_came_out_stays(module, inputs) -> None:
    """The next pass writes into other memory."""
    graph = graph_of(module)
    first = graph.run(inputs, "all")
    kept = [first.logits.clone(), *(stage.clone() for stage in first.stages)]
    graph.run(torch.randn_like(inputs), "all")
    assert all(torch.equal(a, b) for a, b in zip(kept, (first.logits, *first.stages), strict=True))


def test_changed_weights_are_seen(plain, module, inputs) -> None:
    with torch.inference_mode():
        before = forward(module, inputs)
    with torch.no_grad():
        module.classifier[1].weight[0] += 1
    assert runtime_of(module, inputs) == "folded"
    assert not torch.equal(forward(module, inputs)[:, 0], before[:, 0])


def test_each_parameter_s_writing_counts(plain, inputs) -> None:
    for write in (
        lambda layer: nn.init.zeros_(layer.bias),
        lambda layer: layer.weight.detach().mul_(2),
        lambda layer: layer.load_state_dict(layer.state_dict()),
    ):
        module = optimise(plain, "cpu", BASELINE)
        assert graph_of(module).takes(inputs)
        with torch.no_grad():
            write(module.features[4][1].block[0][0])
        assert not graph_of(module).takes(inputs)


def test_in_one_piece_parameters_are_what_they_were(plain) -> None:
    expected = optimise(plain, "cpu")
    module = optimise(plain, "cpu", BASELINE)
    pairs = list(zip(expected.named_parameters(), module.named_parameters(), strict=True))
    assert len(pairs) > 100
    for (name, before), (same_name, after) in pairs:
        assert name == same_name
        assert torch.equal(before, after)
        assert before.stride() == after.stride()
        assert after.data_ptr() % 64 == before.data_ptr() % 64 == 0
    assert len({value.untyped_storage().data_ptr() for _, (_, value) in pairs}) == 1


def test_a_copy_has_no_graph(module, inputs) -> None:
    copied = copy.deepcopy(module)
    assert graph_of(copied) is None
    assert runtime_of(copied, inputs) == "folded"
    assert close(forward(copied, inputs), forward(module, inputs))


def test_a_module_that_is_not_the_specs_is_refused(plain, module) -> None:
    with pytest.raises(ValueError, match="with its norms folded"):
        Graph(BASELINE, plain)
    with pytest.raises(ValueError, match="is not"):
        Graph(replace(BASELINE, num_classes=11), module)
    assert len(folded_layers(BASELINE, module)) == sum(
        isinstance(layer, nn.Conv2d | nn.Linear) for layer in plain.modules()
    )


def test_eight_threads_get_what_one_gets(plain) -> None:
    """100 calls each, of single photos and batches; compiling happens under way."""
    module = optimise(plain, "cpu", BASELINE)
    photos = torch.randn(12, 3, 96, 96)
    with torch.inference_mode():
        expected = plain(photos)
        stages = plain.features(photos)
    together = threading.Barrier(8)

    def visitor(number: int) -> int:
        right = 0
        together.wait()
        for call in range(100):
            first = (7 * number + call) % 11
            some = slice(first, first + 1 + (call % 10 == 0))
            passed = graph_of(module).run(photos[some])
            right += close(passed.logits, expected[some])
            right += close(passed.stages[0], stages[some])
        return right

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(visitor, range(8))) == [200] * 8


def test_where_openvino_refuses_torch_runs_and_it_is_said_once(
    plain, module, inputs, monkeypatch, caplog
) -> None:
    def refuse(*_):
        raise RuntimeError("Exception from src/core.cpp:1:\n\nno such instruction.\n")

    monkeypatch.setattr(runtime, "_compiled", refuse)
    runtime._say_once.cache_clear()
    with caplog.at_level(logging.WARNING), torch.inference_mode():
        for _ in range(3):
            assert close(forward(module, inputs), plain(inputs))
    assert runtime_of(module, inputs) == "folded"
    assert [record.message for record in caplog.records] == [
        "OpenVINO refuses classroom (no such instruction). The CPU runs networks by PyTorch "
        "instead, which takes longer."
    ]


def test_without_openvino_there_is_no_graph_and_it_is_said_once(
    plain, inputs, monkeypatch, caplog
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name)
    )
    for kept in (runtime._is_installed, runtime._say_once):
        kept.cache_clear()
    try:
        with caplog.at_level(logging.WARNING):
            modules = [optimise(plain, "cpu", BASELINE) for _ in range(2)]
    finally:
        runtime._is_installed.cache_clear()
    assert [graph_of(module) for module in modules] == [None, None]
    assert runtime_of(modules[0], inputs) == "folded"
    (record,) = caplog.records
    assert record.message.startswith("OpenVINO is not installed.")


def test_openvino_is_loaded_by_the_first_pass_only() -> None:
    code = (
        "import sys\n"
        "from effnet_viz.engine.weights import load_model\n"
        "load_model('classroom', 'baseline')\n"
        "sys.exit('openvino' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", [*ROLES, "b0", "b3", "mobilenet_v2"])
def test_a_first_pass_is_well_under_a_second(name) -> None:
    """Processor time, so that a busy machine does not decide."""
    spec = {"b0": released_spec("b0"), "b3": released_spec("b3"), "mobilenet_v2": MOBILENET_V2}.get(
        name
    ) or classroom_spec(name)
    module = optimise(build_model(spec).eval(), "cpu", spec)
    inputs = torch.randn(1, 3, spec.resolution_px, spec.resolution_px)
    started = time.process_time()
    assert graph_of(module).run(inputs) is not None
    assert time.process_time() - started < 2


def test_batches_fill_the_cache_and_every_thread() -> None:
    small, large = classroom_spec("baseline"), released_spec("b3")
    assert batch_of(small, 16, 1) == 16
    assert batch_of(small, 16, 2) == 8
    assert batch_of(small, 100, 2) == 16
    assert batch_of(small, 3, 2) == 2
    assert batch_of(large, 16, 2) == 1
