"""What measured times say: against numpy's percentiles and lines, and by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence import timing
from effnet_viz.evidence.measured import budget, runtimes, verdicts
from tests.unit.evidence.rows import row


def models(count, noise=0.2, seed=3, family="imagenet"):
    """Models whose time follows activations, more or less; parameters say nothing."""
    rng = np.random.default_rng(seed)
    macs = np.exp(rng.uniform(16, 24, count))
    activations = macs**0.8 * np.exp(rng.normal(0, 0.5, count))
    ms = activations * 1e-5 * np.exp(rng.normal(0, noise, count))
    return tuple(
        row(f"b{n}", int(m), float(t), activations=int(a), params=int(p), family=family)
        for n, (m, a, t, p) in enumerate(
            zip(macs, activations, ms, rng.integers(10**6, 10**8, count), strict=True)
        )
    )


def in_another(rows, runtime, factor):
    return [
        replace(
            each,
            latency=replace(
                each.latency,
                runtime=runtime,
                **{
                    key: getattr(each.latency, key) * factor(each)
                    for key in ("median_ms", "q1_ms", "q3_ms")
                },
            ),
        )
        for each in rows
    ]


def test_the_interval_is_numpys_over_the_same_draws():
    rows = models(9)

    def off(drawn, predictor):
        x = np.log([getattr(rows[n], predictor) for n in drawn])
        y = np.log([rows[n].latency.median_ms for n in drawn])
        return np.log(np.sqrt(np.mean((y - np.polyval(np.polyfit(x, y, 1), x)) ** 2)))

    draws = list(verdicts.resampled(rows))
    assert draws == list(verdicts.resampled(rows))
    assert {len(drawn) for drawn in draws} == {9}
    found = []
    for drawn in draws:
        if len(set(drawn)) >= 3:
            one, other = (np.exp(off(drawn, name)) for name in ("activations", "params"))
            found.append(other - one)
    low, high = verdicts.difference(rows, "activations", "params")
    assert (low, high) == pytest.approx(np.percentile(found, [2.5, 97.5]), rel=1e-6)


def test_a_tie_names_no_winner_and_a_difference_does():
    clear = models(12, noise=0.02)
    said = verdicts.verdict(clear, "Here")
    assert said.best.predictor == "activations"
    assert said.tied == ()
    assert "cannot be told apart" not in verdicts.in_words(said)
    assert verdicts.in_words(said).startswith(
        "Here (12 models), time predicted from activations is typically off by **1.0"
    )

    equal = [replace(each, macs=each.activations + 1) for each in clear]
    tied = verdicts.verdict(equal, "Here")
    assert {tied.best.predictor, *tied.tied} == {"activations", "macs"}
    assert "and activations **cannot be told apart**" in verdicts.in_words(
        tied
    ) or "and multiply-adds **cannot be told apart**" in verdicts.in_words(tied)


def test_families_are_apart_and_few_models_say_nothing():
    large, small = models(8), models(5, seed=4, family="classroom")
    said = verdicts.verdicts((*large, *small))
    assert [(each.scope, each.points) for each in said] == [
        ("Within B0-B7", 8), ("Across families", 13),
    ]  # fmt: skip
    assert verdicts.verdicts(small) == ()
    assert [each.points for each in verdicts.verdicts(large)] == [8]


def test_accuracies_are_the_papers_and_the_records():
    assert budget.known("imagenet", "b0").top1 == 76.3
    assert budget.known("resnet50", "resnet152").top1 == 77.8
    ours = budget.known("classroom", "compound")
    assert (ours.data, ours.source) == ("Imagenette", "measured by this project")
    assert 50 < ours.top1 < 100
    assert budget.known("custom", "b0") is None


def test_the_best_within_a_budget():
    rows = [row("b0", 1, 10.0), row("b1", 2, 20.0), row("resnet152", 3, 5.0), row("depth", 4, 1.0)]
    assert budget.best_within(rows, 4) is None  # a classroom network has no ImageNet accuracy
    assert budget.best_within(rows, 15).model == "resnet152"  # 77.8 % against 76.3
    assert budget.best_within(rows, 20).model == "b1"


def test_another_runtime_changes_each_network_by_its_own_factor():
    rows = [row("depth", 100, 20.0), row("width", 101, 10.0), row("b0", 900, 30.0)]
    factors = {"depth": 0.25, "width": 0.4, "b0": 0.5}
    faster = in_another(rows, "openvino", lambda each: factors[each.model])
    found = runtimes.change(faster, rows)
    assert (found.least[0].model, found.most[0].model) == ("b0", "depth")
    assert found.equal == pytest.approx((1.25, 2.0))
    assert runtimes.in_words(found) == (
        "The same multiply-adds take **2×** (B0) to **4×** (depth) as long in PyTorch as in "
        "OpenVINO; depth takes 2.0× as long as width in PyTorch, 1.2× in OpenVINO."
    )
    assert runtimes.change(faster, rows[:1]) is None
    alone = runtimes.change([faster[0], faster[2]], rows)
    assert runtimes.in_words(alone).endswith("as in OpenVINO.")


@pytest.fixture
def shipped(tmp_path):
    """Two files of rows: CPU with one image and eight, and a GPU."""
    one = [row("b0", 1, 1.0), row("b0", 1, 2.0, batch_size=8), row("b0", 1, 3.0, threads=4)]
    fast = in_another(one[:2], "openvino", lambda _: 0.1)
    gpu = [row("b0", 1, 0.5, device="cuda")]
    (tmp_path / "benchmark-example.json").write_text(timing.as_json([*one, *fast]))
    (tmp_path / "benchmark-example-gpu.json").write_text(timing.as_json(gpu))
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "ms"),
    [
        ({}, 1.0),
        ({"batch_size": 8}, 2.0),
        ({"batch_size": 32}, 2.0),
        ({"many_threads": True}, 3.0),
        ({"runs": "engine"}, 0.1),
        ({"runs": "engine", "batch_size": 16}, 0.2),
        ({"runs": "engine", "many_threads": True}, 0.1),
        ({"device": "cuda", "batch_size": 32}, 0.5),
    ],
)
def test_the_nearest_of_the_shipped_examples(shipped, asked, ms):
    (found,) = timing.example(**asked, folder=shipped)
    assert found.latency.median_ms == pytest.approx(ms)


def test_without_an_example_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match="example measurements"):
        timing.examples(tmp_path / "nothing")
    for number, text in enumerate(("", "{}x", "[1]", json.dumps([{"model": "b0"}]))):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "benchmark-example.json").write_text(text)
        with pytest.raises(UserError, match=r"damaged \(benchmark-example"):
            timing.examples(folder)
