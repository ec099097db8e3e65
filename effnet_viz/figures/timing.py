"""The Benchmark page's figures: rows in, plotly figures out. No torch, no streamlit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import PREDICTORS, Fit, Predictor, title
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT, si

SYMBOLS = {
    "classroom": "circle",
    "lite": "triangle-up",
    "imagenet": "diamond",
    "resnet50": "square",
    "custom": "star",
}

#: Whole families are one colour; only the classroom networks and the reader's own are a role each.
FAMILY_COLOURS = {
    "lite": "#E69F00",
    "imagenet": ROLE_COLOURS["compound"],
    "resnet50": "#56B4E9",
}
BEHIND = "rgba(138,138,148,0.45)"

#: The plotting area in px where it is narrowest: more room never makes names collide.
_WIDE, _HIGH = 150.0, 225.0
_LETTER, _LINE, _GAP = 5.0, 12.0, 7.0
_Box = tuple[float, float, float, float]


def time_against(
    rows: Sequence[BenchmarkRow],
    predictor: Predictor,
    line: Fit | None,
    behind: Sequence[BenchmarkRow] = (),
) -> go.Figure:
    """Median time of one pass against one cost, both logarithmic, with the fitted line.

    Bars on the points span the quartiles. Names stand where they cover nothing, farther off with a
    thin line to their point where there is no such place beside it. ``behind`` is drawn small
    and grey, without names.
    """
    figure = go.Figure()
    everything = (*rows, *behind)
    costs = [getattr(row, predictor) for row in everything]
    x_range = _log_range(costs, 1.4)
    y_range = _log_range(
        [t for row in everything for t in (row.latency.q1_ms, row.latency.q3_ms)], 0.5
    )
    names = _name_positions(
        {row: (getattr(row, predictor), row.latency.median_ms) for row in rows}, x_range, y_range
    )
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
    if behind:
        figure.add_scatter(
            x=[getattr(row, predictor) for row in behind],
            y=[row.latency.median_ms for row in behind],
            mode="markers",
            marker={"size": 6, "color": BEHIND, "symbol": [SYMBOLS[row.family] for row in behind]},
            hovertext=[f"example, {_hover(row, predictor)}" for row in behind],
            hoverinfo="text",
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
            text=[title(row.model) if row in names.beside else "" for row in shown],
            textposition=[names.beside.get(row, "middle right") for row in shown],
            textfont_size=10,
            cliponaxis=False,
            marker={"symbol": symbol, "size": 9, "color": [_colour(row) for row in shown]},
            error_y={
                "type": "data",
                "array": [t.q3_ms - t.median_ms for t in times],
                "arrayminus": [t.median_ms - t.q1_ms for t in times],
                "thickness": 1.2,
                "width": 3,
                "color": NEUTRAL,
            },
            hovertext=[_hover(row, predictor) for row in shown],
            hoverinfo="text",
            showlegend=False,
        )
    for row, way in names.led.items():
        at = (math.log10(getattr(row, predictor)), math.log10(row.latency.median_ms))
        figure.add_annotation(**_led(row, at, way))
    figure.update_xaxes(type="log", title=PREDICTORS[predictor], range=x_range, zeroline=False)
    figure.update_xaxes(tickangle=0, **_ticks(x_range))
    ticks = _time_ticks(y_range)
    figure.update_yaxes(
        type="log", range=y_range, zeroline=False, automargin=True,
        tickvals=ticks, ticktext=[_duration(tick) for tick in ticks],
    )  # fmt: skip
    return _plain(figure, 310)


def accuracy_against_time(
    rows: Sequence[BenchmarkRow],
    top1: Mapping[str, float],
    budget_ms: float,
    best: str | None,
    behind: Sequence[BenchmarkRow] = (),
) -> go.Figure:
    """Printed ImageNet accuracy (%, by model) against measured time (logarithmic), the budget as a
    line; ``best`` is larger and ``behind`` small and grey. Models without an accuracy are left
    out."""
    shown = [row for row in rows if row.model in top1]
    grey = [row for row in behind if row.model in top1]
    figure = go.Figure()
    x_range = _log_range([*(row.latency.median_ms for row in (*shown, *grey)), budget_ms], 1.4)
    values = [top1[row.model] for row in shown]
    printed = [top1[row.model] for row in (*shown, *grey)]
    y_range = [min(printed) - 1, max(printed) + 1]
    if grey:
        figure.add_scatter(
            x=[row.latency.median_ms for row in grey],
            y=[top1[row.model] for row in grey],
            mode="markers",
            marker={"size": 6, "color": BEHIND, "symbol": [SYMBOLS[row.family] for row in grey]},
            hovertext=[
                f"example, {title(row.model)}: {row.latency.median_ms:.3g} ms" for row in grey
            ],
            hoverinfo="text",
            showlegend=False,
        )
    names = _name_positions(
        {row: (row.latency.median_ms, 10 ** top1[row.model]) for row in shown}, x_range, y_range
    )
    figure.add_scatter(
        x=[row.latency.median_ms for row in shown],
        y=values,
        mode="markers+text",
        text=[title(row.model) if row in names.beside else "" for row in shown],
        textposition=[names.beside.get(row, "middle right") for row in shown],
        textfont_size=11,
        cliponaxis=False,
        marker={
            "symbol": [SYMBOLS[row.family] for row in shown],
            "size": [12 if row.model == best else 9 for row in shown],
            "color": [_colour(row) for row in shown],
            "opacity": [1 if row.latency.median_ms <= budget_ms else 0.35 for row in shown],
        },
        hovertext=[
            f"{title(row.model)}: {top1[row.model]} % (paper), {row.latency.median_ms:.3g} ms"
            for row in shown
        ],
        hoverinfo="text",
        showlegend=False,
    )
    for row, way in names.led.items():
        at = (math.log10(row.latency.median_ms), top1[row.model])
        figure.add_annotation(**_led(row, at, way))
    figure.add_vline(x=budget_ms, line={"dash": "dot", "width": 1.6, "color": NEUTRAL})
    ticks = _time_ticks(x_range)
    figure.update_xaxes(
        type="log", range=x_range, zeroline=False, title="measured time of one pass",
        tickvals=ticks, ticktext=[_duration(tick) for tick in ticks], tickangle=0,
    )  # fmt: skip
    figure.update_yaxes(range=y_range, automargin=True, title="ImageNet top-1, %")
    return _plain(figure, 320)


def _led(row: BenchmarkRow, at: tuple[float, float], way: tuple[float, float]) -> dict[str, Any]:
    """A name so many px across and up from its point, with a thin line to it."""
    return {
        "x": at[0], "y": at[1], "ax": way[0], "ay": -way[1], "text": title(row.model),
        "font_size": 10, "standoff": 5, "arrowhead": 0, "arrowwidth": 0.8, "arrowcolor": NEUTRAL,
    }  # fmt: skip


def _plain(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def _colour(row: BenchmarkRow) -> str:
    return FAMILY_COLOURS.get(row.family) or ROLE_COLOURS.get(row.role, NEUTRAL)


def _hover(row: BenchmarkRow, predictor: Predictor) -> str:
    return (
        f"{title(row.model)}: {si(getattr(row, predictor))} {PREDICTORS[predictor]} "
        f"(computed here), {row.latency.median_ms:.3g} ms (measured)"
    )


@dataclass(frozen=True, slots=True)
class _Names:
    """Where names stand: on a side of their point, or so many px across and up from it."""

    beside: Mapping[BenchmarkRow, str]
    led: Mapping[BenchmarkRow, tuple[float, float]]


def _name_positions(
    points: Mapping[BenchmarkRow, tuple[float, float]],
    x_range: Sequence[float],
    y_range: Sequence[float],
) -> _Names:
    """Where names stand that cover neither one another nor a point, from the highest point down.
    Ranges are exponents of ten."""

    def pixel(value: float, span: Sequence[float], length: float) -> float:
        return (math.log10(value) - span[0]) / (span[1] - span[0]) * length

    at = {
        row: (pixel(x, x_range, _WIDE), pixel(y, y_range, _HIGH)) for row, (x, y) in points.items()
    }
    taken: list[_Box] = [(x - 5, y - 5, x + 5, y + 5) for x, y in at.values()]

    def free(box: _Box) -> bool:
        inside = box[0] >= 0 and box[2] <= _WIDE + 8 and box[1] >= 0 and box[3] <= _HIGH
        return inside and not any(_overlap(box, other) for other in taken)

    beside, led = {}, {}
    for row in sorted(at, key=lambda row: -at[row][1]):
        places = _places(*at[row], _LETTER * len(title(row.model)))
        place = next((place for place in places if free(place[1])), None)
        if place is not None:
            beside[row] = place[0]
            taken.append(place[1])
    for row in at:
        if row in beside:
            continue
        half = _LETTER * len(title(row.model)) / 2 + 2
        for across, up in _AROUND:
            x, y = at[row][0] + across, at[row][1] + up
            box = (x - half, y - _LINE / 2, x + half, y + _LINE / 2)
            if free(box):
                led[row] = (across, up)
                taken.append(box)
                break
    return _Names(beside, led)


#: Ways from a point to a name that stands apart, the shortest first.
_AROUND = sorted(
    ((x, y) for x in range(-100, 101, 5) for y in range(-100, 101, 5) if abs(y) >= 10),
    key=lambda way: math.hypot(*way),
)


def _places(x: float, y: float, width: float) -> list[tuple[str, _Box]]:
    """The sides of a point where its name may stand, and the box that it fills there."""
    half = _LINE / 2
    left, right, middle = x - _GAP - width, x + _GAP, x - width / 2
    rows = {"middle": y - half, "top": y + 4, "bottom": y - 4 - _LINE}
    columns = {"right": right, "left": left, "center": middle}
    order = (
        "middle left", "middle right", "top center", "bottom center",
        "top left", "bottom right", "top right", "bottom left",
    )  # fmt: skip
    found = []
    for side in order:
        row, column = side.split()
        start, low = columns[column], rows[row]
        found.append((side, (start, low, start + width, low + _LINE)))
    return found


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


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
