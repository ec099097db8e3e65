"""The measured attention as a figure: rows in, a plotly figure out. No torch, no streamlit."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from effnet_viz.evidence.attention import CENTRE, RANDOM, TRAINED, AttentionRow, seeds_range
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT
from effnet_viz.figures.paper import faded
from effnet_viz.scaling.families import ROLES


def measured(rows: Sequence[AttentionRow], measure: str, title: str) -> go.Figure:
    """One line a role: trained (filled, with its 95 % interval), with random weights (hollow), and
    other seeds (small). The dotted line is the bell curve in the centre, the grey band the range of
    the baseline's seeds. ``title`` names the axis."""
    of_measure = [r for r in rows if r.measure == measure and not r.compared_with]
    figure = go.Figure()
    seeds = seeds_range(rows, measure)
    if seeds is not None:
        figure.add_vrect(*seeds, fillcolor=faded(NEUTRAL, 0.22), line_width=0, layer="below")
    first = [r for r in of_measure if r.weights == TRAINED and not r.seed]
    groups = (
        ("trained", first, {"size": 13}),
        (
            "another seed",
            [r for r in of_measure if r.weights == TRAINED and r.seed],
            {"size": 7, "opacity": 0.75},
        ),
        (
            "random weights",
            [r for r in of_measure if r.weights == RANDOM],
            {"size": 11, "symbol": "circle-open"},
        ),
    )
    for name, group, marker in groups:
        if not group:
            continue
        colours = [ROLE_COLOURS[r.role] for r in group]
        figure.add_scatter(
            name=name,
            x=[r.value for r in group],
            y=[r.role for r in group],
            mode="markers",
            marker={**marker, "color": colours, "line": {"color": colours, "width": 2}},
            error_x=_bars(group) if group is first else None,
            hovertext=[said(r) for r in group],
            hoverinfo="text",
            showlegend=False,
        )
        figure.add_scatter(  # the legend says what the marks mean, not whose colour they have
            name=name, x=[None], y=[None], mode="markers", marker={**marker, "color": NEUTRAL}
        )
    for centre in (r for r in of_measure if r.weights == CENTRE):
        figure.add_vline(centre.value, line={"dash": "dot", "width": 1.6, "color": NEUTRAL})
        figure.add_annotation(
            x=centre.value, y=1, yref="y domain", text="bell curve in the centre",
            showarrow=False, xanchor="left", yanchor="bottom", xshift=-4,
        )  # fmt: skip
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(reversed(ROLES)), automargin=True, showgrid=False
    )
    figure.update_xaxes(title=title, zeroline=False, ticksuffix=" %")
    figure.update_layout(
        height=330,
        margin={"l": 8, "r": 24, "t": 56, "b": 8},
        legend={"orientation": "h", "y": 1.1, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure


def _bars(group: Sequence[AttentionRow]) -> dict[str, object]:
    return {
        "array": [r.high - r.value for r in group],
        "arrayminus": [r.value - r.low for r in group],
        "thickness": 1.6,
        "width": 5,
        "color": NEUTRAL,
    }


def said(row: AttentionRow) -> str:
    """A row in words."""
    return f"{row.model}, {row.weights}: {row.value:.1f} % ({row.low:.1f} to {row.high:.1f})"
