"""How good the family's maps are over hundreds of photos with boxes: the shipped table, read."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.evidence.attention import (
    BASELINE_NAME,
    CENTRE,
    MEASURES,
    TITLES,
    TRAINED,
    AttentionRow,
    find_row,
    read_attention,
    rows_of_measure,
    stands_out,
    verdict,
)
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.figures import attention
from effnet_viz.ui.compare.models import CLASSROOM
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared.parts import chart, table

#: What each measure asks, and what it cannot say.
MEANINGS = {
    "pointing": "**Is the brightest place on the object?** Percent of photos where it is (pointing "
    "game, Zhang et al. 2016). One place decides, however wide the rest of the map spreads.",
    "energy": "**How much of the map lies on the object?** Percent of its sum inside the boxes "
    "(energy-based pointing game, Wang et al. 2020). A large object helps everybody.",
    "max_box_acc": "**Does the bright region have the object's outline?** Percent of photos where "
    "its box overlaps the true one by half, at the threshold that suits the network best "
    "(MaxBoxAcc, Choe et al. 2020). A map that fills most photos does well where objects do.",
    "deletion": "**Does the class go with what was bright?** The class's probability left while "
    "the brightest pixels are removed, mean over the way (Petsiuk et al. 2018). Lower is better, "
    "but a network that was less sure to begin with also starts lower.",
    "insertion": "**Does the class come with what was bright?** The class's probability while the "
    "brightest pixels are added to a blurred photo, mean over the way (Petsiuk et al. 2018). "
    "Higher is better; a surer network ends higher.",
}


def measured(maps: Maps) -> None:
    """One measure of every role as chart, verdict and table."""
    if maps.view.family.key != CLASSROOM:
        st.info(
            "Only the classroom family was measured: its photos with boxes were kept out of its "
            "training.",
            icon=":material/info:",
        )
        return
    rows = read_attention()
    measures = [measure for measure in TITLES if rows_of_measure(rows, measure)]
    if not measures:
        st.info("This copy has no measured table.", icon=":material/info:")
        return
    measure = st.segmented_control(
        "Measure",
        measures,
        default=measures[0],
        format_func=TITLES.__getitem__,
        key="measure",
        bind="query-params",
        required=True,
    )
    measure = measure or measures[0]
    st.markdown(MEANINGS[measure])
    st.markdown(verdict(rows, measure))
    chart(
        attention.measured(rows, measure, MEASURES[measure].partition(",")[0]),
        f"attention_{measure}",
        f"{TITLES[measure]}: "
        + "; ".join(attention.said(r) for r in rows_of_measure(rows, measure)),
    )
    table(
        [_cells(rows, row) for row in rows_of_measure(rows, measure)],
        name=f"attention-{measure}",
        alt=f"{TITLES[measure]} of every network and control",
        formats={"%": ".1f", "to the baseline, points": "+.1f"},
        missing="",
    )
    n = max(row.n for row in rows if row.measure == measure)
    st.caption(
        f"Grad-CAM of stage 9 for the true class on {n} photos whose boxes ImageNet publishes and "
        "that no training saw, whole photos, every map on one grid of 64 × 64. Intervals: 95 %, "
        "photos drawn anew 2,000 times; differences to the baseline are on the same photos. "
        "Measured by this project; `python -m effnet_viz evaluate --attention` does it again."
    )


def _cells(rows: Sequence[AttentionRow], row: AttentionRow) -> dict[str, Cell]:
    paired = find_row(rows, row.model, row.measure, row.weights, BASELINE_NAME)
    is_judged = row.weights == TRAINED and row.role != "baseline"
    differs = stands_out(rows, row) if is_judged else None
    return {
        "network": row.model if row.weights != CENTRE else "bell curve",
        "weights": row.weights if row.weights != CENTRE else "none",
        "%": row.value,
        "95 % interval": f"{row.low:.1f} to {row.high:.1f}",
        "to the baseline, points": None if paired is None else paired.value,
        "its interval": None if paired is None else f"{paired.low:+.1f} to {paired.high:+.1f}",
        "more than seeds": None if differs is None else "yes" if differs else "no",
        "photos": str(row.n),
    }
