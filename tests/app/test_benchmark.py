"""The Benchmark page: cost at once, time on demand. Times are stubbed where only the page is
tested."""

import csv
import io
import sys
import time

import pytest

from effnet_viz.engine.jobs import timing
from effnet_viz.evidence import timing as bench_study
from effnet_viz.evidence.measured import budget, verdicts
from effnet_viz.evidence.results import RUNTIME_TITLES
from effnet_viz.scaling.cost import network_cost
from effnet_viz.ui.benchmark import views
from tests.app.conftest import texts

PAGE = "pages/benchmark.py"


def table(app, column):
    """The table with that column; spaces that do not break are spaces here."""
    found = next(t.value for t in app.table if column in t.value.columns)
    return found.map(lambda cell: str(cell).replace("\u00a0", " "))


def button(app, label):
    return next(b for b in app.button if b.label == label)


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def runtime_of(row):
    return RUNTIME_TITLES[row.latency.runtime]


def in_link(app):
    """The token under which the link names what was measured."""
    found = app.query_params["bench_kept"]
    return found if isinstance(found, str) else found[0]


def finish(app):
    """Wait for the measurement and draw the page once more, as its timer would."""
    job = app.session_state["bench_job"]
    if job is not None:
        assert job.wait(60), "it did not finish"
        app.run()
    assert not app.exception, [e.value for e in app.exception]


#: A worker without torch: a millisecond per million activations, but 10 for B1 and 57 for
#: ResNet-152. It answers as `effnet_viz.engine.timing.worker` does.
WORKER = """
import json, sys, time
from effnet_viz.engine.jobs.timing import asked
from effnet_viz.evidence.timing import as_dict
from effnet_viz.scaling.cost import network_cost
from effnet_viz.ui.benchmark import views
from effnet_viz.evidence.results import BenchmarkRow, Latency

def say(**event):
    print(json.dumps(event), flush=True)

def row(entry, setup):
    cost = network_cost(entry.spec)
    ms = {"b1": 10.0, "resnet152": 57.0}.get(entry.name, cost.activations / 1e6)
    threads = setup.threads or 1
    runtime = "openvino" if setup.runs == "engine" else "torch"
    if runtime == "torch":
        ms *= 2 if entry.name == "depth" else 4
    latency = Latency(ms, ms, ms, 5, setup.batch_size, "CPU (test)", threads, "2", runtime)
    return BenchmarkRow(
        entry.name, entry.family, entry.role, entry.spec.resolution_px, setup.device, threads,
        setup.batch_size, latency, None, 5, cost.params, cost.macs, cost.activations,
        (("torch", "2"),), "2026-01-01",
    )

pieces = asked(sys.stdin.readline())
"""
MEASURES = "for at, piece in enumerate(pieces): say(at=at, row=as_dict(row(*piece)))"


@pytest.fixture
def worker(monkeypatch):
    """``worker(code)``: this, instead of a measurement; by default all rows at once."""

    def use(code: str = MEASURES) -> None:
        monkeypatch.setattr(timing, "COMMAND", (sys.executable, "-c", WORKER + code))

    return use


def test_opens_with_a_labelled_example_and_computed_costs(open_page):
    app = open_page(PAGE)
    shipped = bench_study.example(runs="engine")
    first, pair = shipped[0], bench_study.same_cost(shipped)
    assert any("not your machine" in i.value and first.date[:10] in i.value for i in app.info)
    assert "is typically off by **1." in texts(app)
    assert "as long in PyTorch as in PyTorch" not in texts(app)
    assert "**cannot be told apart**" in texts(app)
    assert f"takes **{pair.longer:.1f}×** as long in {runtime_of(first)}" in texts(app)
    assert f"**{pair.light.model}** and **{pair.heavy.model}** cost the same" in texts(app)
    costs = table(app, "multiply-adds")
    b0 = costs.loc["**B0**"]
    assert (b0["input"], b0["multiply-adds"], b0["parameters"]) == ("224 px", "386 M", "5.29 M")
    assert b0["activations"] == "6.75 M"
    assert not app.success


def test_what_is_chosen_and_not_measured_shows_its_cost(open_page):
    app = open_page(PAGE, by="B0-B7", variant="B3")
    app.button_group(key="bench_models").set_value(["b0", "custom"]).run()
    rows = table(app, "multiply-adds")
    (name,) = (name for name in rows.index if name.startswith("**Scale: "))
    cells = rows.loc[name]
    assert cells["parameters"] == "12.2 M"
    runtime = runtime_of(bench_study.example(runs="engine")[0])
    assert "not measured" in cells[f"{runtime}, ms"]


def test_a_measurement_replaces_the_example_and_is_kept(open_page, worker):
    worker()
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value(["baseline", "resolution", "compound"]).run()
    button(app, "Measure").click().run()
    finish(app)
    assert "Measured on this machine" in app.success[0].value
    assert "1 thread, 1 image at once, in OpenVINO" in app.success[0].value
    rows = table(app, "OpenVINO, ms")
    assert list(rows.index) == ["**baseline**", "**compound**", "**resolution**"]
    assert all(float(cell.split()[0]) > 0 for cell in rows["OpenVINO, ms"])
    assert "Measure at least six models" in texts(app)
    assert "Small and grey: the example (CPU" in texts(app)

    app.switch_page("pages/scale.py").run()
    app.switch_page(PAGE).run()
    assert "Measured on this machine" in app.success[0].value

    app.select_slider(key="bench_batch").set_value(4).run()
    assert app.code[0].value == (
        "python -m effnet_viz bench --model baseline resolution compound --batch-size 4 --json"
    )
    assert any("not your machine" in i.value for i in app.info)


def test_the_sentence_and_table_four_are_those_of_the_rows(open_page, worker):
    worker()
    app = open_page(PAGE)
    names = ["b0", "b1", "b2", "b3", "b4", "b5", "resnet152"]
    app.button_group(key="bench_models").set_value(names).run()
    button(app, "Measure").click().run()
    finish(app)
    measured = tuple(app.session_state["bench_rows"].values())
    within, across = verdicts.verdicts(measured)
    assert (within.points, across.points) == (6, 7)
    assert verdicts.in_words(within) in texts(app)
    assert verdicts.in_words(across) in texts(app)
    # 1.83 B multiply-adds and 23.8 ms against ResNet-152's 11.5 B and 57; B2 against B1: 13.8, 10
    assert "as long" not in texts(app)
    four = table(app, "printed speedup")
    assert four.loc["ResNet-152 : B1"]["printed speedup"] == "5.7×"
    assert four.loc["ResNet-152 : B1"]["speedup measured here, OpenVINO"] == "5.7×"
    assert four.loc["ResNet-152 : B1"]["fewer multiply-adds"] == "16.8×"
    assert "not run" in four.loc["GPipe : B7"]["speedup measured here, OpenVINO"]
    assert "557M-parameter model is not run" in texts(app)
    assert four.loc["GPipe : B7"]["fewer parameters"] == "8.4×"
    got = list(
        csv.DictReader(io.StringIO(bench_study.as_csv(app.session_state["bench_rows"].values())))
    )
    assert [row["model"] for row in got] == names
    assert [d.label for d in app.get("download_button")] == [
        "CSV", "Measured in this visit, CSV", "Measured in this visit, JSON",
    ]  # fmt: skip


def test_what_does_not_fit_is_refused_with_its_number(open_page):
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value(["b7"]).run()
    app.select_slider(key="bench_batch").set_value(32).run()
    button(app, "Measure").click().run()
    finish(app)
    refusal = app.error[0].value
    assert "Not run: B7 in batches of 32 at 600 px needs 1,208 billion multiply-adds" in refusal
    assert "at most 300 billion" in refusal
    assert "**B7**" in table(app, "multiply-adds").index


def test_progress_and_cancel(open_page, worker):
    worker(
        "say(at=0, row=as_dict(row(*pieces[0])))\n"
        "say(at=1, failure='depth is left out.')\n"
        "say(at=2, part=0.5)\n"
        "time.sleep(60)"
    )
    app = open_page(PAGE)
    button(app, "Measure").click().run()
    job = app.session_state["bench_job"]
    until(lambda: job.progress().models_done == 2)
    app.run()
    assert not [b for b in app.button if b.label == "Measure"]
    assert "width (3 of 6), about" in app.get("progress")[0].proto.text
    assert "depth is left out." in app.error[0].value
    assert "16.5 M" in table(app, "OpenVINO, ms").loc["**baseline**"]["multiply-adds"]
    assert "Measured on this machine" in app.success[0].value
    button(app, "Cancel").click().run()
    finish(app)
    assert any("Cancelled; what was measured before is kept." in i.value for i in app.info)
    assert "not measured" in table(app, "OpenVINO, ms").loc["**width**"]["OpenVINO, ms"]
    assert "depth is left out." in app.error[0].value
    assert [row.model for row in app.session_state["bench_rows"].values()] == ["baseline"]
    assert button(app, "Measure")


def test_a_full_gpu_is_one_sentence_and_the_others_are_measured(open_page, worker):
    worker(
        "for at, (entry, setup) in enumerate(pieces):\n"
        "    if entry.name == 'depth':\n"
        '        say(at=at, failure="It did not fit into the GPU\'s memory.")\n'
        "    else:\n"
        "        say(at=at, row=as_dict(row(entry, setup)))\n"
    )
    app = open_page(PAGE)
    button(app, "Measure").click().run()
    finish(app)
    assert app.error[0].value == "It did not fit into the GPU's memory."
    assert len(app.session_state["bench_rows"]) == 5
    assert "depth" in " ".join(table(app, "OpenVINO, ms").index)


def test_a_noisy_machine_is_said(open_page, worker):
    worker(
        "from dataclasses import replace\n"
        "for at, (entry, setup) in enumerate(pieces):\n"
        "    r = row(entry, setup)\n"
        "    q3 = r.latency.median_ms * (1.5 if entry.name == 'depth' else 1.3)\n"
        "    say(at=at, row=as_dict(replace(r, latency=replace(r.latency, q3_ms=q3))))\n"
    )
    app = open_page(PAGE)
    assert not app.warning
    button(app, "Measure").click().run()
    finish(app)
    assert "half of depth's passes took 1.93 to 2.9 ms" in app.warning[0].value


def test_choosing_nothing_is_said(open_page):
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value([]).run()
    assert button(app, "Measure").disabled
    assert "Choose at least one model." in texts(app)


def test_a_link_restores_the_view(open_page):
    app = open_page(
        PAGE, bench_models=["baseline", "width"], bench_batch="4", bench_on="CPU, all threads"
    )
    assert app.button_group(key="bench_models").value == ["baseline", "width"]
    assert app.select_slider(key="bench_batch").value == 4
    assert app.session_state["bench_on"] == "all"


def test_nonsense_in_the_link_never_breaks_the_page(open_page):
    app = open_page(PAGE, bench_models="vgg16", bench_batch="99", bench_on="TPU")
    assert any("not your machine" in i.value for i in app.info)
    assert not button(app, "Measure").disabled


def test_the_shipped_example_is_whole():
    """Every model, one setup per thread count, costs as computed now."""
    rows = bench_study.example()
    for threads in {row.threads for row in rows}:
        names = [row.model for row in rows if row.threads == threads]
        assert names == list(bench_study.MODELS)
    rows = bench_study.examples()
    assert len({(row.model, bench_study.alike(row)) for row in rows}) == len(rows)
    for row in rows:
        cost = network_cost(bench_study.MODELS[row.model].spec)
        assert (row.params, row.macs, row.activations) == (
            cost.params, cost.macs, cost.activations,
        )  # fmt: skip
        assert row.latency.q1_ms <= row.latency.median_ms <= row.latency.q3_ms
        assert row.device != "cpu" or row.latency.device.startswith("CPU (")
        assert {"torch", "torchvision", "python"} <= set(dict(row.versions))


def test_both_runtimes_and_what_changes_between_them(open_page, worker):
    worker()
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value(["depth", "width", "b0"]).run()
    app.button_group(key="bench_runtime").set_value("both").run()
    assert "--runtime both" in app.code[0].value
    button(app, "Measure").click().run()
    finish(app)
    assert len(app.session_state["bench_rows"]) == 6
    rows = table(app, "OpenVINO, ms")
    assert rows.loc["**depth**"]["OpenVINO, ms"].startswith("1.9 ")
    assert rows.loc["**depth**"]["PyTorch, ms"].startswith("3.9 ")
    # depth has 1.93 M activations, width 1.17 M: 1.7 times; in PyTorch half of that
    assert "The same multiply-adds take **2×** (depth) to **4×**" in texts(app)
    assert "depth takes 0.8× as long as width in PyTorch, 1.7× in OpenVINO" in texts(app)
    app.button_group(key="bench_runtime").set_value("torch").run()
    assert "in PyTorch" in app.success[0].value
    assert "**width** and **depth** cost the same multiply-adds" in texts(app)


def test_a_budget_buys_the_best_model_within_it(open_page):
    app = open_page(PAGE, bench_budget="20")
    (bought,) = app.metric
    rows = bench_study.example(runs="engine")
    best = budget.best_within(rows, 20)
    fitting = [row for row in rows if row.family != "classroom" and row.latency.median_ms <= 20]
    assert bought.value == bench_study.title(best.model)
    assert best in fitting
    top1 = {row.model: budget.imagenet()[row.model].top1 for row in fitting}
    assert top1[best.model] == max(top1.values())
    assert f"{top1[best.model]} %" in bought.delta
    assert f"in {runtime_of(best)}" in bought.delta


def test_a_reload_finds_what_the_link_has_measured_and_changes_nothing_of_it(open_page, worker):
    worker()
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value(["baseline"]).run()
    button(app, "Measure").click().run()
    finish(app)
    kept = in_link(app)

    again = open_page(PAGE, bench_kept=kept)
    assert "Measured on this machine" in again.success[0].value
    assert len(again.session_state["bench_rows"]) == 1
    again.button_group(key="bench_models").set_value(["b0"]).run()
    button(again, "Measure").click().run()
    finish(again)
    assert len(again.session_state["bench_rows"]) == 2
    assert in_link(again) != kept
    assert len(open_page(PAGE, bench_kept=kept).session_state["bench_rows"]) == 1

    unknown = open_page(PAGE, bench_kept="long-gone")
    assert not unknown.success
    assert "bench_kept" not in unknown.query_params


def test_the_end_is_not_counted_as_one_more_model(open_page, worker):
    worker("say(at=0, failure='no'); say(at=1, failure='no'); time.sleep(60)")
    app = open_page(PAGE)
    app.button_group(key="bench_models").set_value(["baseline", "b0"]).run()
    button(app, "Measure").click().run()
    job = app.session_state["bench_job"]
    until(lambda: job.progress().models_done == 2)
    said = views._progress_text(job.progress())
    job.cancel()
    assert "of 2" not in said
    assert "left" not in said
