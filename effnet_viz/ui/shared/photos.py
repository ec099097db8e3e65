"""The photo a visitor looks at: a sample, or their own upload, kept for the visit."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from effnet_viz.engine import images
from effnet_viz.engine.requests import PhotoFile
from effnet_viz.engine.training import imagenette
from effnet_viz.errors import UserError
from effnet_viz.evidence import samples
from effnet_viz.ui.frame.served import note_photo
from effnet_viz.ui.shared import cache, found
from effnet_viz.ui.shared.links import write_in_link

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square

#: The visitor's own photo, in the list and in the link, which says nothing more of it.
YOURS = "Your photo"
DEFAULT_SAMPLE = "church-and-horn"
WHAT_IS_TAKEN = f"{images.FORMATS}, up to {images.MAX_BYTES // 2**20} MB. It is not stored."

#: The server's limit lies above a photo's, which the caption says. What lies above the server's
#: never reaches it: the browser refuses it with an icon, so the reason is on the page already, and
#: shown where there is that icon.
_UPLOADER_STYLE = """<style>
[data-testid='stFileUploaderDropzoneInstructions'] {display: none}
[data-testid='stFileUploader']:has([data-testid='stFileChip'][aria-invalid='true'])::after {
  content: "This file did not arrive: it has more than LIMIT MB, or the connection broke.";
  display: block;
  margin-top: 0.4rem;
  font-size: 0.875rem;
}
</style>"""

#: Hosts whose pages may use the camera without HTTPS.
_SELF = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Photo:
    """A validated photo: its file, title, description and, if known, true label; ``also_shows``
    is a second class that the picture holds on purpose."""

    file: PhotoFile
    title: str
    alt: str
    true_label: str | None
    credit: str
    also_shows: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What the picture is known to show."""
        return tuple(filter(None, (self.true_label, self.also_shows)))

    @property
    def image(self) -> Image.Image:
        """The decoded photo, cached."""
        return cache.photo(self.file)

    @property
    def preview(self) -> Image.Image:
        """The photo as a page shows it: small, and never longer than twice its width."""
        return images.preview(self.image)


def photo_picker() -> Photo:
    """A sample list and an uploader; the choice is shared by all pages and named in the link."""
    photo = photo_select()
    upload_control()
    return photo


def photo_select(width: int | Literal["stretch"] = "stretch") -> Photo:
    """The list of samples and, where there is one, the visitor's own photo; what is chosen."""
    catalogue = {sample.name: sample for sample in samples.list_samples()}
    come_upon = found.found()
    if come_upon is not None:
        catalogue[come_upon[0].name] = come_upon[0]
    names = list(catalogue)
    own: Photo | None = st.session_state.get("own_photo")
    if own:
        names.insert(0, YOURS)
    elif st.session_state.get("photo", st.query_params.get("photo")) == YOURS:
        st.session_state["photo"] = DEFAULT_SAMPLE
        # A browser may still name the photo that has just left the uploader.
        st.session_state["photo_is_elsewhere"] = not st.session_state.get("taken_out")
    elif st.session_state.get("photo", DEFAULT_SAMPLE) not in names:
        st.session_state["photo"] = DEFAULT_SAMPLE

    def title(name: str) -> str:
        return YOURS if name == YOURS else catalogue[name].title

    _hold_through_steps(names, title)
    chosen = st.session_state["photo_kept"] = st.selectbox(
        "Photo",
        names,
        index=names.index(DEFAULT_SAMPLE),
        format_func=title,
        key="photo",
        bind="query-params",
        on_change=_photo_chosen,
        width=width,
    )
    if st.session_state.get("photo_is_elsewhere"):
        st.info(
            "The photo of this view was somebody's own, which neither a link nor a reload keeps: "
            "choose it again, or take a sample.",
            icon=":material/no_photography:",
        )
    found.say_elsewhere(chosen == DEFAULT_SAMPLE)
    if chosen == YOURS and own:
        return _noted(own)
    sample = catalogue[chosen]
    if come_upon is not None and chosen == come_upon[0].name:
        data = come_upon[1]
    else:
        data = samples.read_sample(sample.name)
    credit = f"{sample.source}; {sample.licence}."
    if sample.source.startswith("assets/"):
        credit = (
            f"{sample.licence}. Drawn, and kept because the baseline recognises it: it shows what "
            "the networks do, not how good they are."
        )
    return _noted(
        Photo(
            PhotoFile.of(data),
            sample.title,
            sample.alt,
            sample.true_label,
            credit,
            sample.also_shows,
        )
    )


def _hold_through_steps(names: Sequence[str], title: Callable[[str], str]) -> None:
    """Let the visit's photo stay, on screen and in the link, on a walk and on Back and Forward.

    Streamlit begins with the default where the photo came from a link and the next page has the
    same list, and where Back leads to a link from which it has dropped what both pages name.
    """
    by_history = getattr(get_script_run_ctx(), "is_history_navigation", False)
    held = st.session_state.get("photo_kept" if by_history else "photo", "")
    if held not in names:
        return
    st.session_state["photo"] = held
    if st.query_params.get("photo", title(DEFAULT_SAMPLE)) == title(held):
        return
    write_in_link("photo", None if held == DEFAULT_SAMPLE else title(held))
    if by_history:
        st.rerun()


def _noted(photo: Photo) -> Photo:
    note_photo(photo.file.key)
    return photo


def upload_control() -> None:
    """The uploader and, where the browser allows it, the camera; why a file was refused.

    The uploader takes any file, and larger ones than a photo may be: what it refuses itself shows
    as an icon without a reason, so the reason is given here, for both.
    """
    st.html(_UPLOADER_STYLE.replace("LIMIT", str(st.get_option("server.maxUploadSize"))))
    st.file_uploader(
        "Your own photo", key="upload", on_change=_handed, args=("upload",),
        label_visibility="collapsed",
    )  # fmt: skip
    if camera_is_allowed(st.context.url):
        with st.expander("Camera", icon=":material/photo_camera:", on_change="rerun", key="lens"):
            if st.session_state.get("lens"):
                st.camera_input(
                    "A photo of yours", key="camera", on_change=_handed, args=("camera",),
                    resolution="720p", label_visibility="collapsed",
                )  # fmt: skip
    st.caption(
        WHAT_IS_TAKEN,
        help=f"Photos {images.LIMITS}. Yours stays in this visit's memory.",
    )
    if problem := st.session_state.get("upload_problem"):
        st.error(problem, icon=":material/error:")


def camera_is_allowed(address: str | None) -> bool:
    """Whether browsers hand the camera to a page at this address: over HTTPS or on this machine.

    On a phone the uploader offers the camera anyway.
    """
    url = urlsplit(address or "")
    host = url.hostname or ""
    return url.scheme == "https" or host in _SELF or host.endswith(".localhost")


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
    if photo.labels:
        st.markdown(f"True label: **{' and '.join(photo.labels)}**")
    if photo.credit:
        st.caption(photo.credit)


def photo_remarks(photo: Photo, seen: Square | None = None) -> None:
    """What a visitor should know of the photo's file, and of the part of it that is seen; by
    default that is the centre square."""
    image = photo.image
    for remark in images.remarks(image, seen or images.square(*image.size)):
        st.warning(remark, icon=":material/visibility:")


def _photo_chosen() -> None:
    st.session_state["photo_is_elsewhere"] = False


def _handed(widget: Literal["upload", "camera"]) -> None:
    """A file has come from a widget, or left it."""
    refused = st.session_state.pop("upload_problem", None)
    upload = st.session_state[widget]
    if upload is None:
        # What is taken out of a widget is the photo, unless it was a file that was refused.
        # A browser also takes the old file out before it hands over a new one.
        if refused is None and st.session_state.get("own_photo_from") == widget:
            _forget()
        return
    data = upload.getvalue()
    file = PhotoFile.of(data)
    title = upload.name.rsplit("/", 1)[-1][:60] if widget == "upload" else "from the camera"
    try:
        cache.photo(file)
    except UserError as error:
        before = (
            "The photo chosen before is still here."
            if not st.session_state.get("taken_out")
            else "Your earlier photo left the uploader for it; choose that one again."
        )
        st.session_state["upload_problem"] = f"{as_text(title)}: {error} {before}"
        return
    st.session_state["taken_out"] = False
    st.session_state["own_photo"] = Photo(file, title, f"Your photo {title}", None, "")
    st.session_state["own_photo_from"] = widget
    st.session_state["photo"] = YOURS
    st.session_state["photo_is_elsewhere"] = False


def _forget() -> None:
    if st.session_state.pop("own_photo", None):
        st.session_state["taken_out"] = True
        if st.session_state.get("photo") == YOURS:
            st.session_state["photo"] = DEFAULT_SAMPLE


def as_text(name: str) -> str:
    """A file's name, of which Markdown makes nothing."""
    return re.sub(r"([^\w .-])", r"\\\1", name)
