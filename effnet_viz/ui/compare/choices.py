"""The controls of the Compare page: square, class, stage, method, and how maps are painted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from effnet_viz.engine.images import Square
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.splits import Box
from effnet_viz.figures import overlays, sheets
from effnet_viz.scaling.families import IMAGENETTE_CLASSES
from effnet_viz.ui.compare.models import Family
from effnet_viz.ui.shared.photos import Photo

BASELINES_TOP = -1
OWN_TOP = -2
PREVIEW_PX = 150


@dataclass(frozen=True, slots=True)
class Settings:
    """What the controls say. ``target`` is a class's index, `BASELINES_TOP` or `OWN_TOP`."""

    target: int
    stage: int
    method: str
    opacity: float
    colours: overlays.Colours
    raw_grid: bool
    same_scale: bool
    box: Box | None = None

    @property
    def method_title(self) -> str:
        """How people call the method."""
        return METHODS[self.method].title


def square_control(photo: Photo) -> Square:
    """The square that every model sees; a photo that is longer one way has a slider to move it."""
    width, height = photo.image.size
    side = min(width, height)
    if width == height:
        return Square(0, 0, side)
    share = st.slider(
        "Move the square, left to right" if width > height else "Move the square, top down",
        0,
        100,
        50,
        format="%d %%",
        key="at",
        bind="query-params",
        help="Every model sees this one square, at its own resolution.",
    )
    return Square(round(share / 100 * (width - side)), round(share / 100 * (height - side)), side)


def show_photo(photo: Photo, square: Square, box: Box | None) -> None:
    """The photo in its own frame, with the square that models see and the box, if there is one."""
    picture = overlays.framed(photo.image, square, PREVIEW_PX)
    if box is not None:
        picture = sheets.boxed(picture, photo.image.size, square, box)
    st.image(picture, alt=photo.alt)


def controls(family: Family) -> Settings:
    """Class, stage, method; how the maps are painted is one click away."""
    target = _target(family)
    stage = _stage(family)
    method = st.selectbox(
        "Method",
        list(METHODS),
        format_func=lambda name: METHODS[name].title,
        key="method",
        bind="query-params",
    )
    st.caption(f"{METHODS[method].what} :gray[Cost: {METHODS[method].cost}]")
    with st.expander("Painting", icon=":material/palette:"):
        opacity = st.slider(
            "Map opacity", 0.0, 1.0, 0.55, step=0.05, key="opacity", bind="query-params"
        )
        colours = st.selectbox(
            "Colours",
            overlays.COLOURS,
            format_func=str.title,
            key="colours",
            bind="query-params",
            help="All are perceptually uniform: equal steps of evidence are equal steps to the "
            "eye.",
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
            help="Off: every map is scaled by its own maximum. On: all by the largest, so a faint "
            "map looks faint.",
        )
    box = _box()
    return Settings(target, stage, method, opacity, colours, raw_grid, same_scale, box)


def class_titles(classes: tuple[str, ...]) -> list[str]:
    """Class names, with the number behind those that two classes share."""
    count = Counter(classes)
    return [f"{name} ({index})" if count[name] > 1 else name for index, name in enumerate(classes)]


def _target(family: Family) -> int:
    titles = class_titles(family.classes)
    named = {BASELINES_TOP: "baseline's top class", OWN_TOP: "each model's own top class"}
    ten = len(titles) == 10
    return int(
        st.selectbox(
            "Evidence for",
            [BASELINES_TOP, OWN_TOP, *range(len(titles))],
            format_func=lambda index: named.get(index) or titles[index],
            key="target" if ten else "class",
            bind="query-params",
            help="Type to search. One class for all maps keeps them comparable; each model's own "
            "top class shows what each is sure of, and does not.",
        )
    )


def _stage(family: Family) -> int:
    last = family.last_stage
    return int(
        st.slider(
            "Stage, stem to head",
            1,
            last,
            last,
            key="stage" if last == 9 else "block",
            bind="query-params",
            help="The paper's stages. Early ones see edges on a fine grid, the last one sees parts."
            if last == 9
            else "1 is the stem, 2 to 5 are ResNet's four groups of blocks.",
        )
    )


def _box() -> Box | None:
    with st.expander("Box round the object", icon=":material/crop_free:"):
        if not st.toggle(
            "Draw a box",
            key="box",
            bind="query-params",
            help="How much of each map lies inside is counted under *Numbers*.",
        ):
            return None
        x0, x1 = st.slider(
            "Left and right", 0, 100, (25, 75), format="%d %%", key="box_x", bind="query-params"
        )
        y0, y1 = st.slider(
            "Top and bottom", 0, 100, (25, 75), format="%d %%", key="box_y", bind="query-params"
        )
    if x0 == x1 or y0 == y1:
        st.warning("The box has no area; move its sides apart.", icon=":material/crop_free:")
        return None
    return Box(x0 / 100, y0 / 100, x1 / 100, y1 / 100)


def warned_families(family: Family) -> set[str]:
    """For `model_views.class_warning`: the classroom, where its ten classes are all there are."""
    return {"classroom"} if len(family.classes) == len(IMAGENETTE_CLASSES) else set()
