"""The measured attention as figures, and where a cell lies as a drawing: rows in, plotly and SVG
out. No torch, no streamlit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from types import MappingProxyType

import plotly.graph_objects as go

from effnet_viz.evidence.attention import (
    CENTRE,
    RANDOM,
    TRAINED,
    AttentionRow,
    ShiftRow,
    seeds_range,
)
from effnet_viz.evidence.results import RemovalCurves
from effnet_viz.evidence.seeds.one_photo import Likeness
from effnet_viz.figures.base import NEUTRAL, ROLE_COLOURS, TRANSPARENT
from effnet_viz.figures.paper import faded
from effnet_viz.scaling.centres import Centres, tiles
from effnet_viz.scaling.families import ROLES

Namer = Callable[[ShiftRow], str]

#: How each placing is called, and its mark.
PLACINGS = MappingProxyType({"tiles": "as equal tiles", "centres": "round their own centres"})
SYMBOLS = MappingProxyType({"tiles": "circle-open", "centres": "circle"})

STYLE = """<style>
.placing svg { display: block; width: 100%; max-width: 640px; height: auto; font-family: inherit; }
.placing svg text { fill: currentColor; }
</style>"""

_LEFT, _WIDE, _HIGH = 20.0, 560.0, 26.0


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
    return _laid_out(figure, 330, top=56, right=24, legend_y=1.1)


def likeness(seeds: Sequence[float], roles: Sequence[Likeness]) -> go.Figure:
    """One line for the baseline's ``seeds``, one a role: a mark for every pair of networks, by the
    rank correlation of their maps of one photo; hollow are two seeds of that role. Left of the
    dotted line and of its hollow marks nothing is a seed's doing alone."""
    figure = go.Figure()
    rows = [("baseline", seeds), *((role.role, role.to_baseline) for role in roles)]
    for name, found in rows:
        figure.add_scatter(
            x=list(found),
            y=[_LIKE.format(name) if name != "baseline" else _SEEDS] * len(found),
            mode="markers",
            marker={"size": 12, "color": ROLE_COLOURS[name], "opacity": 0.8},
            hovertemplate="ρ %{x:.2f}<extra></extra>",
            showlegend=False,
        )
    for role in roles:
        figure.add_scatter(
            x=list(role.own),
            y=[_LIKE.format(role.role)] * len(role.own),
            mode="markers",
            marker={"size": 12, "color": ROLE_COLOURS[role.role], "symbol": "circle-open"},
            hovertemplate="two seeds of the role: ρ %{x:.2f}<extra></extra>",
            showlegend=False,
        )
    if seeds:
        figure.add_vline(min(seeds), line={"dash": "dot", "width": 1.6, "color": NEUTRAL})
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(title="rank correlation of two maps, ρ", zeroline=False)
    return _laid_out(figure, 250, top=8)


_SEEDS, _LIKE = "two seeds of the baseline", "{} and baseline"


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


def placing_alt(centres: Centres, cells: int) -> str:
    """The drawing in words."""
    first, step, side = centres
    last = first + (cells - 1) * step
    return (
        f"One row of {cells} cells on {side:g} px. Cut into tiles, their middles would lie at "
        f"{side / cells / 2:g} to {side - side / cells / 2:g} px. They look round {first:g} to "
        f"{last:g} px, every {step:g} px, and the last {side - last - step / 2:g} px have no cell."
    )


def placing_html(centres: Centres, cells: int) -> str:
    """One row of a map over the side of its square, twice: cut into equal tiles, and each cell
    round the centre of what it sees. Hatched: the part that has no cell of its own."""
    rows = (
        (30.0, "as equal tiles", tiles(cells)),
        (96.0, "round the centre of what each sees", centres),
    )
    parts = [
        '<defs><pattern id="no-cell" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" stroke="currentColor" '
        'stroke-width="1.2" opacity="0.55"/></pattern></defs>'
    ]
    for top, title, placed in rows:
        parts.append(f'<text x="{_LEFT}" y="{top - 8}" font-size="13">{title}</text>')
        parts.extend(_row(placed, cells, top))
    ends = ((_LEFT, "start", "0"), (_LEFT + _WIDE, "end", f"{centres.side_px:g} px"))
    parts += [
        f'<text x="{x}" y="142" font-size="12" text-anchor="{anchor}" opacity="0.75">{words}</text>'
        for x, anchor, words in ends
    ]
    alt = escape(placing_alt(centres, cells), quote=True)
    return (
        f'{STYLE}<div class="placing"><svg viewBox="0 0 600 150" role="img" aria-label="{alt}">'
        f"{''.join(parts)}</svg></div>"
    )


def _row(placed: Centres, cells: int, top: float) -> list[str]:
    colour, parts = ROLE_COLOURS["depth"], []
    low, high = placed.own(cells)
    for start, end in ((0.0, low), (high, 1.0)):
        if end > start:
            parts.append(
                f'<rect class="bare" x="{_at(start)}" y="{top}" width="{(end - start) * _WIDE:.1f}"'
                f' height="{_HIGH}" fill="url(#no-cell)"/>'
            )
    for cell in range(cells):
        start, end = max(0.0, placed.at(cell - 0.5)), min(1.0, placed.at(cell + 0.5))
        parts.append(
            f'<rect class="cell" x="{_at(start)}" y="{top}" width="{(end - start) * _WIDE:.1f}" '
            f'height="{_HIGH}" fill="{colour}" fill-opacity="0.22" stroke="{colour}"/>'
            f'<circle cx="{_at(placed.at(cell))}" cy="{top + _HIGH / 2}" r="3.5" fill="{colour}"/>'
        )
    parts.append(
        f'<rect x="{_LEFT}" y="{top}" width="{_WIDE}" height="{_HIGH}" fill="none" '
        'stroke="currentColor" stroke-width="1.4"/>'
    )
    return parts


def _at(fraction: float) -> str:
    return f"{_LEFT + fraction * _WIDE:.1f}"


def shifts_by_stage(rows: Sequence[ShiftRow]) -> go.Figure:
    """The ``dots`` of one network: how far off a map shows a thing, stage by stage, with cells
    placed in both ways."""
    return _figure(
        [row for row in rows if row.test == "dots"],
        lambda row: f"{row.stage}",
        "stage",
    )


def shifts_by_role(rows: Sequence[ShiftRow]) -> go.Figure:
    """``mirrored`` photos: the same of each trained network's last stage."""
    mirrored = [row for row in rows if row.test == "mirrored"]
    last = max((row.stage for row in mirrored), default=0)
    return _figure([row for row in mirrored if row.stage == last], lambda row: row.network, "")


def _figure(rows: Sequence[ShiftRow], name_of: Namer, title: str) -> go.Figure:
    figure = go.Figure()
    for placed, name in PLACINGS.items():
        chosen = [row for row in rows if row.placed == placed]
        colour = NEUTRAL if placed == "tiles" else ROLE_COLOURS["depth"]
        figure.add_scatter(
            name=name,
            x=[name_of(row) for row in chosen],
            y=[row.mean for row in chosen],
            mode="markers",
            marker={"size": 11, "color": colour, "symbol": SYMBOLS[placed], "line_width": 2},
            error_y={
                "array": [row.high - row.mean for row in chosen],
                "arrayminus": [row.mean - row.low for row in chosen],
                "color": colour,
                "thickness": 1.6,
                "width": 5,
            },
            hovertext=[shift_said(row) for row in chosen],
            hoverinfo="text",
        )
    figure.add_hline(0, line={"color": NEUTRAL, "width": 1})
    figure.update_xaxes(title=title, type="category", showgrid=False)
    figure.update_yaxes(title="shift, % of the side", zeroline=False, ticksuffix=" %")
    return _laid_out(figure, 280)


def shift_said(row: ShiftRow) -> str:
    """A row in words."""
    px = row.side_px / 100
    return (
        f"{row.network}, stage {row.stage}, cells {PLACINGS[row.placed]}: {row.mean:+.1f} % of the "
        f"side ({row.low:+.1f} to {row.high:+.1f}), {row.mean * px:+.1f} px of {row.side_px}"
    )


def removal_curves(
    curves: Mapping[str, RemovalCurves],
    roles: Mapping[str, str],
    insertion: bool,
    frames_at: Sequence[float],
) -> go.Figure:
    """The class's probability while the most important pixels of each network's map are removed, or
    added for ``insertion``: one line a network, by title; a dot where there is a frame of it."""
    figure = go.Figure()
    for title, each in curves.items():
        values = each.insertion if insertion else each.deletion
        colour = ROLE_COLOURS.get(roles[title], NEUTRAL)
        has_frame = [any(abs(x - at) < 1e-3 for at in frames_at) for x in each.fractions]
        figure.add_scatter(
            name=title,
            x=[100 * fraction for fraction in each.fractions],
            y=[100 * value for value in values],
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"color": colour, "size": [9 if framed else 0 for framed in has_frame]},
            hovertemplate=f"{title}: %{{y:.0f}} % at %{{x:.0f}} % of the pixels<extra></extra>",
        )
    done = "added" if insertion else "removed"
    figure.update_xaxes(title=f"pixels {done}", ticksuffix=" %", zeroline=False)
    figure.update_yaxes(title="probability, %", range=[-4, 104], tickvals=[0, 50, 100])
    return _laid_out(figure, 260)


def _laid_out(
    figure: go.Figure, height: int, *, top: int = 40, right: int = 8, legend_y: float = 1.06
) -> go.Figure:
    """The figure, its legend in a line above it."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": right, "t": top, "b": 8},
        legend={"orientation": "h", "y": legend_y, "yanchor": "bottom", "x": 0},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        dragmode=False,
    )
    return figure
