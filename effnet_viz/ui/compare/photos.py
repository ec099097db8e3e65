"""Other photos: one on which the networks disagree, and a sheet of a dozen photos × networks."""

from __future__ import annotations

import io
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.engine.images import FORMATS, LIMITS, square
from effnet_viz.engine.requests import Look, PhotoFile
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence import samples
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.figures import sheets
from effnet_viz.ui.compare import slow
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.models import Family
from effnet_viz.ui.compare.view import Maps, small
from effnet_viz.ui.shared import background_views, cache, found, pressed, work
from effnet_viz.ui.shared.engine import my_turn
from effnet_viz.ui.shared.photos import as_text
from effnet_viz.ui.shared.state import DEVICE_TITLES, option_of

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.jobs.background import Background

MOST = 12
PICTURE_PX = 2 * sheets.SMALL_TILE_PX

#: One press looks at no more photos than this, for no longer than this.
LOOKED_AT_MOST, LOOKED_FOR_S = 40, 15.0


def surprise(family: Family, shown: PhotoFile) -> None:
    """A button that finds a validation photo on which the networks disagree, other than the one
    ``shown``; nothing where Imagenette's photos are not on this machine."""
    if len(family.runnable) < 2 or not found.is_here():
        return
    pressed.button(
        "Surprise me: where they disagree",
        "surprise",
        icon=":material/casino:",
        hint="A photo that no training saw, drawn at random from those that split these networks.",
    )
    pressed.act_if_pressed("surprise", lambda: _look_for_one(family, shown))
    if "next_photo" in st.session_state:
        st.rerun()
    if said := st.session_state.pop("surprise_said", ""):
        st.info(said, icon=":material/casino:")


def _look_for_one(family: Family, shown: PhotoFile) -> None:
    """Ask all networks about one random photo after the other, until two answers differ."""
    device = cache.device(option_of("device", DEVICE_TITLES, "auto"))
    models = [cache.model_ref(n.key, device, n.spec) for n in family.runnable]
    paths = found.all_photos()
    until, looked_at = time.monotonic() + LOOKED_FOR_S, 0
    with st.spinner("Looking for a photo"), my_turn(device):
        for path in random.sample(paths, min(LOOKED_AT_MOST, len(paths))):
            if time.monotonic() > until:
                break
            try:
                file = PhotoFile.of(path.read_bytes())
                if file == shown:
                    continue
                seen = square(*cache.photo(file).size)
                answers = {cache.answer(Look(file, seen, model)).index for model in models}
            except ResourceError as error:
                st.session_state["surprise_said"] = str(error)
                return
            except (OSError, UserError):
                continue
            looked_at += 1
            if len(answers) > 1:
                found.show(path)
                return
    st.session_state["surprise_said"] = (
        f"The networks agree on every photo looked at ({looked_at}); press again for others."
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One photo of the sheet: its file, title and a small picture of it."""

    file: PhotoFile
    title: str
    picture: Image.Image


def many(maps: Maps) -> None:
    """Choose photos, map them all in the background, see and take the sheet."""
    st.markdown(
        "**One photo proves nothing; a dozen begin to.** Every network on every photo, each photo "
        "by its centre square."
    )
    photos = _photos()
    if not photos:
        st.caption("Choose samples, or upload up to twelve photos.")
        return
    view, settings = maps.view, maps.view.settings
    method = "gradcam" if METHODS[settings.method].slow else settings.method
    keys = tuple(network.key for network, _ in maps.shown)
    specs = tuple(network.spec for network, _ in maps.shown)

    def start() -> Background[Any]:
        loaded = [pair for pair in slow.loaded_models(view) if pair[0] in keys]
        return work.photos_job(
            [cache.photo(photo.file) for photo in photos],
            loaded,
            method,
            settings.target if settings.target >= 0 else None,
            settings.target == OWN_TOP,
            settings.stage,
        )

    request = (
        *(photo.file.key for photo in photos),
        keys,
        specs,
        method,
        settings.target,
        settings.stage,
        view.device,
    )
    what = f"Map {len(photos)} photos" if len(photos) > 1 else "Map this photo"
    made = background_views.result_of("photos", request, what, start, icon=":material/grid_on:")
    if made is None:
        return
    rows = [
        sheets.SheetRow(photo.title, photo.picture, square(*photo.picture.size), results)
        for photo, results in zip(photos, made, strict=True)
    ]
    sheet = sheets.photos_sheet(
        rows,
        opacity=settings.opacity,
        colours=settings.colours,
        raw_grid=settings.raw_grid,
        settings=(_target_words(maps),),
    )
    words = "; ".join(
        f"{row.title}: "
        + ", ".join(f"{r.model} {r.target_class} {r.probability:.0%}" for r in row.results)
        for row in rows
    )
    st.image(sheet, alt=f"Contact sheet of maps. {words}.", width="stretch")
    data = io.BytesIO()
    sheet.save(data, "PNG")
    st.download_button(
        "This sheet, PNG",
        data.getvalue(),
        file_name="attention-photos.png",
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )


def _target_words(maps: Maps) -> str:
    target = maps.view.settings.target
    if target >= 0:
        return f"evidence for {maps.view.family.classes[target]}"
    if target == OWN_TOP:
        return "evidence for each model's own top class"
    return "evidence for the first model's top class on each photo"


def _photos() -> list[_Chosen]:
    catalogue = {sample.name: sample for sample in samples.list_samples()}
    names = st.multiselect(
        "Samples",
        list(catalogue),
        default=[name for name in catalogue if catalogue[name].true_label][:4],
        format_func=lambda name: catalogue[name].title,
        max_selections=MOST,
        key="sheet",
        bind="query-params",
    )
    uploads = st.file_uploader(
        "Your photos, up to twelve",
        accept_multiple_files=True,
        key="sheet_uploads",
        help=f"{FORMATS}, {LIMITS}. They stay in this visit's memory and are not stored.",
    )
    uploads = uploads or []
    photos = []
    for upload in uploads[:MOST]:
        file, title = PhotoFile.of(upload.getvalue()), upload.name.rsplit("/", 1)[-1][:60]
        try:
            photos.append(_Chosen(file, title, small(file, PICTURE_PX)))
        except UserError as error:
            st.error(f"{as_text(title)}: {error} The others are mapped.", icon=":material/error:")
    for name in names[: max(0, MOST - len(photos))]:
        file = PhotoFile.of(samples.read_sample(name))
        photos.append(_Chosen(file, catalogue[name].title, small(file, PICTURE_PX)))
    if left_out := len(uploads[MOST:]):
        st.warning(f"Twelve at most: the last {left_out} are left out.", icon=":material/grid_on:")
    return photos
