"""The Your classes page's charts: results in, plotly figures out."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go

from effnet_viz.engine.transfer.results import NetworkResult, TransferStudy
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT


def accuracy_against(
    study: TransferStudy, cost: Callable[[NetworkResult], float], title: str
) -> go.Figure:
    """Accuracy on photos left out, with its 95 % interval, against one cost; dashed, what always
    saying the largest class gets, and dotted, the random weights."""
    figure = go.Figure()
    for result in study.networks:
        low, high = result.interval
        figure.add_scatter(
            x=[cost(result)],
            y=[result.accuracy],
            error_y={
                "type": "data",
                "array": [high - result.accuracy],
                "arrayminus": [result.accuracy - low],
                "thickness": 1.4,
            },
            mode="markers",
            marker={"size": 11, "color": ROLE_COLOURS.get(result.role, NEUTRAL)},
            name=result.title,
            hovertemplate=f"{result.title}: %{{y:.0f}} %<extra></extra>",
        )
    for level, dash, said in (
        (study.chance, "dash", "largest class"),
        (study.random.accuracy, "dot", "random weights"),
    ):
        figure.add_hline(
            y=level,
            line={"dash": dash, "width": 1.3, "color": NEUTRAL},
            annotation={"text": said, "font": {"size": 11}},
            annotation_position="bottom right",
        )
    figure.update_xaxes(title=title, type="log", dtick=1 if _is_wide(study, cost) else "D2")
    figure.update_yaxes(title="right, %", range=[0, 105])
    figure.update_layout(
        height=340,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
        legend={"orientation": "h", "y": -0.3},
    )
    return figure


def _is_wide(study: TransferStudy, cost: Callable[[NetworkResult], float]) -> bool:
    values = [cost(result) for result in study.networks]
    return max(values) > 100 * min(values)


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
