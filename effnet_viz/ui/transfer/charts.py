"""The Your classes page's charts: results in, plotly figures out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log10

import plotly.graph_objects as go

from effnet_viz.engine.transfer.results import NetworkResult, TransferStudy
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT

#: Room left and right of the points of a logarithmic axis.
PADDING = 1.5
#: Costs within this ratio count as the same, and are drawn this ratio apart.
SAME, APART = 1.05, 1.08
#: Families have baselines of their own, all grey: their marks tell them apart.
SYMBOLS = {"classroom": "circle", "lite": "diamond"}
#: Where 1, 2 and 5 are too few numbers for an axis.
FINE = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


def accuracy_against(
    study: TransferStudy, cost: Callable[[NetworkResult], float], title: str
) -> go.Figure:
    """Accuracy on photos left out, with its 95 % interval, against one cost; dashed, what always
    saying the largest class gets, and dotted, the random weights."""
    costs = [cost(result) for result in study.networks]
    figure = go.Figure()
    for result, at in zip(study.networks, _beside(costs), strict=True):
        low, high = result.interval
        figure.add_scatter(
            x=[at],
            y=[result.accuracy],
            error_y={
                "type": "data",
                "array": [high - result.accuracy],
                "arrayminus": [result.accuracy - low],
                "thickness": 1.4,
            },
            mode="markers",
            marker={
                "size": 9,
                "color": ROLE_COLOURS.get(result.role, NEUTRAL),
                "symbol": SYMBOLS.get(result.key.partition("/")[0], "square"),
            },
            name=result.title,
            hovertemplate=f"{result.title}: %{{y:.0f}} %, {cost(result):.3g}<extra></extra>",
        )
    for level, dash, said, where in (
        (study.chance, "dash", "always the largest class", "bottom left"),
        (study.random.accuracy, "dot", study.random.title, "top right"),
    ):
        figure.add_hline(
            y=level,
            line={"dash": dash, "width": 1.3, "color": NEUTRAL},
            annotation={"text": said, "font": {"size": 11}},
            annotation_position=where,
        )
    ticks = _ticks(min(costs) / PADDING, max(costs) * PADDING)
    figure.update_xaxes(
        title=title, type="log", range=[log10(min(costs) / PADDING), log10(max(costs) * PADDING)],
        tickvals=ticks, ticktext=[f"{tick:,g}" for tick in ticks],
    )  # fmt: skip
    figure.update_yaxes(title="right, %", range=[0, 105])
    figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
        legend={"orientation": "h", "y": -0.3},
    )
    return figure


def _beside(costs: Sequence[float]) -> list[float]:
    """Where each cost is drawn: those that are the same stand next to each other about it, so that
    no point hides another."""
    drawn = []
    for number, cost in enumerate(costs):
        same = [
            other for other, value in enumerate(costs) if 1 / SAME < value / cost < SAME
        ]  # itself among them
        drawn.append(cost * APART ** (same.index(number) - (len(same) - 1) / 2))
    return drawn


def _ticks(low: float, high: float) -> list[float]:
    """A few round numbers between ``low`` and ``high``."""
    decades = range(floor(log10(low)), ceil(log10(high)) + 1)
    tenths = tuple(n / 10 for n in range(10, 100))
    for steps in ((1,), (1, 3), (1, 2, 5), FINE, tenths):
        found = [step * 10.0**decade for decade in decades for step in steps]
        found = [tick for tick in found if low <= tick <= high]
        if len(found) >= 3:
            break
    return found


def confusion(study: TransferStudy, result: NetworkResult) -> go.Figure:
    """Rows are the true classes, columns what the head said of photos left out."""
    table = study.confusion(result)
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=study.classes,
            y=study.classes,
            text=table,
            texttemplate="%{text}",
            colorscale="Blues",
            showscale=False,
            hovertemplate="%{y} said to be %{x}: %{z}<extra></extra>",
        )
    )
    figure.update_xaxes(title="said", type="category")
    figure.update_yaxes(title="true", type="category", autorange="reversed")
    figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
    )
    return figure
