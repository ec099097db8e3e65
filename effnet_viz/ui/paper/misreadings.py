"""Popular misreadings: the claim, the truth, and a control that lets the reader break the claim."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Literal

import streamlit as st

from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.ui.paper import claims_network as network
from effnet_viz.ui.paper import claims_scaling as scaling
from effnet_viz.ui.shared.parts import notice, table

BIND: Literal["query-params"] = "query-params"

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


def misreadings(paper: Paper) -> None:
    """The whole section."""
    notice(
        "Twelve things that are often said about this paper and are not so. Pick one, decide "
        "whether you believe it, then move the control."
    )
    claims = {m.key: m.claim for m in paper.misreadings}
    menu, effect = st.columns([1, 2], gap="large")
    with menu:
        key = st.radio(
            "They say",
            list(claims),
            format_func=claims.__getitem__,
            key="p_claim",
            bind=BIND,
        )
    chosen = next((m for m in paper.misreadings if m.key == key), paper.misreadings[0])
    with effect, st.container(border=True):
        st.markdown(f"#### {chosen.claim}")
        st.markdown(f":orange-badge[not so] {chosen.truth}")
        COUNTEREXAMPLES[chosen.key](paper)
    with st.expander("All twelve as a table"):
        table(
            [
                {"they say": m.claim, "true is": m.truth, "source": "v1; counterexample computed"}
                for m in paper.misreadings
            ],
            name="misreadings",
            alt="Twelve misreadings and what is true",
        )
