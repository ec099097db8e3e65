"""The opened block against a plain convolution and others of the same in and out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.figures import anatomy
from effnet_viz.figures.base import si
from effnet_viz.scaling.alternatives import Alternative, alternatives, ratio_terms
from effnet_viz.scaling.blocks import spatial_layer
from effnet_viz.scaling.cost import block_cost
from effnet_viz.scaling.layers import Block
from effnet_viz.ui.anatomy.cells import together
from effnet_viz.ui.anatomy.network import Opened
from effnet_viz.ui.shared.parts import chart


def comparison(opened: Opened) -> None:
    """The block against a plain convolution and others of the same in and out."""
    block = opened.block
    others = alternatives(block)
    spatial = spatial_layer(block)
    other_kind = "MBConv" if spatial and spatial.name == "spatial" else "a classic bottleneck"
    st.header(f"Against a plain convolution and {other_kind}", anchor="against")
    if not others or spatial is None:
        what = "stem" if opened.stage == 1 else "head"
        st.markdown(
            f"The {what} is no block, so there is nothing to set beside it. Open a stage between "
            "stem and head to compare."
        )
        return
    plain, other, *wide = others
    name = "This block" if "Bottleneck" in opened.label else f"This {_short(opened.label)}"
    st.markdown(_verdict(block, name, plain, other, wide))
    bars, worked = st.columns([1, 1.15], gap="large")
    with bars:
        chart(
            anatomy.alternative_bars(block, name, [plain, other]),
            alt=f"Multiply-adds and channels filtered: {name} {si(block_cost(block).macs)} on "
            f"{spatial.in_channels:g}; "
            + "; ".join(f"{o.name} {si(o.cost.macs)} on {o.filtered}" for o in others),
            key="a_alternatives",
        )
    with worked:
        _ratio_table(block, plain)
    rows = [
        {
            "what": f"**{together(name)}**",
            "channels filtered": f"{spatial.in_channels:g}",
            "multiply-adds": f"{block_cost(block).macs:,.0f}",
            "block ÷ it": "1",
            "parameters": f"{block_cost(block).params:,.0f}",
            "activations": f"{block_cost(block).activations:,.0f}",
            "how, and its multiply-adds": "as drawn above",
        }
    ]
    for option in others:
        rows.append(
            {
                "what": f"**{option.name}**",
                "channels filtered": f"{option.filtered}",
                "multiply-adds": f"{option.cost.macs:,.0f}",
                "block ÷ it": f"{_ratio(option.ratio.macs)}",
                "parameters": f"{option.cost.params:,.0f}",
                "activations": f"{option.cost.activations:,.0f}",
                "how, and its multiply-adds": f"{option.what}: {option.formula}",
            }
        )
    with st.container(key="a_prose_alternatives"):
        st.table(pd.DataFrame(rows).set_index("what"), alt="The block and its alternatives")
    st.caption(
        "Same input and output shape, stride and kernel for all, batch norm after every "
        "convolution. The bottleneck's inner width is a quarter of its output, as in ResNet. "
        "Computed here."
    )


def _short(label: str) -> str:
    """``MBConv6`` of ``MBConv6 k5x5``."""
    return (
        label.split(" ", 1)[0]
        .replace("InvertedResidual6", "inverted residual")
        .replace("InvertedResidual1", "inverted residual")
        .replace("DepthwiseSeparable", "separable convolution")
    )


def _ratio(value: float) -> str:
    return f"{value:.3f}×" if value < 0.1 else f"{value:.2f}×"


def _verdict(
    block: Block, name: str, plain: Alternative, other: Alternative, wide: list[Alternative]
) -> str:
    spatial = spatial_layer(block)
    assert spatial is not None
    k, inner = spatial.kernel_size, int(spatial.in_channels)
    names = {layer.name for layer in block.layers}
    ratio = plain.ratio.macs
    text = (
        f"{name} costs **{_ratio(ratio)}** the multiply-adds of a plain {k}×{k} convolution with "
        "the same input and output"
    )
    if "spatial" in names:
        return (
            f"{text}: it runs the {k}×{k} on {inner} channels instead of {int(block.in_channels)}. "
            f"Notice: an MBConv6 between such wide ends would cost "
            f"{_ratio(1 / other.ratio.macs)} this block; MBConv pays off because its ends are thin."
        )
    if "pointwise" in names:
        return (
            f"{text}: filtering and mixing apart costs 1/C′ + 1/k² of doing both at once. "
            f"Notice: with k = {k}, 1/k² alone is {1 / k**2:.2f}, so that is the most it can save."
        )
    if not wide:
        gate = any(layer.branch == "se" for layer in block.layers)
        return (
            f"{text}. Notice: without expansion it is MobileNetV1's separable convolution, "
            "1/C′ + 1/k²" + (", with a little squeeze-and-excitation." if gate else ".")
        )
    broad = wide[0]
    sees = f"its filters see **{inner}** channels instead of {int(block.in_channels)}"
    rest = f", and {sees}" if ratio < 1 else f". What it buys with more: {sees}"
    return (
        f"{text}{rest}. Notice: a plain convolution on all {inner} channels would make the "
        f"block **{1 / broad.ratio.macs:.0f}×** dearer. A classic bottleneck is "
        f"{other.ratio.macs:.1f}× cheaper, because it filters only {other.filtered}."
    )


def _ratio_table(block: Block, plain: Alternative) -> None:
    terms = ratio_terms(block)
    rows = [
        {
            "operation": together(term.title),
            "÷ plain": term.symbols,
            "with the numbers": term.worked,
            "=": _term(term.value),
        }
        for term in terms
    ]
    rows.append(
        {
            "operation": "**The block**",
            "÷ plain": "**the sum**",
            "with the numbers": together(f"{si(block_cost(block).macs)} / {si(plain.cost.macs)}"),
            "=": f"**{sum(term.value for term in terms):.4f}**",
        }
    )
    st.table(pd.DataFrame(rows).set_index("operation"), alt="The ratio, operation by operation")
    letters = ["k kernel", "C, C′ channels in, out"]
    symbols = " ".join(term.symbols for term in terms)
    for letter, words in (
        ("H", "H, H′ map side in, out"),
        ("e", "e expansion"),
        ("s", "s squeezed channels"),
        ("m", "m inner channels"),
    ):
        if letter in symbols:
            letters.append(words)
    st.caption(f"Plain convolution: k²·C·C′·H′² = {plain.formula}. " + "; ".join(letters) + ".")


def _term(value: float) -> str:
    return f"{value:.4f}" if value >= 0.0001 else "< 0.0001"
