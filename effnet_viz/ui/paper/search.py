"""The search objective, as something to play with."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.evidence.paper.checks import iso_reward, ranked, switches
from effnet_viz.evidence.paper.tables import Cell, ImageNetResult, Paper
from effnet_viz.figures import paper as figures
from effnet_viz.ui.shared.parts import BIND, chart, notice, source, table, times

TARGETS_MMACS = (100, 200, 400, 800, 1600, 4000)
CURVES = 6


def reward_section(paper: Paper) -> None:
    """ACC · (FLOPS / T)^w over table 2's networks."""
    printed = paper.search_objective
    notice(
        "Each curve joins networks of equal reward. At the paper's w = −0.07 the best of all is "
        "**B0**: a doubling must raise the accuracy by 5 % of itself to be worth it, and no larger "
        "EfficientNet does. Drag w towards 0 and watch the winner move to the right."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        w = st.slider(
            "**w** · how much a multiply-add hurts",
            -0.15,
            0.0,
            float(printed.w),
            step=0.005,
            format="%.3f",
            key="p_w",
            bind=BIND,
        )
        target = st.select_slider(
            "**T** · target, millions of multiply-adds",
            TARGETS_MMACS,
            int(printed.target_mmacs),
            key="p_T",
            bind=BIND,
        )
        target_macs = target * 1e6
        scored = ranked(paper, w, target_macs)
        best_reward, best = scored[0]
        st.metric(
            "Best reward",
            best.model,
            f"{best_reward:.2f}",
            delta_color="off",
            delta_arrow="off",
            help="ACC · (FLOPS/T)ʷ; accuracy and MACs of v1 table 2.",
        )
        st.markdown(
            f"One doubling multiplies the reward by **{2**w:.3f}**, so it must raise top-1 by "
            f"**{100 * (2**-w - 1):.1f} %** of itself. T does not change the order: it scales all "
            "rewards alike."
        )
    with effect:
        low, high = 0.3, 50.0
        xs = [low * (high / low) ** (n / 60) for n in range(61)]
        levels = [best_reward * (1 - 0.035 * k) for k in range(CURVES)]
        series = [
            figures.Series(
                f"reward {level:.1f}",
                xs,
                [iso_reward(level, x * 1e9, w, target_macs) for x in xs],
                figures.AGREES if k == 0 else figures.THEIRS,
                dash="solid" if k == 0 else "dot",
                width=2 if k == 0 else 1,
                legend=k == 0,
            )
            for k, level in enumerate(levels)
        ]
        for ours, name, colour in (
            (False, "other networks", figures.THEIRS),
            (True, "EfficientNet", figures.OURS),
        ):
            group = [(score, row) for score, row in scored if row.leads == ours]
            series.append(
                figures.Series(
                    name,
                    [row.gmacs or 0 for _, row in group],
                    [row.top1 for _, row in group],
                    colour,
                    mode="markers",
                    labels=[row.short if ours or row is best else "" for _, row in group],
                    label_position="bottom right",
                    hover=[
                        f"{row.model}: reward {score:.2f}<br>{row.top1} %, {row.gmacs} B"
                        "<br>v1 table 2"
                        for score, row in group
                    ],
                    size=10,
                )
            )
        ticks = figures.BILLIONS
        chart(
            figures.plot(
                series,
                figures.Axis("multiply-adds, billions", log=True, range=(low, high), ticks=ticks),
                figures.Axis("top-1, %", range=(74, 86)),
                guides=[figures.Guide("x", target_macs / 1e9, "T")],
                height=430,
            ),
            "p_reward",
            f"Networks and curves of equal reward at w = {w:g}; {best.model} has the best reward",
        )
    _rewards(scored, w)
    _switching(paper)


def _rewards(scored: Sequence[tuple[float, ImageNetResult]], w: float) -> None:
    rows: list[dict[str, Cell]] = []
    for place, (score, row) in enumerate(scored, start=1):
        rows.append(
            {
                "place": str(place),
                "network": row.model,
                "top-1, %": row.top1,
                "MACs, B": row.gmacs,
                "reward": score,
                "source": source("v1 table 2"),
            }
        )
    with st.expander(f"All {len(rows)} networks by reward at w = {w:g}"):
        table(rows, name="rewards", alt="Networks of table 2 by reward", formats={"reward": ".2f"})


def _switching(paper: Paper) -> None:
    st.markdown("### Where the winner changes")
    rows: list[dict[str, Cell]] = [
        {
            "from": switch.before.short,
            "to": switch.after.short,
            "points gained": switch.after.top1 - switch.before.top1,
            "MACs": switch.macs_ratio,
            "equal reward at w": switch.w,
            "source": source("v1 table 2"),
        }
        for switch in switches(paper)
    ]
    table(
        rows,
        name="reward-switches",
        alt="The exponent at which neighbouring EfficientNets have the same reward",
        formats={"points gained": "+.1f", "MACs": times, "equal reward at w": ".4f"},
    )
    st.caption(
        "At w = −0.07 each step up loses. The objective chose B0, the small network to start from; "
        "it was never meant to choose among B0 to B7. Whether that is the right starting point for "
        "large models is an open question."
    )
