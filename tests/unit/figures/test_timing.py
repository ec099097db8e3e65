"""The Benchmark page's charts: what is drawn is what the rows say, and it fits its axes."""

import math
from itertools import pairwise

import pytest

from effnet_viz.evidence import timing
from effnet_viz.figures.timing import time_against
from tests.unit.engine.timing.test_models import row

EXAMPLE = [r for r in timing.example() if r.threads == 1]


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


def test_names_do_not_cover_one_another():
    figure = time_against(EXAMPLE, "macs", timing.fit(EXAMPLE, "macs"))
    low, high = figure.layout.yaxis.range
    sides = {}
    for trace in figure.data:
        if "markers" in trace.mode:
            for name, y, at in zip(trace.text, trace.y, trace.textposition, strict=True):
                if name:
                    sides.setdefault(at, []).append(math.log10(y))
    for heights in sides.values():
        heights.sort()
        gaps = [b - a for a, b in pairwise(heights)]
        assert all(gap > 0.04 * (high - low) for gap in gaps)
    assert "B7" in [name for trace in figure.data for name in trace.text or ()]
