"""What stands below the surface, one section at a time."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from effnet_viz.evidence.family import family_results
from effnet_viz.ui.grid_search import evidence, family, views
from effnet_viz.ui.grid_search.views import Choice, Shown
from effnet_viz.ui.shared.parts import one_section

#: What the picker and the link call a section, and what draws it.
SECTIONS: MappingProxyType[str, Callable[[Shown, Choice], None]] = MappingProxyType(
    {
        "The point": views.details,
        "Every point": lambda found, _: evidence.every_point(found),
        "Law and built": evidence.law,
        "One dimension": lambda *_: family.diminishing(family_results()),
        "Detail or work": lambda *_: family.detail_or_work(family_results()),
        "The paper's": lambda *_: evidence.the_paper(family_results()),
    }
)


def show(found: Shown, choice: Choice) -> None:
    """The picker and the section it points at."""
    one_section(SECTIONS, "gs_section")(found, choice)
