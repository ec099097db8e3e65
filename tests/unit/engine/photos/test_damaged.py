"""Damaged files are one error or a valid photo."""

import random
import struct
import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms

from effnet_viz.engine.images import (
    decode,
)
from effnet_viz.errors import UserError
from tests.unit.engine.photos.pictures import chunk, encoded, noise, png, smooth


def small_files() -> list[bytes]:
    photo = smooth(24, 20)
    rgba = photo.copy()
    rgba.putalpha(128)
    exif = Image.Exif()
    exif[0x0112] = 6
    grey16 = (np.arange(24 * 20) * 130).reshape(20, 24)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return [
        encoded(photo, "JPEG", exif=exif),
        encoded(photo, "JPEG", progressive=True),
        encoded(photo.convert("CMYK"), "JPEG"),
        encoded(photo, "PNG", exif=exif),
        encoded(rgba, "PNG"),
        encoded(photo.quantize(16), "PNG", transparency=3),
        png(grey16, 16, b"\0\0"),
        encoded(photo, "WEBP"),
        encoded(rgba, "WEBP", lossless=True, exif=exif),
        encoded(photo, "WEBP", save_all=True, append_images=[noise(24, 20)]),
        encoded(photo, "JPEG", icc_profile=srgb),
        encoded(photo, "PNG", icc_profile=srgb),
        encoded(smooth(64, 64), "HEIF", exif=exif),
        encoded(rgba.resize((64, 64)), "HEIF"),
        encoded(smooth(160, 130), "HEIF", tile_size=64),
        encoded(smooth(64, 64), "AVIF", exif=exif),
        encoded(rgba, "AVIF"),
        encoded(photo, "TIFF", exif=exif),
        encoded(photo, "TIFF", compression="tiff_lzw", icc_profile=srgb),
        encoded(photo.convert("1"), "TIFF", compression="group4"),
        encoded(photo.convert("CMYK"), "TIFF", compression="packbits"),
        encoded(photo, "BMP"),
        encoded(photo.quantize(16), "BMP"),
        encoded(photo.quantize(16), "GIF", transparency=3),
        encoded(photo.quantize(16), "GIF", save_all=True, append_images=[noise(24, 20)]),
    ]


def mended(data: bytes) -> bytes:
    """A PNG with its checksums made right again, so that damage reaches the decoder."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, at = data[:8], 8
    while at + 8 <= len(data):
        length = struct.unpack(">I", data[at : at + 4])[0]
        if at + 12 + length > len(data):
            break
        out += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return out + data[at:]


SMALL_FILES = small_files()


@pytest.mark.parametrize("which", range(len(SMALL_FILES)))
def test_fuzz_only_the_one_error_or_a_valid_image(which):
    original = SMALL_FILES[which]
    rng = random.Random(which)
    good = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(150):
            data = bytearray(original)
            for _ in range(rng.choice((0, 1, 1, 2, 8))):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            if rng.random() < 0.4:
                del data[rng.randrange(len(data)) :]
            candidate = mended(bytes(data)) if rng.random() < 0.5 else bytes(data)
            try:
                image = decode(candidate)
            except UserError:
                continue
            good += 1
            assert type(image) is Image.Image
            assert image.mode == "RGB"
            assert list(image.info) == ["notes"]
            assert min(image.size) >= 8
            assert len(image.tobytes()) == 3 * image.width * image.height
    assert 0 < good < 150
