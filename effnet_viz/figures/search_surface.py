"""The constraint surface α·β²·γ² = 2 with the search's points on it, flat and in space.

Points in, plotly figures out. No torch, no streamlit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from effnet_viz.evidence.search.points import TARGET, SearchPoint, shares, title
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT

#: As good as the best as far as one can tell, clearly behind it, and twice as far: told apart by
#: all, on light and dark.
BANDS = ("#35B779", "#2A7FA0", "#5B4BB5")
GRID = "rgba(138,138,148,0.28)"
CHOSEN = "#E69F00"
KIND_SYMBOLS = {"corner": "square", "pair": "diamond", "mixture": "circle"}
AXES = (("depth", "α"), ("width", "β"), ("resolution", "γ"))

#: Points whose shares are nearer than this are drawn side by side.
TOUCHING = 0.045

#: How far every point is moved towards the middle.
INWARD = 0.08

Shares = tuple[float, float, float]


class Spot(NamedTuple):
    """A point to draw: its accuracy in percent, None where it is not trained yet; ``done`` is
    False while it trains."""

    point: SearchPoint
    top1: float | None
    done: bool = True


def triangle(
    spots: Sequence[Spot],
    chosen: str,
    winner: str | None,
    placed: Mapping[str, Shares] | None = None,
    noise: float | None = None,
) -> go.Figure:
    """The surface α·β²·γ² = 2 laid flat: a point's distance from each side is that dimension's
    share of the cost. ``placed`` gives other shares by name than those of the law; then points may
    hide each other, and only the chosen one and the winner carry their number. ``noise`` is how
    many points two networks may differ by chance: colours change with each whole one below the
    best, so that what cannot be told apart looks alike."""
    if placed:
        where, beside = [placed[spot.point.name] for spot in spots], [False] * len(spots)
    else:
        where, beside = _side_by_side([_law_shares(spot.point) for spot in spots])
    where = [_inward(at) for at in where]
    named = (winner, chosen) if placed else tuple(spot.point.name for spot in spots)
    figure = go.Figure()
    for group, marker in _marked(spots, 15, noise):
        drawn = [(spots[n], where[n], beside[n]) for n in group]
        figure.add_scatterternary(
            **_at([at for _, at, _ in drawn]),
            mode="markers+text",
            text=[_label(spot, winner) if spot.point.name in named else "" for spot, *_ in drawn],
            textposition=[_beside(at, taken) for _, at, taken in drawn],
            textfont_size=12,
            cliponaxis=False,
            marker=marker,
            customdata=[[spot.point.name] for spot, *_ in drawn],
            hovertext=[hover(spot) for spot, *_ in drawn],
            hoverinfo="text",
            showlegend=False,
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    figure.add_scatterternary(
        **_at([at for spot, at in zip(spots, where, strict=True) if spot.point.name == chosen]),
        mode="markers",
        marker={"symbol": "circle-open", "size": 27, "color": CHOSEN, "line_width": 3},
        cliponaxis=False,
        hoverinfo="skip",
        showlegend=False,
    )
    _name_corners(figure)
    axis = {"showticklabels": False, "ticks": "", "dtick": 0.25, "gridcolor": GRID,
            "linecolor": NEUTRAL, "title": ""}  # fmt: skip
    figure.update_layout(
        ternary={"sum": 1, "bgcolor": TRANSPARENT, "aaxis": axis, "baxis": axis, "caxis": axis},
        height=430,
        margin={"l": 52, "r": 52, "t": 44, "b": 44},
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def _name_corners(figure: go.Figure) -> None:
    for n, (role, letter) in enumerate(AXES):
        name = f"<b>{role} ({letter})</b>"
        figure.add_scatterternary(
            **_at([(float(n == 0), float(n == 1), float(n == 2))]),
            mode="text",
            text=f" <br>{name}" if n else f"{name}<br> ",  # clear of the point in the corner
            textposition="bottom center" if n else "top center",
            textfont={"color": ROLE_COLOURS[role], "size": 14},
            cliponaxis=False,
            hoverinfo="skip",
            showlegend=False,
        )


def _at(where: Sequence[Shares]) -> dict[str, list[float]]:
    return {axis: [at[n] for at in where] for n, axis in enumerate("abc")}


def _law_shares(point: SearchPoint) -> Shares:
    return shares(point.alpha, point.beta, point.gamma)


def _inward(at: Shares) -> Shares:
    """A little towards the middle: the drawing takes clicks inside its edges only."""
    depth, width, resolution = (INWARD / 3 + (1 - INWARD) * share for share in at)
    return depth, width, resolution


def _side_by_side(where: Sequence[Shares]) -> tuple[list[Shares], list[bool]]:
    """Places that do not hide each other, and whether another one stands to their right, or just
    above, where its number takes their number's place."""
    moved: list[Shares] = []
    beside = [False] * len(where)
    for at in where:
        while touched := [n for n, other in enumerate(moved) if math.dist(at, other) < TOUCHING]:
            beside[touched[0]] = True
            at = (at[0], at[1] - TOUCHING, at[2] + TOUCHING)
        moved.append(at)
    for n, at in enumerate(moved):
        beside[n] |= any(_just_above(other, at) for other in moved)
    return moved, beside


def _just_above(other: Shares, at: Shares) -> bool:
    across = (other[2] - other[1]) - (at[2] - at[1])
    return 0 < other[0] - at[0] < TOUCHING and abs(across) < TOUCHING


def _beside(at: Shares, taken: bool) -> str:
    """Where a point's number goes: to its right, unless that is taken or the edge is there."""
    if max(at[1], at[2]) > 0.9:
        return "top left" if at[1] > at[2] else "top right"
    return "middle left" if taken else "middle right"


def _label(spot: Spot, winner: str | None) -> str:
    if spot.top1 is None:
        return ""
    text = f"\N{NO-BREAK SPACE}{spot.top1:.1f}\N{NO-BREAK SPACE}"
    return f"<b>{text} best</b>" if spot.point.name == winner else text


def hover(spot: Spot) -> str:
    """What a point says when pointed at."""
    point = spot.point
    said = "not trained yet"
    if spot.top1 is not None:
        said = f"{spot.top1:.1f} % held-out top-1" + ("" if spot.done else " so far")
    return (
        f"<b>{title(point)}</b><br>{said}<br>built {point.built_ratio:.2f}×, "
        f"by the law {point.law_ratio:.2f}×"
    )


def _marked(
    spots: Sequence[Spot], size: int, noise: float | None
) -> list[tuple[list[int], dict[str, object]]]:
    """The indices of trained and of planned points, each with its markers."""
    trained = [n for n, spot in enumerate(spots) if spot.top1 is not None]
    planned = [n for n, spot in enumerate(spots) if spot.top1 is None]
    groups: list[tuple[list[int], dict[str, object]]] = []
    if trained:
        known = [spots[n].top1 or 0.0 for n in trained]
        behind = [int((max(known) - value) / noise) if noise else 0 for value in known]
        marker = {
            "size": size,
            "symbol": [KIND_SYMBOLS[spots[n].point.kind] for n in trained],
            "color": [BANDS[min(step, len(BANDS) - 1)] for step in behind],
            "opacity": 1,
            "line": {
                "color": [NEUTRAL if spots[n].done else CHOSEN for n in trained],
                "width": [1.5 if spots[n].done else 3 for n in trained],
            },
        }
        groups.append((trained, marker))
    if planned:
        symbols = [KIND_SYMBOLS[spots[n].point.kind] + "-open" for n in planned]
        groups.append((planned, {"size": size, "symbol": symbols, "color": NEUTRAL}))
    return groups


def surface(
    spots: Sequence[Spot], chosen: str, winner: str | None, noise: float | None = None
) -> go.Figure:
    """α·β²·γ² = 2 in three dimensions, with every point at its own α, β, γ; colours as in
    `triangle`."""
    rest, of_rest = np.meshgrid(np.linspace(0, 1, 25), np.linspace(0, 1, 25))
    alpha = TARGET ** (1 - rest)  # shares of depth, width and resolution sum to 1
    beta, gamma = TARGET ** (rest * of_rest / 2), TARGET ** (rest * (1 - of_rest) / 2)
    figure = go.Figure(
        go.Surface(
            x=alpha, y=beta, z=gamma, opacity=0.35, showscale=False, hoverinfo="skip",
            colorscale=[[0, NEUTRAL], [1, NEUTRAL]],
            contours={"x": {"show": True, "color": GRID}, "y": {"show": True, "color": GRID}},
        )
    )  # fmt: skip
    for group, marker in _marked(spots, 7, noise):
        drawn = [spots[n] for n in group]
        figure.add_scatter3d(
            x=[spot.point.alpha for spot in drawn],
            y=[spot.point.beta for spot in drawn],
            z=[spot.point.gamma for spot in drawn],
            mode="markers+text",
            text=[
                _label(spot, winner) if spot.point.name in (winner, chosen) else ""
                for spot in drawn
            ],
            textfont_size=12,
            textposition="bottom center",
            marker=marker | {"line": {"width": 1, "color": NEUTRAL}},
            hovertext=[hover(spot) for spot in drawn],
            hoverinfo="text",
            showlegend=False,
        )
    at = next((spot.point for spot in spots if spot.point.name == chosen), None)
    if at is not None:
        figure.add_scatter3d(
            x=[at.alpha], y=[at.beta], z=[at.gamma], mode="markers", hoverinfo="skip",
            marker={"symbol": "circle-open", "size": 14, "color": CHOSEN}, showlegend=False,
        )  # fmt: skip
    pane = {"backgroundcolor": TRANSPARENT, "gridcolor": GRID, "zeroline": False}
    figure.update_layout(
        scene={
            "xaxis": pane | {"title": "α (depth)", "range": [1, 2.05]},
            "yaxis": pane | {"title": "β (width)", "range": [1, 1.45]},
            "zaxis": pane | {"title": "γ (resolution)", "range": [1, 1.45]},
            "camera": {"eye": {"x": 1.35, "y": 1.5, "z": 0.85}, "center": {"z": -0.16}},
            "aspectmode": "cube",
        },
        height=480,
        margin={"l": 0, "r": 0, "t": 0, "b": 60},
        paper_bgcolor=TRANSPARENT,
    )
    return figure
