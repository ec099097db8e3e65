"""The page where the live picture does not run: totals and stage table, from Streamlit itself."""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
import streamlit as st

from effnet_viz.figures.base import si
from effnet_viz.scaling.study import ScaleStudy
from effnet_viz.scaling.sweep import Position
from effnet_viz.ui.scale import guess, live, words
from effnet_viz.ui.scale.choice import Shown
from effnet_viz.ui.scale.views import KEPT


def instead(shown: Shown, result: ScaleStudy, hidden: bool) -> None:
    """What the live picture says, without it."""
    if shown.limit:
        st.warning(
            f"{shown.limit} Shown: {shown.choice.name}, the last network before it.",
            icon=":material/warning:",
        )
        st.button(f"Back to {shown.choice.name}", on_click=_back, args=(shown.back,))
    if hidden:
        guess.ask_plainly(shown.position)
    elif guess.is_untouched():
        st.info(guess.answer(shown.position), icon=":material/lightbulb:")
    headline(shown.position, hidden)
    stage_table(result)


def _back(values: dict[str, float]) -> None:
    st.session_state.update(values)


def headline(at: Position, hidden: bool) -> None:
    """The totals of the scaled network, each beside the baseline's."""
    rows = zip(live.TOTALS, words.totals(at), live.WHY, strict=True)
    with st.container(horizontal=True, gap="small", key="headline"):
        for label, (value, reference), why in rows:
            secret = hidden and label == live.TOTALS[0]
            st.metric(
                label,
                "?" if secret else value,
                f"{words.times(at.law_ratio)} by law" if secret else reference,
                delta_color="off",
                delta_arrow="off",
                help=why,
                width=118,
            )


def stage_table(result: ScaleStudy) -> None:
    """Base → scaled per stage; changed cells are marked, with what rounding did."""
    st.table(_stages(result), alt="Stage table, baseline to scaled")
    st.caption(
        "Marked cells changed. In brackets: the exact value before rounding; repeats round up, "
        "channels snap to a multiple of 8. Computed here."
    )


@lru_cache(maxsize=KEPT)
def _stages(result: ScaleStudy) -> pd.DataFrame:
    rows = []
    for before, after, ledger in zip(
        result.base_cost.stages, result.cost.stages, result.ledger, strict=True
    ):
        rows.append(
            {
                "stage": str(after.stage),
                "operator": after.operator,
                "input": _change(f"{before.in_resolution_px}", f"{after.in_resolution_px} px"),
                "channels": _change(str(before.out_channels), str(after.out_channels))
                + _exact(ledger.exact_channels, ledger.channels),
                "repeats": _change(str(before.repeats), str(after.repeats))
                + _exact(ledger.exact_repeats, ledger.repeats),
                "parameters": si(after.params),
                "multiply-adds": f"{si(after.macs)} ({after.macs / before.macs:.2f}×)",
                "receptive field": f"{after.receptive_field_px} px",
            }
        )
    return pd.DataFrame(rows).set_index("stage")


def _change(before: str, after: str) -> str:
    if before == after.removesuffix(" px"):
        return after
    return f"{before} → :violet-background[**{after}**]"


def _exact(exact: float, built: int) -> str:
    return "" if not built or abs(exact - built) < 0.005 else f" :small[({exact:.2f})]"
