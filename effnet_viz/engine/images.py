"""Photos: bytes to a validated RGB image, the square that models see, the tensor they get.

Everything up to the tensor works without torch.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from effnet_viz.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIDE_RANGE_PX = (8, 8000)

#: Channel means and deviations of ImageNet, on values from 0 to 1: what every model here expects.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes) -> Image.Image:
    """The photo in ``data`` as a plain 8-bit RGB image: upright, opaque, without metadata.

    JPEG, PNG or WebP, decided by content and never by a name; the first frame of an animation. The
    EXIF orientation is applied, transparency lies on white, 16-bit values are scaled to 8. Nothing
    is opened by path or address. Raises UserError, and nothing else, for anything that is not such
    a photo or is outside the limits of this module.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise UserError("An image is read from the bytes of its file, not from a path or address.")
    data = bytes(data)
    if not data:
        raise UserError("The image file is empty; choose another one.")
    if len(data) > MAX_BYTES:
        raise UserError(
            f"The image file has {len(data) / 1024**2:.1f} MB; the limit is "
            f"{MAX_BYTES // 1024**2} MB. Save it smaller, for example as JPEG."
        )
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
            image.load()
            return _rgb(image, data)
    except UserError:
        raise
    except UnidentifiedImageError as error:
        raise UserError(
            "This is not a readable JPEG, PNG or WebP image; save the picture in one of these "
            "formats and try again."
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(_too_many_pixels("more than that")) from error
    except Exception as error:
        # Decoders meet broken bytes with every kind of exception; the user's next step is the same.
        raise UserError(
            "The image is damaged or incomplete; open it in an image program, save it again as "
            "JPEG or PNG, and try that file."
        ) from error


def _check_size(width: int, height: int) -> None:
    shortest, longest = SIDE_RANGE_PX
    if min(width, height) < shortest or max(width, height) > longest:
        raise UserError(
            f"The image is {width} × {height} px; each side must be between {shortest} and "
            f"{longest} px. Resize it and try again."
        )
    # What Pillow would only warn about (its own limit) is an error too.
    if width * height > min(MAX_PIXELS, Image.MAX_IMAGE_PIXELS or MAX_PIXELS):
        raise UserError(_too_many_pixels(f"{width * height / 1e6:.1f}"))


def _too_many_pixels(count: str) -> str:
    return (
        f"An image may have {MAX_PIXELS // 10**6} megapixels, this one has {count}. "
        "Resize it and try again."
    )


def _rgb(image: Image.Image, data: bytes) -> Image.Image:
    orientation = _orientation(image)
    if image.mode.startswith("I"):
        image = _eight_bit(image)
    else:
        _scale_key_colour(image, data)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        rgb = Image.new("RGB", layer.size, "white")
        rgb.paste(layer, mask=layer.getchannel("A"))
    else:
        rgb = image.convert("RGB")
    if orientation in _UPRIGHT:
        rgb = rgb.transpose(_UPRIGHT[orientation])
    rgb.info = {}
    return rgb


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # unreadable metadata says nothing about the pixels, which are fine
        return 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """16-bit grey as 8-bit grey, or grey and alpha where one grey value stands for transparent.

    Pillow's own conversion clips everything above 255 to white.
    """
    values = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    key = image.info.get("transparency")
    if key is not None:
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def _scale_key_colour(image: Image.Image, data: bytes) -> None:
    """Bring a PNG's transparent colour to the 8 bits that Pillow brought the pixels to."""
    key = image.info.get("transparency")
    if image.format != "PNG" or image.mode not in ("L", "RGB") or key is None:
        return
    depth = data[24]  # signature, chunk length, "IHDR", width, height, then the bit depth

    def scaled(value: int) -> int:
        return value >> 8 if depth == 16 else value * 255 // (2**depth - 1)

    image.info["transparency"] = scaled(key) if isinstance(key, int) else tuple(map(scaled, key))


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
