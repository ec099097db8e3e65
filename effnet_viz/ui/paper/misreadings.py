"""Popular misreadings among true statements: the claim, the reader's verdict, then the truth and a
control that lets the reader break what is not so."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.ui.paper import claims_network as network
from effnet_viz.ui.paper import claims_scaling as scaling
from effnet_viz.ui.paper import claims_true
from effnet_viz.ui.shared.parts import BIND, notice, table

COUNTEREXAMPLES: MappingProxyType[str, Callable[[Paper], None]] = MappingProxyType(
    {
        "power": scaling.power,
        "phi_one": scaling.phi_one,
        "flops": network.flops,
        "index": scaling.index,
        "search": scaling.search,
        "coefficients": scaling.coefficients,
        "pixels": network.pixels,
        "doubling": scaling.doubling,
        "width": network.width,
        "mbconv": network.mbconv,
        "time": network.time,
        "maps": network.maps,
    }
)


#: Where among the misreadings the true statements stand.
TRUE_AT = (1, 5, 9, 14)
SO, NOT_SO = "It is so", "It is not so"


def misreadings(paper: Paper) -> None:
    """The whole section."""
    so = claims_true.true_claims(paper)
    said = _mixed(paper, so)
    true = {claim.key for claim in so}
    notice(
        f"{len(said)} things said about this paper; some are so, most are not. Pick one and "
        "decide: the answer comes with something to move or to check."
    )
    menu, effect = st.columns([1, 2], gap="large")
    with menu:
        key = st.radio(
            "They say",
            list(said),
            format_func=lambda each: said[each][0],
            key="p_claim",
            bind=BIND,
        )
    claim, truth = said[key]
    with effect, st.container(border=True):
        st.markdown(f"### {claim}")
        verdict = st.pills("Is it so?", (SO, NOT_SO), key=f"p_verdict_{key}", bind=BIND)
        if verdict is None:
            st.caption("Decide, and see.")
            return
        right = (verdict == SO) == (key in true)
        mark = ":green-badge[you are right]" if right else ":orange-badge[look again]"
        st.markdown(f"{mark} {SO if key in true else NOT_SO}: {truth}")
        if key not in true:
            COUNTEREXAMPLES[key](paper)
    answered = [each for each in said if st.session_state.get(f"p_verdict_{each}")]
    with st.expander(f"What you have decided, as a table: {len(answered)} of {len(said)}"):
        table(
            [
                {
                    "they say": said[each][0],
                    "it is": "so" if each in true else "not so",
                    "because": said[each][1],
                    "source": "computed here" if each in true else "v1; counterexample computed",
                }
                for each in answered
            ],
            name="misreadings",
            alt="The statements decided so far and what is true",
        )


def _mixed(paper: Paper, so: tuple[claims_true.TrueClaim, ...]) -> dict[str, tuple[str, str]]:
    """Claim and truth of every statement by key, the true ones among the others."""
    rows = [(m.key, m.claim, m.truth) for m in paper.misreadings]
    for at, each in zip(TRUE_AT, so, strict=True):
        rows.insert(at, (each.key, each.claim, each.truth))
    return {key: (claim, truth) for key, claim, truth in rows}
