"""Accuracy against measured time, and the best model within a budget of milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.evidence.measured import budget
from effnet_viz.evidence.measured.budget import Known
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import title
from effnet_viz.figures import timing
from effnet_viz.ui.shared import parts

BUDGETS_MS = (3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)
DEFAULT_BUDGET_MS = 50


def accuracy(found: Known | None) -> str:
    """A model's accuracy as a cell, with its data where that is not ImageNet."""
    if found is None:
        return ":gray[none]"
    data = "" if found.data == "ImageNet" else f" :small[{found.data}]"
    return f"{found.top1:.1f} %{data}"


def best_within(
    rows: Sequence[BenchmarkRow], is_example: bool, behind: Sequence[BenchmarkRow] = ()
) -> None:
    """The budget, the model it buys, and the chart, the example in grey behind the visit's own
    rows; nothing where no row has an accuracy."""
    printed = budget.imagenet()
    known = [row for row in rows if row.model in printed]
    if not known:
        return
    st.header("The best within so many milliseconds")
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        limit = st.select_slider(
            "At most, ms a pass",
            BUDGETS_MS,
            value=DEFAULT_BUDGET_MS,
            key="bench_budget",
            bind="query-params",
        )
        best = budget.best_within(known, limit)
        _choice(best, limit, "in the example" if is_example else "on this machine")
        st.caption(
            f"Accuracy: {printed[known[0].model].source}, ImageNet top-1. Time: measured, at the "
            "paper's input sizes. Another input size has another accuracy: random crops make "
            "objects larger in training than in testing, so a slightly larger input often does "
            "better (Touvron et al. 2019, FixRes)."
        )
    with effect:
        points = "; ".join(
            f"{title(row.model)} {printed[row.model].top1} %, {row.latency.median_ms:.3g} ms"
            for row in known
        )
        parts.chart(
            timing.accuracy_against_time(
                known,
                {name: each.top1 for name, each in printed.items()},
                limit,
                best.model if best else None,
                behind,
            ),
            alt=f"Accuracy against measured time. {points}.",
            key="bench_within",
        )


def _choice(best: BenchmarkRow | None, limit: int, where: str) -> None:
    if best is None:
        st.markdown(f"No measured ImageNet model passes within {limit} ms {where}.")
        return
    top1 = budget.imagenet()[best.model].top1
    runtime = RUNTIME_TITLES[best.latency.runtime]
    st.metric(
        f"Most accurate {where}",
        title(best.model),
        f"{top1} %, {best.latency.median_ms:.3g} ms in {runtime}",
        delta_color="off",
        delta_arrow="off",
    )
