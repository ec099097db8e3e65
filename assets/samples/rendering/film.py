"""From linear light to a picture file: depth of field, strokes, tone curve, grain, WebP."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter

from rendering.noise import Array
from rendering.raymarch import Camera
from rendering.shapes import Vector


@dataclass(frozen=True)
class Stroke:
    """A tapering ribbon through points ``(n, 3)``, ``width`` metres at its root, drawn flat in a
    linear colour that runs from ``root`` to ``tip``: a blade of grass, a line, a twig."""

    points: Array
    width: float
    root: Vector
    tip: Vector
    taper: float = 1.0


def draw_strokes(
    rgb: Array, depth: Array, camera: Camera, strokes: Iterable[Stroke], slices: int = 20
) -> None:
    """Paint strokes into ``rgb`` and ``depth`` in place, far ones first, behind what is nearer."""
    flat = []
    for stroke in strokes:
        pixels, away = camera.project(stroke.points.T.astype(np.float32))
        if away.min() > 0.02:
            flat.append((float(away.mean()), pixels.T, away, stroke))
    flat.sort(key=lambda item: -item[0])
    for group in np.array_split(np.arange(len(flat)), slices):
        if group.size == 0:
            continue
        cover = Image.new("L", (camera.width, camera.height))
        paint = Image.new("RGB", cover.size)
        far = Image.new("F", cover.size)
        pens = [ImageDraw.Draw(layer) for layer in (cover, paint, far)]
        for i in group:
            _away, pixels, away, stroke = flat[i]
            _draw_ribbon(pens, pixels, away, stroke, camera)
        seen = (np.asarray(cover) > 0) & (np.asarray(far) < depth)
        rgb[seen] = (np.asarray(paint, np.float32)[seen] / 255) ** 2
        depth[seen] = np.asarray(far)[seen]


def _draw_ribbon(
    pens: list[ImageDraw.ImageDraw], pixels: Array, away: Array, stroke: Stroke, camera: Camera
) -> None:
    along = np.linspace(0, 1, len(pixels))
    half = stroke.width * (1 - stroke.taper * along) * camera.focal_px / away / 2
    half = np.maximum(half, 0.35)
    step = np.gradient(pixels, axis=0)
    side = np.stack([-step[:, 1], step[:, 0]], axis=1)
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    left, right = pixels + side * half[:, None], pixels - side * half[:, None]
    root, tip = np.asarray(stroke.root), np.asarray(stroke.tip)
    for i in range(len(pixels) - 1):
        corners = [tuple(q) for q in (left[i], left[i + 1], right[i + 1], right[i])]
        light = root + (tip - root) * (along[i] + along[i + 1]) / 2
        # Square roots keep dark colours apart in eight bits.
        stored = tuple(round(255 * float(np.clip(c, 0, 1)) ** 0.5) for c in light)
        pens[0].polygon(corners, fill=255)
        pens[1].polygon(corners, fill=stored)
        pens[2].polygon(corners, fill=float(away[i]))


def defocus(rgb: Array, depth: Array, focus: float, strength: float, far_limit: float) -> Array:
    """Blur by distance from the plane in focus: circle of confusion ``strength·|1/d − 1/focus|``
    pixels, mixed from a stack of blurred copies; nearer, sharp things do not bleed outward."""
    distance = np.clip(depth, 1e-3, far_limit)
    wanted = strength * np.abs(1 / distance - 1 / focus)
    sigmas = [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]
    result = rgb.copy()
    for low, high in pairwise(sigmas):
        weight = np.clip((wanted - low) / (high - low), 0, 1)
        if weight.max() == 0:
            break
        soft = (wanted > 0.4 * low).astype(np.float32) + 1e-4
        blurred = np.stack(
            [gaussian_filter(rgb[..., c] * soft, high, mode="nearest") for c in range(3)], axis=-1
        )
        blurred /= gaussian_filter(soft, high, mode="nearest")[..., None]
        result += weight[..., None] * (blurred - result)
    return result


def shrink(rgb: Array, factor: int) -> Array:
    """Average ``factor × factor`` blocks: antialiasing of a supersampled picture."""
    height, width, _ = rgb.shape
    blocks = rgb.reshape(height // factor, factor, width // factor, factor, 3)
    return blocks.mean(axis=(1, 3))


def develop(
    rgb: Array,
    exposure: float = 1.0,
    grain: float = 0.012,
    vignette: float = 0.15,
    softness: float = 0.55,
    saturation: float = 1.0,
    seed: int = 0,
) -> Image.Image:
    """A camera's finish: lens softness, vignette, filmic tone curve, sensor noise, 8-bit sRGB."""
    height, width, _ = rgb.shape
    light = np.maximum(rgb * exposure, 0)
    light = np.stack([gaussian_filter(light[..., c], softness) for c in range(3)], axis=-1)
    y, x = np.mgrid[0:height, 0:width]
    radius = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    light *= (1 - vignette * radius)[..., None]
    grey = light.mean(axis=-1, keepdims=True)
    light = np.maximum(grey + (light - grey) * saturation, 0)
    # Narkowicz's fit of the ACES curve.
    toned = np.clip(light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14), 0, 1)
    encoded = np.where(toned < 0.0031308, 12.92 * toned, 1.055 * toned ** (1 / 2.4) - 0.055)
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, (height, width, 3)) * 0.6 + rng.normal(0, 1, (height, width, 1))
    noise = gaussian_filter(noise, (0.6, 0.6, 0)) * 1.7
    encoded = encoded + grain * noise * (1.2 - encoded)
    return Image.fromarray((np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8))


def to_webp(picture: Image.Image, quality: int = 85) -> bytes:
    """The picture as lossy WebP."""
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=quality, method=6)
    return stream.getvalue()
