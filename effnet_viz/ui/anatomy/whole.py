"""What the whole network does: how its cost grows with width, how far it sees."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.engine import images
from effnet_viz.figures import anatomy
from effnet_viz.scaling.receptive import StageField, receptive_fields
from effnet_viz.scaling.study import ScaleStudy
from effnet_viz.scaling.width import built_ratio, width_split
from effnet_viz.ui.anatomy.cells import part, together
from effnet_viz.ui.shared.parts import chart
from effnet_viz.ui.shared.photos import photo_picker
from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES


def doubling(result: ScaleStudy) -> None:
    """Why width w costs less than w²."""
    split = width_split(result.base)
    title = ARCHITECTURE_TITLES[result.base.name]
    twice = split.ratio(2)
    st.header(f"Why doubling the width costs {twice:.2f}×, not 4×", anchor="width")
    quadratic, linear, constant = split.shares
    sum_ = f"4 · {quadratic:.3f} + 2 · {linear:.3f}" + (
        f" + {constant:.3f}" if constant > 0.0005 else ""
    )
    st.markdown(
        f"Of {title}'s multiply-adds, **{100 * quadratic:.1f} %** grow with w²: layers whose "
        f"inputs and outputs both widen. **{100 * linear:.1f} %** grow only with w, because one "
        f"side stays. Notice the sum: {sum_} = **{twice:.3f}**."
    )
    width = st.slider(
        "**w** · width multiplier",
        0.5,
        4.0,
        2.0,
        step=0.1,
        format="%.1f",
        key="a_w",
        bind="query-params",
    )
    built = built_ratio(result.base, width)
    chart(
        anatomy.width_bars(split, width, built),
        alt=f"Multiply-adds at w = {width:g}: {split.ratio(width):.2f} times the baseline, not "
        f"{width**2:.2f}; built with channels in eights {built:.2f} times",
        key="a_width",
    )
    rows = []
    for kind in split.parts:
        power = "w²" if kind.quadratic else "w" if kind.linear else "–"
        rows.append(
            {
                "layers": f"**{together(kind.name)}**",
                "multiply-adds at w = 1": part(kind.macs, kind.macs / split.macs),
                "grow with": power,
                f"at w = {width:g}": f"{kind.at(width) / kind.macs:.2f}×",
                "adds to the total": f"{kind.at(width) / split.macs:.3f}×",
                "why": kind.why,
            }
        )
    rows.append(
        {
            "layers": "**Together**",
            "multiply-adds at w = 1": f"**{split.macs:,}**",
            "grow with": "",
            f"at w = {width:g}": f"**{split.ratio(width):.2f}×**",
            "adds to the total": f"**{split.ratio(width):.3f}×**",
            "why": "",
        }
    )
    with st.container(key="a_prose_width"):
        st.table(
            pd.DataFrame(rows).set_index("layers"), alt="How each kind of layer grows with width"
        )
    rounding = (
        f" At w = {width:g} channels snap to multiples of 8, which makes it {built:.3f}×."
        if abs(built - split.ratio(width)) >= 0.0005
        else f" The network built at w = {width:g} costs just that."
    )
    st.caption(
        "Measured by computing: the network at w = 1, 2 and 3, and the one quadratic through each "
        "kind's three costs." + rounding + " The law's w² is from the paper (v1, section 3.3)."
    )


def receptive_field(result: ScaleStudy, stage: int) -> None:
    """What one middle position of each stage sees, drawn on the photo."""
    spec, px = result.scaled, result.multipliers.resolution_px
    fields = receptive_fields(spec)
    st.header("How far does it see?", anchor="field")
    inside = [field for field in fields if field.start_px >= 0 and field.end_px <= px]
    beyond = [field for field in fields if field not in inside]
    st.markdown(_notice_field(fields, px))
    controls, *places = st.columns([0.8, 1.4, 1.4])
    with controls:
        photo = photo_picker()
    image = images.crop(photo.image, images.square(*photo.image.size))
    panels = (("Inside the photo", inside), ("Beyond its edges", beyond))
    for column, (title, chosen) in zip(places, [p for p in panels if p[1]], strict=False):
        with column:
            st.markdown(f"**{title}**")
            chart(
                anatomy.receptive_field_figure(image, px, chosen, stage),
                alt=f"{photo.alt} Squares seen by one position: "
                + ", ".join(f"stage {f.stage} {f.side_px} px" for f in chosen),
                key=f"a_field_{title}",
            )
    rows = [
        {
            "stage": f":violet-background[**{f.stage}**]" if f.stage == stage else str(f.stage),
            "operator": f.operator,
            "map": f"{f.grid}×{f.grid}",
            "one position sees": together(f"{f.side_px} × {f.side_px} px"),
            "of the photo's side": f"{f.side_px / px:.2f}×",
            "positions lie apart": f"{f.step_px} px",
        }
        for f in fields
    ]
    st.table(pd.DataFrame(rows).set_index("stage"), alt="Receptive field of every stage")
    gate = any(s.se_ratio for s in spec.stages)
    st.caption(
        "Theoretical receptive field of the convolution path, in pixels of the model's "
        f"{px} px input, of the position nearest the middle; the opened stage is marked. "
        + (
            "Squeeze-and-excitation averages whole maps, so through it the true one is global. "
            if gate
            else ""
        )
        + "The head's pooling sees everything. Computed here."
    )


def _notice_field(fields: tuple[StageField, ...], px: int) -> str:
    whole = next((f for f in fields if f.side_px >= px), None)
    largest = fields[-1]
    grows = (
        "Every k×k convolution adds k − 1 steps, and every stride of 2 doubles the step: that is "
        "why late stages see so much more."
    )
    if whole is None:
        return (
            f"{grows} Notice: not even stage {largest.stage} sees the whole photo "
            f"({largest.side_px} of {px} px)."
        )
    return (
        f"{grows} Notice: from **stage {whole.stage}** on, one position can see more than the "
        f"photo's {px} px; at the end it is {largest.side_px} px."
    )
