"""The live part of the last step: five maps of one photo."""

from __future__ import annotations

import streamlit as st

from effnet_viz.engine.images import square
from effnet_viz.engine.requests import Look, MapRequest, PhotoFile
from effnet_viz.errors import UserError
from effnet_viz.evidence import samples
from effnet_viz.evidence.results import CamResult
from effnet_viz.figures import overlays
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.lesson.questions import Setting
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, ROLES
from effnet_viz.ui.lesson.wording import say
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn

TILE_PX = 320
DEFAULT = "golf-ball"


def look(_: Setting, revealed: bool) -> None:
    """A sample photo and, once the questions are revealed, the five networks' maps of it."""
    shown = {
        sample.name: sample
        for sample in samples.list_samples()
        if sample.true_label in IMAGENETTE_CLASSES.values()
    }
    names = list(shown)
    name = st.selectbox(
        say("photo"),
        names,
        index=names.index(DEFAULT) if DEFAULT in names else 0,
        format_func=lambda each: shown[each].title,
        key="lesson_photo",
    )
    sample = shown[name]
    if not revealed:
        photo = cache.photo(PhotoFile.of(samples.read_sample(name)))
        st.image(photo, alt=sample.alt, width=TILE_PX)
        st.caption(say("predict_first"))
        return
    try:
        results = _maps(name, str(sample.true_label))
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    photo = cache.photo(PhotoFile.of(samples.read_sample(name)))
    st.markdown(say("maps_of", label=str(sample.true_label)))
    for row in (ROLES[:3], ROLES[3:]):
        for column, role in zip(st.columns(3), row, strict=False):
            result = results[role]
            picture = overlays.overlay(photo, square(*photo.size), result, longest_px=TILE_PX)
            with column:
                st.image(
                    overlays.banded(picture, ROLE_COLOURS[role]),
                    alt=f"{role}: {cache.in_words(result)}",
                    width="stretch",
                )
                grid = f"{result.grid[0]}×{result.grid[1]}"
                st.caption(say("map_says", role=role, probability=result.probability, grid=grid))
    st.markdown(model_views.weights_badge(next(iter(results.values())).weights, wraps=True))


def _maps(name: str, label: str) -> dict[str, CamResult]:
    """One map for each role, of the photo's true class; kept for everybody."""
    file = PhotoFile.of(samples.read_sample(name))
    device = model_views.chosen_device()
    target = list(IMAGENETTE_CLASSES.values()).index(label)
    whole = square(*cache.photo(file).size)
    with my_turn(device):
        return {
            role: cache.cam(
                MapRequest(
                    Look(file, whole, cache.model_ref(f"classroom/{role}", device)),
                    target_class=target,
                )
            )
            for role in ROLES
        }
