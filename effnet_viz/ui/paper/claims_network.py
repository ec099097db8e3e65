"""Counterexamples to misreadings about width, blocks, operations and maps."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.claims import (
    channels_per_stage,
    classic_bottleneck,
    find_block,
    grown,
    intensity,
    lower_bound_if_all_agree,
    rates,
    widths_along,
)
from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.ui.shared.parts import chart, link, table, times


def flops(paper: Paper) -> None:
    """A count does not change with the machine; a rate does."""
    faster = st.slider("A machine … times as fast", 1.0, 20.0, 1.0, step=0.5, key="p_c_faster")
    rows = rates(paper)
    table(
        [
            {
                "network": row.model,
                "multiply-adds for one image": f"{row.gmacs} B",
                "seconds": row.seconds / faster,
                "B multiply-adds per second": row.gmacs_per_second * faster,
                "source": "v1 tables 2 and 4; rate computed here",
            }
            for row in rows
        ],
        name="rates",
        alt="Count, time and rate of table 4's networks",
        formats={"seconds": ".3g", "B multiply-adds per second": ".1f"},
    )
    slow, fast = rows[0], rows[1]
    st.markdown(
        f"The count stays, time and rate follow the machine. And {fast.model} is the faster one "
        f"although it does **fewer** multiply-adds per second than {slow.model} "
        f"({fast.gmacs_per_second * faster:.1f} against {slow.gmacs_per_second * faster:.1f} B): "
        "as a measure of speed the word would say the opposite."
    )
    chart(
        figures.bars(
            [row.model for row in rows],
            {"B multiply-adds per second": [row.gmacs_per_second * faster for row in rows]},
            figures.Axis("B multiply-adds per second"),
            colours=([figures.THEIRS, figures.OURS, figures.OURS],),
            height=260,
        ),
        "p_c_rates",
        "Multiply-adds per second of table 4's networks",
    )


def pixels(_paper: Paper) -> None:
    """What each multiplier changes."""
    what = st.segmented_control(
        "Multiply", ("width", "depth", "resolution"), default="width", key="p_c_what", required=True
    )
    by = st.slider("by", 1.0, 3.0, 2.0, step=0.25, key="p_c_by")
    base = grown()
    after = grown(
        by if what == "depth" else 1.0,
        by if what == "width" else 1.0,
        by if what == "resolution" else 1.0,
    )
    names = ("input pixels a side", "receptive field", "channels, stage 8", "blocks")
    before_values = (base.input_px, base.receptive_field_px, base.channels, base.blocks)
    after_values = (after.input_px, after.receptive_field_px, after.channels, after.blocks)
    ratios = [a / b for a, b in zip(after_values, before_values, strict=True)]
    st.markdown(
        f"{by:g} times the {what}: the input is {after.input_px} px (B0: {base.input_px}), the "
        f"receptive field of the convolutions {after.receptive_field_px} px "
        f"({base.receptive_field_px}), stage 8 has {after.channels} channels ({base.channels})."
    )
    chart(
        figures.bars(
            list(names),
            {"× B0": ratios},
            figures.Axis("× B0"),
            colours=([figures.OURS if r > 1.001 else figures.THEIRS for r in ratios],),
            texts=[[times(r) for r in ratios]],
            height=300,
        ),
        "p_c_pixels",
        f"What {what} changes: pixels, receptive field, channels, blocks",
    )
    st.caption(
        "Computed here. Receptive field: theoretical, of the convolution path; "
        "squeeze-and-excitation makes the true one global."
    )


def width(_paper: Paper) -> None:
    """The multiplier acts on every stage."""
    by = st.slider("w", 0.5, 3.0, 1.4, step=0.1, key="p_c_w")
    stages = channels_per_stage(by)
    ratios = [after / before for before, after in stages]
    st.markdown(
        f"At w = {by:g} all nine stages change, from {stages[0][0]} to {stages[0][1]} channels in "
        f"the stem, {stages[-1][0]} to {stages[-1][1]} in the head. Rounding to eights makes the "
        f"true factor anything from {min(ratios):.2f} to {max(ratios):.2f}."
    )
    chart(
        figures.bars(
            [f"stage {n}" for n in range(1, len(stages) + 1)],
            {"B0": [b for b, _ in stages], f"w = {by:g}": [a for _, a in stages]},
            figures.Axis("output channels", log=True, ticks=(10, 30, 100, 300, 1000, 3000)),
            height=300,
        ),
        "p_c_width",
        "Output channels of all nine stages, before and after",
    )
    st.caption("Computed here.")


def mbconv(_paper: Paper) -> None:
    """Narrow, wide, narrow against wide, narrow, wide."""
    stage = st.slider("Stage of B0", 2, 8, 5, key="p_c_stage")
    first = st.segmented_control(
        "Block", ("first", "later"), default="later", key="p_c_block", required=True
    )
    try:
        block = find_block(EFFICIENTNET_B0, stage, first == "first")
    except UserError as error:
        st.info(str(error), icon=":material/info:")
        return
    along, classic = widths_along(block), widths_along(classic_bottleneck())
    stride = max(layer.stride for layer in block.layers)
    why = (
        "stride 1 and equal channels, so it **skips**"
        if block.skip
        else f"stride {stride}, {block.in_channels} to {block.out_channels} channels: **no skip**"
    )
    left, right = st.columns(2)
    for column, title, widths, colour, key in (
        (left, f"MBConv, stage {stage}", along, figures.OURS, "p_c_mbconv"),
        (right, "ResNet-50's bottleneck", classic, figures.THEIRS, "p_c_classic"),
    ):
        with column:
            st.markdown(f"**{title}**")
            chart(
                figures.bars(
                    [name for name, _ in widths],
                    {"channels": [count for _, count in widths]},
                    figures.Axis("channels"),
                    colours=(colour,),
                    texts=[[str(count) for _, count in widths]],
                    height=260,
                ),
                key,
                f"Channels along {title}: " + ", ".join(f"{n} {c}" for n, c in widths),
            )
    squeeze = sum(1 for layer in block.layers if layer.branch == "se")
    st.markdown(
        f"MBConv goes narrow, **wide**, narrow; a bottleneck goes wide, **narrow**, wide. This "
        f"block has {squeeze} squeeze-and-excitation layers beside the path, and {why}."
    )
    st.caption("Computed here. The last 1×1 has no activation after it: linear.")
    link("pages/anatomy.py", "Open the block up", ":material/account_tree:")


def time(_paper: Paper) -> None:
    """Arithmetic per value moved."""
    stage = st.slider("Stage of B0", 3, 8, 5, key="p_c_time_stage")
    block = find_block(EFFICIENTNET_B0, stage, True)
    rows = [intensity(layer) for layer in block.layers]
    depthwise = next(row for row in rows if row.name == "depthwise")
    project = rows[-1]
    st.markdown(
        f"The depthwise layer does **{depthwise.macs_per_value:.1f}** multiply-adds for every "
        f"value it reads or writes, the 1×1 after it **{project.macs_per_value:.1f}**. It has "
        f"{100 * depthwise.macs / sum(r.macs for r in rows):.0f} % of the block's multiply-adds "
        f"and {100 * depthwise.values / sum(r.values for r in rows):.0f} % of its memory traffic."
    )
    chart(
        figures.bars(
            [row.name for row in rows],
            {"multiply-adds per value": [row.macs_per_value for row in rows]},
            figures.Axis("multiply-adds per value moved"),
            colours=([figures.DIFFERS if r.name == "depthwise" else figures.OURS for r in rows],),
            texts=[[f"{row.macs_per_value:.1f}" for row in rows]],
            height=300,
        ),
        "p_c_time",
        "Multiply-adds per value moved of each layer; the depthwise one has few",
    )
    table(
        [
            {
                "layer": r.name,
                "multiply-adds": r.macs,
                "values moved": r.values,
                "per value": r.macs_per_value,
                "source": "computed here",
            }
            for r in rows
        ],
        name="intensity",
        alt="Arithmetic and memory traffic of one block's layers",
        formats={"multiply-adds": si, "values moved": si, "per value": ".1f"},
    )
    st.caption("Values moved: input, output and weights, each once.")
    link("pages/benchmark.py", "Measure it on this machine", ":material/timer:")


def maps(_paper: Paper) -> None:
    """What a few agreeing photos can prove."""
    photos = st.slider("Photos on which the compound map looks best", 1, 60, 2, key="p_c_photos")
    bound = lower_bound_if_all_agree(photos)
    st.markdown(
        f"If all {photos} of {photos} photos drawn at random agree, then with 95 % confidence it "
        f"holds for at least **{100 * bound:.0f} %** of photos. Figure 7 shows two, which allows "
        f"anything above {100 * lower_bound_if_all_agree(2):.0f} %."
    )
    counts = list(range(1, 61))
    chart(
        figures.plot(
            [
                figures.Series(
                    "at least",
                    counts,
                    [100 * lower_bound_if_all_agree(n) for n in counts],
                    figures.OURS,
                ),
                figures.Series(
                    "you",
                    [photos],
                    [100 * bound],
                    figures.OURS,
                    mode="markers",
                    size=12,
                    legend=False,
                    hover=[f"{photos}: {100 * bound:.1f} %"],
                ),
            ],
            figures.Axis("photos, all agreeing"),
            figures.Axis("of all photos, at least, %", range=(0, 102)),
            guides=[figures.Guide("y", 50, "half")],
            height=300,
        ),
        "p_c_maps",
        "The share of photos that so many agreeing ones prove",
    )
    st.caption(
        "One-sided exact binomial bound, computed here. And maps of different grids and different "
        "budgets are compared (see *Table 7* above)."
    )
    link("pages/compare.py", "Look at more photos", ":material/compare:")
