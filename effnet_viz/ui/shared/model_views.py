"""What pages show of models: badges, honest labels, warnings, and engine errors as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_viz.engine import images
from effnet_viz.engine.requests import Look, ModelRef
from effnet_viz.errors import UserError
from effnet_viz.evidence.lite import read_outside
from effnet_viz.scaling.families import IMAGENET, IMAGENETTE_CLASSES, LITE, SHIPPED, UNTRAINED
from effnet_viz.ui.shared import cache, engine
from effnet_viz.ui.shared.photos import Photo
from effnet_viz.ui.shared.state import DEVICE_TITLES, option_of

_BADGE_COLOURS = {SHIPPED: "green", IMAGENET: "blue", LITE: "blue", UNTRAINED: "orange"}

#: The warning is ten lines on a phone, before any answer: there it is one, and opens.
_SHORT_ON_PHONES = """<style>
@media (min-width: 641px) { .st-key-warned_short { display: none; } }
@media (max-width: 640px) { .st-key-warned_whole { display: none; } }
</style>"""


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
    return f":{_BADGE_COLOURS.get(weights, 'violet')}-badge[{_kind(weights)}]"


def weights_line(weights: str, meaning: str = "") -> str:
    """The badge of `weights_kind`, and behind it what their label says beyond that word and what
    it means."""
    beyond = weights.removeprefix(_kind(weights)).lstrip(": ")
    return f"{weights_kind(weights)} {': '.join(filter(None, (beyond, meaning)))}."


def _kind(weights: str) -> str:
    words = {SHIPPED: "shipped", IMAGENET: "ImageNet", LITE: "ImageNet", UNTRAINED: "untrained"}
    return words.get(weights, "fine-tuned" if "then trained" in weights else "grown")


def download_progress(bar: DeltaGenerator, share: float, title: str) -> Callable[[int, int], None]:
    """What tells a bar, standing at ``share``, of (bytes done, bytes in total) of a download."""

    def show(done: int, total: int) -> None:
        bar.progress(share, text=f"Fetching {title}: {done / 2**20:.0f} of {total / 2**20:.0f} MB")

    return show


def fetch(models: Mapping[str, ModelRef]) -> dict[str, str]:
    """Download the weights of models, by title, that are not on this machine; why some could not be
    had, by title. Call it before it is one's turn at the engine."""
    failed: dict[str, str] = {}
    bar = st.empty()
    for title, model in models.items():
        try:
            cache.fetch(model, download_progress(bar, 0.0, title))
        except UserError as error:
            failed[title] = str(error)
    bar.empty()
    return failed


def class_warning(photo: Photo, families: Iterable[str]) -> None:
    """Say plainly where the photo lies outside what the classroom family ever learned."""
    if "classroom" not in families:
        return
    if any(label in IMAGENETTE_CLASSES.values() for label in photo.labels):
        return
    known = ", ".join(IMAGENETTE_CLASSES.values())
    shows = f"This photo shows **{photo.true_label}**. " if photo.true_label else ""
    probably, rates = _probably_none(photo)
    warning = (
        f"{probably}{shows}The classroom networks know ten things only: {known}. A photo of "
        f"anything else gets one of these names all the same.{rates}"
    )
    short = "Probably none of the ten" if probably else "They know ten things only"
    with st.container(key="warned", gap=None):
        st.html(_SHORT_ON_PHONES)
        with st.container(key="warned_whole"):
            st.warning(warning, icon=":material/help:")
        with (
            st.container(key="warned_short"),
            st.expander(f"**{short}**", icon=":material/help:"),
        ):
            st.markdown(warning)


def _probably_none(photo: Photo) -> tuple[str, str]:
    """Where a photo probably shows none of the ten: that it does, before the warning, and how often
    that is right, after it. Both empty where it may show one, or lite0's weights are not here."""
    try:
        measured = read_outside()
        square = images.square(*photo.image.size)
        look = Look(photo.file, square, cache.model_ref("lite/lite0", "cpu"))
        cache.answer(look)  # waits in line
        shares = cache.features(look).probabilities
    except UserError:
        return "", ""
    classes = cache.imagenet_classes()
    said = measured.sentence(sum(shares[classes.index(c)] for c in IMAGENETTE_CLASSES.values()))
    return (f"{said}  \n", f"  \n:small[{measured.rates}]") if said else ("", "")


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
