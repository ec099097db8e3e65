"""The controls of the Compare page: square, class, stage, method, and how maps are painted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import streamlit as st

from effnet_viz.engine.images import Square
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.map_scales import OWN, SCALES
from effnet_viz.evidence.splits import Box
from effnet_viz.figures import overlays
from effnet_viz.figures.drawn_on import DRAWING_PX, POINTED_AT_MOST, photo_to_draw_on
from effnet_viz.scaling.families import IMAGENETTE_CLASSES
from effnet_viz.ui.compare.models import Family
from effnet_viz.ui.shared.photos import Photo

#: The true label, else what most networks say.
AUTOMATIC = -1
OWN_TOP = -2


@dataclass(frozen=True, slots=True)
class Settings:
    """What the controls say. ``target`` is a class's index, `AUTOMATIC` or `OWN_TOP`."""

    target: int
    stage: int
    method: str
    opacity: float
    colours: overlays.Colours
    raw_grid: bool
    scale: str
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


def controls(photo: Photo, family: Family) -> tuple[Square, Settings]:
    """Class, stage, method, opacity and grid in the line above the maps; the square, the box and
    the rest of the painting are one click away."""
    target = _target(family)
    stage = _stage(family)
    method = st.selectbox(
        "Method",
        list(METHODS),
        format_func=lambda name: METHODS[name].title,
        key="method",
        bind="query-params",
        help="  \n".join(f"**{each.title}**: {each.what}" for each in METHODS.values()),
        width=150,
    )
    opacity = st.slider(
        "Opacity", 0.0, 1.0, 0.55, step=0.05, key="opacity", bind="query-params", width=110
    )
    raw_grid = st.toggle(
        "Raw grid",
        key="grid",
        bind="query-params",
        help="The cells as computed, without interpolation; grey has no cell of its own. Point at "
        f"a cell for its value and rank (grids up to {POINTED_AT_MOST} × {POINTED_AT_MOST}).",
    )
    with st.popover("More", icon=":material/palette:"):
        square = square_control(photo)
        scale, colours = _painting()
        box = _box(photo, square)
    return square, Settings(target, stage, method, opacity, colours, raw_grid, scale, box)


def _painting() -> tuple[str, overlays.Colours]:
    scale = st.segmented_control(
        "What a shade means",
        list(SCALES),
        default=OWN,
        format_func=lambda name: SCALES[name].title,
        key="scale",
        bind="query-params",
        required=True,
    )
    st.caption(SCALES[scale or OWN].what)
    colours = st.selectbox(
        "Colours",
        overlays.COLOURS,
        format_func=str.title,
        key="colours",
        bind="query-params",
        help="All are perceptually uniform: equal steps of evidence are equal steps to the eye.",
    )
    return scale or OWN, colours


def class_titles(classes: tuple[str, ...]) -> list[str]:
    """Class names, with the number behind those that two classes share."""
    count = Counter(classes)
    return [f"{name} ({index})" if count[name] > 1 else name for index, name in enumerate(classes)]


def _target(family: Family) -> int:
    titles = class_titles(family.classes)
    named = {AUTOMATIC: "automatic", OWN_TOP: "each model's own top class"}
    ten = len(titles) == 10
    return int(
        st.selectbox(
            "Evidence for",
            [AUTOMATIC, OWN_TOP, *range(len(titles))],
            format_func=lambda index: named.get(index) or titles[index],
            key="target" if ten else "class",
            bind="query-params",
            help="Type to search. Automatic: the true label where it is known, else what most "
            "networks say. One class for all keeps maps comparable; own classes do not.",
            width=210,
        )
    )


def _stage(family: Family) -> int:
    last = family.last_stage
    return int(
        st.slider(
            "Stage",
            1,
            last,
            last,
            key="stage" if last == 9 else "block",
            bind="query-params",
            help="Stem to head, as the paper numbers them. Early ones see edges on a fine grid, "
            "the last one sees parts."
            if last == 9
            else "1 is the stem, 2 to 5 are ResNet's four groups of blocks.",
            width=120,
        )
    )


def _box(photo: Photo, square: Square) -> Box | None:
    if not st.toggle(
        "Box round the object",
        key="box",
        bind="query-params",
        help="How much of each map lies inside is counted.",
    ):
        return None
    st.plotly_chart(
        photo_to_draw_on(photo.image, square),
        alt="The square of the photo: draw a box on it, or use the sliders below.",
        config={"displayModeBar": False},
        on_select=_box_drawn,
        selection_mode="box",
        key="box_drawing",
        width=DRAWING_PX,
    )
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


def _box_drawn() -> None:
    """A box was drawn on the photo: its sides, in percent of the square, become the sliders'."""
    for box in st.session_state["box_drawing"]["selection"]["box"]:
        for key, ends in (("box_x", box["x"]), ("box_y", box["y"])):
            low, high = sorted(min(100, max(0, round(float(end)))) for end in ends)
            st.session_state[key] = (low, high)


def warned_families(family: Family) -> set[str]:
    """For `model_views.class_warning`: the classroom, where its ten classes are all there are."""
    return {"classroom"} if len(family.classes) == len(IMAGENETTE_CLASSES) else set()
