"""A validation photo of Imagenette that a visit has come upon, where those photos are here.

Only photos that Imagenette publishes as such and that no training of this project saw: their names
are in a public list, so they may stand in a link.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from effnet_viz.engine.training import imagenette
from effnet_viz.errors import UserError
from effnet_viz.evidence.samples import Sample, of_imagenette
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

_WNIDS = {label: wnid for wnid, label in IMAGENETTE_CLASSES.items()}


def is_here() -> bool:
    """Whether there are validation photos on this machine."""
    return _folder() is not None


def all_photos() -> list[Path]:
    """Every validation photo on this machine, in no order."""
    folder, names = _folder(), read_names("val")
    if folder is None:
        return []
    return [
        path
        for wnid in IMAGENETTE_CLASSES
        for path in (folder / wnid).glob("*.JPEG")
        if path.name in names
    ]


def sample_of(path: Path) -> Sample:
    """The photo as a sample; its name is its title, which a link holds."""
    label = IMAGENETTE_CLASSES[path.parent.name]
    title = f"{label}, {path.name}"
    return of_imagenette(path, label, name=title, title=title)


def show(path: Path) -> None:
    """Make this the photo of the visit from the next run on."""
    st.session_state["found_photo"] = path
    st.session_state["next_photo"] = sample_of(path).name


def found() -> tuple[Sample, bytes] | None:
    """The photo that this visit has come upon, or that its link names; call before the list of
    photos is drawn."""
    if (name := st.session_state.pop("next_photo", None)) is not None:
        st.session_state["photo"] = name
    for title in (st.session_state.get("photo"), st.query_params.get("photo")):
        label, _, file = (title or "").rpartition(", ")
        if label in _WNIDS and file in read_names("val"):
            folder = _folder()
            path = None if folder is None else folder / _WNIDS[label] / file
            is_there = path is not None and path.is_file()
            st.session_state["found_elsewhere"] = not is_there
            if is_there:
                st.session_state["found_photo"] = path
                break
    path = st.session_state.get("found_photo")
    if path is None:
        return None
    try:
        return sample_of(path), path.read_bytes()
    except OSError:
        return None


def say_elsewhere(is_default: bool) -> None:
    """That a link named a photo which is not here, as long as the default stands for it."""
    if is_default and st.session_state.get("found_elsewhere"):
        st.info(
            "The photo of this view is one of Imagenette's, which are not on this machine; this is "
            "a sample instead.",
            icon=":material/no_photography:",
        )


def _folder() -> Path | None:
    try:
        folder = imagenette.data_folder()
    except UserError:
        return None
    return folder / "val" if folder is not None and (folder / "val").is_dir() else None
