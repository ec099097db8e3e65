"""Photos as files: encoded by Pillow, or a PNG by hand."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image

from effnet_viz.engine.images import (
    decode,
)


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
