"""Maps onto photos: pictures as PIL images. No torch, no streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import numpy as np
import plotly.colors
from PIL import Image, ImageDraw

from effnet_viz.engine.images import Square
from effnet_viz.engine.maps.placing import resampled
from effnet_viz.evidence.results import CamResult

Colours = Literal["inferno", "viridis", "cividis", "greys"]

_SCALES: MappingProxyType[str, list[str]] = MappingProxyType(
    {
        "inferno": plotly.colors.sequential.Inferno,
        "viridis": plotly.colors.sequential.Viridis,
        "cividis": plotly.colors.sequential.Cividis,
        "greys": ["rgb(0,0,0)", "rgb(255,255,255)"],
    }
)
COLOURS: tuple[Colours, ...] = ("inferno", "viridis", "cividis", "greys")
OUTSIDE_DIM = 0.35

#: More and less than another map: a red and a blue that the colour-blind can tell apart.
MORE_RGB, LESS_RGB = (202, 0, 32), (5, 113, 176)


@cache
def colour_table(colours: Colours) -> np.ndarray:
    """256 RGB rows, uint8 ``(256, 3)``, interpolated between the scale's anchor colours."""
    anchors = np.array(
        [
            plotly.colors.unlabel_rgb(colour)
            if colour.startswith("rgb")
            else plotly.colors.hex_to_rgb(colour)
            for colour in _SCALES[colours]
        ],
        dtype=float,
    )
    positions = np.linspace(0, 1, len(anchors))
    steps = np.linspace(0, 1, 256)
    return np.stack([np.interp(steps, positions, c) for c in anchors.T], axis=1).astype(np.uint8)


def map_image(
    result: CamResult,
    side: int,
    *,
    colours: Colours = "inferno",
    raw_grid: bool = False,
) -> Image.Image:
    """The map as an RGB square of ``side`` pixels, its own maximum in the brightest colour.
    ``raw_grid`` shows the cells, each round its own centre, else they are interpolated between the
    centres. Beyond the outermost ones their values go on.
    """
    values = np.asarray(result.raw, dtype=np.float32) / (result.raw_max or 1.0)
    resampling = Image.Resampling.NEAREST if raw_grid else Image.Resampling.BICUBIC
    placed = resampled(values.clip(0, 1), result.centres, side, resampling=resampling)
    indices = Image.fromarray((placed.clip(0, 1) * 255).astype(np.uint8))
    indices.putpalette(colour_table(colours).tobytes())
    return indices.convert("RGB")


def without_a_cell(result: CamResult, side: int) -> Image.Image:
    """Which of ``side × side`` pixels lie further than half a step from every centre, as a mask
    (``1``)."""
    first, last = (round(end * side) for end in result.centres.own(len(result.raw)))
    mask = Image.new("1", (side, side), 1)
    mask.paste(0, (first, first, last, last))
    return mask


def overlay(
    photo: Image.Image,
    square: Square,
    result: CamResult,
    *,
    opacity: float = 0.55,
    colours: Colours = "inferno",
    raw_grid: bool = False,
    longest_px: int = 640,
) -> Image.Image:
    """The photo in its own frame with the map on the square the model saw; the rest is dimmed.

    A result without evidence gets no map: the square turns grey instead. So does, where the
    ``raw_grid`` is shown, the part of it that has no cell of its own.
    """
    frame = frame_of(photo, square, longest_px)
    return on_frame(frame, result, opacity=opacity, colours=colours, raw_grid=raw_grid)


def on_frame(
    frame: Frame,
    result: CamResult,
    *,
    opacity: float = 0.55,
    colours: Colours = "inferno",
    raw_grid: bool = False,
) -> Image.Image:
    """`overlay` on a frame that is there."""
    left, top, side = frame.left, frame.top, frame.side
    whole = frame.picture.copy()
    seen = whole.crop((left, top, left + side, top + side))
    if result.evidence:
        heat = map_image(result, side, colours=colours, raw_grid=raw_grid)
        bare = seen.convert("L").convert("RGB") if raw_grid else None
        seen = Image.blend(seen, heat, opacity)
        if bare is not None:
            seen.paste(bare, (0, 0), without_a_cell(result, side))
    else:
        seen = seen.convert("L").convert("RGB")
    whole.paste(seen, (left, top))
    return whole


def banded(picture: Image.Image, colour: str, height_px: int = 6) -> Image.Image:
    """The picture with a band of a role's colour along its lower edge."""
    marked = picture.copy()
    ImageDraw.Draw(marked).rectangle(
        (0, marked.height - height_px, marked.width, marked.height), fill=colour
    )
    return marked


def with_detail(photo: Image.Image, square: Square, px: int, shown_px: int = 480) -> Image.Image:
    """The square of the photo with no more detail than ``px`` a side hold, ``shown_px`` large."""
    right, bottom = square.left + square.side, square.top + square.side
    seen = photo.crop((square.left, square.top, right, bottom))
    small = seen.resize((px, px), Image.Resampling.BILINEAR)
    return small.resize((shown_px, shown_px), Image.Resampling.BILINEAR)


def framed(photo: Image.Image, square: Square, longest_px: int = 640) -> Image.Image:
    """The photo with everything outside the square dimmed, and the square outlined."""
    return outlined(frame_of(photo, square, longest_px))


def outlined(frame: Frame) -> Image.Image:
    """`framed` of a frame that is there."""
    whole, right, bottom = frame.picture.copy(), frame.left + frame.side, frame.top + frame.side
    corners = (frame.left, frame.top, right - 1, bottom - 1)
    ImageDraw.Draw(whole).rectangle(corners, outline="white")
    return whole


@dataclass(frozen=True, slots=True)
class Frame:
    """A photo made small, dark outside the square that models see, and where that lies in it."""

    picture: Image.Image
    left: int
    top: int
    side: int


def frame_of(photo: Image.Image, square: Square, longest_px: int) -> Frame:
    """The photo at most ``longest_px`` long; maps of any network can be laid on it."""
    ratio = min(1.0, longest_px / max(photo.size))
    size = (max(1, round(photo.width * ratio)), max(1, round(photo.height * ratio)))
    small = photo.resize(size, Image.Resampling.LANCZOS)
    left, top = round(square.left * ratio), round(square.top * ratio)
    side = max(1, min(round(square.side * ratio), size[0] - left, size[1] - top))
    dimmed = Image.blend(Image.new("RGB", size), small, OUTSIDE_DIM)
    dimmed.paste(small.crop((left, top, left + side, top + side)), (left, top))
    return Frame(dimmed, left, top, side)


def difference_overlay(
    photo: Image.Image,
    square: Square,
    difference: np.ndarray,
    *,
    full_scale: float | None = None,
    longest_px: int = 640,
) -> Image.Image:
    """A signed frame ``(h, w)`` on the photo in grey: red where positive, blue where negative.

    ``full_scale`` (default: the largest absolute value) is what covers the photo wholly; at zero
    the photo shows through. Its tiles fill the square and are interpolated.
    """
    frame = frame_of(photo, square, longest_px)
    dimmed, left, top, side = frame.picture, frame.left, frame.top, frame.side
    seen = dimmed.crop((left, top, left + side, top + side)).convert("L").convert("RGB")
    scale = full_scale or float(np.abs(difference).max()) or 1.0
    cells = Image.fromarray((np.asarray(difference, dtype=np.float32) / scale).clip(-1, 1))
    signed = np.asarray(cells.resize((side, side), Image.Resampling.BICUBIC)).clip(-1, 1)
    colour = np.where(signed[..., None] > 0, MORE_RGB, LESS_RGB)
    strength = np.abs(signed)[..., None]
    mixed = np.asarray(seen) * (1 - strength) + colour * strength
    dimmed.paste(Image.fromarray(mixed.round().astype(np.uint8)), (left, top))
    return dimmed
