"""What pages show of models: badges, honest labels, warnings, and engine errors as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.families import IMAGENET, IMAGENETTE_CLASSES, SHIPPED, UNTRAINED
from effnet_viz.ui.shared import cache, engine
from effnet_viz.ui.shared.photos import Photo
from effnet_viz.ui.shared.state import DEVICE_TITLES, option_of

_BADGE_COLOURS = {SHIPPED: "green", IMAGENET: "blue", UNTRAINED: "orange"}


def weights_badge(weights: str, wraps: bool = False) -> str:
    """The label of a model's weights in Markdown: a badge, or small text for narrow places."""
    colour = _BADGE_COLOURS.get(weights, "violet")
    return f":{colour}[:small[{weights}]]" if wraps else f":{colour}-badge[{weights}]"


def class_warning(photo: Photo, families: Iterable[str]) -> None:
    """Say plainly where the photo lies outside what the classroom family ever learned."""
    if "classroom" not in families:
        return
    known = ", ".join(IMAGENETTE_CLASSES.values())
    if photo.true_label in IMAGENETTE_CLASSES.values():
        return
    what = (
        f"This photo shows **{photo.true_label}**, which is"
        if photo.true_label
        else "Unless your photo shows one of these, it is"
    )
    st.warning(
        f"{what} none of the ten classes the classroom family knows ({known}). "
        "It will answer with one of them all the same.",
        icon=":material/help:",
    )


def chosen_device() -> str:
    """The torch device of the sidebar's choice, which the sidebar then names.

    Raises UserError where it is not there.
    """
    engine.ready()
    device = cache.device(option_of("device", DEVICE_TITLES, "auto"))
    st.sidebar.caption(f"Running on {cache.device_label(device)}")
    return device


@contextmanager
def shown_errors() -> Iterator[None]:
    """Show a UserError raised inside as one sentence and go on with the page."""
    try:
        yield
    except UserError as error:
        st.error(str(error), icon=":material/error:")
