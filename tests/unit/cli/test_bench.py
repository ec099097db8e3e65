"""``bench``: what it prints, in text and JSON."""

import json

import pytest
import torch

from effnet_viz.__main__ import main
from effnet_viz.engine.timing import models
from effnet_viz.evidence import timing
from effnet_viz.evidence.timing import MODELS
from effnet_viz.scaling.cost import network_cost
from tests.unit.evidence.rows import row


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
