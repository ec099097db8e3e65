"""The sections of the Compare page."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import streamlit as st

from effnet_viz import overlays
from effnet_viz.errors import UserError
from effnet_viz.families import IMAGENETTE_CLASSES, ROLES, classroom_spec
from effnet_viz.figures import ROLE_COLOURS, si
from effnet_viz.images import square
from effnet_viz.records import read_record
from effnet_viz.results import CamResult
from effnet_viz.ui import cache, model_views
from effnet_viz.ui.photos import Photo, photo_facts

METHOD_TITLES: MappingProxyType[str, tuple[str, str]] = MappingProxyType(
    {
        "gradcam": (
            "Grad-CAM",
            "weights each channel by its mean gradient; on the last stage of this network it "
            "equals ReLU(CAM), the paper's method, up to scale",
        ),
        "gradcam++": (
            "Grad-CAM++",
            "weights the positive gradients, so that several small objects count",
        ),
        "layercam": (
            "LayerCAM",
            "weights every position by its own positive gradient; sharper in early stages",
        ),
        "eigencam": (
            "EigenCAM",
            "the first principal component of the activations; it does not look at the class",
        ),
    }
)
CLASSES = tuple(IMAGENETTE_CLASSES.values())
BASELINES_TOP = "baseline's top class"
LAST_STAGE = 9
PREVIEW_PX = 150

#: On a phone the maps stack; the photo stays small in view above them.
_STICKY_PHOTO = """
<style>
.st-key-phone_photo { display: none; }
@media (max-width: 640px) {
  .st-key-phone_photo {
    display: block; position: sticky; top: 3.6rem; z-index: 10; width: 6rem !important;
    margin-left: auto;
  }
  .st-key-phone_photo img { border: 2px solid currentColor; border-radius: 0.4rem; }
}
</style>
"""


@dataclass(frozen=True, slots=True)
class CompareSettings:
    """What the controls say; ``target_class`` is None for the baseline's top class."""

    target_class: int | None
    stage: int
    method: str
    opacity: float
    colours: overlays.Colours
    raw_grid: bool
    same_scale: bool


def whole_photo(photo: Photo) -> None:
    """The photo in its own frame with the square that every model sees."""
    seen = square(*photo.image.size)
    st.image(overlays.framed(photo.image, seen, PREVIEW_PX), alt=photo.alt)
    if photo.image.width != photo.image.height:
        st.caption("Every model sees the same square, here outlined, at its own resolution.")
    photo_facts(photo)


def controls() -> CompareSettings:
    """Class, stage, method and how the maps are painted."""
    target = st.selectbox(
        "Evidence for",
        [BASELINES_TOP, *CLASSES],
        key="target",
        bind="query-params",
        help="One class for all five maps: maps for different classes cannot be compared.",
    )
    stage = st.slider(
        "Stage, stem to head",
        1,
        LAST_STAGE,
        LAST_STAGE,
        key="stage",
        bind="query-params",
        help="The paper's stages. Early ones see edges on a fine grid, the last one sees parts.",
    )
    method = st.selectbox(
        "Method",
        list(METHOD_TITLES),
        format_func=lambda name: METHOD_TITLES[name][0],
        key="method",
        bind="query-params",
    )
    st.caption(f"{METHOD_TITLES[method][0]} {METHOD_TITLES[method][1]}.")
    opacity = st.slider(
        "Map opacity", 0.0, 1.0, 0.55, step=0.05, key="opacity", bind="query-params"
    )
    raw_grid = st.toggle(
        "Raw grid",
        key="grid",
        bind="query-params",
        help="The cells as computed, without interpolation between them.",
    )
    same_scale = st.toggle(
        "One scale for all",
        key="same",
        bind="query-params",
        help="Off: every map is scaled by its own maximum. On: all by the largest, so a faint map "
        "looks faint.",
    )
    colours = st.selectbox(
        "Colours", overlays.COLOURS, format_func=str.title, key="colours", bind="query-params"
    )
    return CompareSettings(
        None if target == BASELINES_TOP else CLASSES.index(target),
        stage,
        method,
        opacity,
        colours,
        raw_grid,
        same_scale,
    )


def maps(photo: Photo, settings: CompareSettings) -> None:
    """The five maps side by side, each with its weights, probability and grid."""
    st.html(_STICKY_PHOTO)
    results = _results(photo, settings)
    if not results:
        return
    target = next(iter(results.values())).target_class
    chosen = "the baseline's top class" if settings.target_class is None else "chosen"
    st.markdown(f"Evidence for **{target}** ({chosen}), stage {settings.stage}")
    seen = square(*photo.image.size)
    with st.container(key="phone_photo"):
        st.image(overlays.framed(photo.image, seen, 200), alt=photo.alt)
    top = max(result.raw_max for result in results.values()) if settings.same_scale else None
    columns = [*st.columns(3), *st.columns(3)]  # row by row, so that a phone keeps the order
    for column, (role, result) in zip(columns, results.items(), strict=False):
        with column:
            _tile(photo, role, result, settings, top)
    with columns[-1]:
        _reading_guide(settings)


def _results(photo: Photo, settings: CompareSettings) -> dict[str, CamResult]:
    results: dict[str, CamResult] = {}
    with model_views.shown_errors():
        device = model_views.chosen_device()
        bar = st.progress(0.0, text="Loading the engine")
        target = settings.target_class
        for done, role in enumerate(ROLES):
            bar.progress(done / len(ROLES), text=f"Mapping {role}")
            try:
                result = cache.cam(
                    photo.key,
                    photo.data,
                    f"classroom/{role}",
                    device,
                    settings.method,
                    target,
                    settings.stage,
                )
            except UserError as error:
                st.error(f"**{role}**: {error}", icon=":material/error:")
                continue
            results[role] = result
            if target is None:
                target = result.target_index
        bar.empty()
    return results


def _tile(
    photo: Photo, role: str, result: CamResult, settings: CompareSettings, top: float | None
) -> None:
    picture = overlays.overlay(
        photo.image,
        square(*photo.image.size),
        result,
        opacity=settings.opacity,
        colours=settings.colours,
        full_scale=top,
        raw_grid=settings.raw_grid,
    )
    st.image(
        overlays.banded(picture, ROLE_COLOURS[role]), alt=_in_words(role, result), width="stretch"
    )
    rows, columns = result.grid
    faint = "" if result.evidence else " :orange-badge[no evidence for this class]"
    st.markdown(
        f"**{role}** · {result.target_class} {100 * result.probability:.1f} %{faint}  \n"
        f":small[{result.resolution_px} px, {rows} × {columns} grid, largest value "
        f"{si(result.raw_max)}]  \n"
        f"{model_views.weights_badge(result.weights, wraps=True)}"
    )
    if result.note:
        st.caption(result.note)


def _in_words(role: str, result: CamResult) -> str:
    """Where a map's mass lies, for those who cannot see it."""
    if not result.evidence:
        return f"{role}: no evidence for {result.target_class} at stage {result.target_stage}."
    total = sum(map(sum, result.raw))
    rows, columns = result.grid
    y = sum((i + 0.5) * sum(row) for i, row in enumerate(result.raw)) / (total * rows)
    x = sum((j + 0.5) * v for row in result.raw for j, v in enumerate(row)) / (total * columns)
    across = "left" if x < 0.4 else "right" if x > 0.6 else "middle"
    down = "top" if y < 0.4 else "bottom" if y > 0.6 else "centre"
    cells = sorted((v for row in result.raw for v in row), reverse=True)
    best = sum(cells[: max(1, len(cells) // 4)]) / total
    return (
        f"{role}: evidence for {result.target_class} lies around the {down} {across}; its best "
        f"quarter of the area holds {100 * best:.0f} % of it."
    )


def _reading_guide(settings: CompareSettings) -> None:
    roles = ", ".join(f"{role} {classroom_spec(role).resolution_px} px" for role in ROLES)
    scaled = "by the largest of the five" if settings.same_scale else "by its own maximum"
    with st.container(border=True):
        st.markdown(
            f"**How to read this.** One class, one square, each map scaled {scaled}. "
            "A finer grid alone makes a map look sharper: turn on *Raw grid* before you call a "
            "network more precise. A few photos prove nothing; the paper says *tends to*."
        )
        st.caption(f"Inputs: {roles}.")
        with model_views.shown_errors():
            records = {role: read_record(role) for role in ROLES}
            measured = ", ".join(f"{role} {r['val_top1']:.0f} %" for role, r in records.items())
            st.caption(
                f"Right on validation photos: {measured}. The networks were trained for "
                f"{records['baseline']['epochs']} epochs only; a map of a network that is mostly "
                "wrong shows what it has not learned."
            )
