"""Up to a dozen photos at once: a contact sheet of photos × networks."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.engine.images import FORMATS, LIMITS, square
from effnet_viz.engine.requests import PhotoFile
from effnet_viz.errors import UserError
from effnet_viz.evidence import samples
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.figures import sheets
from effnet_viz.ui.compare import slow
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared import background_views, cache, work

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.jobs.background import Background

MOST = 12


@dataclass(frozen=True, slots=True)
class _Chosen:
    """One photo of the sheet: its key, title and decoded image."""

    key: str
    title: str
    image: Image.Image


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
            [photo.image for photo in photos],
            loaded,
            method,
            settings.target if settings.target >= 0 else None,
            settings.target == OWN_TOP,
            settings.stage,
        )

    request = (
        *(photo.key for photo in photos),
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
        sheets.SheetRow(photo.title, photo.image, square(*photo.image.size), results)
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
    photos = []
    for upload in uploads or []:
        file = PhotoFile.of(upload.getvalue())
        try:
            photos.append(_Chosen(file.key, upload.name.rsplit("/", 1)[-1][:60], cache.photo(file)))
        except UserError as error:
            st.error(f"**{upload.name}**: {error} The others are mapped.", icon=":material/error:")
    left_out = len(photos) - MOST
    for name in names[: max(0, MOST - len(photos))]:
        file = PhotoFile.of(samples.read_sample(name))
        photos.append(_Chosen(file.key, catalogue[name].title, cache.photo(file)))
    if left_out > 0:
        st.warning(f"Twelve at most: the last {left_out} are left out.", icon=":material/grid_on:")
    return photos[:MOST]
