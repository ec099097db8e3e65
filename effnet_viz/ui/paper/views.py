"""The Paper page: which section is open, and the sections in order."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.evidence.paper.tables import Paper, load
from effnet_viz.ui.paper import (
    balance,
    dimensions,
    method,
    misreadings,
    networks,
    results,
    search,
    slips,
    transfer,
)

#: What the picker and the link call a section, its heading, and what draws it.
SECTIONS: MappingProxyType[str, tuple[str, Callable[[Paper], None]]] = MappingProxyType(
    {
        "Method": ("The method: how to spend a budget", method.method),
        "Table 2": ("Table 2: ImageNet, accuracy against cost", results.imagenet),
        "Accuracies": ("Three publications, three accuracies", results.accuracies),
        "Table 3": ("Table 3: scaling other networks", networks.other_networks),
        "Table 4": ("Table 4: time", results.latency),
        "Tables 5, 6": ("Tables 5 and 6: transfer", transfer.transfer),
        "Table 7": ("Table 7: the models behind the maps", networks.map_models),
        "Reward": ("The search objective", search.reward_section),
        "Figure 3": ("Figure 3's idea: one dimension", dimensions.one_dimension_section),
        "Figure 4": ("Figure 4's idea: width among the others", balance.width_section),
        "Equal cost": ("Equal cost, many networks", balance.equal_cost_section),
        "Slips": ("The paper's slips", slips.slips),
        "Misreadings": ("Is it so?", misreadings.misreadings),
    }
)
DEFAULT_SECTION = "Method"

#: All sections in one line at 1440 px.
_STYLE = """<style>
.st-key-p_section [role="radio"] { padding-inline: 0.55rem; }
</style>"""


def show() -> None:
    """The picker and the section it points at."""
    st.html(_STYLE)
    chosen = st.pills(
        "Section",
        list(SECTIONS),
        default=DEFAULT_SECTION,
        required=True,
        label_visibility="collapsed",
        key="p_section",
        bind="query-params",
    )
    heading, draw = SECTIONS[chosen or DEFAULT_SECTION]
    st.header(heading)
    draw(load())
