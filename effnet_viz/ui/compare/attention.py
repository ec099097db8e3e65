"""How good the family's maps are over hundreds of photos with boxes, and where their cells lie: the
shipped tables, read."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.evidence.attention import (
    BASELINE_NAME,
    CENTRE,
    TILES_FILE,
    TITLES,
    TRAINED,
    AttentionRow,
    ShiftRow,
    find_row,
    moved_by_placing,
    placing_sentence,
    read_attention,
    read_shifts,
    rows_of_measure,
    stands_out,
    verdict,
)
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.figures import attention as drawings
from effnet_viz.ui.compare.models import CLASSROOM
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared.parts import chart, table

#: What each measure asks, and what it cannot say.
MEANINGS = {
    "pointing": "**Is the brightest place on the object?** Percent of photos (pointing game, Zhang "
    "et al. 2016).",
    "energy": "**How much of the map lies on the object?** Percent of its sum in the boxes (Wang "
    "et al. 2020). A large object helps everybody.",
    "max_box_acc": "**Does the bright region have the object's outline?** Percent of photos where "
    "its box overlaps the true one by half, at each network's best threshold (MaxBoxAcc, Choe et "
    "al. 2020). A map that fills the photo does well where objects do.",
    "deletion": "**Does the class go with what was bright?** Its mean probability while the "
    "brightest pixels are removed (Petsiuk et al. 2018). Lower is better; a less sure network "
    "starts lower.",
    "insertion": "**Does the class come with what was bright?** Its mean probability while the "
    "brightest pixels are added to a blurred photo (Petsiuk et al. 2018). Higher is better; a "
    "surer network ends higher.",
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
        drawings.measured(rows, measure, TITLES[measure]),
        f"attention_{measure}",
        f"{TITLES[measure]}: "
        + "; ".join(drawings.said(r) for r in rows_of_measure(rows, measure)),
    )
    n = max(row.n for row in rows if row.measure == measure)
    st.caption(
        f"Measured by this project: Grad-CAM of stage 9 for the true class, on {n} boxed photos "
        "that no training saw; 95 % intervals."
    )
    with st.expander("As a table, and how it was measured", icon=":material/table_rows:"):
        table(
            [_cells(rows, row) for row in rows_of_measure(rows, measure)],
            name=f"attention-{measure}",
            alt=f"{TITLES[measure]} of every network and control",
            formats={"%": ".1f", "to the baseline, points": "+.1f"},
            missing="",
        )
        st.markdown(moved_by_placing(rows, read_attention(TILES_FILE), measure))
        st.caption(
            "ImageNet publishes the boxes. Whole photos, every map on one grid of 64 × 64, its "
            "cells round their own centres; photos drawn anew 2,000 times, differences to the "
            "mean of the baseline's seeds on the same photos. `python -m effnet_viz evaluate "
            "--attention` redoes it."
        )


def placing(maps: Maps) -> None:
    """Where a cell lies: two sentences and a drawing, for the first network's map; then how far off
    maps were measured to be."""
    first = maps.first
    cells, centres = first.grid[0], first.centres
    st.markdown(
        "**A cell looks round its own centre, not the middle of a tile.** Padded convolutions of "
        f"stride 2 begin at the edge, so a cell of stage {first.target_stage} is centred at "
        f"{centres.step_px:g}·i + {centres.first_px:g} px, and there it is drawn and counted."
    )
    st.markdown(drawings.placing_html(centres, cells), unsafe_allow_html=True)
    st.caption(
        f"One row of {cells} cells on {centres.side_px:g} px; hatched, grey in the raw grid: no "
        "cell of its own."
    )
    shifts = read_shifts()
    if shifts:
        with st.expander(
            "How far off equal tiles were measured to be", icon=":material/straighten:"
        ):
            _shifts(shifts)


def _shifts(shifts: Sequence[ShiftRow]) -> None:
    st.markdown(placing_sentence(shifts))
    for key, title, figure in (
        ("dots", "Random weights, a bright dot, by stage", drawings.shifts_by_stage(shifts)),
        ("mirrored", "Trained networks, mirrored photos", drawings.shifts_by_role(shifts)),
    ):
        of_test = [row for row in shifts if row.test == key and row.placed in drawings.PLACINGS]
        last = max(row.stage for row in of_test)
        said = "; ".join(drawings.shift_said(row) for row in of_test if row.stage == last)
        n = max(row.n for row in of_test)
        what = "networks" if key == "dots" else "photos"
        st.markdown(f"**{title}**  \n:small[{n} {what}; 95 % intervals, drawn anew 2,000 times]")
        chart(figure, f"shifts_{key}", f"{title}, at the last stage. {said}")
    st.caption(
        "Positive: too far right (or down). Measured by this project; "
        "`python benchmarks/registration.py --data FOLDER` does it again."
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
