"""Photo files decoded: bytes to a validated RGB image, or one error that says what to do."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import math
import re
import threading
from collections.abc import Iterator

from PIL import Image, ImageChops, ImageFile, ImageOps, JpegImagePlugin

from effnet_viz.engine.photos import colour, files
from effnet_viz.engine.photos.files import CutError, LimitError, PhotoFileParts
from effnet_viz.errors import UserError

#: What is read, for a sentence; content decides, never a name.
FORMATS = "JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF"
#: How such files' names end.
SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".avif",
    ".tif", ".tiff", ".bmp", ".gif",
)  # fmt: skip
MAX_BYTES = 30 * 1024 * 1024
MAX_PIXELS = 40_000_000
#: For a baseline JPEG, which is decoded at a reduced scale in one pass.
MAX_BASELINE_PIXELS = 100_000_000
SIDE_RANGE_PX = (8, 16_000)
#: What the limits are, for a help text.
LIMITS = (
    f"up to {MAX_BYTES // 1024**2} MB and {MAX_PIXELS // 10**6} megapixels "
    f"({MAX_BASELINE_PIXELS // 10**6} for a JPEG that is not progressive)"
)

#: A baseline JPEG of more than `MAX_PIXELS` is reduced until it has at most this many.
_REDUCED_PIXELS = 16_000_000
#: A JPEG that ends early is shown where it lacks less than this share of its rows.
_LACKING = 0.01
#: Photos of more pixels than this are decoded two at a time, no more.
_LARGE_PIXELS = 8_000_000
_LARGE_DECODES = threading.BoundedSemaphore(2)
#: Bits that no picture goes on with.
_FILLER = hashlib.shake_256(b"not of this picture").digest(2048).replace(b"\xff", b"")

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
    """The photo in ``data`` as a plain 8-bit RGB image: upright, opaque, in sRGB.

    Its ``info`` holds only ``"notes"``, a tuple of sentences about what a person should know of
    the file, empty where there is nothing to say. The formats of `FORMATS`, decided by content;
    the first frame or page of several. The EXIF orientation is applied, an embedded colour profile
    converted, transparency lies on white, 16-bit values are scaled to 8. A baseline JPEG of more
    than 40 megapixels comes at a reduced scale. Nothing is opened by path or address. Raises
    UserError, and nothing else, for anything that is not such a photo or is outside the limits.
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
    kind = files.kind_of(data)
    if kind is None:
        raise UserError(
            f"This is not a readable {FORMATS} image; save the picture as JPEG or PNG and try "
            "again."
        )
    whole = True
    try:
        parts = files.read(data, kind)
        whole = parts.whole
        return _decoded(parts)
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UserError(_too_many_pixels("more than that", MAX_PIXELS)) from error
    except LimitError as error:
        raise UserError(
            "The image asks for more work than any photo needs; open it in an image program, save "
            "it again as JPEG or PNG, and try that file."
        ) from error
    except Exception as error:
        # Decoders meet broken bytes with every kind of exception; the user's next step is the same.
        if isinstance(error, CutError) or not whole or "truncated" in str(error).lower():
            raise UserError(
                "The image file was cut: it ends before its picture does. Copy or download it "
                "again."
            ) from error
        raise UserError(
            "The image is damaged or of a rare variety; open it in an image program, save it again "
            "as JPEG or PNG, and try that file."
        ) from error


def _decoded(parts: PhotoFileParts) -> Image.Image:
    if parts.size:
        _check_size(parts.size, parts)
    with _opened(parts) as image:
        width, height = image.size
        _check_size(image.size, parts)
        scale = _reduction(width * height)
        if scale > 1:
            image.draft(None, (width // scale, height // scale))
        with _turn(width * height):
            loaded, lacking = _loaded(image, parts, scale)
            _check_size(loaded.size, parts)
            rgb = _rgb(loaded, parts)
    notes = []
    if scale > 1:
        notes.append(
            f"The file holds {width:,} × {height:,} px; the photo is read at 1/{scale} of that, "
            f"{rgb.width:,} × {rgb.height:,} px."
        )
    if lacking:
        rows = math.ceil(lacking * height)
        rows_lack = "row is" if rows == 1 else "rows are"
        notes.append(
            f"The file ends early: of {height:,} rows the last {rows} {rows_lack} missing."
        )
    elif lacking == 0 or not parts.whole:
        notes.append("The file ends early, but its picture is whole.")
    notes += what_cannot_be_seen(rgb)
    rgb.info = {"notes": tuple(notes)}
    return rgb


def _opened(parts: PhotoFileParts) -> ImageFile.ImageFile:
    """The image before its pixels are decoded."""
    source = io.BytesIO(parts.data)
    if parts.kind == "JPEG":
        # Not by `Image.open`, whose limit is lower than what a reduced scale allows.
        return JpegImagePlugin.JpegImageFile(source)
    if parts.kind == "HEIF":
        from pillow_heif import HeifImageFile

        return HeifImageFile(source)
    return Image.open(source, formats=(parts.kind,))


def _check_size(size: tuple[int, int], parts: PhotoFileParts) -> None:
    width, height = size
    shortest, longest = SIDE_RANGE_PX
    if min(width, height) < shortest or max(width, height) > longest:
        raise UserError(
            f"The image is {width} × {height} px; each side must be between {shortest} and "
            f"{longest:,} px. Resize it and try again."
        )
    one_pass = parts.frame is not None and parts.frame.one_pass
    limit = MAX_BASELINE_PIXELS if one_pass else MAX_PIXELS
    decoded = width * height // _reduction(width * height) ** 2
    # What Pillow would only warn about (its own limit) is an error too.
    if width * height > limit or decoded > (Image.MAX_IMAGE_PIXELS or limit):
        raise UserError(_too_many_pixels(f"{width * height / 1e6:.1f}", limit))


def _reduction(pixels: int) -> int:
    """At which part of its scale a photo of so many pixels is decoded: 1, 2, 4 or 8."""
    if pixels <= MAX_PIXELS:
        return 1
    return next((s for s in (2, 4) if pixels <= s * s * _REDUCED_PIXELS), 8)


def _too_many_pixels(count: str, limit: int) -> str:
    return (
        f"An image of this kind may have {limit // 10**6} megapixels, this one has {count}. "
        "Resize it and try again."
    )


@contextlib.contextmanager
def _turn(pixels: int) -> Iterator[None]:
    """Waits, where the photo is large, until fewer than two large ones are being decoded."""
    if pixels <= _LARGE_PIXELS:
        yield
        return
    with _LARGE_DECODES:
        yield


def _loaded(
    image: ImageFile.ImageFile, parts: PhotoFileParts, scale: int
) -> tuple[ImageFile.ImageFile, float | None]:
    """The image with its pixels, and the share of its rows that a JPEG which ends early lacks.

    Raises CutError where it lacks too much, and whatever decoders raise.
    """
    try:
        image.load()
    except OSError as error:
        if parts.frame is None or "truncated" not in str(error):
            raise
    else:
        return image, None
    if not _all_scans_begun(parts):
        raise CutError
    # Decoded twice, with nothing and with noise where the file ends: what differs is what lacks.
    begun = parts.data.rstrip(b"\xff")
    noise = _FILLER + b"".join(bytes((0xFF, 0xD0 + k)) + _FILLER for k in range(8))
    plain, noisy = (_ended(begun + end, scale) for end in (b"", noise))
    lacking = _rows_after(
        ImageChops.difference(plain, noisy), max(1, parts.frame.block_px // scale)
    )
    if lacking >= _LACKING * plain.height:
        raise CutError
    return plain, lacking / plain.height


def _all_scans_begun(parts: PhotoFileParts) -> bool:
    """Whether a JPEG that ends early has at least begun to give every component's last bit."""
    assert parts.frame is not None
    given: dict[int, set[int]] = {component: set() for component in parts.frame.components}
    for scan in re.finditer(rb"\xff\xda..(.)", parts.data, re.DOTALL):
        count = scan[1][0]
        header = parts.data[scan.end() : scan.end() + 2 * count + 3]
        if len(header) < 2 * count + 3:
            return False
        first, last, bits = header[-3:]
        if not bits & 15:
            for component in header[: 2 * count : 2]:
                given.setdefault(component, set()).update(range(first, last + 1))
    return all(len(given[component]) == 64 for component in parts.frame.components)


def _ended(data: bytes, scale: int) -> ImageFile.ImageFile:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data + b"\xff\xd9"))
    if scale > 1:
        image.draft(None, (image.width // scale, image.height // scale))
    image.load()
    return image


def _rows_after(difference: Image.Image, block_px: int) -> float:
    """The rows from the first difference on; of its row of blocks, the part from there on."""
    box = difference.getbbox()
    if box is None:
        return 0
    width, height = difference.size
    top = box[1]
    bottom = min(top + block_px, height)
    first = difference.crop((0, top, width, bottom)).getbbox()
    left = 0 if first is None else first[0]
    return height - bottom + (bottom - top) * (width - left) / width


def _rgb(image: ImageFile.ImageFile, parts: PhotoFileParts) -> Image.Image:
    """Upright, opaque sRGB of an image that is loaded."""
    colours, alpha = _split(image, parts)
    icc = parts.icc or image.info.get("icc_profile")
    rgb = colour.to_srgb(colours, icc if isinstance(icc, bytes) else None)
    if alpha is not None:
        white = Image.new("RGB", rgb.size, "white")
        white.paste(rgb, mask=alpha)
        rgb = white
    orientation = parts.orientation
    if parts.kind == "AVIF":  # Pillow hands on the file's own rotation as if it were EXIF's
        orientation = files.exif_orientation(image.info.get("exif"))
    return rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb


def _split(
    image: ImageFile.ImageFile, parts: PhotoFileParts
) -> tuple[Image.Image, Image.Image | None]:
    """The 8-bit colours of an image, and its transparency where it has some."""
    made: Image.Image = image
    bits = parts.significant_bits
    if image.mode == "F" or (image.mode == "I" and parts.kind != "PNG"):
        raise UserError(
            "The image holds 32-bit values, not a photo; save it with 8 or 16 bits per channel."
        )
    if image.mode.startswith("I"):
        made = colour.eight_bit(image, bits)
        made = ImageOps.invert(made) if parts.negative else made
    elif parts.kind == "PNG":
        _scale_key_colour(image, parts.data)
        if bits and 8 < bits < 16 and parts.data[24] == 16 and _is_dark(image, 1 << bits - 8):
            made = _with_low_bytes(image, parts, bits)
    if made.has_transparency_data:
        layer = made.convert("LA" if made.mode in ("L", "LA") else "RGBA")
        *bands, alpha = layer.split()
        colours = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
        # Programs that know of no transparency leave these bytes of a bitmap at 0.
        unused = parts.kind == "BMP" and alpha.getextrema() == (0, 0)
        return colours, None if unused else alpha
    return (made if made.mode in ("L", "RGB", "CMYK") else made.convert("RGB")), None


def _is_dark(image: Image.Image, limit: int) -> bool:
    """Whether an RGB image has no value from ``limit`` on."""
    levels = image.histogram()
    return image.mode in ("RGB", "RGBA") and not any(
        any(levels[at + limit : at + 256]) for at in (0, 256, 512)
    )


def _with_low_bytes(image: Image.Image, parts: PhotoFileParts, bits: int) -> Image.Image:
    """A 16-bit PNG whose values fill the lower end only, scaled."""
    with _opened(parts) as low:
        low.tile = [
            tile._replace(args=tile.args.replace("16B", "16L"))
            for tile in low.tile
            if isinstance(tile.args, str)
        ]
        if low.mode != image.mode:
            return image
        low.load()
        return colour.with_low_bytes(image, low, bits)


def _scale_key_colour(image: Image.Image, data: bytes) -> None:
    """Bring a PNG's transparent colour to the 8 bits that Pillow brought the pixels to."""
    key = image.info.get("transparency")
    if image.mode not in ("L", "RGB") or key is None:
        return
    depth = data[24]  # signature, chunk length, "IHDR", width, height, then the bit depth

    def scaled(value: int) -> int:
        return value >> 8 if depth == 16 else value * 255 // (2**depth - 1)

    image.info["transparency"] = scaled(key) if isinstance(key, int) else tuple(map(scaled, key))


#: A photo is blank where all but this share of its values lie within so many levels of each other.
_ODD_SHARE, _BLANK_LEVELS = 0.002, 8
#: It is almost black where none but that share of its values is brighter than this: what 12 bits
#: give in a 16-bit file, and a little.
_BLACK_LEVEL = 24


def what_cannot_be_seen(image: Image.Image, what: str = "The photo") -> list[str]:
    """A sentence where an RGB image is all one colour or almost black, else nothing."""
    levels = image.histogram()
    ranges = [_usual_range(levels[at : at + 256]) for at in range(0, len(levels), 256)]
    if all(high - low <= _BLANK_LEVELS for low, high in ranges):
        return [f"{what} is all one colour, or nearly: there is nothing to see in it."]
    if all(high <= _BLACK_LEVEL for _, high in ranges):
        return [
            f"{what} is almost black. A file of 16-bit values that holds only 12 looks so: save it "
            "with its values scaled."
        ]
    return []


def _usual_range(histogram: list[int]) -> tuple[int, int]:
    """The darkest and the brightest level, without the odd ones at either end."""
    odd = _ODD_SHARE / 2 * sum(histogram)

    def end(levels: list[int]) -> int:
        return next(at for at, seen in enumerate(itertools.accumulate(levels)) if seen > odd)

    return end(histogram), 255 - end(histogram[::-1])
