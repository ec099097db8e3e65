"""Decoding, the square, and the input tensor, against Pillow, torchvision and hand counts."""

import io
import random
import struct
import subprocess
import sys
import time
import warnings
import zlib

import numpy as np
import pillow_heif
import pytest
import torch
from PIL import Image, ImageCms
from torchvision.transforms import v2

from effnet_viz.engine.images import (
    MAX_BYTES,
    SUFFIXES,
    Square,
    crop,
    decode,
    preview,
    remarks,
    square,
    square_from,
    to_input,
)
from effnet_viz.errors import UserError

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def smooth(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    planes = [127 + 120 * np.sin(x / 9 + k) * np.cos(y / (7 + k)) for k in range(3)]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


def encoded(image: Image.Image, file_format: str, **options) -> bytes:
    buffer = io.BytesIO()
    if file_format == "HEIF":
        if exif := options.get("exif"):
            options["exif"] = exif.tobytes()
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, file_format, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    image = decode(data)
    assert image.mode == "RGB"
    return np.asarray(image).astype(int)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values: np.ndarray, depth: int, transparent: bytes = b"", more: bytes = b"") -> bytes:
    """A PNG written by hand, so that bit depth and the transparent colour are what we say;
    ``more`` are chunks to stand before the pixels."""
    height, width = values.shape[:2]
    colour_type = 0 if values.ndim == 2 else {3: 2, 4: 6}[values.shape[2]]
    if depth == 16:
        rows = [row.astype(">u2").tobytes() for row in values]
    elif depth == 4:
        rows = [bytes((row[::2] << 4 | row[1::2]).astype(np.uint8)) for row in values]
    else:
        rows = [row.astype(np.uint8).tobytes() for row in values]
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + more
        + (chunk(b"tRNS", transparent) if transparent else b"")
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
        + chunk(b"IEND", b"")
    )


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


@pytest.mark.parametrize("size", [(100, 60), (60, 100), (61, 100), (101, 60), (77, 77)])
def test_the_default_square_is_torchvisions_centre_crop(size):
    image = noise(*size)
    expected = v2.functional.center_crop(image, [min(size), min(size)])
    assert crop(image, square(*size)).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((100, 60, 0.0, 0.5), Square(0, 0, 60)),
        ((100, 60, 1.0, 0.5), Square(40, 0, 60)),
        ((100, 60, 0.4, 0.9), Square(10, 0, 60)),
        ((60, 100, 0.5, 0.7), Square(0, 40, 60)),
        ((60, 100, -3.0, 9.0), Square(0, 40, 60)),
    ],
)
def test_the_square_follows_its_centre_and_stays_inside(arguments, expected):
    assert square(*arguments) == expected


@pytest.mark.parametrize("center", [float("nan"), float("inf")])
def test_a_centre_that_is_no_number(center):
    with pytest.raises(UserError, match="fractions"):
        square(10, 10, center)


@pytest.mark.parametrize(
    "outside", [Square(-1, 0, 10), Square(0, -1, 10), Square(11, 0, 10), Square(0, 0, 0)]
)
def test_a_square_outside_the_image(outside):
    with pytest.raises(UserError, match="not inside"):
        crop(noise(20, 20), outside)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0,40,300", Square(0, 40, 300)), (" 12 , 0 , 8 ", Square(12, 0, 8))],
)
def test_a_square_in_words(text, expected):
    assert square_from(text) == expected


@pytest.mark.parametrize(
    "text", ["", "1,2", "1,2,3,4", "1,2,0", "-1,2,3", "1.5,2,3", "a,b,c", "１,２,３"]
)
def test_words_that_are_no_square(text):
    with pytest.raises(UserError, match="X,Y,SIDE"):
        square_from(text)


def test_a_wide_photo_says_which_part_is_seen():
    image = decode(encoded(smooth(400, 40), "PNG"))
    assert remarks(image) == ()
    (said,) = remarks(image, square(400, 40, 0.25))
    assert "40 × 40 px of the photo's 400 × 40" in said
    assert "10 %" in said
    assert "columns 80 to 120" in said
    assert remarks(image.crop((0, 0, 60, 40)), square(60, 40)) == ()


def test_a_square_without_anything_in_it_is_said_to_be_blank():
    photo = smooth(60, 40)
    photo.paste((200, 190, 180), (0, 0, 40, 40))
    image = decode(encoded(photo, "PNG"))
    assert image.info["notes"] == ()
    (said,) = remarks(image, Square(0, 0, 40))
    assert said.startswith("The part of the photo that is seen is all one colour")
    assert remarks(image, Square(20, 0, 40)) == ()


@pytest.mark.parametrize(
    "size", [(8, 8000), (8000, 8), (16_000, 9), (3000, 2000), (30, 20), (9, 9)]
)
def test_a_preview_is_small_and_never_longer_than_twice_its_width(size):
    shown = preview(Image.new("RGB", size, "teal"))
    assert max(shown.size) <= 1024
    assert max(shown.size) <= 2 * min(shown.size)
    photo = shown.convert("RGBA").getchannel("A").getbbox()
    assert shown.crop(photo).convert("RGB").getcolors() == [
        ((photo[2] - photo[0]) * (photo[3] - photo[1]), (0, 128, 128))
    ]
    assert abs(photo[0] - (shown.width - photo[2])) <= 1
    assert abs(photo[1] - (shown.height - photo[3])) <= 1
    if max(size) <= 2 * min(size):
        assert shown.mode == "RGB"
        assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.01)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("px", [16, 96, 224])
def test_input_equals_torchvisions_transform(interpolation, px):
    image = smooth(150, 150)
    reference = v2.Compose(
        [
            v2.Resize((px, px), v2.InterpolationMode(interpolation), antialias=True),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    got = to_input(image, px, MEAN, STD, interpolation)
    assert got.shape == (1, 3, px, px)
    assert got.dtype == torch.float32
    # Pillow rounds after each of its two passes; the tensor's kernel may differ by that much.
    levels = (got[0] - reference(image)).abs() * 255 * torch.tensor(STD)[:, None, None]
    assert levels.max() <= 2.01
    assert levels.mean() < 0.1


def test_input_equals_the_training_codes_own_steps():
    from effnet_viz.engine.training.recipe import normalise

    image = noise(224, 224)
    stored = v2.functional.pil_to_tensor(image)[None]
    expected = normalise(v2.functional.resize(stored, [96, 96], antialias=True))
    assert torch.equal(to_input(image, 96, MEAN, STD), expected)


def test_decoding_does_not_load_torch():
    code = (
        "import sys, io; from PIL import Image;"
        "from effnet_viz.engine.images import decode, crop, square;"
        "b = io.BytesIO(); Image.new('RGB', (20, 10)).save(b, 'PNG'); i = decode(b.getvalue());"
        "crop(i, square(20, 10)); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
