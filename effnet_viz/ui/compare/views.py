"""The Compare page, put together; its sections are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.ui.compare import (
    attention,
    choices,
    closer,
    export,
    gallery,
    grown,
    guess,
    models,
    numbers,
    photos,
    slow,
    strip,
)
from effnet_viz.ui.compare.view import Maps, View
from effnet_viz.ui.shared import model_views
from effnet_viz.ui.shared.photos import photo_facts, photo_remarks, photo_select, upload_control

#: Below the maps, one at a time: only what is looked at is computed.
SECTIONS: MappingProxyType[str, tuple[str, Callable[[Maps], None]]] = MappingProxyType(
    {
        "numbers": ("Numbers", numbers.table),
        "measured": ("Over many photos", attention.measured),
        "place": ("Where a cell lies", attention.placing),
        "difference": ("Differences", closer.differences),
        "depth": ("Every stage", closer.every_stage),
        "control": ("Random weights, seeds", closer.controls),
        "cam": ("Grad-CAM is CAM", closer.grad_cam_is_cam),
        "remove": ("Remove and ask", slow.removal),
        "photos": ("More photos", photos.many),
        "export": ("Take away", export.take_away),
    }
)


def page() -> None:
    """Photo and networks, the controls of the maps, the maps in one row, one closer look below."""
    family = None
    guess.heed_link()
    strip.style()
    with strip.bar("photo"):
        photo = photo_select(width=210)
        with st.popover("Your own photo", icon=":material/add_a_photo:"):
            upload_control()
            photo_facts(photo)
        with model_views.shown_errors():
            family = models.family_control()
            photos.surprise(family, photo.file)
    if family is None:
        return
    lead = models.FAMILY_LEADS[family.key]
    model_views.class_warning(photo, choices.warned_families(family))
    if not guess.answered(family):
        photo_remarks(photo)
        st.markdown(lead)
        guess.plain_tiles(photo, family)
        return
    with strip.bar("maps"):
        square, settings = choices.controls(photo, family)
    photo_remarks(photo, square)
    maps = None
    with model_views.shown_errors():
        device = model_views.chosen_device()
        view = View(photo, square, grown.with_tuned(family), settings, device)
        maps = gallery.compute(view)
        if maps is not None:
            gallery.heading(maps)
            gallery.tiles(maps)
            guess.reveal(maps)
        elif any(n.key in st.session_state.get("unreachable", {}) for n in family.runnable):
            models.would_stand_here(family)
        grown.equal_by_construction(view)
    st.caption(lead)
    if maps is not None:
        _closer(maps)


def _closer(maps: Maps) -> None:
    section = st.pills(
        "Look closer",
        list(SECTIONS),
        default="numbers",
        format_func=lambda key: SECTIONS[key][0],
        key="look",
        bind="query-params",
        required=True,
        wrap=True,
    )
    with model_views.shown_errors():
        SECTIONS[section or "numbers"][1](maps)
