"""Tables 3 and 7: networks whose multipliers are printed, built and counted again."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.costs import (
    DIMENSIONS,
    PRINTED_COMPOUND,
    Dimension,
    RecomputedCost,
    Search,
    Step,
    find_multiplier,
    macs_of,
    pixels,
    recompute_map_model,
    recompute_other,
    staircase,
)
from effnet_viz.evidence.paper.tables import Cell, OtherNetwork, Paper, Printed
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, si
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0
from effnet_viz.ui.shared.parts import BIND, NO, YES, chart, link, notice, percent, source, table

DEFAULT_ROW = "ResNet-50 by depth"
TARGETS = {
    "1.8 B, as printed": 1.8e9,
    "1.83 B, the released B3": 1.83e9,
    "1.9 B, printed for resolution": 1.9e9,
}
#: What the staircase shows of each dimension: lowest and highest multiplier (pixels).
VIEW: dict[Dimension, tuple[float, float]] = {
    "depth": (3.5, 5.0),
    "width": (1.9, 2.4),
    "resolution": (430, 500),
}


def _role(model: str) -> str:
    return model.rpartition(" ")[2]


def _beside(printed: float | None, cost: RecomputedCost, top1: float | None) -> dict[str, Cell]:
    """What the paper prints of a network, and what is computed."""
    return {
        "MACs, B, printed": printed,
        "MACs, computed": cost.macs,
        "difference": cost.difference,
        "check": _check(cost),
        "params, computed": cost.params,
        "top-1, %": top1,
    }


def _check(cost: RecomputedCost) -> str:
    return YES if cost.agrees else NO


def other_networks(paper: Paper) -> None:
    """Table 3."""
    costs = [recompute_other(row) for row in paper.other_networks]
    off = [cost for cost in costs if not cost.agrees]
    worst = max((c for c in off if not c.assumed), key=lambda cost: abs(cost.difference))
    notice(
        f"{len(costs) - len(off)} of the {len(costs)} costs can be rebuilt to the printed digit, "
        f"{len(off)} cannot. Of the rows with printed multipliers, {worst.name} is furthest off "
        f"(**{percent(worst.difference)}**); the paper does not say how it scaled these networks. "
        "Move the multipliers and try to hit its figure."
    )
    controls, effect = st.columns([1, 2.2], gap="large")
    with controls:
        _try_a_row(paper)
    with effect:
        chart(
            figures.differences(
                [
                    figures.Difference(
                        cost.name + (" *" if cost.assumed else ""),
                        100 * cost.difference,
                        100 * cost.printed_gmacs.half_unit / cost.printed_gmacs,
                        ROLE_COLOURS[_role(cost.name)],
                        f"{cost.name}: {si(cost.macs)} computed, {cost.printed_gmacs} B printed",
                    )
                    for cost in costs
                ]
            ),
            "p_table3",
            "Computed against printed multiply-adds of table 3; ResNet-50 by depth and by width "
            "and two compound rows differ most",
        )
    rows: list[dict[str, Cell]] = [
        {
            "network": row.model + (" *" if cost.assumed else ""),
            "d": cost.multipliers.depth,
            "w": cost.multipliers.width,
            "r": cost.ratio,
            "input, px": cost.multipliers.resolution_px,
            **_beside(row.gmacs, cost, row.top1),
            "source": source("v1 table 3"),
        }
        for row, cost in zip(paper.other_networks, costs, strict=True)
    ]
    table(
        rows,
        name="table-3",
        alt="Table 3 of the paper with its multiply-adds recomputed",
        formats={
            "MACs, computed": si,
            "params, computed": si,
            "difference": percent,
            "input, px": ".0f",
        },
    )
    st.caption(
        f"\\* The paper prints no multipliers for these rows; d, w, r = {PRINTED_COMPOUND} were "
        "used, as it prints for MobileNetV1. Rules: every stage's channels and the stem times w in "
        "multiples of 8, blocks ceil(d · L), MobileNetV2's head never below 1280, ResNet's inner "
        "and outer widths alike."
    )


def _try_a_row(paper: Paper) -> None:
    by_model = {row.model: row for row in paper.other_networks}
    names = list(by_model)
    row = by_model[
        st.selectbox(
            "Row",
            names,
            names.index(DEFAULT_ROW),
            key="p_row",
            bind=BIND,
            on_change=_row_changed,
            args=(paper,),
        )
    ]
    depth, width, ratio = _multipliers(by_model[DEFAULT_ROW])
    base = ARCHITECTURES[row.architecture]
    d = st.slider("**d** · depth", 1.0, 6.0, depth, step=0.05, key="p_row_d", bind=BIND)
    w = st.slider("**w** · width", 1.0, 3.0, width, step=0.05, key="p_row_w", bind=BIND)
    r = st.slider("**r** · resolution", 1.0, 3.0, ratio, step=0.05, key="p_row_r", bind=BIND)
    try:
        macs = macs_of(base, d, w, pixels(base, r))
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    off = macs / 1e9 / row.gmacs - 1
    st.metric(
        f"Computed here, {pixels(base, r)} px",
        si(macs),
        f"{percent(off)} against {row.gmacs} B printed",
        delta_color="off",
        delta_arrow="off",
        help="Multiply-adds of the network these sliders build; v1 table 3 for the printed figure.",
    )
    if row.gmacs.agrees(macs / 1e9):
        st.success("These multipliers print as the paper's figure.", icon=":material/check:")


def _multipliers(row: OtherNetwork) -> tuple[float, float, float]:
    if row.depth is None or row.width is None or row.resolution is None:
        return PRINTED_COMPOUND
    return float(row.depth), float(row.width), float(row.resolution)


def _row_changed(paper: Paper) -> None:
    row = next(r for r in paper.other_networks if r.model == st.session_state["p_row"])
    for key, value in zip(("p_row_d", "p_row_w", "p_row_r"), _multipliers(row), strict=True):
        st.session_state[key] = value


def map_models(paper: Paper) -> None:
    """Table 7 and the search for multipliers that cost what it prints."""
    costs = {row.role: recompute_map_model(row) for row in paper.map_models}
    single = [costs[dimension] for dimension in DIMENSIONS]
    notice(
        "Table 7 is the paper's equal-cost comparison, and figure 7 shows the maps of its models. "
        "Built by the printed multipliers, the single-dimension models cost "
        f"**{si(min(c.macs for c in single))} to {si(max(c.macs for c in single))}**, not "
        "1.8-1.9 B: the compound model had at least "
        f"{100 * (costs['compound'].macs / max(c.macs for c in single) - 1):.0f} % more to spend."
    )
    controls, effect = st.columns([1, 2.2], gap="large")
    with controls:
        dimension = st.segmented_control(
            "Scale only", DIMENSIONS, default="depth", key="p_dimension", bind=BIND, required=True
        )
        target_name = st.selectbox("to cost", list(TARGETS), key="p_target", bind=BIND)
        chosen: Dimension = dimension or "depth"
        target = TARGETS[target_name]
        search = find_multiplier(EFFICIENTNET_B0, chosen, target)
        _answer(chosen, search)
    with effect:
        _staircase_chart(paper, chosen, search)
    rows: list[dict[str, Cell]] = []
    for row in paper.map_models:
        cost = costs[row.role]
        found = (
            find_multiplier(EFFICIENTNET_B0, row.role, target) if row.role in DIMENSIONS else None
        )
        rows.append(
            {
                "model": row.role,
                "d, w, r": f"{row.depth}, {row.width}, {row.resolution}",
                **_beside(row.gmacs, cost, row.top1),
                f"costs {si(target)} at": _at(row.role, found.nearest) if found else "–",
                "misses by": percent(found.miss(found.nearest)) if found else "–",
                "source": source("v1 table 7"),
            }
        )
    table(
        rows,
        name="table-7",
        alt="Table 7 of the paper with its multiply-adds recomputed and the multipliers that "
        "reach a cost",
        formats={"MACs, computed": si, "params, computed": si, "difference": percent},
    )
    b3 = macs_of(EFFICIENTNET_B0, 1.4, 1.2, 300)
    st.caption(
        "Compound: r = 1.3 is 291 px. The released B3 has the same depth and width at 300 px and "
        f"costs {si(b3)}. v5 prints 77.3 % for the baseline of this table, and 77.1 % in table 2."
    )
    link("pages/compare.py", "See such maps side by side", ":material/compare:")


def _at(dimension: str, step: Step) -> str:
    ends = f"{step.first:g}" if step.first == step.last else f"{step.first:g} to {step.last:g}"
    return f"{ends} px" if dimension == "resolution" else ends


def _answer(dimension: Dimension, search: Search) -> None:
    nearest = search.nearest
    for where, step in (("below", search.below), ("above", search.above)):
        label = "**Nearest**" if step is nearest else f"Just {where}"
        st.markdown(
            f"{label}: {dimension} **{_at(dimension, step)}** costs {si(step.macs)} "
            f"({percent(search.miss(step))})."
        )
    if abs(search.miss(nearest)) > 0.03:
        st.info(
            "Nothing lands within 3 %: past a multiple of 32 px every one of the five halvings "
            "rounds up, and the cost jumps.",
            icon=":material/stairs:",
        )


def _staircase_chart(paper: Paper, dimension: Dimension, search: Search) -> None:
    low, high = VIEW[dimension]
    steps = staircase(EFFICIENTNET_B0, dimension, low, high)
    row = next(row for row in paper.map_models if row.role == dimension)
    used = (
        pixels(EFFICIENTNET_B0, row.resolution)
        if dimension == "resolution"
        else {"depth": row.depth, "width": row.width}[dimension]
    )
    used_macs = recompute_map_model(row).macs
    unit = "px" if dimension == "resolution" else "multiplier"
    band: Printed = row.gmacs
    chart(
        figures.plot(
            [
                figures.Series(
                    "built cost",
                    [step.first for step in steps] + [steps[-1].last],
                    [step.macs / 1e9 for step in steps] + [steps[-1].macs / 1e9],
                    ROLE_COLOURS[dimension],
                    steps=True,
                ),
                figures.Series(
                    "printed multiplier",
                    [used],
                    [used_macs / 1e9],
                    ROLE_COLOURS[dimension],
                    mode="markers",
                    size=13,
                    hover=[f"{used:g}: {si(used_macs)} computed here"],
                ),
                figures.Series(
                    "printed cost",
                    [used],
                    [band],
                    figures.THEIRS,
                    mode="markers",
                    symbol="x-thin",
                    size=12,
                    error_y=[band.half_unit],
                    hover=[f"{used:g}: {band} B printed, v1 table 7"],
                ),
                figures.Series(
                    "nearest",
                    [search.nearest.first],
                    [search.nearest.macs / 1e9],
                    figures.OURS,
                    mode="markers",
                    symbol="diamond",
                    size=12,
                    hover=[f"{_at(dimension, search.nearest)}: {si(search.nearest.macs)}"],
                ),
            ],
            figures.Axis(f"{dimension}, {unit}"),
            figures.Axis("multiply-adds, billions"),
            guides=[figures.Guide("y", search.target_macs / 1e9, "wanted")],
            height=400,
        ),
        "p_staircase",
        f"Built cost against {dimension}: a staircase; the printed multiplier lies below the "
        "printed cost",
    )
