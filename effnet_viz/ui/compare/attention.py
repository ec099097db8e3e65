"""How good the family's maps are over hundreds of photos with boxes: the shipped table, read."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz import attention_figures
from effnet_viz.attention_records import (
    BASELINE_NAME,
    CENTRE,
    LOWER_IS_BETTER,
    MEASURES,
    RANDOM,
    TITLES,
    TRAINED,
    AttentionRow,
    beats_centre,
    find_row,
    read_attention,
    seeds_range,
    stands_out,
)
from effnet_viz.families import ROLES
from effnet_viz.family_results import listed
from effnet_viz.paper import Cell
from effnet_viz.ui.compare.gallery import Maps
from effnet_viz.ui.compare.models import CLASSROOM
from effnet_viz.ui.parts import chart, table

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
    measures = [measure for measure in TITLES if _of(rows, measure)]
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
        attention_figures.measured(rows, measure, MEASURES[measure].partition(",")[0]),
        f"attention_{measure}",
        f"{TITLES[measure]}: " + "; ".join(attention_figures.said(r) for r in _of(rows, measure)),
    )
    table(
        [_cells(rows, row) for row in _of(rows, measure)],
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


def _of(rows: Sequence[AttentionRow], measure: str) -> list[AttentionRow]:
    return [row for row in rows if row.measure == measure and not row.compared_with]


def verdict(rows: Sequence[AttentionRow], measure: str) -> str:
    """Which roles differ from the baseline beyond its seeds and chance, and what the controls say,
    as Markdown."""
    trained = [row for role in ROLES if (row := find_row(rows, role, measure))]
    judged = {row.role: stands_out(rows, row) for row in trained if row.role != "baseline"}
    seeds = seeds_range(rows, measure)
    if seeds is None or None in judged.values():
        first = (
            "The baseline was trained once: how much of a difference between roles is luck of the "
            "start, nobody can say."
        )
    else:
        sign = -1 if measure in LOWER_IS_BETTER else 1
        named = [
            f"{row.role} ({row.value:+.1f}, {_better(sign * row.value)})"
            for role in ROLES
            if judged.get(role)
            and (row := find_row(rows, role, measure, compared_with=BASELINE_NAME))
        ]
        others = [role for role, differs in judged.items() if not differs]
        first = f"The seeds of the baseline reach {seeds[0]:.1f} to {seeds[1]:.1f} %. "
        if named:
            first += (
                f"**{listed(named)}** lie{'s' if len(named) == 1 else ''} outside that range by "
                "more than its own width, and beyond chance among the photos"
            )
            first += (
                f"; {listed(others)} {'does' if len(others) == 1 else 'do'} not." if others else "."
            )
        else:
            first += (
                "**No role** lies outside that range by more than its own width and beyond chance."
            )
    return f"{first} {_beside_controls(rows, measure, trained)}".strip()


def _better(points: float) -> str:
    return "better" if points > 0 else "worse"


def _beside_controls(
    rows: Sequence[AttentionRow], measure: str, trained: Sequence[AttentionRow]
) -> str:
    said = []
    chance = [r.value for r in _of(rows, measure) if r.weights == RANDOM]
    if chance:
        said.append(f"Random weights reach {min(chance):.1f} to {max(chance):.1f} %")
    centre = next((r for r in _of(rows, measure) if r.weights == CENTRE), None)
    if centre is not None:
        clear = [r.role for r in trained if beats_centre(rows, r)]
        beaten = (
            "all trained roles beat it beyond chance"
            if len(clear) == len(trained)
            else f"only {listed(clear)} beat{'s' if len(clear) == 1 else ''} it beyond chance"
            if clear
            else "**no trained role beats it beyond chance**"
        )
        said.append(
            f"{'a' if said else 'A'} bell curve in the centre, which sees no photo, "
            f"{centre.value:.1f} %: {beaten}. Most photographers put the object in the middle"
        )
    return ("; ".join(said) + ".") if said else ""


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
