"""What pages show of models: badges, honest labels, warnings, and engine errors as sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.families import IMAGENET, IMAGENETTE_CLASSES, LITE, SHIPPED, UNTRAINED
from effnet_viz.ui.shared import cache, engine
from effnet_viz.ui.shared.photos import Photo
from effnet_viz.ui.shared.state import DEVICE_TITLES, option_of

_BADGE_COLOURS = {SHIPPED: "green", IMAGENET: "blue", LITE: "blue", UNTRAINED: "orange"}


def weights_badge(weights: str, wraps: bool = False) -> str:
    """The label of a model's weights in Markdown: a badge, or small text for narrow places."""
    colour = _BADGE_COLOURS.get(weights, "violet")
    return f":{colour}[:small[{weights}]]" if wraps else f":{colour}-badge[{weights}]"


def sees_published_crop(label: str) -> bool:
    """Whether a model with these weights sees, on the Run page, its publisher's own resize and crop
    of a photo; all others see the whole centre square there too."""
    return label.startswith(
        ("ImageNet", *(f"grown from {family} " for family in ("lite", "imagenet", "resnet50")))
    )


def weights_kind(weights: str) -> str:
    """The kind of a model's weights as a badge of one word."""
    words = {SHIPPED: "shipped", IMAGENET: "ImageNet", LITE: "ImageNet", UNTRAINED: "untrained"}
    kind = words.get(weights, "fine-tuned" if "then trained" in weights else "grown")
    return f":{_BADGE_COLOURS.get(weights, 'violet')}-badge[{kind}]"


def class_warning(photo: Photo, families: Iterable[str]) -> None:
    """Say plainly where the photo lies outside what the classroom family ever learned."""
    if "classroom" not in families:
        return
    if any(label in IMAGENETTE_CLASSES.values() for label in photo.labels):
        return
    known = ", ".join(IMAGENETTE_CLASSES.values())
    shows = f"This photo shows **{photo.true_label}**. " if photo.true_label else ""
    st.warning(
        f"{shows}The classroom networks know ten things only: {known}. A photo of anything else "
        "gets one of these names all the same.",
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
