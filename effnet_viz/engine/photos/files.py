"""Photo files: which kind one is, and the part of it that its pixels need.

Everything else in a file (texts, thumbnails, further pictures and pages) is left out before a
decoder sees it, so that it can neither spoil a sound photo nor be used to exhaust the machine. The
colour profile and the orientation are read here, within bounds.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

#: The largest colour profile that is read; the largest in use, of printing presses, take 3 MB.
MAX_PROFILE_BYTES = 8 * 2**20
#: A progressive JPEG has about ten scans; each costs a pass over the whole picture.
MAX_SCANS = 100
#: A TIFF's strips or tiles: one for each row of four planes of the tallest photo.
MAX_STRIPS = 65_536
MAX_TILE_PIXELS = 2**24

_HEIF_BRANDS = {
    b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1",
}  # fmt: skip
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION, _TIFF_PROFILE, _TIFF_BITS, _TIFF_MEANING = 274, 34675, 258, 262


class CutError(Exception):
    """The file ends before its picture does."""


class LimitError(Exception):
    """The file asks for more than any photo needs."""


@dataclass(frozen=True, slots=True)
class JpegFrame:
    """How a JPEG lays out its picture: component ids, the height of a row of its blocks in px, and
    whether it is decoded as it is read (``one_pass``) or only after all of it was."""

    components: tuple[int, ...]
    block_px: int
    one_pass: bool


@dataclass(frozen=True, slots=True)
class PhotoFileParts:
    """``data`` is what the decoder of ``kind`` gets.

    ``size`` is in px where the file's head says it, ``icc`` the colour profile's bytes,
    ``orientation`` that of the EXIF tag, ``significant_bits`` what a 16-bit PNG or TIFF declares,
    ``negative`` True where a 16-bit TIFF's 0 is white, and ``whole`` False where the file ends
    early, which its picture may survive.
    """

    kind: str
    data: bytes
    size: tuple[int, int] | None = None
    icc: bytes | None = None
    orientation: int = 1
    significant_bits: int | None = None
    negative: bool = False
    whole: bool = True
    frame: JpegFrame | None = None


def kind_of(data: bytes) -> str | None:
    """Pillow's name of the file's format, by its first bytes; None where it is none of ours."""
    if data[4:8] == b"ftyp":
        length = min(int.from_bytes(data[:4], "big"), 256)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, length, 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIF" if brands & _HEIF_BRANDS else None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    # A bitmap's two letters also begin many a text; the length of its second header does not.
    if data[:2] == b"BM" and data[14:18] in _BMP_HEADERS:
        return "BMP"
    starts = {
        b"\xff\xd8\xff": "JPEG",
        _PNG: "PNG",
        b"GIF87a": "GIF",
        b"GIF89a": "GIF",
        b"II*\0": "TIFF",
        b"MM\0*": "TIFF",
    }
    return next((kind for start, kind in starts.items() if data.startswith(start)), None)


_BMP_HEADERS = {struct.pack("<I", size) for size in (12, 16, 40, 52, 56, 64, 108, 124)}


def read(data: bytes, kind: str) -> PhotoFileParts:
    """The parts of a photo file. Raises CutError, LimitError, and what broken bytes raise."""
    reader = _READERS.get(kind)
    return PhotoFileParts(kind, data) if reader is None else reader(data)


def exif_orientation(exif: bytes | None) -> int:
    """The orientation tag of an EXIF block, 1 where it has none or cannot be read."""
    exif = (exif or b"").removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return 1
    start = int(struct.unpack(order + "I", exif[4:8])[0])
    for tag, kind, count, value in _entries(exif, order, start):
        if tag == _ORIENTATION and (kind, count) == (3, 1):
            return int(struct.unpack(order + "H", value[:2])[0])
    return 1


def _entries(data: bytes, order: str, start: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, count and the four bytes of value or offset, of a TIFF directory."""
    head = data[start : start + 2]
    count = struct.unpack(order + "H", head)[0] if len(head) == 2 else 0
    for at in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
        yield (*struct.unpack(order + "HHI", data[at : at + 8]), data[at + 8 : at + 12])


def _jpeg(data: bytes) -> PhotoFileParts:
    kept, at = [data[:2]], 2
    exif: bytes | None = None
    profile: dict[int, bytes] = {}
    found: tuple[tuple[int, int], tuple[int, ...], int, bool] | None = None
    while True:
        while data[at + 1 : at + 2] == b"\xff":  # a marker may be padded
            at += 1
        if at + 4 > len(data):
            raise CutError
        marker, code = data[at], data[at + 1]
        if marker != 0xFF or code in (0xD8, 0xD9):
            raise ValueError("no marker where one must be")
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : end]
        if end > len(data):
            raise CutError
        if code == 0xDA:
            break
        if code == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif code == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
            profile[body[12]] = body[14:]
        elif 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            height, width, parts = struct.unpack(">HHB", body[1:6])
            shapes = body[6 : 6 + 3 * parts]
            block_px = 8 * max((shape & 15 for shape in shapes[1::3]), default=1)
            found = (width, height), tuple(shapes[::3]), block_px, code in (0xC0, 0xC1)
        # Frames and tables, and the two marks that say how its colours are meant.
        if (
            0xC0 <= code <= 0xCF
            or code in (0xDB, 0xDD)
            or (code == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14)
            or (code == 0xEE and body.startswith(b"Adobe") and len(body) >= 12)
        ):
            kept.append(data[at:end])
        at = end
    if found is None:
        raise ValueError("a scan before its frame")
    size, components, block_px, sequential = found
    frame = JpegFrame(components, block_px, sequential and body[:1] == bytes([len(components)]))
    whole_profile = sorted(profile) == list(range(1, len(profile) + 1))
    icc = b"".join(profile[part] for part in sorted(profile)) if whole_profile else b""
    kept.append(data[at : _end_of_scans(data, at)])
    return PhotoFileParts(
        "JPEG", b"".join(kept), size, icc or None, exif_orientation(exif), frame=frame
    )


#: A marker within or after a scan's data: not a byte 255 of the data itself, nor a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _end_of_scans(data: bytes, at: int) -> int:
    """Where a JPEG's picture ends, from its first scan at ``at`` on; a phone may put a film behind
    it. Raises LimitError where there are more scans, or marks among them, than any photo has."""
    scans = marks = 0
    while (mark := _MARKER.search(data, at)) is not None:
        at, code = mark.end(), mark[0][1]
        if code == 0xD9:
            return at
        scans += code == 0xDA
        marks += 1
        if scans > MAX_SCANS or marks > 100 * MAX_SCANS:
            raise LimitError
        at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return len(data)


def _png(data: bytes) -> PhotoFileParts:
    kept, at, ended = [_PNG], len(_PNG), False
    size: tuple[int, int] | None = None
    parts = PhotoFileParts("PNG", b"")
    while at + 8 <= len(data) and not ended:
        length, name = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        sound = data[at + 8 + length : at + 12 + length] == struct.pack(
            ">I", zlib.crc32(name + body)
        )
        if name == b"IHDR" and len(body) == 13:
            size = struct.unpack(">II", body[:8])
        if name == b"IDAT" and at + 12 + length > len(data):
            kept.append(_png_chunk(name, body))
        elif name[0] & 0x20 == 0 or (name == b"tRNS" and sound):
            kept.append(data[at : at + 12 + length])
        elif sound and name == b"iCCP":
            parts = replace(parts, icc=_unpacked_profile(body))
        elif sound and name == b"eXIf":
            parts = replace(parts, orientation=exif_orientation(body))
        elif sound and name == b"sBIT" and body:
            parts = replace(parts, significant_bits=max(body))
        ended = name == b"IEND"
        at += 12 + length
    if not ended:
        kept.append(_png_chunk(b"IEND", b""))
    return replace(parts, data=b"".join(kept), size=size, whole=ended)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _unpacked_profile(body: bytes) -> bytes | None:
    stream = zlib.decompressobj()
    try:
        profile = stream.decompress(body.partition(b"\0")[2][1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if stream.eof else None


def _webp(data: bytes) -> PhotoFileParts:
    """The first frame of a WebP, with the chunks that its pixels need."""
    kept: list[bytes] = []
    parts = PhotoFileParts("WEBP", b"")
    size: tuple[int, int] | None = None
    at, pictures = 12, 0
    promised = 8 + int.from_bytes(data[4:8], "little")
    end = min(len(data), promised)
    while at + 8 <= end:
        name, length = struct.unpack("<4sI", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        complete = at + 8 + length <= end
        if name in (b"VP8 ", b"VP8L", b"ANMF"):
            if not complete and not pictures:
                raise CutError
            pictures += 1
            if pictures == 1:
                kept.append(_riff_chunk(name, body))
                size = size or _webp_size(name, body)
        elif complete and name == b"VP8X" and len(body) >= 10 and not kept:
            width, height = (1 + int.from_bytes(body[i : i + 3], "little") for i in (4, 7))
            size = width, height
            # Of its promises only transparency and animation are kept.
            kept.append(_riff_chunk(name, bytes([body[0] & 0x12]) + body[1:]))
        elif complete and name in (b"ALPH", b"ANIM"):
            kept.append(_riff_chunk(name, body))
        elif complete and name == b"ICCP" and length <= MAX_PROFILE_BYTES:
            parts = replace(parts, icc=body)
        elif complete and name == b"EXIF":
            parts = replace(parts, orientation=exif_orientation(body))
        at += 8 + length + length % 2
    if not pictures and promised > len(data):
        raise CutError
    content = b"WEBP" + b"".join(kept)
    riff = b"RIFF" + struct.pack("<I", len(content)) + content
    return replace(parts, data=riff, size=size, whole=promised <= len(data) + 1)


def _riff_chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _webp_size(name: bytes, body: bytes) -> tuple[int, int] | None:
    if name == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if name == b"VP8 " and len(body) >= 10:
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _boxes(data: bytes, kind: str) -> PhotoFileParts:
    """HEIF and AVIF: whether the last box ends; their EXIF, which turns nothing, is passed over."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8:
            at = len(data)
        at += length
    head, rest = data[: 2**20], data[2**20 :]
    head = re.sub(rb"(infe.{8}(?:..)?)Exif", rb"\1none", head, flags=re.DOTALL)
    return PhotoFileParts(kind, head + rest, whole=at == len(data))


def _gif(data: bytes) -> PhotoFileParts:
    """The first frame of a GIF."""
    at = 13 + _gif_colours(data[10:11])
    screen, control = data[:at], b""
    while data[at : at + 1] == b"!":
        end = _after_blocks(data, at + 2)
        if data[at + 1 : at + 2] == b"\xf9":
            control = data[at:end]
        at = end
    if at >= len(data):
        raise CutError
    if data[at : at + 1] != b",":
        raise ValueError("no picture where one must be")
    end = _after_blocks(data, at + 11 + _gif_colours(data[at + 9 : at + 10]))
    whole = end < len(data)
    return PhotoFileParts("GIF", screen + control + data[at:end] + b";", whole=whole)


def _gif_colours(flags: bytes) -> int:
    """The bytes of the colour table that these flags announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1


#: The bytes of one value of each TIFF type.
_TIFF_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
#: The tags that pixels need: shape, compression, colours, strips, tiles, JPEG tables.
_TIFF_TAGS = frozenset(
    {
        *range(256, 260), 262, 266, 273, *range(277, 280), 284, 292, 293, *range(317, 321),
        *range(322, 326), 332, 334, 336, 338, 339, 347, *range(512, 522), *range(529, 533),
    }
)  # fmt: skip


def _tiff(data: bytes) -> PhotoFileParts:
    """The first picture of a TIFF: its directory is written anew, with what the pixels need."""
    order = "<" if data[:1] == b"I" else ">"
    start = struct.unpack(order + "I", data[4:8])[0]
    (count,) = struct.unpack(order + "H", data[start : start + 2].ljust(2, b"\xff"))
    if start + 2 + 12 * count > len(data):
        raise CutError
    kept: list[bytes] = []
    values: dict[int, tuple[int, ...]] = {}
    icc: bytes | None = None
    seen: set[int] = set()
    for tag, kind, count, value in _entries(data, order, start):
        if tag in seen or tag not in (*_TIFF_TAGS, _ORIENTATION, _TIFF_PROFILE):
            continue
        seen.add(tag)
        length = count * _TIFF_BYTES.get(kind, 0)
        if length > MAX_PROFILE_BYTES:
            raise LimitError
        offset = struct.unpack(order + "I", value)[0] if length > 4 else None
        body = value[:length] if offset is None else data[offset : offset + length]
        if len(body) < length and tag in _TIFF_TAGS:
            raise CutError
        if tag == _TIFF_PROFILE:
            icc = body
        elif kind in (3, 4) and len(body) == length:
            values[tag] = struct.unpack(f"{order}{count}{'H' if kind == 3 else 'I'}", body)
        if tag in _TIFF_TAGS:
            kept.append(struct.pack(order + "HHI", tag, kind, count) + value)
    strips = values.get(273, values.get(324, ()))
    tile_pixels = max(values.get(322, (0,))) * max(values.get(323, (0,)))
    if len(strips) > MAX_STRIPS or tile_pixels > MAX_TILE_PIXELS:
        raise LimitError
    lengths = values.get(279, values.get(325, ()))
    ends = (first + length for first, length in zip(strips, lengths, strict=False))
    whole = max(ends, default=0) <= len(data)
    padded = data + b"\0" * (len(data) % 2)
    head = padded[:4] + struct.pack(order + "I", len(padded))
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept) + bytes(4)
    bits = max(values.get(_TIFF_BITS, (1,)))
    return PhotoFileParts(
        "TIFF",
        head + padded[8:] + directory,
        icc=icc,
        orientation=values.get(_ORIENTATION, (1,))[0],
        significant_bits=bits if 8 < bits < 16 else None,
        negative=bits > 8 and values.get(_TIFF_MEANING) == (0,),  # of fewer Pillow knows itself
        whole=whole,
    )


_READERS: dict[str, Callable[[bytes], PhotoFileParts]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "HEIF": lambda data: _boxes(data, "HEIF"),
    "AVIF": lambda data: _boxes(data, "AVIF"),
    "GIF": _gif,
    "TIFF": _tiff,
}
