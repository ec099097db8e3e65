"""The Compare page, put together; its sections are in the modules beside this one."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.ui import (
    compare_closer,
    compare_controls,
    compare_export,
    compare_grown,
    compare_guess,
    compare_maps,
    compare_models,
    compare_numbers,
    compare_photos,
    model_views,
)
from effnet_viz.ui.compare_maps import Maps, View
from effnet_viz.ui.photos import photo_facts, photo_picker

#: Below the maps, one at a time: only what is looked at is computed.
SECTIONS: MappingProxyType[str, tuple[str, Callable[[Maps], None]]] = MappingProxyType(
    {
        "numbers": ("Numbers", compare_numbers.table),
        "difference": ("Differences", compare_closer.differences),
        "depth": ("Every stage", compare_closer.every_stage),
        "control": ("Random weights, seeds", compare_closer.controls),
        "cam": ("Grad-CAM is CAM", compare_closer.grad_cam_is_cam),
        "remove": ("Remove and ask", compare_numbers.removal),
        "photos": ("More photos", compare_photos.many),
        "export": ("Take away", compare_export.take_away),
    }
)


def page() -> None:
    """Controls left, maps right, and one closer look below."""
    lead = st.empty()
    controls, effect = st.columns([1, 2.9], gap="large")
    with controls:
        family = None
        with model_views.shown_errors():
            family = compare_models.family_control()
        photo = photo_picker()
        frame = st.container()
        square = compare_controls.square_control(photo)
        if family is None:
            return
        settings = compare_controls.controls(family)
        with frame:
            compare_controls.show_photo(photo, square, settings.box)
        photo_facts(photo)
    lead.markdown(compare_models.FAMILY_LEADS[family.key])
    with effect:
        model_views.class_warning(photo, compare_controls.warned_families(family))
        if not compare_guess.answered(family):
            compare_guess.plain_tiles(photo, square, family)
            return
        maps = None
        with model_views.shown_errors():
            device = model_views.chosen_device()
            view = View(photo, square, compare_grown.with_tuned(family), settings, device)
            maps = compare_maps.compute(view)
            if maps is not None:
                compare_maps.heading(maps)
                compare_guess.reveal(maps)
                compare_maps.tiles(maps)
            elif family.key in (compare_models.IMAGENET, compare_models.RESNET):
                compare_models.would_stand_here(family)
            compare_grown.equal_by_construction(view)
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
