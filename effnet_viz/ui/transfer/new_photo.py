"""What each head says about a photo it never saw, and where it looks for the class."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from effnet_viz.engine.images import square
from effnet_viz.engine.transfer import photo_sets
from effnet_viz.engine.transfer.photo_sets import SetPhoto, Sets
from effnet_viz.engine.transfer.results import TransferStudy
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import CamResult
from effnet_viz.figures import overlays
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn
from effnet_viz.ui.shared.photos import camera_is_allowed
from effnet_viz.ui.transfer.photo_input import plain

#: Of the photo, and of a map: five stand in a row on a wide screen, two on a phone.
PHOTO_PX, MAP_PX = 160, 122
_SHOWN = "transfer_shown"
Found = list[tuple[NDArray[np.float32], CamResult]]


def section(study: TransferStudy, sets: Sets, device: str) -> None:
    """A new photo, what every head says of it, and its map for one class."""
    st.header("A new photo")
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        photo, own = _photo(sets)
        wanted = st.selectbox(
            "Show what speaks for",
            range(len(study.classes)),
            format_func=study.classes.__getitem__,  # Streamlit keeps it: it must not hold more
            key="transfer_wanted",
        )
        if not own:
            st.caption(
                "Until you choose one, this is a photo from training, whose answers prove nothing."
            )
        st.image(photo.image, width=PHOTO_PX, alt=photo.title)
    with effect, model_views.shown_errors():
        _maps(study, photo, wanted, device)


def _photo(sets: Sets) -> tuple[SetPhoto, bool]:
    turn = st.session_state.get("transfer_round", 0)
    handed: Any = st.file_uploader("New photo", key=f"transfer_new_file_{turn}")
    if camera_is_allowed(st.context.url) and st.toggle("Use the camera", key="transfer_new_lens"):
        handed = (
            st.camera_input("New photo from the camera", key=f"transfer_new_shot_{turn}") or handed
        )
    if handed is None:
        return sets[0].photos[0], False
    try:
        return photo_sets.photo_of(handed.getvalue(), handed.name), True
    except UserError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return sets[0].photos[0], False


def _maps(study: TransferStudy, photo: SetPhoto, wanted: int, device: str) -> None:
    image, name = photo.image, study.classes[wanted]
    with st.container(horizontal=True):
        found = _found(study, photo, wanted, device)
        for result, (scores, seen) in zip(study.networks, found, strict=True):
            with st.container(width=MAP_PX):
                st.image(
                    overlays.overlay(image, square(*image.size), seen, longest_px=320),
                    alt=f"{result.title}: evidence for {name} in {photo.title}",
                )
                said = int(scores.argmax())
                given = f"{plain(name)} {scores[wanted]:+.2f}"
                if said != wanted:
                    given += f", {plain(study.classes[said])} {scores[said]:+.2f}"
                st.markdown(
                    f"**{result.title}** says **{plain(study.classes[said])}**  \n:small[{given}]"
                )
                if seen.note:
                    st.caption(seen.note)
    st.caption(
        "The head is linear, so this is exact CAM: the map, before negative values are cut, "
        "averages to the score less a constant. Same photo, square and class for all; each map is "
        "scaled to its own maximum. Scores are not probabilities: a photo of none of your classes "
        "still gets one of them."
    )


def _found(study: TransferStudy, photo: SetPhoto, wanted: int, device: str) -> Found:
    """Every head's scores and map; those of the last photo and class are kept for the next run."""
    from effnet_viz.engine.transfer import maps

    asked = (study, photo.key, wanted, device)
    kept: tuple[object, Found] | None = st.session_state.get(_SHOWN)
    if kept is not None and kept[0] == asked:
        return kept[1]
    found = []
    with my_turn(device):
        for result in study.networks:
            model = cache.load(cache.model_ref(result.key, device))
            found.append(maps.new_photo(model, result.head, photo.image, study.classes, wanted))
    st.session_state[_SHOWN] = (asked, found)
    return found
