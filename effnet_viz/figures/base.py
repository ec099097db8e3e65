"""Results in, plotly figures out. No torch, no streamlit; colours hold on light and dark."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from effnet_viz.evidence.results import Prediction
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import NetworkCost
from effnet_viz.scaling.families import Role
from effnet_viz.scaling.gap import RatioGap
from effnet_viz.scaling.layers import iter_blocks

#: Okabe-Ito, one colour per role on every page.
ROLE_COLOURS: MappingProxyType[str, str] = MappingProxyType(
    {
        "baseline": "#8A8A94",
        "depth": "#0072B2",
        "width": "#D55E00",
        "resolution": "#009E73",
        "compound": "#CC79A7",
    }
)
NEUTRAL = ROLE_COLOURS["baseline"]
TRANSPARENT = "rgba(0,0,0,0)"


def si(value: float, digits: int = 3) -> str:
    """A count with its SI-like suffix as the papers write it: ``5.29 M``, ``386 M``, ``1.83 B``."""
    for limit, suffix in ((1e12, " T"), (1e9, " B"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            scaled = value / limit
            return f"{scaled:.{max(0, digits - len(str(int(abs(scaled)))))}f}{suffix}"
    return f"{value:.{digits}g}"


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign, never ``-0.00``."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def mebibytes(count: float) -> str:
    """A byte count in MiB or GiB."""
    return f"{count / 2**30:.2f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def network_drawing(panels: Mapping[Role, ArchitectureSpec]) -> go.Figure:
    """The paper's figure 2, to scale: one row per role, one bar per block, left to right.

    Bar height is the side of the block's input map in pixels, bar thickness its output channels;
    all rows share both units, so a taller row is more resolution, thicker bars are more width and
    more bars are more depth. The head is left out: it is not a block, and wider than all of them.
    """
    figure = make_subplots(rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.015)
    blocks = {
        role: [block for block in iter_blocks(spec) if block.stage < len(spec.stages)]
        for role, spec in panels.items()
    }
    gap = max(sum(b.out_channels for b in row) for row in blocks.values()) / 140
    longest = max(sum(b.out_channels + gap for b in row) for row in blocks.values())
    tallest = max(block.in_px for row in blocks.values() for block in row)
    for row, (role, drawn) in enumerate(blocks.items(), start=1):
        edges = list(accumulate((block.out_channels + gap for block in drawn), initial=0.0))
        figure.add_bar(
            x=[edge + block.out_channels / 2 for edge, block in zip(edges, drawn, strict=False)],
            y=[block.in_px for block in drawn],
            base=[-block.in_px / 2 for block in drawn],
            width=[block.out_channels for block in drawn],
            marker={
                "color": ROLE_COLOURS[role],
                "opacity": [1.0 if block.stage % 2 else 0.65 for block in drawn],
                "line_width": 0,
            },
            hovertext=[
                f"{role}, stage {block.stage}: {block.out_channels:g} channels, "
                f"{block.in_px:g} px in, {block.out_px:g} px out"
                for block in drawn
            ],
            hoverinfo="text",
            showlegend=False,
            row=row,
            col=1,
        )
        figure.add_annotation(
            text=f"<b>{role}</b><br>{len(drawn) - 1} blocks, {drawn[0].in_px:g} px",
            font_size=12,
            align="right",
            xref="paper",
            yref=f"y{row if row > 1 else ''} domain",
            x=0,
            y=0.5,
            xanchor="right",
            xshift=-8,
            showarrow=False,
        )
    figure.update_xaxes(visible=False, range=[0, longest])
    figure.update_yaxes(visible=False, range=[-tallest / 2, tallest / 2])
    figure.update_layout(
        height=64 * len(panels) + 8,
        margin={"l": 120, "r": 4, "t": 4, "b": 4},
        plot_bgcolor=TRANSPARENT,
        paper_bgcolor=TRANSPARENT,
        bargap=0,
        dragmode=False,
    )
    return figure


def gap_waterfall(gap: RatioGap) -> dict[str, Any]:
    """From the law's ratio to the built one, one bar per cause, in multiples of the baseline."""
    bars = {
        "type": "waterfall",
        "x": ["The law", *(cause.name for cause in gap.causes), "As built"],
        "y": [gap.law_ratio, *(cause.share for cause in gap.causes), gap.built_ratio],
        "measure": ["absolute", *["relative"] * len(gap.causes), "total"],
        "text": [
            f"{gap.law_ratio:.2f}×",
            *(signed(cause.share) for cause in gap.causes),
            f"{gap.built_ratio:.2f}×",
        ],
        "hovertext": [
            "What α·β²·γ² predicts",
            *(cause.explanation for cause in gap.causes),
            "MACs of the real network over the baseline's",
        ],
        "hoverinfo": "text",
        "textposition": "outside",
        "cliponaxis": False,
        "connector": {"line": {"width": 1, "color": NEUTRAL}},
        "increasing": {"marker": {"color": ROLE_COLOURS["width"]}},
        "decreasing": {"marker": {"color": ROLE_COLOURS["resolution"]}},
        "totals": {"marker": {"color": ROLE_COLOURS["compound"]}},
    }
    top = max(gap.law_ratio, gap.built_ratio) + sum(max(0.0, c.share) for c in gap.causes) * 0.2
    layout = {
        "height": 330,
        "margin": {"l": 8, "r": 8, "t": 24, "b": 8},
        "yaxis": {
            "title": {"text": "× baseline MACs"},
            "rangemode": "tozero",
            "range": [0, top * 1.15],
        },
        "dragmode": False,
    }
    return {"data": [bars], "layout": layout}


def stage_share_bars(base: NetworkCost, scaled: NetworkCost) -> dict[str, Any]:
    """MACs of each stage, baseline beside scaled, as shares of each network's total."""
    bars = [
        {
            "type": "bar",
            "name": name,
            "x": [f"stage {row.stage}" for row in cost.stages],
            "y": [100 * row.macs / cost.macs for row in cost.stages],
            "customdata": [[si(row.macs), row.operator] for row in cost.stages],
            "hovertemplate": "%{customdata[1]}<br>%{y:.1f} % · %{customdata[0]} MACs",
            "marker": {"color": colour},
        }
        for name, cost, colour in (
            ("baseline", base, ROLE_COLOURS["baseline"]),
            ("scaled", scaled, ROLE_COLOURS["compound"]),
        )
    ]
    layout = {
        "height": 300,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "yaxis": {"title": {"text": "% of MACs"}, "rangemode": "tozero"},
        "legend": {"orientation": "h", "y": 1.12, "x": 0},
        "bargap": 0.25,
        "dragmode": False,
    }
    return {"data": bars, "layout": layout}


def top_class_bars(predictions: Mapping[str, Prediction], top: int = 3) -> go.Figure:
    """The first ``top`` classes of every prediction (by title), on one 0-100 % axis.

    Predictions of untrained weights are hollow.
    """
    figure = make_subplots(
        rows=len(predictions),
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.28 / max(1, len(predictions)),
    )
    for row, (title, prediction) in enumerate(predictions.items(), start=1):
        colour = ROLE_COLOURS.get(prediction.role, NEUTRAL)
        classes = list(reversed(prediction.top[:top]))
        figure.add_bar(
            orientation="h",
            x=[100 * c.probability for c in classes],
            y=[c.label for c in classes],
            text=[f"{100 * c.probability:.1f} %" for c in classes],
            textposition="outside",
            cliponaxis=False,
            marker={
                "color": colour if prediction.meaningful else TRANSPARENT,
                "line": {"color": colour, "width": 1.5},
            },
            hovertemplate=f"{title}: %{{y}} %{{x:.1f}} %<extra></extra>",
            showlegend=False,
            row=row,
            col=1,
        )
        figure.add_annotation(
            text=f"<b>{title}</b>",
            xref="paper",
            yref=f"y{row if row > 1 else ''} domain",
            x=0,
            y=1,
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
        )
        figure.update_yaxes(automargin=True, row=row, col=1)
    figure.update_xaxes(range=[0, 112], showticklabels=False, zeroline=False)
    figure.update_xaxes(
        showticklabels=True, ticksuffix=" %", tickvals=[0, 25, 50, 75, 100], row=len(predictions)
    )
    figure.update_layout(
        height=50 + 92 * len(predictions),
        margin={"l": 8, "r": 24, "t": 22, "b": 8},
        bargap=0.2,
        dragmode=False,
    )
    return figure
