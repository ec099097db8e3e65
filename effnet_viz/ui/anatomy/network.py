"""Which network, stage and block are open."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from effnet_viz.figures import anatomy
from effnet_viz.figures.base import si
from effnet_viz.figures.canvas import percent
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.blocks import blocks_of, operations_csv
from effnet_viz.scaling.cost import NetworkCost, block_cost
from effnet_viz.scaling.layers import Block, iter_blocks
from effnet_viz.scaling.study import ScaleStudy
from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES, ScaleChoice

FIRST, OTHERS = "first", "others"
BLOCK_TITLES = {FIRST: "The first block", OTHERS: "One of the others"}
ENDS = ("conv", "conv_head", "pool_head")


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
            anatomy.block_overview(spec, stage, block.first),
            alt=_overview_alt(result.cost),
            config={"displayModeBar": False},
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
