"""Photos: bytes to a validated RGB image, the square that models see, the tensor they get.

Everything up to the tensor works without torch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

from effnet_viz.engine.photos.decoding import (
    FORMATS,
    LIMITS,
    MAX_BASELINE_PIXELS,
    MAX_BYTES,
    MAX_PIXELS,
    SIDE_RANGE_PX,
    SUFFIXES,
    decode,
    what_cannot_be_seen,
)
from effnet_viz.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = (
    "FORMATS",
    "LIMITS",
    "MAX_BASELINE_PIXELS",
    "MAX_BYTES",
    "MAX_PIXELS",
    "MEAN",
    "SIDE_RANGE_PX",
    "STD",
    "SUFFIXES",
    "Square",
    "crop",
    "decode",
    "preview",
    "remarks",
    "square",
    "square_from",
    "to_input",
)

#: Channel means and deviations of ImageNet, on values from 0 to 1: what every model here expects.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

#: Of a photo whose square is less than this share of it, it is said which part is seen.
_SMALL_PART = 0.4


@dataclass(frozen=True, slots=True)
class Square:
    """The part of a photo that a model sees: left and top edge and side, in the photo's pixels."""

    left: int
    top: int
    side: int


def square(width: int, height: int, center_x: float = 0.5, center_y: float = 0.5) -> Square:
    """The largest square inside ``width × height`` whose centre is nearest to the given fractions.

    Raises UserError where a fraction is not a number.
    """
    if not (math.isfinite(center_x) and math.isfinite(center_y)):
        raise UserError("The centre of the square must be given as fractions from 0 to 1.")
    side = min(width, height)

    def edge(length: int, center: float) -> int:
        return min(max(round(center * length - side / 2), 0), length - side)

    return Square(edge(width, center_x), edge(height, center_y), side)


def read_rgb(path: Path) -> Image.Image:
    """A data set's photo as the file has it, in RGB. Raises UserError that names the file."""
    try:
        with Image.open(path) as photo:
            return photo.convert("RGB")
    except Exception as error:  # decoders meet broken bytes with every kind of exception
        raise UserError(f"{path} cannot be read as a photo; remove it or copy it again.") from error


def crop(image: Image.Image, square: Square) -> Image.Image:
    """The square's part of the image. Raises UserError where the square is not inside."""
    right, bottom = square.left + square.side, square.top + square.side
    inside = square.left >= 0 and square.top >= 0 and square.side > 0
    if not inside or right > image.width or bottom > image.height:
        raise UserError(
            f"The square from ({square.left}, {square.top}) with side {square.side} is not inside "
            f"the {image.width} × {image.height} px image."
        )
    return image.crop((square.left, square.top, right, bottom))


def square_from(text: str) -> Square:
    """The square that ``X,Y,SIDE`` describes, in pixels of the upright photo.

    Raises UserError where the text is none; whether it lies in a photo, `crop` tells.
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", text, re.ASCII)
    if found is None or int(found[3]) == 0:
        raise UserError(
            f"A square is given as X,Y,SIDE in pixels of the upright photo, such as 0,40,300; not "
            f"{text!r}."
        )
    return Square(*map(int, found.groups()))


def remarks(
    image: Image.Image, seen: Square | None = None, *, chosen: bool = False
) -> tuple[str, ...]:
    """What a person should know of a decoded photo, in sentences: the notes of its file and, where
    only the square ``seen`` of it is looked at, which part that is if it is small or blank. Who
    has ``chosen`` the square is told only the latter."""
    said = list(image.info.get("notes", ()))
    if seen is None:
        return tuple(said)
    share = seen.side**2 / (image.width * image.height)
    if share < _SMALL_PART and not chosen:
        said.append(
            f"At most {seen.side:,} × {seen.side:,} px of the photo's {image.width:,} × "
            f"{image.height:,} are seen, {_percent(share)} of it: {_place(seen)}."
        )
    if not what_cannot_be_seen(image):
        said += what_cannot_be_seen(crop(image, seen), "The part of the photo that is seen")
    return tuple(said)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "less than 1 %"


def _place(seen: Square) -> str:
    across = f"columns {seen.left:,} to {seen.left + seen.side:,}"
    down = f"rows {seen.top:,} to {seen.top + seen.side:,}"
    return f"{across}, {down}"


def preview(image: Image.Image, px: int = 1024) -> Image.Image:
    """The photo no larger than ``px`` on either side, for a page.

    Where it is more than twice as long as wide, or the other way, it lies in the middle of a
    transparent canvas of two to one, so that a page that fits its width stays short.
    """
    scale = min(1.0, px / max(image.size))
    width, height = (max(1, round(side * scale)) for side in image.size)
    shown = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    canvas = max(width, -(-height // 2)), max(height, -(-width // 2))
    if canvas == (width, height):
        return shown
    padded = Image.new("RGBA", canvas)
    padded.paste(shown, ((canvas[0] - width) // 2, (canvas[1] - height) // 2))
    return padded


def to_input(
    image: Image.Image,
    px: int,
    mean: Sequence[float],
    std: Sequence[float],
    interpolation: Literal["bilinear", "bicubic"] = "bilinear",
) -> Tensor:
    """The whole image as float32 ``(1, 3, px, px)``: antialiased resize of its 8-bit values, scaled
    to 0-1, minus ``mean``, over ``std``. The same steps as in training."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    pixels = functional.pil_to_tensor(image.convert("RGB"))
    resized = functional.resize(
        pixels, [px, px], interpolation=InterpolationMode(interpolation), antialias=True
    )
    values = resized.unsqueeze(0).float().div_(255)
    return functional.normalize(values, list(mean), list(std)).contiguous()
