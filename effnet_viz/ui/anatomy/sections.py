"""What stands below the opened block's drawing, one section at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.scaling.study import ScaleStudy
from effnet_viz.ui.anatomy import block, comparison, whole
from effnet_viz.ui.anatomy.network import Opened

#: What the picker and the link call a section, and what draws it.
SECTIONS: MappingProxyType[str, Callable[[ScaleStudy, Opened], None]] = MappingProxyType(
    {
        "Operations": lambda _, opened: block.operation_table(opened),
        "The stage's blocks": lambda _, opened: block.stage_blocks(opened),
        "Other blocks": lambda _, opened: comparison.comparison(opened),
        "Twice as wide": lambda result, _: whole.doubling(result),
        "How far it sees": lambda result, opened: whole.receptive_field(result, opened.stage),
    }
)
DEFAULT = "Operations"


def show(result: ScaleStudy, opened: Opened) -> None:
    """The picker and the section it points at."""
    chosen = st.pills(
        "Look closer",
        list(SECTIONS),
        default=DEFAULT,
        required=True,
        key="a_section",
        bind="query-params",
        wrap=True,
    )
    SECTIONS[chosen or DEFAULT](result, opened)
