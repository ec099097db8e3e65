"""The Grid search page's other figures: results in, plotly figures out. No torch, no streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import plotly.graph_objects as go

from effnet_viz.evidence.family import FamilyResult
from effnet_viz.evidence.search.points import TARGET, TOLERANCE, staircase, title
from effnet_viz.evidence.search.records import CurveRow, PointResult, by_epoch, margin
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT
from effnet_viz.figures.paper import Axis, Guide, Series, faded, plot
from effnet_viz.figures.search_surface import AXES, CHOSEN, KIND_SYMBOLS, Spot, hover


def ranking(ranked: Sequence[PointResult], chosen: str) -> go.Figure:
    """Every point's accuracy with its 95 % interval, best on top; what lies in the band is too near
    the best to be told apart."""
    best = ranked[0]
    order = list(reversed(ranked))
    figure = go.Figure()
    lowest = best.held_out_top1 - margin(ranked)
    figure.add_vrect(lowest, best.held_out_top1, fillcolor=faded(NEUTRAL, 0.16), line_width=0)
    figure.add_scatter(
        x=[r.held_out_top1 for r in order],
        y=[title(r.point) for r in order],
        mode="markers",
        error_x={
            "array": [r.high - r.held_out_top1 for r in order],
            "arrayminus": [r.held_out_top1 - r.low for r in order],
            "thickness": 1.4,
            "width": 4,
            "color": NEUTRAL,
        },
        marker={
            "size": 10,
            "symbol": [KIND_SYMBOLS[r.point.kind] for r in order],
            "color": [ROLE_COLOURS[r.point.role] for r in order],
            "line": {
                "color": [CHOSEN if r.point.name == chosen else TRANSPARENT for r in order],
                "width": 3,
            },
        },
        hovertemplate="%{y}: %{x:.1f} %<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(title="held-out top-1, %", zeroline=False)
    figure.update_yaxes(automargin=True, tickfont_size=12)
    figure.update_layout(
        height=110 + 24 * len(order),
        margin={"l": 8, "r": 12, "t": 8, "b": 8},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def curves(rows: Sequence[CurveRow], chosen: str, winner: str | None) -> go.Figure:
    """Held-out accuracy after every epoch, the mean over seeds: the chosen point before all
    others."""
    names = sorted({row.point for row in rows}, key=lambda name: (name == chosen, name == winner))
    series = []
    for name in names:
        epochs = by_epoch(rows, name)
        is_chosen = name == chosen
        series.append(
            Series(
                "this point" if is_chosen else "the best point" if name == winner else name,
                list(epochs),
                [fmean(row.held_out_top1 for row in seeds) for seeds in epochs.values()],
                CHOSEN if is_chosen else NEUTRAL if name == winner else faded(NEUTRAL, 0.3),
                mode="lines+markers" if is_chosen else "lines",
                dash="dash" if name == winner and not is_chosen else "solid",
                legend=name in (chosen, winner),
                size=7,
                width=3 if is_chosen else 2 if name == winner else 1.2,
            )
        )
    last = max((row.epoch for row in rows), default=1)
    ticks = [n for n in range(1, last + 1) if last <= 8 or n % 2 == last % 2]
    return plot(
        series,
        Axis("epoch", ticks=ticks),
        Axis("held-out top-1, %"),
        height=330,
    )


def law_and_built(spots: Sequence[Spot], chosen: str) -> go.Figure:
    """What the law says against what is built: one dimension at a time as stairs, points on top."""
    series = [
        Series("law = built", [1, 2.5], [1, 2.5], NEUTRAL, dash="dot", legend=False, width=1.4)
    ]
    for role, letter in AXES:
        steps = staircase(role)
        series.append(
            Series(
                f"{role} only ({letter})",
                [law for _, law, _ in steps],
                [built for _, _, built in steps],
                ROLE_COLOURS[role],
                steps=True,
                width=1.8,
            )
        )
    for kind, symbol in KIND_SYMBOLS.items():
        group = [spot for spot in spots if spot.point.kind == kind]
        series.append(
            Series(
                {"corner": "corners", "pair": "pairs", "mixture": "mixtures"}[kind],
                [spot.point.law_ratio for spot in group],
                [spot.point.built_ratio for spot in group],
                ROLE_COLOURS["compound"] if kind != "corner" else NEUTRAL,
                mode="markers",
                symbol=symbol,
                hover=[hover(spot) for spot in group],
                legend=bool(group),
                size=10,
            )
        )
    at = next((spot.point for spot in spots if spot.point.name == chosen), None)
    if at is not None:
        series.append(
            Series("chosen", [at.law_ratio], [at.built_ratio], CHOSEN, mode="markers",
                   symbol="circle-open", size=19, legend=False)
        )  # fmt: skip
    figure = plot(
        series,
        Axis("by the law, α·β²·γ²", range=(0.97, 2.5), suffix="×", ticks=(1, 1.5, 2, 2.5)),
        Axis("as built", range=(0.9, 2.85), suffix="×", ticks=(1, 1.5, 2, 2.5)),
        guides=[Guide("x", TARGET, "the law's 2×")],
        height=430,
    )  # fmt: skip
    low, high = TARGET * (1 - TOLERANCE), TARGET * (1 + TOLERANCE)
    figure.add_hrect(low, high, fillcolor=faded(NEUTRAL, 0.14), line_width=0)
    return figure


def returns(found: Sequence[FamilyResult]) -> go.Figure:
    """Accuracy against cost for each dimension, from the baseline on."""
    base = [r for r in found if r.role == "baseline"]
    series = []
    for role, colour in ROLE_COLOURS.items():
        own = sorted(base + [r for r in found if r.role == role], key=lambda r: r.built)
        if role == "baseline" or len(own) == len(base):
            continue
        series.append(
            Series(
                role,
                [r.built for r in own],
                [r.top1 for r in own],
                colour,
                mode="lines+markers",
                hover=[f"{r.role}, {r.built:.2f}×: {r.top1:.1f} %" for r in own],
                error_y=[(r.high - r.low) / 2 for r in own],
                dash="dash" if role == "compound" else "solid",
            )
        )
    return plot(
        series,
        Axis("multiply-adds as built, × baseline", log=True, range=(0.92, 4.6), ticks=(1, 2, 4),
             suffix="×"),
        Axis("validation top-1, %"),
        height=380,
    )  # fmt: skip
