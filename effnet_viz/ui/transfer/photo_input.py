"""The classes of the visit: made from files, folders, archives and the camera; deleted at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from effnet_viz.engine.images import FORMATS, MAX_BYTES
from effnet_viz.engine.transfer import photo_sets
from effnet_viz.engine.transfer.photo_sets import CLASSES, PHOTOS, VISIT_BYTES, Sets
from effnet_viz.errors import UserError
from effnet_viz.ui.shared import pressed, work
from effnet_viz.ui.shared.photos import camera_is_allowed

EXAMPLE, OWN = "Worked example", "Your photos"
_OWN_SETS, _SAID, _ROUND = "transfer_own", "transfer_said", "transfer_round"
#: Says which of the session's values belong to this page; all go when everything is deleted.
_PREFIXES = ("transfer_", "kept_transfer", "job_transfer", "problem_transfer", "cancelled_transfer")

LIMITS = (
    f"{CLASSES[0]} to {CLASSES[1]} classes of {PHOTOS[0]} to {PHOTOS[1]} photos: {FORMATS}, each "
    f"up to {MAX_BYTES // 2**20} MB. Their centre squares are kept small, up to "
    f"{VISIT_BYTES // 2**20} MB, in this visit's memory only; nothing is stored or sent on."
)


def own_sets() -> Sets:
    """The classes that this visit made."""
    made: Sets = st.session_state.get(_OWN_SETS, ())
    return made


def chosen_sets() -> tuple[Sets, bool]:
    """The controls for photos; the classes that are chosen, and whether they are the example."""
    source = st.segmented_control(
        "Photos", (EXAMPLE, OWN), default=EXAMPLE, required=True, key="transfer_source",
        width="stretch",
    )  # fmt: skip
    if source == EXAMPLE:
        found = photo_sets.example()
        st.caption(found.said)
        _overview(found.sets)
        return found.sets, True
    place = st.empty()  # always there: what stands below must not move, or it would fold up
    pressed.act_if_pressed("transfer_add", partial(_add, place))
    pressed.act_if_pressed("transfer_folders", partial(_add_folders, place))
    _uploads()
    for sentence in st.session_state.get(_SAID, ()):
        st.warning(plain(sentence), icon=":material/error:")
    _overview(own_sets(), removable=True)
    return own_sets(), False


def _uploads() -> None:
    turn = st.session_state.get(_ROUND, 0)
    st.text_input(
        "Class name", key=f"transfer_name_{turn}", max_chars=photo_sets.NAME_LENGTH,
        placeholder="e.g. oak leaf",
    )  # fmt: skip
    given: Any = st.file_uploader(
        "Its photos", accept_multiple_files=True, key=f"transfer_files_{turn}"
    )
    if camera_is_allowed(st.context.url) and st.toggle("Use the camera", key="transfer_lens"):
        given = st.camera_input("A photo for this class", key=f"transfer_camera_{turn}") or given
    pressed.button(
        "Add to this class", "transfer_add", icon=":material/add:", width="stretch",
        disabled=not given,
    )  # fmt: skip
    with st.expander("A folder or zip, one folder per class", icon=":material/folder_open:"):
        folder: Any = st.file_uploader(
            "Folder", accept_multiple_files="directory", key=f"transfer_folder_{turn}"
        )
        archive = st.file_uploader("Zip", type="zip", key=f"transfer_zip_{turn}")
        pressed.button(
            "Add these classes", "transfer_folders", icon=":material/add:",
            disabled=not folder and archive is None,
        )  # fmt: skip
    st.caption(LIMITS)


def _add(place: DeltaGenerator) -> None:
    turn = st.session_state.get(_ROUND, 0)
    files = list(st.session_state.get(f"transfer_files_{turn}") or ())
    shot = st.session_state.get(f"transfer_camera_{turn}")
    name = st.session_state.get(f"transfer_name_{turn}", "")
    try:
        if not files and shot is None:
            raise UserError("Choose the photos of this class first.")
        given = [(each.name, each.getvalue()) for each in files]
        given += [] if shot is None else [("from the camera", shot.getvalue())]
        problems = _take(name, given, place)
    except UserError as error:
        st.session_state[_SAID] = (str(error),)
        return
    _next_round(problems, name if shot is not None else "")


def _add_folders(place: DeltaGenerator) -> None:
    turn = st.session_state.get(_ROUND, 0)
    folder: list[Any] = list(st.session_state.get(f"transfer_folder_{turn}") or ())
    archive = st.session_state.get(f"transfer_zip_{turn}")
    try:
        files = [(each.name, each.getvalue()) for each in folder]
        files += photo_sets.unpacked(archive.getvalue()) if archive is not None else []
        if not files:
            raise UserError("Choose a folder or a zip first.")
        problems: list[str] = []
        for name, photos in photo_sets.by_folder(files).items():
            problems += _take(name, photos, place)
    except UserError as error:
        st.session_state[_SAID] = (str(error),)
        return
    _next_round(problems)


def _take(name: str, files: Iterable[tuple[str, bytes]], place: DeltaGenerator) -> list[str]:
    made, left_out = photo_sets.added(
        own_sets(),
        name,
        files,
        lambda done, total: place.progress(done / total, text="Reading the photos"),
    )
    place.empty()
    st.session_state[_OWN_SETS] = made
    return list(left_out)


def _next_round(problems: Iterable[str], name: str = "") -> None:
    """New, empty widgets; after a camera's photo the name stays for the next one."""
    _let_go_of_files()
    st.session_state[_SAID] = tuple(problems)
    turn = st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    if name:
        st.session_state[f"transfer_name_{turn}"] = name


def _overview(sets: Sets, removable: bool = False) -> None:
    for number, each in enumerate(sets):
        with st.container(horizontal=True, vertical_alignment="center"):
            first = each.photos[0]
            st.image(first.image.resize((56, 56)), width=56, alt=f"{each.name}: {first.title}")
            st.markdown(f"**{plain(each.name)}**  \n{_counted(len(each.photos))}")
            if removable:
                st.button(
                    "Remove", key=f"transfer_remove_{number}", on_click=_remove, args=(each.name,),
                    type="tertiary",
                )  # fmt: skip
    if removable and sets:
        st.button(
            "Delete everything", key="transfer_delete", icon=":material/delete:",
            on_click=delete_everything, width="stretch",
        )  # fmt: skip


def _counted(photos: int) -> str:
    return f"{photos} photos" if photos != 1 else "1 photo"


def _remove(name: str) -> None:
    st.session_state[_OWN_SETS] = photo_sets.without(own_sets(), name)


def delete_everything() -> None:
    """Photos, heads, results and what is under way."""
    under_way = st.session_state.get("job_transfer")
    if under_way is not None:
        under_way[1].cancel()
        work.visits_work.clear(under_way[1].number, under_way[1])
    _let_go_of_files()
    for holder in st.session_state.get("transfer_held", ()):
        holder.clear()
    turn = st.session_state.get(_ROUND, 0) + 1
    for key in list(st.session_state):
        if str(key).startswith(_PREFIXES) and key != "transfer_source":
            del st.session_state[key]
    st.session_state[_ROUND] = turn
    st.session_state["transfer_deleted"] = True


def _let_go_of_files() -> None:
    """Have the server forget this page's uploaded files, which it else keeps, whole and as they
    came, until the visit ends."""
    context = get_script_run_ctx()
    files = None if context is None else context.uploaded_file_mgr
    if context is None or not isinstance(files, MemoryUploadedFileManager):
        return
    for key, value in st.session_state.items():
        if str(key).startswith("transfer_"):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, UploadedFile):
                    files.remove_file(context.session_id, each.file_id)


def plain(name: str) -> str:
    """Text of which Markdown makes nothing."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~$:])", r"\\\1", name)
