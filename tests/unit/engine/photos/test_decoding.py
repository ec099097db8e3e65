"""What real files are like: cut, carrying too much, very large, or with nothing to see."""

import io
import random
import struct
import threading
import time
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.images import decode
from effnet_viz.engine.photos import colour, decoding, files
from effnet_viz.errors import UserError
from tests.unit.engine.photos.pictures import chunk, encoded, noise, pixels, png, smooth

FORMATS = {
    "JPEG": {},
    "progressive": {"progressive": True},
    "PNG": {},
    "WEBP": {},
    "lossless": {"lossless": True},
    "HEIF": {},
    "AVIF": {},
    "TIFF": {},
    "lzw": {"compression": "tiff_lzw"},
    "BMP": {},
    "GIF": {},
}
NAMES = {"progressive": "JPEG", "lossless": "WEBP", "lzw": "TIFF"}


def photo_file(kind: str, image: Image.Image) -> bytes:
    return encoded(
        image.quantize(64) if kind == "GIF" else image, NAMES.get(kind, kind), **FORMATS[kind]
    )


def textured(width: int, height: int) -> Image.Image:
    """Neither smooth nor noise: every part of its file holds some of it."""
    grain = np.asarray(noise(width, height)).astype(int) // 6
    return Image.fromarray((np.asarray(smooth(width, height)) * 0.8 + grain).astype(np.uint8))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_in_its_middle_is_refused_and_said_to_be_cut(kind, share):
    data = photo_file(kind, textured(160, 120))
    with pytest.raises(UserError, match="was cut"):
        decode(data[: int(share * len(data))])


@pytest.mark.parametrize("kind", ["JPEG", "progressive"])
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_jpeg_without_its_last_bytes_is_shown_with_a_note(kind, missing):
    data = photo_file(kind, textured(160, 1200))
    image = decode(data[:-missing])
    (note,) = image.info["notes"]
    assert "ends early" in note
    if missing <= 2:
        assert image.tobytes() == decode(data).tobytes()
        assert "whole" in note


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subsampling": 0},
        {"progressive": True},
        {"restart_marker_rows": 1},
        {"restart_marker_blocks": 3},
        {"grey": True},
        {"inks": True},
    ],
    ids=lambda options: next(iter(options), "plain"),
)
def test_what_a_cut_jpeg_lacks_is_counted_in_rows(options):
    """Against the whole file's pixels: from where they differ, the cut one lacks its rows."""
    options = dict(options)
    photo = textured(96, 1600)
    if options.pop("grey", False):
        photo = photo.convert("L")
    if options.pop("inks", False):
        photo = photo.convert("CMYK")
    data = encoded(photo, "JPEG", quality=90, **options)
    whole = pixels(data)
    shown = refused = 0
    for missing in range(2, len(data) // 30, max(1, len(data) // 1500)):
        try:
            image = decode(data[:-missing])
        except UserError:
            refused += 1
            continue
        assert not refused, "a shorter file was shown where a longer one was not"
        shown += 1
        differs = (np.asarray(image).astype(int) != whole).any(axis=(1, 2))
        lost = int(differs.argmax()) if differs.any() else len(whole)
        assert len(whole) - lost <= 0.01 * len(whole) + 16  # a row of blocks is lost in part
    assert shown
    assert refused


def test_a_png_without_its_end_is_shown_with_a_note():
    photo = smooth(64, 48)
    data = encoded(photo, "PNG")
    image = decode(data[:-12])
    assert (np.asarray(image) == np.asarray(photo)).all()
    assert "ends early" in image.info["notes"][0]


def test_metadata_that_the_pixels_do_not_need_never_decides():
    photo = smooth(64, 48)
    data = encoded(photo, "PNG")
    head, rest = data[:33], data[33:]
    texts = {
        "large text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(3 * 2**20))),
        "broken text": chunk(b"zTXt", b"Comment\0\0 not compressed"),
        "wrong checksum": chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0",
        "broken profile": chunk(b"iCCP", b"x\0\0 not compressed"),
        "large profile": chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(100 * 2**20))),
        "short profile": chunk(b"iCCP", b""),
        "broken exif": chunk(b"eXIf", b"II*\0\xff\xff\xff\xff"),
        "short density": chunk(b"pHYs", b"\0"),
        "short gamma": chunk(b"gAMA", b""),
        "short time": chunk(b"tIME", b"\1"),
        "animation": chunk(b"acTL", b"\0\0"),
    }
    for name, text in texts.items():
        image = decode(head + text + rest)
        assert (np.asarray(image) == np.asarray(photo)).all(), name
        assert image.info["notes"] == (), name

    jpeg = encoded(photo, "JPEG")
    expected = pixels(jpeg)
    segments = {
        "broken exif": (0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff"),
        "short exif": (0xE1, b"Exif\0\0"),
        "broken profile": (0xE2, b"ICC_PROFILE\0\1\1 no profile"),
        "lost part of a profile": (0xE2, b"ICC_PROFILE\0\2\3 no profile"),
        "broken further picture": (0xE2, b"MPF\0II*\0\xff\xff\xff\xff"),
        "broken Photoshop": (0xED, b"Photoshop 3.0\0\x38BIM\xff"),
        "short JFIF": (0xE0, b"JFIF"),
        "comment": (0xFE, b"\xff" * 1000),
    }
    for name, (code, body) in segments.items():
        segment = bytes((0xFF, code)) + struct.pack(">H", len(body) + 2) + body
        image = decode(jpeg[:2] + segment + jpeg[2:])
        assert (np.asarray(image).astype(int) == expected).all(), name
        assert image.info["notes"] == (), name

    webp = encoded(
        photo, "WEBP", exif=b"Exif\0\0II*\0" + bytes(200), icc_profile=b"no profile" * 30
    )
    whole = pixels(encoded(photo, "WEBP"))
    assert (pixels(webp) == whole).all()
    assert (pixels(webp[:-90]) == whole).all()


def test_a_broken_exif_of_an_avif_or_heic_decides_nothing():
    photo = smooth(64, 64)
    exif = Image.Exif()
    exif[0x010E] = "a sentence in the description"
    for kind in ("AVIF", "HEIF"):
        data = encoded(photo, kind, exif=exif)
        at = data.index(b"a sentence")
        start = max(data.rfind(b"II*\0", 0, at), data.rfind(b"MM\0*", 0, at))
        broken = data[:start] + b"\xff" * 12 + data[start + 12 :]
        assert (pixels(broken) == pixels(data)).all()


def tiff_of(tags: list[tuple[int, int, int, int]], content: bytes) -> bytes:
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8 + len(content)) + content + directory + bytes(4)


TIFF_16 = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (262, 3, 1, 1), (277, 3, 1, 1)]


@pytest.mark.parametrize(("bits", "zero_is"), [(16, 0), (16, 1), (12, 1)])
def test_grey_of_more_than_eight_bits_is_as_the_file_means_it(bits, zero_is):
    """Tag 262 is 0 where 0 is white: scanners and X-ray machines write so."""
    values = np.arange(256).reshape(16, 16) * (2**bits - 1) // 255
    if bits == 16:
        content = values.astype("<u2").tobytes()
    else:
        pairs = values.reshape(-1, 2)
        packed = (pairs[:, 0] << 12 | pairs[:, 1]).astype(">u4")
        content = packed.view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    tags = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, bits), (259, 3, 1, 1),
            (262, 3, 1, zero_is), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 16),
            (279, 4, 1, len(content))]  # fmt: skip
    found = np.asarray(decode(tiff_of(tags, content)))[..., 0].astype(int)
    grey = np.arange(256).reshape(16, 16)
    assert np.abs(found - (grey if zero_is else 255 - grey)).max() <= 1


def test_a_bitmap_that_leaves_its_transparency_at_zero_is_opaque():
    photo = smooth(24, 16)
    bgr = np.asarray(photo)[::-1, :, ::-1]
    body = np.concatenate([bgr, np.zeros_like(bgr[..., :1])], axis=-1).tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 108, 24, 16, 1, 32, 3, len(body), 0, 0, 0, 0)
    head += masks + bytes(108 - 40 - 16)
    data = b"BM" + struct.pack("<IHHI", 14 + 108 + len(body), 0, 0, 14 + 108) + head + body
    assert (np.asarray(decode(data)) == np.asarray(photo)).all()


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_film_behind_a_photo_is_not_read(options):
    """A phone's moving photo: some megabytes of film, in which any two bytes may stand."""
    jpeg = encoded(smooth(64, 48), "JPEG", **options)
    film = np.random.default_rng(0).bytes(2**20) + b"\xff\xda" * 1000
    parts = files.read(jpeg + film, "JPEG")
    assert film[:64] not in parts.data
    assert (np.asarray(decode(jpeg + film)) == np.asarray(decode(jpeg))).all()


def test_files_made_to_exhaust_the_machine_are_done_with_quickly():
    million = 2**20
    small = encoded(smooth(16, 16), "PNG")
    directory = [*TIFF_16, (259, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 256)]
    many = [(2000 + k, 1, 4 * million, 8) for k in range(20_000)]
    tags = tiff_of([*directory, *many], bytes(4 * million))
    gif = b"GIF89a" + struct.pack("<HHBBB", 16, 16, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 65_000, 65_000, 0) + b"\2\2\x44\1\0;"
    jpeg = encoded(smooth(400, 400), "JPEG", progressive=True)
    scan = jpeg[jpeg.rfind(b"\xff\xda") : -2]
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + 2 * (11_999).to_bytes(3, "little")
    bombs = {
        "a TIFF whose tags all hold the whole file": tags,
        "a PNG whose EXIF is such a TIFF": small[:33] + chunk(b"eXIf", tags) + small[33:],
        "a TIFF of one huge tile": tiff_of(
            [*TIFF_16, (322, 4, 1, 32_768), (323, 4, 1, 32_768), (324, 4, 1, 8), (325, 4, 1, 9)],
            bytes(9),
        ),
        "a TIFF of a million strips": tiff_of(
            [*TIFF_16, (273, 4, million, 8), (278, 4, 1, 1), (279, 4, 1, 9)], bytes(4 * million)
        ),
        "a GIF with a comment of many pieces": gif + b"!\xfe" + (b"\xff" + bytes(255)) * 20_000,
        "a GIF whose frame is larger than its screen": gif + frame,
        "a JPEG of a thousand scans": jpeg[:-2] + 1000 * scan + jpeg[-2:],
        "a WebP whose canvas is empty": b"RIFF" + struct.pack("<I", 22) + b"WEBP" + canvas,
    }
    for name, data in bombs.items():
        started = time.perf_counter()
        try:
            decode(data)
        except UserError:
            assert name != "a PNG whose EXIF is such a TIFF"
        assert time.perf_counter() - started < 2, name


def with_size(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG that says it has another size."""
    at = next(
        jpeg.find(bytes((0xFF, code))) for code in (0xC0, 0xC2) if bytes((0xFF, code)) in jpeg
    )
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def test_a_large_baseline_jpeg_is_decoded_at_a_reduced_scale():
    photo = Image.new("RGB", (8000, 6000), (90, 140, 60))
    photo.paste((200, 30, 30), (0, 0, 4000, 3000))
    image = decode(encoded(photo, "JPEG"))
    assert image.size == (4000, 3000)
    (note,) = image.info["notes"]
    assert "8,000 × 6,000 px" in note
    assert "1/2" in note
    for point, shade in (((1000, 700), (200, 30, 30)), ((3000, 2200), (90, 140, 60))):
        assert np.abs(np.array(image.getpixel(point)) - shade).max() <= 3


def test_the_megapixels_of_each_kind():
    baseline, progressive = (
        encoded(smooth(64, 48), "JPEG", progressive=on) for on in (False, True)
    )
    with pytest.raises(UserError, match="may have 100 megapixels, this one has 101"):
        decode(with_size(baseline, 12_700, 8000))
    with pytest.raises(UserError, match="may have 40 megapixels, this one has 48"):
        decode(with_size(progressive, 8000, 6000))
    with pytest.raises(UserError, match="may have 40 megapixels"):
        decode(encoded(Image.new("1", (8000, 5001)), "TIFF", compression="group4"))
    assert decode(with_size(baseline, 12_500, 8000)).size == (3125, 2000)


def test_the_reduced_scale_is_the_decoders_own(monkeypatch):
    data = encoded(smooth(320, 240), "JPEG", quality=95)
    expected = Image.open(io.BytesIO(data))
    expected.draft(None, (80, 60))
    monkeypatch.setattr(decoding, "MAX_PIXELS", 40_000)
    monkeypatch.setattr(decoding, "_REDUCED_PIXELS", 10_000)
    image = decode(data)
    assert image.size == (80, 60)
    assert (np.asarray(image) == np.asarray(expected)).all()


def test_two_large_photos_are_decoded_at_once_and_no_more(monkeypatch):
    monkeypatch.setattr(decoding, "_LARGE_PIXELS", 100)
    data = encoded(smooth(64, 48), "PNG")
    lock, at_once, most = threading.Lock(), 0, 0
    convert = colour.to_srgb

    def slow(*arguments):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1
        return convert(*arguments)

    monkeypatch.setattr(colour, "to_srgb", slow)
    threads = [threading.Thread(target=decode, args=(data,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


@pytest.mark.parametrize("colour", ["white", "black", (90, 140, 60)])
def test_a_blank_photo_is_said_to_be_blank(colour):
    plain = Image.new("RGB", (200, 150), colour)
    grain = np.random.default_rng(0).integers(-2, 3, (150, 200, 3))
    grainy = Image.fromarray((np.asarray(plain) + grain).clip(0, 255).astype(np.uint8))
    dusty = plain.copy()
    dusty.paste((128, 0, 255), (30, 30, 33, 33))
    for image in (plain, grainy, dusty):
        (note,) = decode(encoded(image, "PNG")).info["notes"]
        assert "nothing to see" in note
    plain.paste((128, 0, 255), (30, 30, 50, 50))
    assert decode(encoded(plain, "PNG")).info["notes"] == ()


def test_values_of_32_bits_are_no_photo():
    data = encoded(Image.fromarray(np.ones((16, 16), dtype=np.float32)), "TIFF")
    with pytest.raises(UserError, match="32-bit"):
        decode(data)


def test_names_decide_nothing():
    """An extension never comes near the decoder; what a text claims to be does not either."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(50):
            with pytest.raises(UserError):
                decode(random.Random(seed).randbytes(400))
    with pytest.raises(UserError, match="not a readable"):
        decode(b"photo.heic")
    assert decode(png(np.full((16, 16), 9), 8)).size == (16, 16)
