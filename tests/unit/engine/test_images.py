"""Decoding, against Pillow and hand counts."""

import io
import struct
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.images import (
    MAX_BYTES,
    SUFFIXES,
    decode,
)
from effnet_viz.errors import UserError
from tests.unit.engine.photos.pictures import chunk, encoded, noise, pixels, png, smooth


@pytest.mark.parametrize(
    ("file_format", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 98, "subsampling": 0}, 6),
        ("HEIF", {"quality": 98, "chroma": 444}, 6),
        ("AVIF", {"quality": 98, "subsampling": "4:4:4"}, 6),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0),
        ("TIFF", {"compression": "jpeg", "quality": 98}, 24),
        ("BMP", {}, 0),
    ],
)
def test_each_format_comes_out_as_it_went_in(file_format, options, tolerance):
    image = smooth(64, 48)
    difference = np.abs(pixels(encoded(image, file_format, **options)) - np.asarray(image))
    assert difference.max() <= tolerance


def test_a_gif_comes_out_as_it_went_in():
    image = smooth(40, 24).quantize(32)
    assert (pixels(encoded(image, "GIF")) == np.asarray(image.convert("RGB"))).all()


@pytest.mark.parametrize("file_format", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "PDF", "EPS"])
def test_other_formats_are_refused_by_content(file_format):
    with pytest.raises(UserError, match="not a readable JPEG, PNG, WebP, HEIC"):
        decode(encoded(noise(32, 32), file_format))


def test_the_suffixes_are_those_of_the_formats_that_are_read():
    known = Image.registered_extensions()
    kinds = {known.get(suffix, "HEIF") for suffix in SUFFIXES}
    assert kinds == {"JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "BMP", "GIF"}
    heif = {suffix for suffix in SUFFIXES if suffix not in known}
    assert heif <= {".heic", ".heif", ".hif"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"/etc/passwd",
        b"https://example.org/cat.jpg",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"BMW is a maker of cars, and this is a sentence.",
        b"GIF89a",
        b"II*\0",
        b"\0\0\0\x18ftypheic",
        b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf",
    ],
)
def test_bytes_that_are_no_photo(data):
    with pytest.raises(UserError) as raised:
        decode(data)
    assert "\n" not in str(raised.value)


def test_a_path_is_never_opened(tmp_path):
    path = tmp_path / "photo.png"
    noise(16, 16).save(path)
    for name in (str(path), path, open):
        with pytest.raises(UserError, match="not from a path"):
            decode(name)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"])
def test_exif_orientation_brings_the_photo_upright(orientation, file_format):
    upright = np.zeros((24, 40, 3), dtype=np.uint8)
    upright[:12, :20, 0] = upright[:12, 20:, 1] = upright[12:, :20, 2] = 255
    # What a camera stores for each orientation, from the definition of the EXIF tag
    # (which side of the scene the first row and the first column are), not from Pillow.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    quality = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(file_format, {})
    image = decode(
        encoded(Image.fromarray(np.ascontiguousarray(stored)), file_format, exif=exif, **quality)
    )
    assert image.size == (40, 24)
    for x, y in ((5, 4), (35, 4), (5, 20), (35, 20)):
        assert np.abs(np.array(image.getpixel((x, y))) - upright[y, x].astype(int)).max() < 40
    assert not image.getexif()
    assert image.info == {"notes": ()}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("exif", [b"II*\0\xff\xff\xff\xff", b"no metadata at all"])
def test_unreadable_exif_does_not_cost_the_photo(exif):
    image = smooth(24, 24)
    data = encoded(image, "PNG", exif=b"Exif\0\0" + exif)
    assert (pixels(data) == np.asarray(image)).all()


def test_sixteen_bit_grey_is_scaled_not_clipped():
    values = (np.arange(64 * 64) * 16).reshape(64, 64).astype(np.uint16)
    got = pixels(png(values, 16))
    assert np.abs(got[..., 0] - values / 257).max() <= 0.5
    assert (got[..., 0] == got[..., 1]).all()


def test_sixteen_bit_colour_is_scaled():
    values = np.random.default_rng(1).integers(0, 65536, (16, 16, 3))
    assert np.abs(pixels(png(values, 16)) - values / 257).max() <= 1


def test_the_transparent_colour_of_each_depth_becomes_white():
    rng = np.random.default_rng(2)
    grey16 = rng.integers(0, 60000, (16, 16))
    grey4 = rng.integers(0, 9, (16, 16))
    grey8 = rng.integers(0, 200, (16, 16))
    colour16 = rng.integers(0, 60000, (16, 16, 3))
    for values, depth, scale in ((grey16, 16, 257), (grey4, 4, 1 / 17), (grey8, 8, 1)):
        got = pixels(png(values, depth, struct.pack(">H", values[3, 3])))[..., 0]
        clear = values == values[3, 3]
        assert (got[clear] == 255).all()
        assert np.abs(got[~clear] - values[~clear] / scale).max() <= 0.5
    got = pixels(png(colour16, 16, colour16[3, 3].astype(">u2").tobytes()))
    assert (got[3, 3] == 255).all()
    assert np.abs(got[0, 0] - colour16[0, 0] / 257).max() <= 1


def test_alpha_lies_on_white():
    rng = np.random.default_rng(3)
    rgba = rng.integers(0, 256, (16, 16, 4), dtype=np.uint8)
    alpha = rgba[..., 3:] / 255
    expected = rgba[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(pixels(encoded(Image.fromarray(rgba), "PNG")) - expected).max() <= 1
    grey_alpha = Image.merge("LA", [Image.fromarray(rgba[..., i].copy()) for i in (0, 3)])
    assert np.abs(pixels(encoded(grey_alpha, "PNG")) - expected[..., :1]).max() <= 1
    webp = pixels(encoded(Image.fromarray(rgba), "WEBP", lossless=True, exact=True))
    assert np.abs(webp - expected).max() <= 1


def test_palette_with_and_without_transparency():
    palette = Image.new("P", (16, 16))
    palette.putpalette([10, 20, 30, 200, 100, 50, 0, 0, 0])
    palette.paste(1, (8, 0, 16, 16))
    plain = pixels(encoded(palette, "PNG"))
    assert plain[0, 0].tolist() == [10, 20, 30]
    assert plain[0, 15].tolist() == [200, 100, 50]
    whole = pixels(encoded(palette, "PNG", transparency=0))
    assert whole[0, 0].tolist() == [255, 255, 255]
    assert whole[0, 15].tolist() == [200, 100, 50]
    half = pixels(encoded(palette, "PNG", transparency=bytes([255, 128, 255])))
    expected = np.array([200, 100, 50]) * 128 / 255 + 127
    assert half[0, 0].tolist() == [10, 20, 30]
    assert np.abs(half[0, 15] - expected).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L"])
def test_black_and_white_and_grey(mode):
    image = smooth(24, 24).convert(mode)
    expected = np.asarray(image.convert("L"))[..., None]
    assert (pixels(encoded(image, "PNG")) == expected).all()


def test_cmyk_jpeg_keeps_its_colours():
    image = Image.new("RGB", (32, 32), (220, 40, 60))
    got = pixels(encoded(image.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(got - (220, 40, 60)).max() <= 8


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "GIF", "AVIF", "TIFF"])
def test_an_animation_gives_its_first_frame(file_format):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(file_format, {})
    data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert np.abs(pixels(data) - (255, 0, 0)).max() <= (3 if file_format == "AVIF" else 0)


def test_a_phone_photo_that_carries_a_second_picture():
    data = encoded(smooth(64, 48), "MPO", save_all=True, append_images=[noise(64, 48)])
    plain = encoded(smooth(64, 48), "JPEG")
    assert Image.open(io.BytesIO(data)).n_frames == 2
    assert (pixels(data) == np.asarray(Image.open(io.BytesIO(plain)))).all()


def test_a_progressive_and_a_baseline_jpeg_agree():
    photo = smooth(64, 48)
    baseline, progressive = (
        pixels(encoded(photo, "JPEG", progressive=on, quality=90)) for on in (False, True)
    )
    assert np.abs(baseline - progressive).max() <= 2


@pytest.mark.parametrize(
    ("size", "fits"),
    [
        ((8, 8), True),
        ((7, 8), False),
        ((8, 16_000), True),
        ((8, 16_001), False),
        ((8000, 5000), True),
        ((8000, 5001), False),
    ],
)
def test_side_and_pixel_limits(size, fits):
    data = encoded(Image.new("1", size), "PNG")
    if fits:
        assert decode(data).size == size
    else:
        with pytest.raises(UserError, match=r"px|megapixels"):
            decode(data)


def test_size_in_bytes():
    photo = encoded(noise(32, 32), "JPEG")
    assert decode(photo + b"\0" * (MAX_BYTES - len(photo))).size == (32, 32)
    with pytest.raises(UserError, match="limit is 30 MB"):
        decode(photo + b"\0" * (MAX_BYTES - len(photo) + 1))


@pytest.mark.parametrize("action", ["ignore", "error"])
def test_a_bomb_is_refused_at_once_and_its_warning_is_an_error(action):
    small = png(np.zeros((16, 16), dtype=np.uint8), 8)
    for width, height in ((10_000, 9_000), (60_000, 60_000), (7_999, 7_999)):
        header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
        bomb = small[:8] + chunk(b"IHDR", header) + small[33:]
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            started = time.perf_counter()
            with pytest.raises(UserError):
                decode(bomb)
            assert time.perf_counter() - started < 0.5


def test_pillows_own_bomb_limit_counts_where_it_is_lower(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 32 * 32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(UserError, match="megapixels"):
            decode(encoded(noise(32, 33), "PNG"))
    assert decode(encoded(noise(32, 32), "PNG")).size == (32, 32)


@pytest.mark.parametrize(
    "error", [MemoryError, struct.error, SyntaxError, OSError, RecursionError, KeyError, EOFError]
)
def test_whatever_a_decoder_raises_is_the_one_error(monkeypatch, error):
    def broken(*args, **kwargs):
        raise error("inside the decoder")

    monkeypatch.setattr(Image.Image, "convert", broken)
    with pytest.raises(UserError, match="damaged"):
        decode(encoded(noise(16, 16), "PNG"))


def test_decoding_does_not_load_torch():
    code = (
        "import sys, io; from PIL import Image;"
        "from effnet_viz.engine.images import decode, crop, square;"
        "b = io.BytesIO(); Image.new('RGB', (20, 10)).save(b, 'PNG'); i = decode(b.getvalue());"
        "crop(i, square(20, 10)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
