"""Width under different depth and resolution, and networks of equal cost."""

from __future__ import annotations

import streamlit as st

from effnet_viz.evidence.paper.claims import figure4_network
from effnet_viz.evidence.paper.costs import (
    equal_cost_contour,
    largest_input,
    macs_of,
    pixels,
    widest,
    width_curve,
)
from effnet_viz.evidence.paper.tables import Cell, Paper
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.ui.shared.parts import BIND, chart, notice, table, times

BASE = EFFICIENTNET_B0
RATIOS = (1.0, 1.15, 1.3, 1.5, 1.75)
#: One a ratio, in the order of sizes: told apart on light and dark, also by the colour-blind.
SIZE_COLOURS = ("#6D5BD0", "#2A7FA0", "#2E9E6B", "#C98A00", "#C2452D")
CONTOUR_POINTS = 61


def width_section(paper: Paper) -> None:
    """Figure 4's idea: what a width costs, and what a budget leaves of it."""
    notice(
        "Read the dots from top to bottom: one budget, four ways to spend it. Whatever depth "
        "and resolution take, width has to give back. The paper found the deeper network at "
        "higher resolution, the narrowest of the four, the most accurate (v1 section 3.3)."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        depth = st.slider("**d** · deeper", 1.0, 4.0, 2.0, step=0.1, key="p_f4_d", bind=BIND)
        ratio = st.slider("**r** · larger", 1.0, 2.5, 1.3, step=0.1, key="p_f4_r", bind=BIND)
        budget = st.slider("Budget, × B0", 2.0, 16.0, 4.0, step=0.5, key="p_f4_budget", bind=BIND)
    base_macs = macs_of(BASE, 1.0, 1.0, BASE.resolution_px)
    cases = (
        ("d = 1, r = 1", 1.0, 1.0, "width"),
        (f"d = {depth:g}, r = 1", depth, 1.0, "depth"),
        (f"d = 1, r = {ratio:g}", 1.0, ratio, "resolution"),
        (f"d = {depth:g}, r = {ratio:g}", depth, ratio, "compound"),
    )
    rows: list[dict[str, Cell]] = []
    series = []
    for name, d, r, role in cases:
        px = pixels(BASE, r)
        curve = width_curve(BASE, d, px)
        series.append(
            figures.Series(
                name,
                [macs / base_macs for _, macs in curve],
                [width for width, _ in curve],
                ROLE_COLOURS[role],
            )
        )
        affordable = widest(BASE, d, px, budget * base_macs)
        network = figure4_network(d, r)
        if affordable is not None:
            macs = macs_of(BASE, d, affordable, px)
            series.append(
                figures.Series(
                    name,
                    [macs / base_macs],
                    [affordable],
                    ROLE_COLOURS[role],
                    mode="markers",
                    size=11,
                    legend=False,
                    hover=[f"{name}: w = {affordable:g}, {si(macs)}"],
                )
            )
        rows.append(
            {
                "network": name,
                "input, px": network.px,
                "layers": network.layers,
                "MACs at w = 1": network.macs,
                f"widest within {budget:g}×": affordable,
                "source": "computed here",
            }
        )
    with controls:
        only, both = rows[0][f"widest within {budget:g}×"], rows[-1][f"widest within {budget:g}×"]
        st.markdown(
            f"For {budget:g} times B0's cost: alone, width reaches **{_w(only)}**; in the deeper "
            f"network at higher resolution, **{_w(both)}**."
        )
    with effect:
        chart(
            figures.plot(
                series,
                figures.Axis(
                    "× B0's multiply-adds", log=True, range=(0.5, 24), ticks=(0.5, 1, 2, 4, 8, 16)
                ),
                figures.Axis("width multiplier w", range=(0.4, 3.1)),
                guides=[figures.Guide("x", budget, "budget")],
                height=420,
            ),
            "p_width",
            "Width multiplier against cost for four combinations of depth and resolution",
        )
    table(
        rows,
        name="figure-4",
        alt="The width that one budget leaves to four baselines",
        formats={"MACs at w = 1": si, "input, px": ".0f", "layers": ".0f"},
        missing="none",
    )
    caption = paper.slip("figure4").printed
    st.caption(
        "The paper's figure 4 plots accuracy against cost for d = 1 or 2 and r = 1 or 1.3; its "
        f"values are not printed. Its caption gives the last baseline {caption[3][0]} layers at "
        f"{caption[2][0]} px; d = 2 and r = 1.3 build {figure4_network(2, 1.3).layers} layers at "
        f"{figure4_network(2, 1.3).px} px."
    )


def _w(value: Cell) -> str:
    return f"w = {value:g}" if isinstance(value, float) else "no network"


def equal_cost_section(paper: Paper) -> None:
    """Contours of equal built cost over depth, width and resolution."""
    top = st.container()
    controls, effect = st.columns([1, 2.6], gap="large")
    base_macs = macs_of(BASE, 1.0, 1.0, BASE.resolution_px)
    with controls:
        budget = st.slider("Budget, × B0", 2.0, 16.0, 4.0, step=0.5, key="p_eq_budget", bind=BIND)
        depth = st.slider("Spend on **d**", 1.0, 4.0, 1.4, step=0.05, key="p_eq_d", bind=BIND)
        width = st.slider("Spend on **w**", 1.0, 2.8, 1.2, step=0.05, key="p_eq_w", bind=BIND)
        with top:
            least = _least_spent(budget)
            notice(
                "One colour is one input size. Along a curve depth is traded for width; the next "
                "one pays for more pixels. Whole blocks and channels in eights leave some of the "
                f"budget over: networks on the solid curves spend from {least:.2f}× up."
            )
        px = largest_input(BASE, depth, width, budget * base_macs)
        macs = macs_of(BASE, depth, width, px)
        spent = macs / base_macs
        st.metric(
            "is left for r",
            f"{px} px",
            f"r = {px / BASE.resolution_px:.2f}, spends {spent:.2f} of {budget:g}×",
            delta_color="off",
            delta_arrow="off",
            help="The largest input whose built cost stays within the budget. Computed here.",
        )
        if px < BASE.resolution_px:
            st.caption("Less than B0's own 224 px: this depth and width overspend.")
    with effect:
        _contour_chart(budget, width, depth, f"d {depth:g}, w {width:g}, {px} px: {si(macs)}")
        st.caption(
            "Solid: the deepest network within the budget, built and counted here. Dotted: the "
            "law, d · w² · r² = budget."
        )
    compound = next(row for row in paper.map_models if row.role == "compound")
    with st.expander("The contours as a table"):
        _contour_table(budget)
    st.caption(
        f"The diamond starts at the paper's compound multipliers, d = {compound.depth} and "
        f"w = {compound.width} (v1 table 7)."
    )


def _contours(budget: float) -> dict[float, tuple[tuple[float, float], ...]]:
    """(width, depth) pairs by resolution multiplier, where the budget allows any."""
    highest = 1.08 * budget**0.5
    widths = tuple(
        round(1 + (highest - 1) * n / (CONTOUR_POINTS - 1), 2) for n in range(CONTOUR_POINTS)
    )
    base_macs = macs_of(BASE, 1.0, 1.0, BASE.resolution_px)
    found = {
        ratio: equal_cost_contour(BASE, pixels(BASE, ratio), budget * base_macs, widths)
        for ratio in RATIOS
    }
    return {ratio: contour for ratio, contour in found.items() if contour}


def _least_spent(budget: float) -> float:
    """The least that a network on any of the contours costs, in multiples of B0."""
    return min(
        macs_of(BASE, depth, width, pixels(BASE, ratio))
        for ratio, contour in _contours(budget).items()
        for width, depth in contour
    ) / macs_of(BASE, 1.0, 1.0, BASE.resolution_px)


def _contour_chart(budget: float, width: float, depth: float, hover: str) -> None:
    series = []
    for index, (ratio, contour) in enumerate(_contours(budget).items()):
        colour = SIZE_COLOURS[index]
        size = pixels(BASE, ratio)
        widths = [w for w, _ in contour]
        law = [(w, budget / (w * ratio) ** 2) for w in widths]
        law = [(w, d) for w, d in law if d >= 1]
        series.append(
            figures.Series(
                "built",
                widths,
                [d for _, d in contour],
                colour,
                steps=True,
                labels=[f"{size} px", *[""] * (len(widths) - 1)],
                label_position="middle left",
                legend=False,
            )
        )
        series.append(
            figures.Series(
                "law",
                [w for w, _ in law],
                [d for _, d in law],
                colour,
                dash="dot",
                width=1.2,
                legend=False,
            )
        )
    series.append(
        figures.Series(
            "your network",
            [width],
            [depth],
            ROLE_COLOURS["compound"],
            mode="markers",
            symbol="diamond",
            size=13,
            hover=[hover],
        )
    )
    right = max(1.08 * budget**0.5, width + 0.05)
    x = figures.Axis("width multiplier w", range=(1 - 0.14 * (right - 1), right))
    y = figures.Axis(
        "depth multiplier d",
        log=True,
        ticks=(1, 2, 4, 8, 16),
        range=(0.94, max(1.2 * budget, depth + 0.5)),
    )
    chart(
        figures.plot(series, x, y, height=430),
        "p_equal_cost",
        f"Depth against width of networks that cost {budget:g} times B0, one curve per input size",
    )


def _contour_table(budget: float) -> None:
    base_macs = macs_of(BASE, 1.0, 1.0, BASE.resolution_px)
    rows: list[dict[str, Cell]] = []
    for ratio, contour in _contours(budget).items():
        size = pixels(BASE, ratio)
        for w, d in contour[::10]:
            cost = macs_of(BASE, d, w, size)
            rows.append(
                {
                    "r": f"{ratio:g} ({size} px)",
                    "w": w,
                    "largest d": d,
                    "MACs": cost,
                    "× B0": cost / base_macs,
                    "by law": d * (w * ratio) ** 2,
                    "source": "computed here",
                }
            )
    table(
        rows,
        name=f"equal-cost-{budget:g}",
        alt=f"Networks that cost at most {budget:g} times B0",
        formats={"MACs": si, "× B0": ".2f", "by law": times, "w": "g", "largest d": "g"},
    )
