"""The Lesson page's figures: where points are put, and what a class bids. No streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import plotly.graph_objects as go

from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT
from effnet_viz.lesson.answers import Axes, Point
from effnet_viz.lesson.budget import Bid, Trained

OWN, TRUTH = ROLE_COLOURS["width"], ROLE_COLOURS["compound"]
OTHERS = ROLE_COLOURS["depth"]
GRID = "rgba(138,138,148,0.28)"

#: Invisible places that a click on the picture can meet, along each axis.
ACROSS, UP = 33, 41


class Known(NamedTuple):
    """A point that is given, with its name."""

    at: Point
    name: str


def points(
    axes: Axes,
    titles: tuple[str, str],
    known: Sequence[Known],
    *,
    own: Point | None = None,
    truth: Point | None = None,
    others: Sequence[Point] = (),
    names: tuple[str, str, str] = ("", "", ""),
    line: Sequence[Point] = (),
    clickable: bool = False,
) -> go.Figure:
    """Given points and a dashed ``line``, an own one, those of ``others`` and the true one.

    ``names`` are the legend's words for own, others and truth. Where it is ``clickable``, invisible
    points cover the area; each has its place as ``customdata``.
    """
    figure = go.Figure()
    if clickable:
        area = _places(axes)
        figure.add_scatter(
            x=[x for x, _ in area],
            y=[y for _, y in area],
            customdata=[list(place) for place in area],
            mode="markers",
            marker={"size": 14, "opacity": 0},
            selected={"marker": {"opacity": 0}},
            unselected={"marker": {"opacity": 0}},
            hovertemplate="%{x:.3g}, %{y:.3g}<extra></extra>",
            showlegend=False,
        )
    if line:
        _add(figure, line, "lines", "", line={"color": NEUTRAL, "dash": "dash"}, hoverinfo="skip")
    if known:
        _add(
            figure, [k.at for k in known], "markers+text", "",
            text=[k.name for k in known], textposition="top center", cliponaxis=False,
            marker={"size": 10, "color": NEUTRAL}, hoverinfo="text",
            hovertext=[f"{k.name}: {k.at[0]:.3g}, {k.at[1]:.3g}" for k in known],
        )  # fmt: skip
    mine, theirs, true = names
    marks: tuple[tuple[Sequence[Point], str, str, int, str], ...] = (
        (others, theirs, "circle-open", 11, OTHERS),
        ([own] if own else [], mine, "x", 13, OWN),
        ([truth] if truth else [], true, "star", 17, TRUTH),
    )
    for places, name, symbol, size, colour in marks:
        if places:
            _add(
                figure, places, "markers", name, showlegend=bool(name),
                marker={"size": size, "color": colour, "symbol": symbol, "line_width": 2},
                hovertemplate=f"{name} %{{x:.3g}}, %{{y:.3g}}<extra></extra>",
            )  # fmt: skip
    low, high = (math.log10(x) if axes.log_x else x for x in (axes.x_low, axes.x_high))
    figure.update_xaxes(
        type="log" if axes.log_x else "linear", range=[low, high], title=titles[0], zeroline=False
    )
    if axes.log_x:
        figure.update_xaxes(tickvals=[0.2, 0.5, 1, 2, 5, 10, 20, 40])
    figure.update_yaxes(range=[axes.y_low, axes.y_high], title=titles[1], zeroline=False)
    return _finish(figure, 340)


def bids(placed: Sequence[Bid], trained: Sequence[tuple[Trained, Bid]]) -> go.Figure:
    """Where the cost went: each corner is one dimension. Circles are bids, diamonds the networks
    that were trained, both coloured by the accuracy of the (nearest) trained one."""
    figure = go.Figure()
    values = [point.top1 for point, _ in trained]
    scale = {"cmin": min(values), "cmax": max(values), "colorscale": "Viridis"}
    for group, symbol, size, bar in (
        ([(bid, f"{p.name}: {p.top1:.1f} %", p.top1) for p, bid in trained], "diamond", 13, True),
        (
            [
                (b, f"bid {b.built:.2f}×; nearest: {b.nearest.name}", b.nearest.top1)
                for b in placed
            ],
            "circle", 17, False,
        ),
    ):  # fmt: skip
        drawn = [(bid.shares, text, value) for bid, text, value in group if bid.shares]
        figure.add_scatterternary(
            **{axis: [shares[n] for shares, _, _ in drawn] for n, axis in enumerate("abc")},
            mode="markers",
            marker={
                "symbol": symbol,
                "size": size,
                "color": [value for *_, value in drawn],
                "showscale": bar,
                "colorbar": {"title": "top-1, %", "thickness": 12, "len": 0.8} if bar else None,
                "line": {"width": 1 if bar else 3, "color": NEUTRAL if bar else OWN},
                **scale,
            },
            hovertext=[text for _, text, _ in drawn],
            hoverinfo="text",
            cliponaxis=False,
            showlegend=False,
        )
    for n, role in enumerate(("depth", "width", "resolution")):
        corner = {axis: [float(m == n)] for m, axis in enumerate("abc")}
        figure.add_scatterternary(
            **corner,
            mode="text",
            text=[f"<b>{role}</b><br> <br> " if not n else f" <br> <br><b>{role}</b>"],
            textfont={"size": 14, "color": ROLE_COLOURS[role]},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )
    axis = {"showticklabels": False, "ticks": "", "dtick": 0.25, "gridcolor": GRID,
            "linecolor": NEUTRAL, "title": ""}  # fmt: skip
    figure.update_layout(
        ternary={"sum": 1, "bgcolor": TRANSPARENT, "aaxis": axis, "baxis": axis, "caxis": axis}
    )
    figure = _finish(figure, 380)
    return figure.update_layout(margin={"l": 48, "r": 24, "t": 48, "b": 56})


def _add(
    figure: go.Figure, places: Sequence[Point], mode: str, name: str, **settings: object
) -> None:
    figure.add_scatter(
        x=[x for x, _ in places],
        y=[y for _, y in places],
        mode=mode,
        name=name,
        **{"showlegend": False, **settings},
    )


def _places(axes: Axes) -> list[Point]:
    low, high = axes.x_low, axes.x_high
    if axes.log_x:
        across = [low * (high / low) ** (n / (ACROSS - 1)) for n in range(ACROSS)]
    else:
        across = [low + (high - low) * n / (ACROSS - 1) for n in range(ACROSS)]
    step = (axes.y_high - axes.y_low) / (UP - 1)
    return [(x, axes.y_low + step * n) for x in across for n in range(UP)]


def _finish(figure: go.Figure, height: int) -> go.Figure:
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 34, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
