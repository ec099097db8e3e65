"""Flat artwork drawn with Pillow and laid onto surfaces: labels, dials, buttons, bricks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from rendering.noise import Array, fractal, white
from rendering.outdoors import mix, ramp
from rendering.shapes import Vector, column


def write(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, fill: str
) -> None:
    """Text centred on a pixel, in Pillow's own font."""
    pen.text(at, text, fill=fill, font=ImageFont.load_default(size), anchor="mm")


def linear(picture: Image.Image) -> Array:
    """8-bit sRGB as linear light ``(height, width, 3)``."""
    encoded = np.asarray(picture.convert("RGB"), np.float32) / 255
    return np.where(encoded < 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(
        np.float32
    )


def sample(picture: Array, u: Array, v: Array) -> Array:
    """Colours ``(3, N)`` at ``u`` rightwards and ``v`` downwards, each 0 to 1; bilinear."""
    height, width, _ = picture.shape
    x = np.clip(u * width - 0.5, 0, width - 1.001)
    y = np.clip(v * height - 0.5, 0, height - 1.001)
    i, j = x.astype(int), y.astype(int)
    fx, fy = (x - i)[:, None], (y - j)[:, None]
    upper = picture[j, i] * (1 - fx) + picture[j, i + 1] * fx
    lower = picture[j + 1, i] * (1 - fx) + picture[j + 1, i + 1] * fx
    return (upper * (1 - fy) + lower * fy).T.astype(np.float32)


def front(
    picture: Image.Image,
    left: float,
    right: float,
    top: float,
    bottom: float,
    z: float,
    elsewhere: Vector,
) -> Callable[[Array], Array]:
    """A colour that shows ``picture`` between the given x and y where a surface is at or before
    depth ``z``, and is plain ``elsewhere``."""
    art = linear(picture)

    def colour(p: Array) -> Array:
        rgb = np.broadcast_to(column(elsewhere), p.shape).astype(np.float32)
        u, v = (p[0] - left) / (right - left), (top - p[1]) / (top - bottom)
        on = (p[2] > z) & (u > 0) & (u < 1) & (v > 0) & (v < 1)
        rgb[:, on] = sample(art, u[on], v[on])
        return rgb

    return colour


def bricks(
    tone: Vector, mortar: Vector, seed: int, size: tuple[float, float] = (0.22, 0.075)
) -> Callable[[Array], Array]:
    """Brickwork in the x-y plane."""

    def colour(p: Array) -> Array:
        row = np.floor(p[1] / size[1])
        x = p[0] / size[0] + 0.5 * (row % 2)
        each = white(row.astype(np.int64), np.floor(x).astype(np.int64), seed=seed)
        rough = fractal(p[0] * 30, p[1] * 30, octaves=3, seed=seed + 1)
        joint = np.maximum(
            ramp(np.abs(x % 1 - 0.5), 0.46, 0.48),
            ramp(np.abs(p[1] / size[1] % 1 - 0.5), 0.42, 0.46),
        )
        return mix(column(tone) * (0.6 + 0.5 * each + 0.3 * rough), column(mortar), joint)

    return colour


def concrete(tone: Vector, seed: int, scale: float = 1.0) -> Callable[[Array], Array]:
    """Worn concrete or asphalt: stains and grit."""

    def colour(p: Array) -> Array:
        stains = fractal(p[0] * 0.9 * scale, p[2] * 0.9 * scale, octaves=5, seed=seed)
        grit = fractal(p[0] * 40 * scale, p[2] * 40 * scale, octaves=2, seed=seed + 3)
        return column(tone) * (0.35 + 0.8 * stains + 0.5 * grit)

    return colour


def weathered(
    base: Callable[[Array], Array], rust: Vector, amount: float, scale: float, seed: int
) -> Callable[[Array], Array]:
    """``base`` with streaks and patches of ``rust`` or dirt over ``amount`` of it."""

    def colour(p: Array) -> Array:
        blotch = fractal(p[0] * scale, p[1] * scale, p[2] * scale, octaves=5, seed=seed)
        streak = fractal(
            p[0] * scale * 7, p[1] * scale * 0.5, p[2] * scale * 7, octaves=3, seed=seed + 2
        )
        return mix(
            base(p),
            column(rust),
            ramp(blotch * 0.6 + streak * 0.4, 0.78 - 0.5 * amount, 0.9 - 0.3 * amount) * 0.8,
        )

    return colour
