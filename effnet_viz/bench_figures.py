"""The Benchmark page's figures: rows in, plotly figures out. No torch, no streamlit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from effnet_viz.bench_study import PREDICTORS, Fit, Predictor, title
from effnet_viz.figures import NEUTRAL, ROLE_COLOURS, TRANSPARENT, si
from effnet_viz.results import BenchmarkRow

SYMBOLS = {"classroom": "circle", "imagenet": "diamond", "resnet50": "square", "custom": "star"}
FAMILY_TITLES = {
    "classroom": "classroom roles",
    "imagenet": "B0-B7",
    "resnet50": "ResNets",
    "custom": "Scale page's",
}


def time_against(
    rows: Sequence[BenchmarkRow], predictor: Predictor, line: Fit | None, legend: bool = False
) -> go.Figure:
    """Median time of one pass against one cost, both logarithmic, with the fitted line.

    Bars on the points span the quartiles. Colour is the role, the symbol the family.
    """
    figure = go.Figure()
    costs = [getattr(row, predictor) for row in rows]
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
            name=FAMILY_TITLES[family],
            x=[getattr(row, predictor) for row in shown],
            y=[t.median_ms for t in times],
            mode="markers+text",
            text=[title(row.model) for row in shown],
            textposition="top left",
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
            showlegend=legend,
        )
    x_range = _log_range(costs)
    y_range = _log_range([row.latency.median_ms for row in rows])
    figure.update_xaxes(
        type="log", title=PREDICTORS[predictor], range=x_range, zeroline=False, dtick=1
    )
    figure.update_yaxes(type="log", title="ms", range=y_range, zeroline=False, dtick=1)
    figure.update_xaxes(exponentformat="none", **_ticks(x_range))
    figure.update_layout(
        height=330,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def _log_range(values: Sequence[float]) -> list[float]:
    """Exponents of ten with room for the names beside the points."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = 0.14 * (high - low) + 0.1
    return [low - 1.6 * room, high + room]


def _ticks(exponents: Sequence[float]) -> dict[str, list[object]]:
    whole = range(math.ceil(exponents[0]), math.floor(exponents[1]) + 1)
    return {"tickvals": [10.0**n for n in whole], "ticktext": [si(10.0**n, 1) for n in whole]}


def speedups(printed: Mapping[str, float], ours: Mapping[str, float]) -> go.Figure:
    """How many times less of each cost the lighter network needs: what the paper prints beside what
    was computed and measured here."""
    figure = go.Figure()
    for name, values, colour in (
        ("the paper", printed, NEUTRAL),
        ("here", ours, ROLE_COLOURS["compound"]),
    ):
        figure.add_bar(
            name=name,
            y=list(values),
            x=list(values.values()),
            orientation="h",
            text=[f"{value:.1f}×" for value in values.values()],
            textposition="outside",
            cliponaxis=False,
            marker_color=colour,
            hovertemplate=f"{name}: %{{y}} %{{x:.2f}}×<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", automargin=True)
    top = max([*printed.values(), *ours.values()])
    figure.update_xaxes(title="times fewer", range=[0, 1.15 * top], zeroline=False)
    figure.update_layout(
        height=250,
        margin={"l": 8, "r": 24, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure
