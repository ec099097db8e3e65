"""Colours as a viewer shows them, against LittleCMS itself and colours computed by hand."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage import color

from effnet_viz.engine.images import decode
from tests.unit.engine.photos.pictures import chunk, encoded, pixels, png, smooth

# The red, green and blue of each space in XYZ under D50, a column each: from the spaces' own
# definitions (their primaries and white, adapted by Bradford's method).
SRGB = np.array(
    [[0.43607, 0.38506, 0.14308], [0.22250, 0.71688, 0.06062], [0.01393, 0.09710, 0.71417]]
)
ADOBE_RGB = np.array(
    [[0.60976, 0.20524, 0.14922], [0.31112, 0.62566, 0.06322], [0.01948, 0.06089, 0.74484]]
)
DISPLAY_P3 = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
WHITE = (0.9642, 1.0, 0.8249)
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(65536 * value) for value in values))


def profile(
    space: bytes, connection: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr"
) -> bytes:
    """An ICC profile of these tags, written by hand."""
    tags = {b"desc": b"desc" + struct.pack(">II", 0, 5) + b"test\0" + bytes(78), **tags}
    tags[b"cprt"] = b"text" + bytes(4) + b"none\0"
    tags[b"wtpt"] = b"XYZ " + bytes(4) + fixed(*WHITE)
    table, content, at = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, body in tags.items():
        padded = body + bytes(-len(body) % 4)
        table += name + struct.pack(">II", at + len(content), len(body))
        content += padded
    size = 128 + len(table) + len(content)
    head = struct.pack(
        ">I4sI4s4s4s12s", size, b"\0\0\0\0", 0x02400000, kind, space, connection, b""
    )
    head += b"acsp" + bytes(28) + fixed(*WHITE)
    return head.ljust(128, b"\0") + table + content


def rgb_profile(primaries: np.ndarray, curve: bytes) -> bytes:
    columns = {
        name: b"XYZ " + bytes(4) + fixed(*primaries[:, at])
        for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
    }
    return profile(b"RGB ", b"XYZ ", {**columns, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def gamma(value: float) -> bytes:
    return b"curv" + struct.pack(">IIH", 0, 1, round(256 * value))


ADOBE = rgb_profile(ADOBE_RGB, gamma(563 / 256))
P3 = rgb_profile(DISPLAY_P3, b"para" + struct.pack(">IHH", 0, 3, 0) + fixed(*SRGB_CURVE))
GREY = profile(b"GRAY", b"XYZ ", {b"kTRC": gamma(1.4)})


def printing_profile() -> bytes:
    """A CMYK profile of one small table: inks that multiply, black ink on top."""
    corners = np.stack(np.meshgrid(*[(0, 1)] * 4, indexing="ij"), -1).reshape(-1, 4)
    light = (1 - 0.85 * corners[:, :3]) * (1 - 0.9 * corners[:, 3:])
    lab = color.rgb2lab(light[None])[0]
    stored = np.round(np.stack([lab[:, 0] * 2.55, lab[:, 1] + 128, lab[:, 2] + 128], -1))
    ramp = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    lut += 4 * ramp + stored.clip(0, 255).astype(np.uint8).tobytes() + 3 * ramp
    return profile(b"CMYK", b"Lab ", {b"A2B0": lut, b"A2B1": lut}, kind=b"prtr")


def by_littlecms(image: Image.Image, icc: bytes) -> np.ndarray:
    converted = ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.asarray(converted).astype(int)


def stored_colour(srgb: tuple[int, int, int], primaries: np.ndarray, power: float) -> np.ndarray:
    """What a file in another space holds for an sRGB colour, from the definitions alone."""
    value = np.array(srgb) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.round(255 * np.linalg.solve(primaries, SRGB @ linear).clip(0, 1) ** (1 / power))


@pytest.mark.parametrize("colour", [(90, 140, 60), (200, 30, 30), (20, 60, 180), (128, 128, 128)])
def test_a_colour_in_adobe_rgb_comes_out_as_it_was_meant(colour):
    held = stored_colour(colour, ADOBE_RGB, 563 / 256).astype(np.uint8)
    image = Image.fromarray(np.tile(held, (16, 16, 1)))
    assert np.abs(held.astype(int) - colour).max() > 5 or len(set(colour)) == 1
    assert np.abs(pixels(encoded(image, "PNG", icc_profile=ADOBE)) - colour).max() <= 2


@pytest.mark.parametrize("icc", [ADOBE, P3], ids=["Adobe RGB", "Display P3"])
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF", "HEIF", "AVIF"])
def test_an_embedded_profile_is_converted_as_littlecms_does(file_format, icc):
    options = {"WEBP": {"lossless": True}, "HEIF": {"quality": 95}}.get(file_format, {})
    photo = smooth(64, 48)
    with_profile = pixels(encoded(photo, file_format, icc_profile=icc, **options))
    without = pixels(encoded(photo, file_format, **options))
    expected = by_littlecms(Image.fromarray(without.astype(np.uint8)), icc)
    assert np.abs(with_profile - expected).max() <= 2
    assert np.abs(with_profile - without).max() > 8


def test_grey_and_cmyk_profiles():
    grey = smooth(64, 48).convert("L")
    expected = by_littlecms(grey, GREY)
    for file_format in ("PNG", "TIFF"):
        got = pixels(encoded(grey, file_format, icc_profile=GREY))
        assert np.abs(got - expected).max() <= 2
    assert np.abs(expected[..., 0] - np.asarray(grey)).max() > 20
    inks = smooth(64, 48).convert("CMYK")
    icc = printing_profile()
    expected = by_littlecms(inks, icc)
    assert np.abs(pixels(encoded(inks, "TIFF", icc_profile=icc)) - expected).max() <= 2
    assert np.abs(np.asarray(inks.convert("RGB")).astype(int) - expected).max() > 20
    jpeg = encoded(inks, "JPEG", icc_profile=icc, quality=95)
    expected = by_littlecms(Image.open(io.BytesIO(jpeg)), icc)
    assert np.abs(pixels(jpeg) - expected).max() <= 2


def test_a_profile_leaves_transparency_and_orientation_as_they_are():
    photo = smooth(64, 48)
    layer = photo.copy()
    layer.putalpha(Image.linear_gradient("L").resize((64, 48)))
    exif = Image.Exif()
    exif[0x0112] = 3
    got = pixels(encoded(layer, "PNG", icc_profile=P3, exif=exif))[::-1, ::-1]
    alpha = np.asarray(layer)[..., 3:] / 255
    expected = by_littlecms(photo, P3) * alpha + 255 * (1 - alpha)
    assert np.abs(got - expected).max() <= 2
    palette = photo.quantize(32)
    expected = by_littlecms(palette.convert("RGB"), P3)
    assert np.abs(pixels(encoded(palette, "PNG", icc_profile=P3)) - expected).max() <= 2


def test_sixteen_bit_grey_has_its_profile_too():
    values = np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16)
    body = b"grey\0\0" + zlib.compress(GREY)
    got = pixels(png(values, 16, more=chunk(b"iCCP", body)))
    grey = Image.fromarray(np.round(values / 257).astype(np.uint8))
    assert np.abs(got - by_littlecms(grey, GREY)).max() <= 2


@pytest.mark.parametrize(
    "icc",
    [
        b"not a profile at all",
        ADOBE[:200],
        ADOBE[:128] + bytes(len(ADOBE) - 128),
        GREY,
        printing_profile(),
        profile(b"RGB ", b"XYZ ", {}),
        profile(b"RGB ", b"RGB ", {}, kind=b"link"),
        b"",
    ],
    ids=["words", "cut", "empty", "grey", "cmyk", "no curves", "link", "nothing"],
)
@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_a_broken_profile_or_one_of_another_kind_is_ignored(file_format, icc):
    photo = smooth(64, 48)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = pixels(encoded(photo, file_format, icc_profile=icc))
    assert (got == pixels(encoded(photo, file_format))).all()


def test_a_photo_in_srgb_is_left_exactly_as_it_is():
    photo = smooth(64, 48)
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert (pixels(encoded(photo, "PNG", icc_profile=icc)) == np.asarray(photo)).all()


def significant(*bits: int) -> bytes:
    return chunk(b"sBIT", bytes(bits))


def test_twelve_bits_in_a_sixteen_bit_file_are_scaled():
    rng = np.random.default_rng(5)
    grey = rng.integers(0, 4096, (24, 32))
    got = pixels(png(grey, 16, more=significant(12)))
    assert np.abs(got[..., 0] - grey * 255 / 4095).max() <= 0.5
    colour = rng.integers(0, 4096, (24, 32, 3))
    got = pixels(png(colour, 16, more=significant(12, 12, 12)))
    assert np.abs(got - colour * 255 / 4095).max() <= 0.5
    opaque = np.concatenate([colour, np.full((24, 32, 1), 4095)], -1)
    got = pixels(png(opaque, 16, more=significant(12, 12, 12, 12)))
    assert np.abs(got - colour * 255 / 4095).max() <= 0.5
    assert decode(png(colour, 16, more=significant(12, 12, 12))).info["notes"] == ()


def test_twelve_bits_that_already_fill_the_sixteen_are_left_alone():
    """The PNG standard's own use of sBIT: the values are scaled, and their low bits say nothing."""
    values = np.random.default_rng(6).integers(0, 4096, (24, 32, 3)) << 4
    bits = significant(12, 12, 12)
    assert (pixels(png(values, 16, more=bits)) == pixels(png(values, 16))).all()
    dark = values[..., 0] >> 4 << 4 & 0xFFF
    assert (pixels(png(dark, 16, more=significant(12))) == pixels(png(dark, 16))).all()


@pytest.mark.parametrize("shape", [(24, 32), (24, 32, 3)])
def test_twelve_bits_that_nothing_declares_are_said_to_be_almost_black(shape):
    values = np.random.default_rng(7).integers(0, 4096, shape)
    (note,) = decode(png(values, 16)).info["notes"]
    assert "almost black" in note
    assert decode(png(values * 16, 16)).info["notes"] == ()
