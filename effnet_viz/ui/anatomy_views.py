"""The sections of the Anatomy page: each takes plain results and draws one thing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from effnet_viz import anatomy_figures, images
from effnet_viz.anatomy import (
    Alternative,
    StageField,
    alternatives,
    blocks_of,
    in_shape,
    operations,
    operations_csv,
    out_shape,
    ratio_terms,
    receptive_fields,
    skip_reason,
    spatial_layer,
)
from effnet_viz.anatomy_drawing import block_alt, block_html, percent
from effnet_viz.architectures import ArchitectureSpec
from effnet_viz.cost import NetworkCost, block_cost
from effnet_viz.figures import si
from effnet_viz.layers import Block, iter_blocks
from effnet_viz.study import ScaleStudy
from effnet_viz.ui.photos import photo_picker
from effnet_viz.ui.state import ARCHITECTURE_TITLES, ScaleChoice
from effnet_viz.width import built_ratio, width_split

NO_BAR = {"displayModeBar": False}
FIRST, OTHERS = "first", "others"
BLOCK_TITLES = {FIRST: "The first block", OTHERS: "One of the others"}
ENDS = ("conv", "conv_head", "pool_head")

#: The last column of these tables is prose, which a narrow screen would make one word wide.
_PROSE = """
<style>
[class*="st-key-a_prose"] td:last-child { min-width: 15rem; }
</style>
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """The stage and block that are open."""

    spec: ArchitectureSpec
    cost: NetworkCost
    stage: int
    block: Block

    @property
    def label(self) -> str:
        """The stage's operator as the paper prints it."""
        return self.spec.stages[self.stage - 1].label

    @property
    def numbers(self) -> str:
        """Which of the stage's blocks are open: ``1``, ``2`` or ``2-5``."""
        if self.block.first:
            return "1"
        last = int(self.block.count) + 1
        return "2" if last == 2 else f"2-{last}"

    @property
    def title(self) -> str:
        """The stage and blocks as a heading."""
        match self.spec.stages[self.stage - 1].operator:
            case "conv":
                return f"Stage {self.stage}, the stem: {self.label}"
            case "conv_head" | "pool_head":
                return f"Stage {self.stage}, the head: {self.label}"
        word = "blocks" if "-" in self.numbers else "block"
        return f"Stage {self.stage}, {word} {self.numbers}: {self.label}"


def which_network(choice: ScaleChoice, result: ScaleStudy) -> None:
    """Name the network that is opened, and where to change it."""
    title = ARCHITECTURE_TITLES[choice.architecture.name]
    st.markdown(
        f"Opened here: **{title}, {choice.name}**, the network of the Scale page "
        f"({result.multipliers.resolution_px} px, {si(result.cost.params)} parameters, "
        f"{si(result.cost.macs)} multiply-adds; the paper calls those FLOPS). "
        + _early_and_late(result)
    )


def _early_and_late(result: ScaleStudy) -> str:
    """One sentence: which half of the blocks holds what."""
    blocks = [block_cost(block) for block in iter_blocks(result.scaled)]
    early = blocks[: len(blocks) // 2]
    macs = sum(cost.macs for cost in early) / result.cost.macs
    params = sum(cost.params for cost in early) / result.cost.params
    return (
        f"Notice: the first half of its blocks makes **{100 * macs:.0f} %** of the multiply-adds "
        f"with **{percent(params)}** of the parameters."
    )


def pick_block(result: ScaleStudy) -> Opened:
    """The network's blocks as bars, and what is opened; by click, by key or from the link."""
    spec = result.scaled
    stages = list(range(1, len(spec.stages) + 1))
    default = max(
        (row for row in result.cost.stages if spec.stages[row.stage - 1].operator not in ENDS),
        key=lambda row: row.macs,
    ).stage
    _forget_unless("a_stage", [*stages, *map(str, stages)])
    chart = st.container()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        stage = st.pills(
            "Stage to open",
            stages,
            default=default,
            key="a_stage",
            bind="query-params",
            required=True,
        )
        stage = int(stage or default)
        blocks = blocks_of(spec, stage)
        kind = OTHERS
        if len(blocks) > 1:
            others = int(blocks[1].count)
            kind = (
                st.segmented_control(
                    "Block" if others == 1 else f"Block: the other {others} are alike",
                    list(BLOCK_TITLES),
                    default=OTHERS,
                    format_func=BLOCK_TITLES.__getitem__,
                    key="a_block",
                    bind="query-params",
                    required=True,
                )
                or OTHERS
            )
        st.page_link("pages/scale.py", label="Another network", icon=":material/tune:")
    block = blocks[-1] if kind == OTHERS else blocks[0]
    with chart:
        st.plotly_chart(
            anatomy_figures.block_overview(spec, stage, block.first),
            alt=_overview_alt(result.cost),
            config=NO_BAR,
            key="a_overview",
            on_select=_block_clicked,
            selection_mode="points",
        )
    return Opened(spec, result.cost, stage, block)


def _forget_unless(key: str, allowed: list[int | str]) -> None:
    """Drop a value that another network's stages left behind."""
    if st.session_state.get(key, allowed[0]) not in allowed:
        del st.session_state[key]


def _block_clicked() -> None:
    """A bar was clicked: open its stage and block."""
    points = st.session_state["a_overview"]["selection"]["points"]
    if points:
        stage, first = points[0]["customdata"]
        st.session_state["a_stage"] = int(stage)
        st.session_state["a_block"] = FIRST if first else OTHERS


def _overview_alt(cost: NetworkCost) -> str:
    return "Share of the multiply-adds and of the parameters per stage: " + ", ".join(
        f"stage {row.stage} {100 * row.macs / cost.macs:.0f} % and "
        f"{100 * row.params / cost.params:.0f} %"
        for row in cost.stages
    )


def block_drawing(opened: Opened) -> None:
    """The opened block's operations as a drawing, and what to notice in it."""
    st.subheader(opened.title, anchor="block")
    st.markdown(f"{skip_reason(opened.block)} {_notice_block(opened.block)}")
    # st.html strips SVG; every word in the drawing is computed here, none comes from a visitor
    st.markdown(block_html(opened.block), unsafe_allow_html=True)
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
    for step in operations(opened.block):
        rows.append(
            {
                "operation": f"**{_together(step.title)}**",
                "shape in → out": _together(f"{step.in_shape} → {step.out_shape}"),
                "parameters": _part(step.cost.params, step.share.params),
                "multiply-adds": _part(step.cost.macs, step.share.macs),
                "worked": _together(step.formula or "not counted"),
                "activations": _part(step.cost.activations, step.share.activations),
                "what it does": step.what,
            }
        )
    rows.append(
        {
            "operation": "**The block**",
            "shape in → out": _together(f"{in_shape(opened.block)} → {out_shape(opened.block)}"),
            "parameters": f"**{total.params:,.0f}**",
            "multiply-adds": f"**{total.macs:,.0f}**",
            "worked": "",
            "activations": f"**{total.activations:,.0f}**",
            "what it does": "",
        }
    )
    with st.container(key="a_prose_operations"):
        st.html(_PROSE)
        st.table(pd.DataFrame(rows).set_index("operation"), alt=block_alt(opened.block))
    st.markdown(_notice_shares(opened.block))
    st.plotly_chart(
        anatomy_figures.operation_shares(opened.block),
        alt="Share of each operation in the block's multiply-adds, parameters and activations; "
        "the table above has the numbers",
        config=NO_BAR,
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
        return
    st.subheader(f"Stage {opened.stage} has {repeats} blocks")
    stage = opened.cost.stages[opened.stage - 1]
    rows = []
    for block in blocks:
        cost = block_cost(block)
        last = int(block.count) + 1
        name = "1" if block.first else "2" if last == 2 else _together(f"each of 2 to {last}")
        is_open = block.first == opened.block.first
        rows.append(
            {
                "block": f":violet-background[**{name}**]" if is_open else name,
                "in → out": _together(f"{in_shape(block)} → {out_shape(block)}"),
                "skip": "yes" if block.skip else "no",
                "parameters": _part(cost.params, cost.params / stage.params),
                "multiply-adds": _part(cost.macs, cost.macs / stage.macs),
                "activations": _part(cost.activations, cost.activations / stage.activations),
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


def comparison(opened: Opened) -> None:
    """The block against a plain convolution and others of the same in and out."""
    block = opened.block
    others = alternatives(block)
    spatial = spatial_layer(block)
    other_kind = "MBConv" if spatial and spatial.name == "spatial" else "a classic bottleneck"
    st.subheader(f"Against a plain convolution and {other_kind}", anchor="against")
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
    chart, worked = st.columns([1, 1.15], gap="large")
    with chart:
        st.plotly_chart(
            anatomy_figures.alternative_bars(block, name, [plain, other]),
            alt=f"Multiply-adds and channels filtered: {name} {si(block_cost(block).macs)} on "
            f"{spatial.in_channels:g}; "
            + "; ".join(f"{o.name} {si(o.cost.macs)} on {o.filtered}" for o in others),
            config=NO_BAR,
            key="a_alternatives",
        )
    with worked:
        _ratio_table(block, plain)
    rows = [
        {
            "what": f"**{_together(name)}**",
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
            "operation": _together(term.title),
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
            "with the numbers": _together(f"{si(block_cost(block).macs)} / {si(plain.cost.macs)}"),
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


def doubling(result: ScaleStudy) -> None:
    """Why width w costs less than w²."""
    split = width_split(result.base)
    title = ARCHITECTURE_TITLES[result.base.name]
    twice = split.ratio(2)
    st.subheader(f"Why doubling the width costs {twice:.2f}×, not 4×", anchor="width")
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
    st.plotly_chart(
        anatomy_figures.width_bars(split, width, built),
        alt=f"Multiply-adds at w = {width:g}: {split.ratio(width):.2f} times the baseline, not "
        f"{width**2:.2f}; built with channels in eights {built:.2f} times",
        config=NO_BAR,
        key="a_width",
    )
    rows = []
    for part in split.parts:
        power = "w²" if part.quadratic else "w" if part.linear else "–"
        rows.append(
            {
                "layers": f"**{_together(part.name)}**",
                "multiply-adds at w = 1": _part(part.macs, part.macs / split.macs),
                "grow with": power,
                f"at w = {width:g}": f"{part.at(width) / part.macs:.2f}×",
                "adds to the total": f"{part.at(width) / split.macs:.3f}×",
                "why": part.why,
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
    st.subheader("How far does it see?", anchor="field")
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
            st.plotly_chart(
                anatomy_figures.receptive_field_figure(image, px, chosen, stage),
                alt=f"{photo.alt} Squares seen by one position: "
                + ", ".join(f"stage {f.stage} {f.side_px} px" for f in chosen),
                config=NO_BAR,
                key=f"a_field_{title}",
            )
    rows = [
        {
            "stage": f":violet-background[**{f.stage}**]" if f.stage == stage else str(f.stage),
            "operator": f.operator,
            "map": f"{f.grid}×{f.grid}",
            "one position sees": _together(f"{f.side_px} × {f.side_px} px"),
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


def take_away(result: ScaleStudy) -> None:
    """Every operation of the network as a file."""
    st.download_button(
        "Every operation of this network, CSV",
        operations_csv(result.scaled),
        file_name=f"{result.base.name}-{result.multipliers.resolution_px}px-operations.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _part(value: float, share: float) -> str:
    return _together(f"{value:,.0f} :small[({percent(share)})]") if value else "–"


def _together(words: str) -> str:
    """The words on one line of a table's cell."""
    return words.replace(" ", "\u00a0")
