"""Counterexamples to misreadings about φ, α, β, γ and the law."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.claims import coefficients_at_zero, doubled, powers, ratios_at
from effnet_viz.evidence.paper.costs import solve_phi
from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, RELEASED_VARIANTS
from effnet_viz.scaling.compound import Coefficients
from effnet_viz.scaling.cost import network_cost
from effnet_viz.ui.shared.parts import chart, times


def power(paper: Paper) -> None:
    """φᵅ against αᵠ."""
    phi = st.slider("φ", 0.0, 7.0, 0.0, step=0.5, key="p_c_power")
    alpha = float(paper.law.alpha)
    misread, meant = powers(phi, alpha)
    verdict = (
        "a network with **no blocks at all**, where the baseline should be"
        if misread == 0
        else f"{times(misread)} the depth"
    )
    st.markdown(f"At φ = {phi:g}, φᵅ gives {verdict}; αᵠ gives **{times(meant)}**.")
    phis = [n / 10 for n in range(71)]
    chart(
        figures.plot(
            [
                figures.Series(
                    "φᵅ, as misread",
                    phis,
                    [powers(x, alpha)[0] for x in phis],
                    figures.DIFFERS,
                    dash="dash",
                ),
                figures.Series(
                    "αᵠ, as meant", phis, [powers(x, alpha)[1] for x in phis], figures.OURS
                ),
                figures.Series(
                    "you",
                    [phi, phi],
                    [misread, meant],
                    figures.THEIRS,
                    mode="markers",
                    legend=False,
                    hover=[f"{misread:.3f}", f"{meant:.3f}"],
                ),
            ],
            figures.Axis("φ"),
            figures.Axis("depth multiplier"),
            height=300,
        ),
        "p_c_power_chart",
        "φᵅ starts at zero, αᵠ at one",
    )
    st.caption(f"α = {paper.law.alpha} ({paper.law.source}). Computed here.")


def phi_one(_paper: Paper) -> None:
    """What φ = 0 and φ = 1 build."""
    phi = st.slider("φ", -1.0, 3.0, 1.0, step=0.1, key="p_c_phi_one")
    law, built = ratios_at(phi)
    st.markdown(
        f"At φ = {phi:g} the law says **{law:.2f}×** B0's multiply-adds; the network that is built "
        f"costs **{built:.2f}×**. Only φ = 0 leaves B0 as it is."
    )
    phis = [n / 10 for n in range(-10, 31)]
    both = [ratios_at(x) for x in phis]
    chart(
        figures.plot(
            [
                figures.Series("law", phis, [r[0] for r in both], figures.THEIRS, dash="dot"),
                figures.Series("built", phis, [r[1] for r in both], figures.OURS, steps=True),
                figures.Series(
                    "you",
                    [phi],
                    [built],
                    figures.OURS,
                    mode="markers",
                    legend=False,
                    size=12,
                    hover=[f"φ = {phi:g}: {built:.3f}×"],
                ),
            ],
            figures.Axis("φ"),
            figures.Axis("× B0's multiply-adds", log=True, ticks=(0.5, 1, 2, 4, 8)),
            guides=[figures.Guide("y", 1.0, "B0")],
            height=300,
        ),
        "p_c_phi_chart",
        "Cost against φ by the law and as built; both are 1 at φ = 0",
    )
    st.caption("Computed here with the paper's α, β, γ.")


def index(_paper: Paper) -> None:
    """The φ that each published multiplier would need."""
    variant = st.select_slider(
        "Released variant", list(RELEASED_VARIANTS), "b3", format_func=str.upper, key="p_c_index"
    )
    solved = solve_phi(variant)
    st.markdown(
        f"{variant.upper()}'s depth asks for φ = **{solved.by_depth:.2f}**, its width for "
        f"**{solved.by_width:.2f}**, its resolution for **{solved.by_resolution:.2f}**; its built "
        f"cost for {solved.by_macs:.2f} by the law. None of them is {variant[1:]}, and they do not "
        "agree."
        if variant not in ("b0",)
        else "B0 is φ = 0, and the only one whose index fits in every dimension."
    )
    every = [solve_phi(name) for name in RELEASED_VARIANTS]
    positions = list(range(len(every)))
    series = [figures.Series("index", positions, positions, figures.THEIRS, dash="dot")]
    for name, values in (
        ("depth", [s.by_depth for s in every]),
        ("width", [s.by_width for s in every]),
        ("resolution", [s.by_resolution for s in every]),
    ):
        series.append(
            figures.Series(
                name,
                positions,
                values,
                ROLE_COLOURS[name],
                mode="markers",
                size=10,
                hover=[
                    f"{s.variant.upper()}, {name}: φ = {v:.2f}"
                    for s, v in zip(every, values, strict=True)
                ],
            )
        )
    figure = figures.plot(
        series,
        figures.Axis(""),
        figures.Axis("φ it would need"),
        guides=[figures.Guide("x", float(variant[1:]), "")],
        height=320,
    )
    figure.update_xaxes(tickvals=positions, ticktext=[s.variant.upper() for s in every])
    chart(figure, "p_c_index_chart", "The φ that depth, width and resolution of B0 to B7 ask for")
    st.caption("Multipliers: original implementation. φ solved here with α, β, γ of v1 section 4.")


def search(_paper: Paper) -> None:
    """At φ = 0 the coefficients cannot matter."""
    left, middle, right = st.columns(3)
    alpha = left.slider("α", 1.0, 2.0, 1.6, step=0.05, key="p_c_alpha")
    beta = middle.slider("β", 1.0, 1.5, 1.3, step=0.05, key="p_c_beta")
    gamma = right.slider("γ", 1.0, 1.5, 1.05, step=0.05, key="p_c_gamma")
    spec = coefficients_at_zero(alpha, beta, gamma)
    same = "**It is B0**, layer for layer" if spec == EFFICIENTNET_B0 else "It is not B0"
    st.markdown(
        f"Whatever the grid search finds, φ = 0 builds {si(network_cost(spec).macs)} multiply-adds "
        f"and {network_cost(spec).params:,} parameters. {same}: α⁰ = β⁰ = γ⁰ = 1. So B0 has to "
        "come from elsewhere."
    )
    phis = [n / 10 for n in range(31)]
    yours = [Coefficients(x, alpha, beta, gamma).law_ratio for x in phis]
    papers = [Coefficients(x).law_ratio for x in phis]
    chart(
        figures.plot(
            [
                figures.Series("paper's α, β, γ", phis, papers, figures.OURS),
                figures.Series("yours", phis, yours, figures.DIFFERS),
            ],
            figures.Axis("φ"),
            figures.Axis("× B0's MACs, law", log=True, ticks=(1, 2, 4, 8, 16)),
            height=280,
        ),
        "p_c_search_chart",
        "Any coefficients start from the same network at φ = 0",
    )


def coefficients(paper: Paper) -> None:
    """What γ in pixels or α below 1 would do."""
    left, right = st.columns(2)
    alpha = left.number_input("α", 0.1, 5.0, 0.9, step=0.1, key="p_c_low_alpha")
    gamma = right.number_input("γ", 0.1, 600.0, 240.0, step=0.05, key="p_c_px_gamma")
    beta = float(paper.law.beta)
    try:
        chosen = Coefficients(1.0, alpha, beta, gamma)
        multipliers = chosen.multipliers(EFFICIENTNET_B0.resolution_px)
    except UserError as error:
        product = alpha * beta**2 * gamma**2
        st.error(f"The engine refuses: {error}", icon=":material/error:")
        st.markdown(
            f"α·β²·γ² would be **{product:,.0f}** instead of 2: one step of φ would cost that many "
            "times the baseline. Try a ratio such as γ = 1.15."
        )
        return
    st.markdown(
        f"α·β²·γ² = **{chosen.constraint:.2f}** (the paper keeps it near 2, with β = {beta:g}). "
        f"φ = 1 builds depth {multipliers.depth:g}, width {multipliers.width:g}, "
        f"{multipliers.resolution_px} px."
    )
    if alpha < 1 or gamma < 1:
        st.markdown("A coefficient below 1 makes that dimension **shrink** as φ grows:")
    rows = {phi: (alpha**phi, beta**phi, gamma**phi) for phi in (0, 1, 2, 4)}
    st.table(
        pd.DataFrame(
            [
                {
                    "φ": f"{phi}",
                    "d": f"{d:.2f}",
                    "w": f"{w:.2f}",
                    "r": f"{r:.2f}",
                    "source": "computed here",
                }
                for phi, (d, w, r) in rows.items()
            ]
        ).set_index("φ"),
        alt="Multipliers at growing φ",
    )


def doubling(_paper: Paper) -> None:
    """Which doublings cost what."""
    chosen = st.pills(
        "Double",
        ("depth", "width", "resolution"),
        selection_mode="multi",
        default=["width", "resolution"],
        key="p_c_doubling",
    )
    law, built = doubled(*(name in chosen for name in ("depth", "width", "resolution")))
    st.markdown(
        f"Doubling {' and '.join(chosen) or 'nothing'}: **{law:g}×** by the law, **{built:.2f}×** "
        "as built."
    )
    cases = {
        "depth": (True, False, False),
        "width": (False, True, False),
        "resolution": (False, False, True),
        "width and resolution": (False, True, True),
        "all three": (True, True, True),
    }
    both = [doubled(*case) for case in cases.values()]
    chart(
        figures.bars(
            list(cases),
            {"law": [r[0] for r in both], "built": [r[1] for r in both]},
            figures.Axis("× B0's multiply-adds"),
            texts=[[f"{r[0]:g}×" for r in both], [f"{r[1]:.2f}×" for r in both]],
            height=320,
        ),
        "p_c_doubling_chart",
        "Cost of doubling depth, width and resolution, alone and together",
    )
    st.caption("Computed here on B0.")
