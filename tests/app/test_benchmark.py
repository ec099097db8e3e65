"""The Benchmark page: cost at once, time on demand. Times are stubbed where only the page is
tested."""

import csv
import io
import threading
import time

import pytest

from effnet_viz import UserError, bench, bench_study
from effnet_viz.cost import network_cost
from effnet_viz.results import BenchmarkRow, Latency
from tests.app.conftest import texts

PAGE = "pages/benchmark.py"


def table(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


def button(app, label):
    return next(b for b in app.button if b.label == label)


def finish(app, seconds=60):
    """Run the page until its measurement is over, as its timer would."""
    deadline = time.monotonic() + seconds
    while app.session_state["bench_job"] is not None:
        assert time.monotonic() < deadline, "it did not finish"
        time.sleep(0.05)
        app.run()
        assert not app.exception, [e.value for e in app.exception]


@pytest.fixture
def measured(monkeypatch):
    """A millisecond per million activations, but 10 for B1 and 57 for ResNet-152."""

    def measure(entry, setup, on_pass=None):
        cost = network_cost(entry.spec)
        ms = {"b1": 10.0, "resnet152": 57.0}.get(entry.name, cost.activations / 1e6)
        return BenchmarkRow(
            entry.name, entry.family, entry.role, entry.spec.resolution_px, setup.device,
            setup.threads or 1, setup.batch_size,
            Latency(ms, ms, ms, 5, setup.batch_size, "CPU (test)", setup.threads or 1, "2"),
            None, 5, cost.params, cost.macs, cost.activations, (("torch", "2"),), "2026-01-01",
        )  # fmt: skip

    monkeypatch.setattr(bench, "measure", measure)


def test_opens_with_a_labelled_example_and_computed_costs(open_page):
    app = open_page(PAGE)
    first = bench_study.example()[0]
    assert any("not your machine" in i.value and first.date[:10] in i.value for i in app.info)
    assert "predict time best" in texts(app)
    costs = table(app, "multiply-adds")
    b0 = costs.loc["**B0**"]
    assert (b0["input"], b0["multiply-adds"], b0["parameters"]) == ("224 px", "386 M", "5.29 M")
    assert b0["activations"] == "6.75 M"
    assert not app.success


def test_what_is_chosen_and_not_measured_shows_its_cost(open_page):
    app = open_page(PAGE, by="B0-B7", variant="B3")
    app.multiselect(key="bench_models").set_value(["b0", "custom"]).run()
    rows = table(app, "multiply-adds")
    (name,) = (name for name in rows.index if name.startswith("**Scale: "))
    cells = rows.loc[name]
    assert cells["parameters"] == "12.2 M"
    assert "not measured" in cells["time, ms"]


def test_a_real_measurement_replaces_the_example_and_is_kept(open_page):
    app = open_page(PAGE)
    app.multiselect(key="bench_models").set_value(["baseline", "resolution", "compound"]).run()
    button(app, "Measure").click().run()
    finish(app)
    assert "Measured on this machine" in app.success[0].value
    assert "1 thread, 1 image at once" in app.success[0].value
    rows = table(app, "time, ms")
    assert list(rows.index) == ["**baseline**", "**resolution**", "**compound**"]
    assert all(float(cell.split()[0]) > 0 for cell in rows["time, ms"])
    assert "Here **" in texts(app)

    app.switch_page("pages/scale.py").run()
    app.switch_page(PAGE).run()
    assert "Measured on this machine" in app.success[0].value

    app.select_slider(key="bench_batch").set_value(4).run()
    assert any("not your machine" in i.value for i in app.info)


def test_the_sentence_and_table_four_are_those_of_the_rows(open_page, measured):
    app = open_page(PAGE)
    app.multiselect(key="bench_models").set_value(["b0", "b1", "b2", "b3", "resnet152"]).run()
    button(app, "Measure").click().run()
    finish(app)
    best = bench_study.fits(list(app.session_state["bench_rows"].values()))[0]
    named = bench_study.PREDICTORS[best.predictor]
    assert f"Here **{named}** predict time best (R² {best.r2:.2f}" in texts(app)
    # 1.83 B multiply-adds and 23.8 ms against ResNet-152's 11.5 B and 57; B2 against B1: 13.8, 10
    assert "as long" not in texts(app)
    four = table(app, "printed speedup")
    assert four.loc["ResNet-152 : B1"]["printed speedup"] == "5.7×"
    assert four.loc["ResNet-152 : B1"]["speedup measured here"] == "**5.7×**"
    assert four.loc["ResNet-152 : B1"]["fewer multiply-adds"] == "16.8×"
    assert "not run" in four.loc["GPipe : B7"]["speedup measured here"]
    assert "557M-parameter model is not run" in texts(app)
    assert four.loc["GPipe : B7"]["fewer parameters"] == "8.4×"
    got = list(
        csv.DictReader(io.StringIO(bench_study.as_csv(app.session_state["bench_rows"].values())))
    )
    assert [row["model"] for row in got] == ["b0", "b1", "b2", "b3", "resnet152"]
    assert [d.label for d in app.get("download_button")] == [
        "Measured in this visit, CSV", "Measured in this visit, JSON",
    ]  # fmt: skip


def test_what_does_not_fit_is_refused_with_its_number(open_page):
    app = open_page(PAGE)
    app.multiselect(key="bench_models").set_value(["b7"]).run()
    app.select_slider(key="bench_batch").set_value(32).run()
    button(app, "Measure").click().run()
    finish(app)
    assert "B7 in batches of 32 was not run" in app.error[0].value
    assert "billion multiply-adds" in app.error[0].value


def test_progress_and_cancel(open_page, monkeypatch):
    started, go_on = threading.Event(), threading.Event()

    def slow(entry, setup, on_pass):
        on_pass(1, 4)
        started.set()
        assert go_on.wait(30)
        on_pass(2, 4)
        raise UserError("it was not stopped")

    monkeypatch.setattr(bench, "measure", slow)
    app = open_page(PAGE)
    button(app, "Measure").click().run()
    assert started.wait(30)
    app.run()
    assert not [b for b in app.button if b.label == "Measure"]
    job = app.session_state["bench_job"]
    assert job.progress().model == "baseline"
    button(app, "Cancel").click().run()
    go_on.set()
    finish(app)
    assert any("Cancelled" in i.value for i in app.info)
    assert not app.error
    assert button(app, "Measure")


def test_choosing_nothing_is_said(open_page):
    app = open_page(PAGE)
    app.multiselect(key="bench_models").set_value([]).run()
    assert button(app, "Measure").disabled
    assert "at least one model" in texts(app)


def test_the_shipped_example_is_whole():
    """Every model, one setup per thread count, costs as computed now."""
    rows = bench_study.example()
    for threads in {row.threads for row in rows}:
        names = [row.model for row in rows if row.threads == threads]
        assert names == list(bench_study.MODELS)
    for row in rows:
        cost = network_cost(bench_study.MODELS[row.model].spec)
        assert (row.params, row.macs, row.activations) == (
            cost.params, cost.macs, cost.activations,
        )  # fmt: skip
        assert row.latency.q1_ms <= row.latency.median_ms <= row.latency.q3_ms
        assert row.latency.device.startswith("CPU (")
        assert {"torch", "torchvision", "python"} <= set(dict(row.versions))
    assert len({(row.threads, row.batch_size, row.device) for row in rows}) == len(
        {row.threads for row in rows}
    )


def test_a_damaged_example_is_one_sentence(tmp_path):
    path = tmp_path / "example.json"
    for text in ("", "{}x", "[1]", '[{"model": "b0"}]'):
        path.write_text(text)
        with pytest.raises(UserError, match="example measurements"):
            bench_study.example(replace_path(path, text))


def replace_path(path, text):
    """A path of its own per content: results are cached by path."""
    other = path.with_name(f"{len(text)}.json")
    other.write_text(text)
    return other
