"""The Paper page's figures: plain numbers in, plotly figures out. No torch, no streamlit.

Colours are those of the roles: purple is compound scaling (the EfficientNets), grey everything it
is compared with. Text takes the theme's colour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import plotly.graph_objects as go

from effnet_viz.evidence.paper.checks import RatioCheck
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT

OURS = ROLE_COLOURS["compound"]
THEIRS = NEUTRAL
#: Two more colours of the same palette, which no role has.
AGREES = "#56B4E9"
DIFFERS = "#E69F00"

LARGEST_BUBBLE_PX = 46


def faded(colour: str, opacity: float) -> str:
    """A ``#rrggbb`` colour with an opacity, which holds on light and on dark."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


#: The networks of the paper's single dimensions and its family, the same on every chart.
ROLE_SYMBOLS = MappingProxyType(
    {"compound": "circle", "depth": "square", "width": "diamond", "resolution": "triangle-up"}
)


#: Ticks of an axis of B0 to B7's multiply-adds, in billions.
BILLIONS = (0.5, 1, 2, 5, 10, 20, 40)


class Series(NamedTuple):
    """One line or set of points. ``labels`` are written beside points, ``hover`` shown on them."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str = NEUTRAL
    mode: str = "lines"
    dash: str = "solid"
    labels: Sequence[str] | None = None
    hover: Sequence[str] | None = None
    symbol: str | Sequence[str] = "circle"
    size: float = 9
    legend: bool = True
    steps: bool = False
    width: float = 2
    label_position: str | Sequence[str] = "top center"
    error_y: Sequence[float] | None = None


class Axis(NamedTuple):
    """An axis: title, logarithmic or not, range in data units, tick values and their texts."""

    title: str
    log: bool = False
    range: tuple[float, float] | None = None
    ticks: Sequence[float] | None = None
    suffix: str = ""


class Guide(NamedTuple):
    """A dashed line across the plot at ``at`` on axis ``x`` or ``y``, with its text."""

    axis: str
    at: float
    text: str


def plot(
    series: Sequence[Series], x: Axis, y: Axis, *, guides: Sequence[Guide] = (), height: int = 400
) -> go.Figure:
    """Lines and points on one pair of axes."""
    figure = go.Figure()
    for s in series:
        figure.add_scatter(
            name=s.name,
            x=list(s.x),
            y=list(s.y),
            mode=s.mode + ("+text" if s.labels else ""),
            text=s.labels,
            textposition=s.label_position,
            cliponaxis=False,
            hovertext=s.hover,
            hoverinfo="text" if s.hover else "skip" if "markers" not in s.mode else "x+y+name",
            line={
                "color": s.colour,
                "dash": s.dash,
                "width": s.width,
                "shape": "hv" if s.steps else "linear",
            },
            marker={
                "color": s.colour,
                "symbol": s.symbol,
                "size": s.size,
                "line": {"color": s.colour, "width": 1.6},
            },
            error_y=(
                {"array": list(s.error_y), "thickness": 1.2, "width": 4} if s.error_y else None
            ),
            showlegend=s.legend,
        )
    for guide in guides:
        _guide(figure, guide, x.log if guide.axis == "x" else y.log)
    figure.update_xaxes(**_axis(x))
    figure.update_yaxes(**_axis(y))
    return _finish(figure, height)


def _guide(figure: go.Figure, guide: Guide, log: bool) -> None:
    line = {"dash": "dot", "width": 1.4, "color": NEUTRAL}
    at = math.log10(guide.at) if log else guide.at  # annotations count a log axis in exponents
    if guide.axis == "x":
        figure.add_vline(guide.at, line=line)
        place = {"x": at, "y": 1, "yref": "y domain", "xanchor": "left", "yanchor": "top"}
    else:
        figure.add_hline(guide.at, line=line)
        place = {"x": 1, "y": at, "xref": "x domain", "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(text=guide.text, showarrow=False, **place)


def _axis(axis: Axis) -> dict[str, object]:
    settings: dict[str, object] = {"title": axis.title, "zeroline": False}
    if axis.log:
        settings["type"] = "log"
    if axis.range:
        settings["range"] = [math.log10(v) for v in axis.range] if axis.log else list(axis.range)
    if axis.ticks:
        settings["tickvals"] = list(axis.ticks)
        settings["ticktext"] = [f"{tick:g}{axis.suffix}" for tick in axis.ticks]
    elif axis.suffix:
        settings["ticksuffix"] = axis.suffix
    return settings


def _finish(figure: go.Figure, height: int, legend: bool = True) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 12, "t": 34 if legend else 12, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def bars(
    names: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    y: Axis,
    *,
    colours: Sequence[str | Sequence[str]] = (NEUTRAL, OURS),
    texts: Sequence[Sequence[str]] | None = None,
    height: int = 340,
) -> go.Figure:
    """Vertical bars, one group per name; a missing value leaves a gap."""
    figure = go.Figure()
    labels = [name.replace(" ", "<br>") for name in names]
    for index, (name, values) in enumerate(series.items()):
        figure.add_bar(
            name=name,
            x=labels,
            y=list(values),
            marker_color=colours[index % len(colours)],
            text=list(texts[index]) if texts else None,
            textposition="outside",
            cliponaxis=False,
            hovertemplate=f"%{{x}}: %{{y:.4g}}{y.suffix}<extra>{name}</extra>",
            showlegend=len(series) > 1,
        )
    figure.update_xaxes(tickangle=0, tickfont_size=12)
    figure.update_yaxes(**_axis(y))
    figure.update_layout(bargap=0.3)
    return _finish(figure, height, legend=len(series) > 1)


class Bubble(NamedTuple):
    """A network on a bubble chart; ``area`` None draws a hollow mark of fixed size."""

    name: str
    x: float
    top1: float
    area: float | None
    ours: bool
    hover: str


def bubbles(
    points: Sequence[Bubble], x: Axis, picked: Sequence[str], y_title: str = "top-1, %"
) -> go.Figure:
    """Accuracy against a cost, bubble area by another cost; the EfficientNets are joined."""
    figure = go.Figure()
    largest = max(p.area for p in points if p.area is not None)
    chain = [p for p in points if p.ours]
    figure.add_scatter(
        x=[p.x for p in chain],
        y=[p.top1 for p in chain],
        mode="lines",
        line={"color": OURS, "width": 1.5},
        hoverinfo="skip",
        showlegend=False,
    )
    for ours, name, colour in ((False, "other networks", NEUTRAL), (True, "EfficientNet", OURS)):
        group = [p for p in points if p.ours == ours]
        hollow = [p.area is None for p in group]
        figure.add_scatter(
            name=name,
            x=[p.x for p in group],
            y=[p.top1 for p in group],
            mode="markers+text",
            text=[p.name if ours or p.name in picked else "" for p in group],
            textposition="top left" if ours else "bottom right",
            cliponaxis=False,
            hovertext=[p.hover for p in group],
            hoverinfo="text",
            marker={
                "symbol": ["diamond-open" if empty else "circle" for empty in hollow],
                "size": [
                    10
                    if p.area is None
                    else max(5.0, LARGEST_BUBBLE_PX * (p.area / largest) ** 0.5)
                    for p in group
                ],
                "color": colour,
                "opacity": [1.0 if p.name in picked or p.area is None else 0.6 for p in group],
                "line": {
                    "color": colour,
                    "width": [3 if p.name in picked or p.area is None else 0.5 for p in group],
                },
            },
        )
    figure.update_xaxes(**_axis(x))
    figure.update_yaxes(title=y_title, zeroline=False)
    return _finish(figure, 440)


def ratio_checks(checks: Sequence[RatioCheck]) -> go.Figure:
    """Every printed ratio against what rounding allows, in percent of the recomputed ratio.

    A bar spans what could print as the two figures; the mark is the printed ratio with its own
    rounding. A mark that no bar reaches cannot be right.
    """
    figure = go.Figure()
    names = [check.name for check in checks]
    figure.add_bar(
        name="what rounding allows",
        orientation="h",
        y=names,
        base=[100 * (c.low / c.recomputed - 1) for c in checks],
        x=[100 * (c.high - c.low) / c.recomputed for c in checks],
        marker_color=NEUTRAL,
        opacity=0.45,
        hoverinfo="skip",
    )
    groups = (
        ("printed, possible", AGREES, [c for c in checks if c.verdict != "differs"]),
        ("printed, impossible", DIFFERS, [c for c in checks if c.verdict == "differs"]),
    )
    for name, colour, group in groups:
        figure.add_scatter(
            name=name,
            mode="markers",
            y=[c.name for c in group],
            x=[100 * (c.printed / c.recomputed - 1) for c in group],
            error_x={
                "array": [100 * c.printed.half_unit / c.recomputed for c in group],
                "thickness": 1.2,
                "width": 0,
            },
            marker={"color": colour, "size": 9 if name.endswith("impossible") else 5},
            hovertext=[
                f"{c.name}<br>printed {c.printed}×, recomputed {c.recomputed:.3f}×"
                f"<br>rounding allows {c.low:.2f} to {c.high:.2f}"
                for c in group
            ],
            hoverinfo="text",
        )
    figure.update_xaxes(title="printed against recomputed, %", zeroline=True)
    figure.update_yaxes(
        autorange="reversed", tickfont_size=11, automargin=True, title=None, tickvals=names
    )
    figure.update_layout(bargap=0.35)
    return _finish(figure, 130 + 19 * len(checks))


class Difference(NamedTuple):
    """A recomputed cost against a printed one, both relative to the printed one, in percent."""

    name: str
    percent: float
    rounding_percent: float
    colour: str
    hover: str


def differences(rows: Sequence[Difference]) -> go.Figure:
    """Bars of computed against printed, over a wide bar: the rounding of the printed figure."""
    figure = go.Figure()
    figure.add_bar(
        name="rounding of the printed figure",
        orientation="h",
        y=[row.name for row in rows],
        base=[-row.rounding_percent for row in rows],
        x=[2 * row.rounding_percent for row in rows],
        width=0.9,
        marker_color=NEUTRAL,
        opacity=0.28,
        hoverinfo="skip",
    )
    figure.add_bar(
        width=0.45,
        orientation="h",
        y=[row.name for row in rows],
        x=[row.percent for row in rows],
        marker_color=[row.colour for row in rows],
        text=[f"{row.percent:+.1f} %" for row in rows],
        textposition="outside",
        constraintext="none",
        textfont_size=12,
        cliponaxis=False,
        hovertext=[row.hover for row in rows],
        hoverinfo="text",
        showlegend=False,
    )
    widest = max(max(abs(row.percent), row.rounding_percent) for row in rows) * 1.35
    figure.update_xaxes(title="computed against printed, %", range=[-widest, widest])
    figure.update_yaxes(autorange="reversed", automargin=True, tickvals=[row.name for row in rows])
    figure.update_layout(barmode="overlay")
    return _finish(figure, 90 + 25 * len(rows))


class Pair(NamedTuple):
    """Two models on one data set: parameters in millions and accuracy of theirs and of ours."""

    name: str
    their_x: float
    their_y: float
    our_x: float
    our_y: float
    hover_theirs: str
    hover_ours: str


def transfer_pairs(pairs: Sequence[Pair], chosen: str) -> go.Figure:
    """Accuracy against parameters, an arrow from their model to ours; one data set stands out."""
    figure = go.Figure()
    for pair in sorted(pairs, key=lambda p: p.name == chosen):
        strong = pair.name == chosen
        figure.add_scatter(
            x=[pair.their_x, pair.our_x],
            y=[pair.their_y, pair.our_y],
            mode="lines+markers+text",
            text=["", f"<b>{pair.name}</b>" if strong else pair.name],
            textposition="top center",
            opacity=1.0 if strong else 0.5,
            cliponaxis=False,
            line={"color": OURS if strong else NEUTRAL, "width": 2.5 if strong else 1.2},
            marker={
                "color": [NEUTRAL, OURS],
                "size": 12 if strong else 8,
                "symbol": ["circle", "diamond"],
                "line": {"width": 0},
            },
            hovertext=[pair.hover_theirs, pair.hover_ours],
            hoverinfo="text",
            showlegend=False,
        )
    for name, colour, symbol in (("theirs", NEUTRAL, "circle"), ("EfficientNet", OURS, "diamond")):
        figure.add_scatter(
            name=name,
            x=[None],
            y=[None],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 10},
        )
    largest = max(pair.their_x for pair in pairs)
    smallest = min(pair.our_x for pair in pairs)
    shown = (0.6 * smallest, 1.5 * largest)
    ticks = [tick for tick in (4, 10, 20, 50, 100, 200, 500) if shown[0] < tick < shown[1]]
    figure.update_xaxes(**_axis(Axis("parameters, millions", log=True, range=shown, ticks=ticks)))
    figure.update_yaxes(title="accuracy, %", zeroline=False)
    return _finish(figure, 430)
