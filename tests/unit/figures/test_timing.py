"""The Benchmark page's charts: what is drawn is what the rows say, and it fits its axes."""

import math
from itertools import combinations

import pytest

from effnet_viz.evidence import timing
from effnet_viz.figures.timing import SYMBOLS, accuracy_against_time, time_against
from effnet_viz.scaling.families import FAMILIES
from tests.unit.evidence.rows import row

EXAMPLE = timing.example()


def points(figure):
    """(x, y) of every marker."""
    return {
        (x, y)
        for trace in figure.data
        if "markers" in trace.mode
        for x, y in zip(trace.x, trace.y, strict=True)
    }


@pytest.mark.parametrize("predictor", list(timing.PREDICTORS))
def test_every_row_is_a_point_and_the_line_is_the_fits(predictor):
    line = timing.fit(EXAMPLE, predictor)
    figure = time_against(EXAMPLE, predictor, line)
    assert points(figure) == {(getattr(r, predictor), r.latency.median_ms) for r in EXAMPLE}
    (dashed,) = (trace for trace in figure.data if trace.mode == "lines")
    assert list(dashed.y) == pytest.approx([line.time_ms(x) for x in dashed.x])


def test_without_a_fit_there_is_no_line():
    assert all(t.mode != "lines" for t in time_against(EXAMPLE[:2], "macs", None).data)


def test_bars_are_the_quartiles_and_within_the_axis():
    rows = [row("b0", 10**8, 10.0, 4.0), row("b1", 10**9, 40.0, 30.0)]
    figure = time_against(rows, "macs", None)
    (trace,) = figure.data
    assert list(trace.error_y.array) == [4.0, 30.0]
    assert list(trace.error_y.arrayminus) == [4.0, 30.0]
    low, high = figure.layout.yaxis.range
    assert low < math.log10(6)
    assert high > math.log10(70)


@pytest.mark.parametrize(
    ("times", "ticks"),
    [((4.0, 1500.0), ["10 ms", "100 ms", "1 s"]), ((6.0, 35.0), ["5 ms", "10 ms", "20 ms"])],
)
def test_the_time_axis_has_at_least_two_ticks(times, ticks):
    rows = [row("b0", 10**8, times[0]), row("b1", 10**9, times[1])]
    shown = list(time_against(rows, "macs", None).layout.yaxis.ticktext)
    assert shown[: len(ticks)] == ticks


def boxes(figure, width=150.0, height=225.0):
    """Where each name beside its point stands, in pixels: letters 5 wide, lines 12 high."""
    spans = (figure.layout.xaxis.range, figure.layout.yaxis.range)
    found = {}
    for trace in figure.data:
        if "text" not in trace.mode:
            continue
        for name, x, y, at in zip(trace.text, trace.x, trace.y, trace.textposition, strict=True):
            if not name:
                continue
            x_px, y_px = (
                (math.log10(value) - low) / (high - low) * size
                for value, (low, high), size in zip((x, y), spans, (width, height), strict=True)
            )
            row, column = at.split()
            left = {"left": -7 - 5 * len(name), "right": 7, "center": -2.5 * len(name)}[column]
            low = {"top": 4, "middle": -6, "bottom": -16}[row]
            found[name] = (x_px + left, y_px + low, 5 * len(name), 12)
    return found


@pytest.mark.parametrize("width", [150, 260, 600])
@pytest.mark.parametrize("predictor", list(timing.PREDICTORS))
def test_every_point_has_its_name_and_none_covers_another(predictor, width):
    figure = time_against(EXAMPLE, predictor, timing.fit(EXAMPLE, predictor))
    found = boxes(figure, width)
    led = [note.text for note in figure.layout.annotations]
    assert sorted([*found, *led]) == sorted(timing.title(r.model) for r in EXAMPLE)
    assert len(led) <= 3
    for (ax, ay, aw, ah), (bx, by, bw, bh) in combinations(found.values(), 2):
        assert ax + aw <= bx or bx + bw <= ax or ay + ah <= by or by + bh <= ay


def test_only_classroom_networks_wear_the_colours_of_roles():
    figure = time_against(EXAMPLE, "macs", None)
    colours = {}
    for trace in figure.data:
        said = (text.partition(":")[0] for text in trace.hovertext)
        colours |= dict(zip(said, trace.marker.color, strict=True))
    assert colours["B0"] == colours["B7"] != colours["baseline"]
    assert colours["ResNet-152"] == colours["ResNet-50"] != colours["depth"]


def test_the_example_stands_behind_in_grey_without_names():
    mine = [row("b0", 10**8, 10.0)]
    figure = time_against(mine, "macs", None, EXAMPLE)
    behind, front = figure.data
    assert behind.text is None
    assert len(behind.x) == len(EXAMPLE)
    assert all(said.startswith("example, ") for said in behind.hovertext)
    assert list(front.text) == ["B0"]


def test_accuracy_stands_over_time_and_the_budget_is_a_line():
    top1 = {"b0": 76.3, "b1": 78.8}
    rows = [row("b0", 1, 10.0), row("b1", 2, 20.0), row("depth", 3, 1.0)]
    figure = accuracy_against_time(rows, top1, 15, "b0")
    (trace,) = figure.data
    assert list(zip(trace.x, trace.y, strict=True)) == [(10.0, 76.3), (20.0, 78.8)]
    assert list(trace.marker.opacity) == [1, 0.35]
    (line,) = figure.layout.shapes
    assert line.x0 == line.x1 == 15


def test_every_family_of_networks_has_a_mark():
    assert set(SYMBOLS) >= set(FAMILIES)
