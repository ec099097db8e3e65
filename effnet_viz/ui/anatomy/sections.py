"""What stands below the opened block's drawing, one section at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from effnet_viz.scaling.study import ScaleStudy
from effnet_viz.ui.anatomy import block, comparison, whole
from effnet_viz.ui.anatomy.network import Opened
from effnet_viz.ui.shared.parts import one_section

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


def show(result: ScaleStudy, opened: Opened) -> None:
    """The picker and the section it points at."""
    one_section(SECTIONS, "a_section")(result, opened)
