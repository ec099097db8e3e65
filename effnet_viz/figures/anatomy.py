"""The Anatomy page's charts. No torch, no streamlit; colours hold on light and dark."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import plotly.graph_objects as go
from PIL import Image
from plotly.subplots import make_subplots

from effnet_viz.figures.base import NEUTRAL, TRANSPARENT, si
from effnet_viz.figures.canvas import WORK_COLOURS, WORK_TITLES
from effnet_viz.scaling.alternatives import Alternative
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.blocks import operations, spatial_layer
from effnet_viz.scaling.cost import block_cost, network_cost
from effnet_viz.scaling.layers import Block, iter_blocks
from effnet_viz.scaling.receptive import StageField
from effnet_viz.scaling.width import WidthSplit

OPEN = WORK_COLOURS["mix"]
QUADRATIC, LINEAR = WORK_COLOURS["mix"], WORK_COLOURS["filter"]
#: Text inside a bar of a work's colour.
ON_COLOUR = {"mix": "#FFFFFF", "filter": "#14141C", "gate": "#14141C"}
_BARE = {"plot_bgcolor": TRANSPARENT, "paper_bgcolor": TRANSPARENT, "dragmode": False}


def block_overview(spec: ArchitectureSpec, stage: int, first: bool) -> go.Figure:
    """One pair of bars per block, stem to head: its share of the network's multiply-adds upwards,
    of its parameters downwards. The opened stage is coloured, the opened blocks fully.

    ``customdata`` of every bar is ``(stage, is it the stage's first block)``.
    """
    total = network_cost(spec)
    blocks = list(iter_blocks(spec))
    costs = [block_cost(block) for block in blocks]
    number: dict[int, int] = {}
    names = []
    for block in blocks:
        number[block.stage] = number.get(block.stage, 0) + 1
        names.append(f"stage {block.stage}, block {number[block.stage]}")
    opened = [block.stage == stage for block in blocks]
    opacity = [1.0 if block.stage == stage and block.first == first else 0.5 for block in blocks]
    macs = [100 * cost.macs / total.macs for cost in costs]
    params = [100 * cost.params / total.params for cost in costs]
    figure = go.Figure()
    for word, values, sign in (("multiply-adds", macs, 1), ("parameters", params, -1)):
        figure.add_bar(
            x=list(range(len(blocks))),
            y=[sign * value for value in values],
            marker={
                "color": [OPEN if is_open else NEUTRAL for is_open in opened],
                "opacity": opacity,
                "line_width": 0,
            },
            customdata=[(block.stage, block.first) for block in blocks],
            hovertext=[
                f"{name}: {value:.1f} % of the {word}"
                for name, value in zip(names, values, strict=True)
            ],
            hoverinfo="text",
            selected_marker_opacity=1.0,
            unselected_marker_opacity=0.5,
            showlegend=False,
        )
    middles = []
    for row in total.stages:
        places = [place for place, block in enumerate(blocks) if block.stage == row.stage]
        middles.append(sum(places) / len(places))
    figure.update_xaxes(
        tickvals=middles,
        ticktext=[
            f"<b>{row.stage}</b>" if row.stage == stage else f"{row.stage}" for row in total.stages
        ],
        showgrid=False,
        zeroline=False,
        range=[-0.6, len(blocks) - 0.4],
        fixedrange=True,
    )
    figure.update_yaxes(visible=False, fixedrange=True, zeroline=True)
    figure.add_annotation(
        text="↑ share of multiply-adds, ↓ share of parameters", showarrow=False, font_size=12,
        xref="paper", yref="paper", x=0, y=1, xanchor="left", yanchor="bottom",
    )  # fmt: skip
    figure.add_hline(y=0, line_width=1, line_color=NEUTRAL)
    figure.update_layout(
        height=142,
        margin={"l": 4, "r": 4, "t": 18, "b": 20},
        barmode="overlay",
        bargap=0.12,
        clickmode="event+select",
        **_BARE,
    )
    return figure


def operation_shares(block: Block) -> go.Figure:
    """The block's multiply-adds, parameters and activations, one full bar each, split by
    operation in the order they run."""
    figure = go.Figure()
    rows = ("activations", "parameters", "multiply-adds")
    steps = [step for step in operations(block) if step.formula]
    seen: set[str] = set()
    for step in steps:
        share = (step.share.activations, step.share.params, step.share.macs)
        figure.add_bar(
            orientation="h",
            y=rows,
            x=[100 * part for part in share],
            name=WORK_TITLES[step.work],
            legendgroup=step.work,
            showlegend=step.work not in seen,
            marker={
                "color": WORK_COLOURS[step.work],
                "line": {"color": "rgba(255,255,255,0.5)", "width": 1},
            },
            text=[step.title if part > 0.14 else "" for part in share],
            insidetextanchor="middle",
            textposition="inside",
            textangle=0,
            textfont_color=ON_COLOUR[step.work],
            constraintext="inside",
            hovertemplate=f"{step.title}: %{{x:.1f}} % of the block's %{{y}}<extra></extra>",
        )
        seen.add(step.work)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_layout(
        barmode="stack",
        uniformtext={"minsize": 10, "mode": "hide"},
        height=190,
        margin={"l": 4, "r": 12, "t": 4, "b": 4},
        bargap=0.3,
        legend={"orientation": "h", "traceorder": "normal", "y": 1.02, "yanchor": "bottom", "x": 0},
        **_BARE,
    )
    return figure


def alternative_bars(block: Block, name: str, others: Sequence[Alternative]) -> go.Figure:
    """The block beside what has the same shapes in and out: multiply-adds on the left, the number
    of channels that its k×k filters look at on the right."""
    spatial = spatial_layer(block)
    own = (name, block_cost(block).macs, int(spatial.in_channels) if spatial else 0, OPEN)
    rows = [own, *((other.name, other.cost.macs, other.filtered, NEUTRAL) for other in others)]
    rows.sort(key=lambda row: -row[1])
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=("multiply-adds", "channels filtered"),
    )
    for column, (index, words) in enumerate(((1, si), (2, lambda v: f"{v:g}")), start=1):
        values = [float(row[index]) for row in rows]
        figure.add_bar(
            orientation="h",
            x=values,
            y=list(range(len(rows))),
            width=0.42,
            marker_color=[row[3] for row in rows],
            text=[words(value) for value in values],
            textposition="outside",
            cliponaxis=False,
            hovertext=[
                f"{row[0]}: {words(value)}" for row, value in zip(rows, values, strict=True)
            ],
            hoverinfo="text",
            showlegend=False,
            row=1,
            col=column,
        )
        figure.update_xaxes(
            range=[0, 1.3 * max(values)], showticklabels=False, showgrid=False, zeroline=False,
            fixedrange=True, row=1, col=column,
        )  # fmt: skip
    for place, row in enumerate(rows):
        text = f"<b>{row[0]}</b>" if row is own else row[0]
        figure.add_annotation(
            text=text, xref="x domain", x=0, y=place + 0.24, yanchor="bottom", xanchor="left",
            showarrow=False, font_size=13,
        )  # fmt: skip
    figure.update_yaxes(
        visible=False, range=[-0.4, len(rows) - 0.3], fixedrange=True, showgrid=False
    )
    figure.update_layout(
        height=62 * len(rows) + 40, margin={"l": 4, "r": 4, "t": 30, "b": 4}, **_BARE
    )
    return figure


def width_bars(split: WidthSplit, width: float, built: float) -> go.Figure:
    """The baseline's multiply-adds as 1, what ``w²`` would make of them, and what they become:
    the part that grows with w² and the part that grows with w, each on its own."""
    quadratic, linear, constant = split.shares
    law = "if all grew<br>with w²"
    rounds = abs(built - split.ratio(width)) >= 0.005
    own = "each by its<br>own rule" if rounds else "as built"
    rows = [own, law, "baseline"]
    figure = go.Figure()
    for name, colour, values in (
        ("grows with w²", QUADRATIC, (quadratic * width**2, quadratic * width**2, quadratic)),
        ("grows with w", LINEAR, (linear * width, linear * width**2, linear)),
        ("stays", NEUTRAL, (constant, constant * width**2, constant)),
    ):
        if not any(values):
            continue
        figure.add_bar(
            orientation="h",
            y=rows,
            x=values,
            name=name,
            marker={"color": colour, "opacity": [1.0, 0.45, 1.0], "line_width": 0},
            text=[
                f"{value:.2f}" if value > 0.03 * width**2 and row != law else ""
                for row, value in zip(rows, values, strict=True)
            ],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont_color=ON_COLOUR["filter" if name == "grows with w" else "mix"],
            hovertemplate="%{y}: %{x:.3f} × the baseline<extra>" + name + "</extra>",
        )
    exact = split.ratio(width)
    for row, value, text in (
        (rows[0], exact, f"<b>{exact:.2f}×</b>"),
        (rows[1], width**2, f"{width**2:.2f}×"),
        (rows[2], 1.0, "1×"),
    ):
        figure.add_annotation(
            x=value, y=row, text=text, showarrow=False, xanchor="left", xshift=5, font_size=14
        )
    if rounds:
        rows.insert(0, "as built,<br>in eights")
        figure.add_bar(
            orientation="h",
            y=[rows[0]],
            x=[built],
            name="rounded to eights",
            marker={"color": TRANSPARENT, "line": {"color": NEUTRAL, "width": 2}},
            hovertemplate="built, channels in eights: %{x:.3f} ×<extra></extra>",
        )
        figure.add_annotation(
            x=built, y=rows[0], text=f"<b>{built:.2f}×</b>", showarrow=False, xanchor="left",
            xshift=5, font_size=14,
        )  # fmt: skip
    figure.update_xaxes(
        range=[0, 1.2 * max(width**2, 1.0, built)],
        ticksuffix="×",
        fixedrange=True,
        zeroline=False,
    )
    figure.update_yaxes(categoryorder="array", categoryarray=rows, fixedrange=True)
    figure.update_layout(
        barmode="stack",
        uniformtext={"minsize": 10, "mode": "hide"},
        height=64 + 48 * len(rows),
        margin={"l": 4, "r": 4, "t": 4, "b": 4},
        bargap=0.35,
        legend={"orientation": "h", "traceorder": "normal", "y": 1.02, "yanchor": "bottom", "x": 0},
        **_BARE,
    )
    return figure


def receptive_field_figure(
    photo: Image.Image, resolution_px: int, fields: Sequence[StageField], stage: int
) -> go.Figure:
    """The square photo with what one middle position of each of ``fields`` sees, to scale.

    Axes count the model's input pixels; squares may reach beyond the photo. Labels stand on the
    right, the largest square at the top; the opened stage's square is filled.
    """
    low = min(0, *(field.start_px for field in fields))
    high = max(resolution_px, *(field.end_px for field in fields))
    room = 0.02 * (high - low)
    figure = go.Figure()
    figure.add_layout_image(
        source=_data_uri(photo), xref="x", yref="y", x=0, y=0, sizex=resolution_px,
        sizey=resolution_px, sizing="stretch", layer="below",
    )  # fmt: skip
    ordered = sorted(fields, key=lambda field: -field.side_px)
    span = high - low + 2 * room
    for place, field in enumerate(ordered):
        corners = [field.start_px, field.end_px]
        is_open = field.stage == stage
        colour = OPEN if is_open else "#FFFFFF"
        outline = {
            "type": "rect", "x0": corners[0], "x1": corners[1], "y0": corners[0],
            "y1": corners[1],
        }  # fmt: skip
        figure.add_shape(**outline, line={"color": "rgba(0,0,0,0.65)", "width": 5})
        figure.add_shape(
            **outline,
            line={"color": colour, "width": 3 if is_open else 2},
            fillcolor="rgba(109,106,240,0.28)" if is_open else TRANSPARENT,
        )
        label_y = low - room + span * (place + 0.5) / max(len(ordered), 5)
        text = f"stage {field.stage}: {field.side_px} px"
        figure.add_shape(
            type="line", x0=field.end_px, y0=field.start_px, x1=high + room + 0.04 * span,
            y1=label_y, line={"color": OPEN if is_open else NEUTRAL, "width": 1},
        )  # fmt: skip
        figure.add_annotation(
            x=high + room + 0.05 * span,
            y=label_y,
            text=f"<b>{text}</b>" if is_open else text,
            showarrow=False,
            xanchor="left",
            font_size=12,
        )
    figure.update_xaxes(
        visible=False,
        range=[low - room, high + room + 0.52 * span],
        constrain="domain",
        constraintoward="left",
        fixedrange=True,
    )
    figure.update_yaxes(
        visible=False,
        range=[high + room, low - room],
        scaleanchor="x",
        constrain="domain",
        constraintoward="top",
        fixedrange=True,
    )
    figure.update_layout(height=270, margin={"l": 0, "r": 0, "t": 0, "b": 0}, **_BARE)
    return figure


def _data_uri(photo: Image.Image, longest_px: int = 480) -> str:
    small = photo.convert("RGB")
    small.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
