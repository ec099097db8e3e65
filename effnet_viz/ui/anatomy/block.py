"""The opened block: its drawing, its operations, its stage's other blocks."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.figures import anatomy
from effnet_viz.figures.block_drawing import block_html
from effnet_viz.figures.canvas import percent
from effnet_viz.scaling.blocks import blocks_of, in_shape, operations, out_shape, skip_reason
from effnet_viz.scaling.cost import block_cost
from effnet_viz.scaling.layers import Block
from effnet_viz.ui.anatomy.cells import PROSE, part, together
from effnet_viz.ui.anatomy.network import Opened
from effnet_viz.ui.shared.parts import chart


def block_drawing(opened: Opened) -> None:
    """The opened block's operations as a drawing, and what to notice in it."""
    st.header(opened.title, anchor="block")
    st.markdown(f"{skip_reason(opened.block)} {_notice_block(opened.block)}")
    # st.html strips SVG; every word in the drawing is computed here, none comes from a visitor
    st.markdown(block_html(opened.block, opened.spec.family), unsafe_allow_html=True)
    gate = any(layer.branch == "se" for layer in opened.block.layers)
    st.caption(
        "Shapes are channels × height × width of one image. A slab's height is the map's side, its "
        "thickness the channels, to one scale within the block. Bars: share of the block. "
        + (
            "× multiplies every channel by the factor that squeeze-and-excitation computed for it. "
            if gate
            else ""
        )
        + "Computed here."
    )


def _notice_block(block: Block) -> str:
    steps = operations(block)
    macs = {work: sum(s.share.macs for s in steps if s.work == work) for work in ("mix", "filter")}
    names = {layer.name for layer in block.layers}
    if "spatial" in names:
        inner, cout = int(block.layers[0].out_channels), int(block.out_channels)
        return (
            f"Notice: the slab **thins in the middle** ({inner} of {cout} channels), because the "
            "3×3 convolution mixes all the channels it sees."
        )
    if "linear" in names:
        head = next(s for s in steps if s.name == "linear")
        return (
            f"Notice: the classifier has **{percent(head.share.params)}** of this stage's "
            f"parameters but {percent(head.share.macs)} of its multiply-adds: it runs once, "
            "after the pooling, not at every position."
        )
    if "depthwise" not in names:
        return (
            f"Notice: {int(block.in_channels)} channels come in, the colours of the photo, so "
            "there is nothing to be saved by treating channels one by one."
        )
    cheap = (
        f"the {block.layers[0 if 'expand' not in names else 1].kernel_size}×"
        f"{block.layers[0 if 'expand' not in names else 1].kernel_size} filters take only "
        f"{percent(macs['filter'])} of the multiply-adds; mixing channels takes "
        f"**{percent(macs['mix'])}**"
    )
    if "expand" in names:
        return f"Notice: the slab **swells in the middle**. Even so, {cheap}."
    return f"Notice: {cheap}."


def operation_table(opened: Opened) -> None:
    """Every operation with shapes, cost, share and the multiply-adds worked out."""
    total = block_cost(opened.block)
    rows = []
    for step in operations(opened.block, opened.spec.family):
        rows.append(
            {
                "operation": f"**{together(step.title)}**",
                "shape in → out": together(f"{step.in_shape} → {step.out_shape}"),
                "parameters": part(step.cost.params, step.share.params),
                "multiply-adds": part(step.cost.macs, step.share.macs),
                "worked": together(step.formula or "not counted"),
                "activations": part(step.cost.activations, step.share.activations),
                "then": step.then,
                "what it does": step.what,
            }
        )
    rows.append(
        {
            "operation": "**The block**",
            "shape in → out": together(f"{in_shape(opened.block)} → {out_shape(opened.block)}"),
            "parameters": f"**{total.params:,.0f}**",
            "multiply-adds": f"**{total.macs:,.0f}**",
            "worked": "",
            "activations": f"**{total.activations:,.0f}**",
            "then": "",
            "what it does": "",
        }
    )
    with st.container(key="a_prose_operations"):
        st.html(PROSE)
        st.table(pd.DataFrame(rows).set_index("operation"), alt="What the block does")
    st.markdown(_notice_shares(opened.block))
    chart(
        anatomy.operation_shares(opened.block),
        alt="Share of each operation in the block's multiply-adds, parameters and activations; "
        "the table above has the numbers",
        key="a_shares",
    )
    st.caption(
        "Parameters include two per channel of every batch norm. Activations are the elements that "
        "convolutions output. Computed here."
    )


def _notice_shares(block: Block) -> str:
    steps = {step.name: step for step in operations(block)}
    thin = steps.get("depthwise")
    if thin is None:
        return "The same three totals, split by operation:"
    return (
        f"Notice: the depthwise convolution makes **{percent(thin.share.macs)}** of the "
        f"multiply-adds but writes **{percent(thin.share.activations)}** of the activations. "
        "Memory has to carry those, which is one reason why multiply-adds are not time."
    )


def stage_blocks(opened: Opened) -> None:
    """The opened stage's blocks, one row each."""
    blocks = blocks_of(opened.spec, opened.stage)
    repeats = int(sum(block.count for block in blocks))
    if repeats == 1:
        st.markdown(f"Stage {opened.stage} has one block: the one above.")
        return
    st.header(f"Stage {opened.stage} has {repeats} blocks")
    stage = opened.cost.stages[opened.stage - 1]
    rows = []
    for block in blocks:
        cost = block_cost(block)
        last = int(block.count) + 1
        name = "1" if block.first else "2" if last == 2 else together(f"each of 2 to {last}")
        is_open = block.first == opened.block.first
        rows.append(
            {
                "block": f":violet-background[**{name}**]" if is_open else name,
                "in → out": together(f"{in_shape(block)} → {out_shape(block)}"),
                "skip": "yes" if block.skip else "no",
                "parameters": part(cost.params, cost.params / stage.params),
                "multiply-adds": part(cost.macs, cost.macs / stage.macs),
                "activations": part(cost.activations, cost.activations / stage.activations),
                "of the network": f"{percent(cost.macs / opened.cost.macs)} of multiply-adds",
            }
        )
    st.table(pd.DataFrame(rows).set_index("block"), alt=f"Blocks of stage {opened.stage}")
    first, other = (block_cost(block).macs for block in blocks)
    st.markdown(
        "Only the first block changes the shape (stride, channels); the others repeat what it "
        f"leaves. Notice: the first costs **{first / other:.2f}×** each of the others, so a deeper "
        "stage does not cost exactly d times as much."
    )
    st.caption("In brackets: share of the stage. The marked block is open above. Computed here.")
