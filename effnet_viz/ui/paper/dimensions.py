"""Scaling one dimension at a time: what it costs exactly, what it bought where that is known."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.accuracy import standard_error
from effnet_viz.evidence.family import by_role, family_results
from effnet_viz.evidence.paper.costs import (
    DIMENSIONS,
    CurvePoint,
    Dimension,
    one_dimension,
    recompute_map_model,
    variant_cost,
)
from effnet_viz.evidence.paper.tables import Cell, Paper
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, si
from effnet_viz.scaling.architectures import ARCHITECTURES
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES, classroom_spec
from effnet_viz.ui.shared.parts import BIND, chart, link, notice, table, times
from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES


def one_dimension_section(paper: Paper) -> None:
    """Exact cost curves of one dimension at a time; accuracies only where measured or printed."""
    top = st.container()
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        name = st.selectbox(
            "Network",
            list(ARCHITECTURES),
            format_func=ARCHITECTURE_TITLES.__getitem__,
            key="p_network",
            bind=BIND,
        )
        multiplier = st.slider(
            "Multiplier",
            1.0,
            4.0,
            2.0,
            step=0.05,
            key="p_multiplier",
            bind=BIND,
            help="Applied to one dimension at a time.",
        )
    base = ARCHITECTURES[name]
    with effect, st.container():
        try:
            curves = {d: one_dimension(base, d, 4.0) for d in DIMENSIONS}
        except UserError as error:
            st.error(str(error), icon=":material/error:")
            return
    chosen = {
        d: min(curve, key=lambda p: abs(p.multiplier - multiplier)) for d, curve in curves.items()
    }
    with controls:
        for d, point in chosen.items():
            st.markdown(
                f"**{d}** × {point.multiplier:g}: law {times(point.law_ratio)}, "
                f"built **{times(point.built_ratio)}**"
            )
    with top:
        little = next(p for p in curves["depth"] if p.multiplier > 1.0)
        notice(
            "By the law depth costs m, width and resolution m². Look just right of 1: the smallest "
            f"bit of depth, m = {little.multiplier:g}, costs **{times(little.built_ratio)}** as "
            "built, because every stage rounds its repeats up. The others climb in small steps."
        )
    with effect:
        _curves_chart(curves, chosen)
    rows: list[dict[str, Cell]] = [
        {
            "dimension": d,
            "multiplier": p.multiplier,
            "law": p.law_ratio,
            "built": p.built_ratio,
            "source": "computed here",
        }
        for d, curve in curves.items()
        for p in curve
        if p.multiplier in (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
    ]
    with st.expander("The curves as a table"):
        table(
            rows,
            name=f"one-dimension-{name}",
            alt="Cost of scaling one dimension alone",
            formats={"law": ".3g", "built": ".3f", "multiplier": "g"},
        )
    _accuracy_per_dimension(paper)


def _curves_chart(
    curves: dict[Dimension, tuple[CurvePoint, ...]],
    chosen: dict[Dimension, CurvePoint],
) -> None:
    series = []
    for dimension, curve in curves.items():
        colour = ROLE_COLOURS[dimension]
        xs = [p.multiplier for p in curve]
        series.append(
            figures.Series(dimension, xs, [p.built_ratio for p in curve], colour, steps=True)
        )
        if dimension != "resolution":
            law = "law, m" if dimension == "depth" else "law, m²"
            series.append(
                figures.Series(
                    law, xs, [p.law_ratio for p in curve], figures.THEIRS, dash="dot", width=1.4
                )
            )
        point = chosen[dimension]
        series.append(
            figures.Series(
                dimension,
                [point.multiplier],
                [point.built_ratio],
                colour,
                mode="markers",
                size=12,
                legend=False,
                hover=[f"{dimension} × {point.multiplier:g}: {point.built_ratio:.3f}× as built"],
            )
        )
    chart(
        figures.plot(
            series,
            figures.Axis("multiplier m of one dimension", suffix="×", ticks=(1, 1.5, 2, 3, 4)),
            figures.Axis("× baseline MACs", log=True, ticks=(1, 2, 4, 8, 16), range=(0.9, 19)),
            height=420,
        ),
        "p_one_dimension",
        "Built cost of scaling depth, width or resolution alone, beside the law",
    )
    st.caption("Computed here: exact cost of every built network.")


def _accuracy_per_dimension(paper: Paper) -> None:
    st.markdown("### And what it buys")
    left, right = st.columns(2, gap="large")
    with left:
        _printed_points(paper)
    with right:
        _measured_family()


def _printed_points(paper: Paper) -> None:
    variants = paper.variant_accuracies
    series = [
        figures.Series(
            "B0 to B7",
            [variant_cost(row.variant).macs / 1e9 for row in variants],
            [row.top1_v1 for row in variants],
            figures.OURS,
            mode="lines+markers",
            width=1.2,
            labels=[row.variant.upper() for row in variants],
            label_position="bottom right",
            hover=[f"{row.variant.upper()}: {row.top1_v1} % (v1 table 2)" for row in variants],
        )
    ]
    for row in paper.map_models:
        if row.role in DIMENSIONS:
            macs = recompute_map_model(row).macs
            series.append(
                figures.Series(
                    f"{row.role} only",
                    [macs / 1e9],
                    [row.top1],
                    ROLE_COLOURS[row.role],
                    mode="markers",
                    symbol=figures.ROLE_SYMBOLS[row.role],
                    size=11,
                    hover=[
                        f"{row.role}: {row.top1} % (v1 table 7), {si(macs)} computed here, "
                        f"{row.gmacs} B printed"
                    ],
                )
            )
    st.markdown(
        "**The paper's printed points.** Figures 3 and 8 plot more; their values are not "
        "printed, so they are not here."
    )
    ticks = figures.BILLIONS
    chart(
        figures.plot(
            series,
            figures.Axis("multiply-adds, billions", log=True, ticks=ticks, range=(0.3, 50)),
            figures.Axis("ImageNet top-1, %"),
            height=360,
        ),
        "p_printed_points",
        "Printed accuracies of models scaled in one dimension, below the compound ones",
    )
    printed = sorted({float(row.gmacs) for row in paper.map_models if row.role in DIMENSIONS})
    st.caption(
        "Top-1: v1 tables 2 and 7. Cost: computed here for all; table 7 prints "
        f"{printed[0]:g} to {printed[-1]:g} B for the three, which their multipliers do not build."
    )


def _measured_family() -> None:
    rows: list[dict[str, Cell]] = []
    series = []
    try:
        found = by_role(family_results())
    except UserError:
        found = {}
    for role in ROLES:
        result = found.get(role)
        if result is None:
            missing = {"multiply-adds": None, "top-1, %": None, "standard error": None}
            rows.append(
                {"role": role, **missing, "seeds": None, "source": "no measured accuracy shipped"}
            )
            continue
        macs = network_cost(classroom_spec(role)).macs
        error = standard_error(result.top1, result.val_n)
        rows.append(
            {
                "role": role,
                "multiply-adds": macs,
                "top-1, %": result.top1,
                "standard error": error,
                "seeds": len(result.seeds),
                "source": f"measured by this project, {result.val_n:,} photos",
            }
        )
        series.append(
            figures.Series(
                role,
                [macs / 1e6],
                [result.top1],
                ROLE_COLOURS[role],
                mode="markers",
                size=11,
                error_y=[2 * error],
                hover=[f"{role}: {result.top1:.1f} ± {2 * error:.1f} %, {si(macs)} MACs, measured"],
            )
        )
    st.markdown(
        "**Our classroom family**, trained alike on ten classes, the mean over its seeds. Bars: "
        "two standard errors among the photos."
    )
    if series:
        chart(
            figures.plot(
                series,
                figures.Axis("multiply-adds, millions", range=(0, 80)),
                figures.Axis("Imagenette top-1, %"),
                height=360,
            ),
            "p_family",
            "Measured accuracy of the classroom family against its cost",
        )
    table(
        rows,
        name="classroom-family",
        alt="Measured accuracy and cost of the classroom family",
        formats={"multiply-adds": si, "top-1, %": ".1f", "standard error": ".2f"},
        missing=":gray[missing]",
    )
    link("pages/compare.py", "Where these five look", ":material/compare:")
