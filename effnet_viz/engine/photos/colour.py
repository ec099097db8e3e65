"""A photo's values as a screen shows them: 16 bits to 8, and embedded colour profiles to sRGB."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageCms

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a profile of each mode says that it describes.
_SPACES = {"RGB": "RGB ", "CMYK": "CMYK", "L": "GRAY"}
#: Profiles that describe no device or space, but a step between two.
_NOT_OF_A_SPACE = ("link", "abst", "nmcl")
#: A profile that changes no colour by more than this leaves the photo as it is.
_SAME = 1


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """An L, RGB or CMYK image in its own colours as an RGB image in sRGB.

    Relative colorimetric with black-point compensation, by LittleCMS (Pillow's ImageCms). A profile
    that is broken or of another kind of image is ignored, and so is one that is sRGB's.
    """
    space = _SPACES.get(image.mode)
    if profile and space:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            is_of_image = source.profile.xcolor_space == space
            if is_of_image and source.profile.device_class not in _NOT_OF_A_SPACE:
                transform = ImageCms.buildTransform(
                    source,
                    ImageCms.createProfile("sRGB"),
                    image.mode,
                    "RGB",
                    ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                if image.mode != "RGB" or not _changes_nothing(transform):
                    return _applied(transform, image)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return image.convert("RGB")
    return image.convert("RGB")


def _applied(transform: Any, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None
    return converted


@cache
def _lattice() -> Image.Image:
    """Every colour of a 17 × 17 × 17 grid, as an image."""
    steps = np.linspace(0, 255, 17).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    return Image.fromarray(np.ascontiguousarray(grid.reshape(17, -1, 3)))


def _changes_nothing(transform: Any) -> bool:
    before, after = (
        np.asarray(i).astype(int) for i in (_lattice(), _applied(transform, _lattice()))
    )
    return int(np.abs(before - after).max()) <= _SAME


def full_scale(values: NDArray[np.integer[Any]], significant_bits: int | None) -> int:
    """What stands for white in 16-bit values.

    65535, unless the file declares fewer significant bits and its values lie at the lower end of
    the 16: all below the limit of those bits, and with information where padding would be zero.
    """
    bits = significant_bits or 16
    if not 8 <= bits < 16:
        return 65535
    padding = (1 << 16 - bits) - 1
    unscaled = int(values.max()) < 1 << bits and bool((values & padding).any())
    return (1 << bits) - 1 if unscaled else 65535


def eight_bit(image: Image.Image, significant_bits: int | None = None) -> Image.Image:
    """16-bit grey as 8-bit grey, or grey and alpha where one grey value stands for transparent.

    Pillow's own conversion clips everything above 255 to white.
    """
    values = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(_scaled(values, full_scale(values, significant_bits)))
    key = image.info.get("transparency")
    if key is not None:
        grey.putalpha(Image.fromarray(np.where(values == key, 0, 255).astype(np.uint8)))
    return grey


def with_low_bytes(high: Image.Image, low: Image.Image, significant_bits: int) -> Image.Image:
    """16-bit RGB or RGBA, of which Pillow gives one byte at a time, scaled by what is declared."""
    values = np.asarray(high).astype(np.uint32) << 8 | np.asarray(low)
    parts = [
        _scaled(part, full_scale(part, significant_bits))
        for part in (values[..., :3], values[..., 3:])
        if part.size
    ]
    return Image.fromarray(np.concatenate(parts, axis=-1))


def _scaled(values: NDArray[Any], white: int) -> NDArray[np.uint8]:
    return ((values * 255 + white // 2) // white).astype(np.uint8)
