"""The photo a visitor looks at: a sample, or their own upload, kept for the visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from effnet_viz.engine.requests import PhotoFile
from effnet_viz.engine.training import imagenette
from effnet_viz.errors import UserError
from effnet_viz.evidence import samples
from effnet_viz.ui.shared import cache

if TYPE_CHECKING:
    from PIL import Image

YOURS = "yours"
DEFAULT_SAMPLE = "golf-ball"


@dataclass(frozen=True, slots=True)
class Photo:
    """A validated photo: its file, title, description and, if known, true label."""

    file: PhotoFile
    title: str
    alt: str
    true_label: str | None
    credit: str

    @property
    def image(self) -> Image.Image:
        """The decoded photo, cached."""
        return cache.photo(self.file)


def photo_picker() -> Photo:
    """A sample list and an uploader; the choice is shared by all pages and named in the link."""
    catalogue = {sample.name: sample for sample in samples.list_samples()}
    names = list(catalogue)
    own: Photo | None = st.session_state.get("own_photo")
    if own:
        names.insert(0, YOURS)
    default = DEFAULT_SAMPLE if DEFAULT_SAMPLE in names else names[0]
    if st.session_state.get("photo", st.query_params.get("photo", default)) not in names:
        st.session_state["photo"] = default
    chosen = st.selectbox(
        "Photo",
        names,
        index=names.index(default),
        format_func=lambda name: (
            f"Yours: {own.title}" if own and name == YOURS else catalogue[name].title
        ),
        key="photo",
        bind="query-params",
        help="A sample, or your own below: JPEG, PNG or WebP, up to 10 MB. It stays in this "
        "visit's memory and is not stored.",
    )
    st.file_uploader(
        "Your own photo",
        type=["jpg", "jpeg", "png", "webp"],
        key="upload",
        on_change=_uploaded,
        label_visibility="collapsed",
    )
    if problem := st.session_state.get("upload_problem"):
        st.error(f"{problem} The photo chosen before is still here.", icon=":material/error:")
    if chosen == YOURS and own:
        return own
    sample = catalogue[chosen]
    data = samples.read_sample(sample.name)
    credit = f"{sample.source}; {sample.licence}."
    if sample.source.startswith("assets/"):
        credit = (
            f"{sample.licence}. Drawn, and kept because the baseline recognises it: it shows what "
            "the networks do, not how good they are."
        )
    return Photo(PhotoFile.of(data), sample.title, sample.alt, sample.true_label, credit)


def fetch_button(key: str, width: Literal["stretch", "content"] = "content") -> None:
    """Fetches Imagenette's photos, with progress; then the page is drawn anew with them."""
    if not st.button("Fetch Imagenette", icon=":material/download:", key=key, width=width):
        return
    bar = st.progress(0.0, text="Asking the server")

    def show(done: int, total: int) -> None:
        bar.progress(
            min(1.0, done / total) if total else 0.0,
            text=f"{done / 2**20:.0f} of {total / 2**20:.0f} MB",
        )

    try:
        imagenette.fetch(on_progress=show)
    except UserError as error:
        bar.empty()
        st.error(str(error), icon=":material/error:")
    else:
        st.rerun()


def photo_facts(photo: Photo) -> None:
    """Under a photo: its true label, where it is known, and where it comes from."""
    if photo.true_label:
        st.markdown(f"True label: **{photo.true_label}**")
    if photo.credit:
        st.caption(photo.credit)


def _uploaded() -> None:
    st.session_state["upload_problem"] = None
    upload = st.session_state["upload"]
    if upload is None:
        return
    data = upload.getvalue()
    file = PhotoFile.of(data)
    try:
        cache.photo(file)
    except UserError as error:
        st.session_state["upload_problem"] = str(error)
        return
    title = upload.name.rsplit("/", 1)[-1][:60]
    st.session_state["own_photo"] = Photo(file, title, f"Your photo {title}", None, "")
    st.session_state["photo"] = YOURS
