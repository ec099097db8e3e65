"""The Benchmark page's figures: rows in, plotly figures out. No torch, no streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import PREDICTORS, Fit, Predictor, title
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT, si

SYMBOLS = {"classroom": "circle", "imagenet": "diamond", "resnet50": "square", "custom": "star"}


def time_against(rows: Sequence[BenchmarkRow], predictor: Predictor, line: Fit | None) -> go.Figure:
    """Median time of one pass against one cost, both logarithmic, with the fitted line.

    Bars on the points span the quartiles. Colour is the role, the symbol the family. Names stand
    where they have room; the classroom roles are too close together for theirs.
    """
    figure = go.Figure()
    costs = [getattr(row, predictor) for row in rows]
    names = _name_positions(rows, predictor, line)
    if line is not None:
        ends = (min(costs) / 1.5, max(costs) * 1.5)
        figure.add_scatter(
            x=ends,
            y=[line.time_ms(end) for end in ends],
            mode="lines",
            line={"dash": "dash", "width": 1.6, "color": NEUTRAL},
            hoverinfo="skip",
            showlegend=False,
        )
    for family, symbol in SYMBOLS.items():
        shown = [row for row in rows if row.family == family]
        if not shown:
            continue
        times = [row.latency for row in shown]
        figure.add_scatter(
            x=[getattr(row, predictor) for row in shown],
            y=[t.median_ms for t in times],
            mode="markers+text",
            text=[title(row.model) if row in names else "" for row in shown],
            textposition=[names.get(row, "middle right") for row in shown],
            textfont_size=10,
            cliponaxis=False,
            marker={
                "symbol": symbol,
                "size": 9,
                "color": [ROLE_COLOURS.get(row.role, NEUTRAL) for row in shown],
            },
            error_y={
                "type": "data",
                "array": [t.q3_ms - t.median_ms for t in times],
                "arrayminus": [t.median_ms - t.q1_ms for t in times],
                "thickness": 1.2,
                "width": 3,
                "color": NEUTRAL,
            },
            hovertext=[
                f"{title(row.model)}: {si(getattr(row, predictor))} {PREDICTORS[predictor]} "
                f"(computed here), {row.latency.median_ms:.3g} ms (measured)"
                for row in shown
            ],
            hoverinfo="text",
            showlegend=False,
        )
    x_range = _log_range(costs, 1.4)
    y_range = _log_range([t for row in rows for t in (row.latency.q1_ms, row.latency.q3_ms)], 0.5)
    figure.update_xaxes(type="log", title=PREDICTORS[predictor], range=x_range, zeroline=False)
    figure.update_xaxes(tickangle=0, **_ticks(x_range))
    ticks = _time_ticks(y_range)
    figure.update_yaxes(
        type="log", range=y_range, zeroline=False, automargin=True,
        tickvals=ticks, ticktext=[_duration(tick) for tick in ticks],
    )  # fmt: skip
    figure.update_layout(
        height=330,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def _name_positions(
    rows: Sequence[BenchmarkRow], predictor: Predictor, line: Fit | None
) -> dict[BenchmarkRow, str]:
    """Where names stand that would not cover one another: on the side of the line where the point
    is, or below it at the right edge. From the slowest model down; those without room are left
    out."""
    times = [math.log10(row.latency.median_ms) for row in rows]
    room = (max(times) - min(times)) / 13
    dearest = max(getattr(row, predictor) for row in rows)
    positions = {}
    last: dict[str, float] = {}
    for row in sorted(rows, key=lambda row: -row.latency.median_ms):
        time = row.latency.median_ms
        slow = line is not None and time > line.time_ms(getattr(row, predictor))
        side, at = "middle left" if slow else "middle right", math.log10(time)
        if row.family != "classroom" and last.get(side, math.inf) - at >= room:
            at_the_edge = not slow and 3 * getattr(row, predictor) > dearest
            positions[row] = "bottom center" if at_the_edge else side
            last[side] = at
    return positions


def _log_range(values: Sequence[float], room_above: float) -> list[float]:
    """Exponents of ten with room for the names around the points."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = 0.1 * (high - low) + 0.1
    return [low - room, high + room_above * room]


def _whole(exponents: Sequence[float]) -> list[int]:
    return list(range(math.ceil(exponents[0]), math.floor(exponents[1]) + 1))


def _ticks(exponents: Sequence[float]) -> dict[str, list[object]]:
    whole = _whole(exponents)
    whole = whole[-1::-2] if len(whole) > 3 else whole
    return {"tickvals": [10.0**n for n in whole], "ticktext": [si(10.0**n, 1) for n in whole]}


def _time_ticks(exponents: Sequence[float]) -> list[float]:
    """Powers of ten; where there are fewer than two, 1, 2 and 5 times them."""
    low, high = exponents
    whole = [10.0**n for n in _whole(exponents)]
    if len(whole) > 1:
        return whole
    tens = range(math.floor(low), math.ceil(high))
    return [k * 10.0**n for n in tens for k in (1, 2, 5) if low <= math.log10(k) + n <= high]


def _duration(ms: float) -> str:
    """Milliseconds in words: ``10 ms``, ``1 s``."""
    return f"{ms / 1000:g} s" if ms >= 1000 else f"{ms:g} ms"
