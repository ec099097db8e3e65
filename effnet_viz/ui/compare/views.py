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
)
from effnet_viz.ui.compare.view import Maps, View
from effnet_viz.ui.shared import model_views
from effnet_viz.ui.shared.photos import photo_facts, photo_picker

#: Below the maps, one at a time: only what is looked at is computed.
SECTIONS: MappingProxyType[str, tuple[str, Callable[[Maps], None]]] = MappingProxyType(
    {
        "numbers": ("Numbers", numbers.table),
        "measured": ("Over many photos", attention.measured),
        "difference": ("Differences", closer.differences),
        "depth": ("Every stage", closer.every_stage),
        "control": ("Random weights, seeds", closer.controls),
        "cam": ("Grad-CAM is CAM", closer.grad_cam_is_cam),
        "remove": ("Remove and ask", numbers.removal),
        "photos": ("More photos", photos.many),
        "export": ("Take away", export.take_away),
    }
)


def page() -> None:
    """Controls left, maps right, and one closer look below."""
    lead = st.empty()
    controls, effect = st.columns([1, 2.9], gap="large")
    with controls:
        family = None
        with model_views.shown_errors():
            family = models.family_control()
        photo = photo_picker()
        frame = st.container()
        square = choices.square_control(photo)
        if family is None:
            return
        settings = choices.controls(family)
        with frame:
            choices.show_photo(photo, square, settings.box)
        photo_facts(photo)
    lead.markdown(models.FAMILY_LEADS.get(family.key, models.ANY_LEAD))
    with effect:
        model_views.class_warning(photo, choices.warned_families(family))
        if not guess.answered(family):
            guess.plain_tiles(photo, square, family)
            return
        maps = None
        with model_views.shown_errors():
            device = model_views.chosen_device()
            view = View(photo, square, grown.with_tuned(family), settings, device)
            maps = gallery.compute(view)
            if maps is not None:
                gallery.heading(maps)
                guess.reveal(maps)
                gallery.tiles(maps)
            elif any(n.key in st.session_state.get("unreachable", {}) for n in family.runnable):
                models.would_stand_here(family)
            grown.equal_by_construction(view)
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
