"""A brass French horn on red cloth."""

from __future__ import annotations

import numpy as np
from PIL import Image

from rendering.film import defocus, develop, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import mix, ramp
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Shape, Vector, box, chain, column, cone, cylinder, length, rod, union


def arc(
    centre: Vector, radius: float, start: float, end: float, thick_start: float, thick_end: float
) -> Shape:
    """A tube along a circle facing z, counter-clockwise from ``start`` to ``end`` degrees, its
    thickness running between the two given."""
    a, span = np.radians(start), np.radians(end - start)

    def distance(p: Array) -> Array:
        q = p - column(centre)
        turn = np.mod(np.arctan2(q[1], q[0]) - a, 2 * np.pi)
        # Past the end, snap to whichever end is nearer around the circle.
        turn = np.where(turn > span, np.where(turn - span < 2 * np.pi - turn, span, 0), turn)
        middle = np.stack(
            [np.cos(turn + a) * radius, np.sin(turn + a) * radius, np.zeros_like(turn)]
        )
        return length(q - middle) - (thick_start + (thick_end - thick_start) * turn / span)

    return distance


def bell(throat: Vector, mouth: Vector, narrow: float, wide: float) -> Shape:
    """A thin flaring horn between two points, open at the mouth, with a rolled rim."""
    a, b = column(throat), column(mouth)
    tall = float(length(b - a)[0])
    axis = (b - a) / tall

    def profile(s: Array) -> Array:
        return narrow + 0.22 * s + (wide - narrow - 0.22) * (0.25 * s**3 + 0.75 * s**9)

    def distance(p: Array) -> Array:
        along = ((p - a) * axis).sum(axis=0)
        across = length(p - a - axis * along)
        s = np.clip(along / tall, 0, 1)
        slope = (profile(np.clip(s + 0.01, 0, 1)) - profile(s - 0.01)) / (0.02 * tall)
        shell = np.abs(across - profile(s)) / np.sqrt(1 + slope**2) - 0.012
        wall = np.maximum(shell, np.maximum(along - tall, -along))
        rim = np.hypot(across - wide, along - tall) - 0.03
        return np.minimum(wall, rim)

    return distance


def slide(x: float, top: float, bottom: float, gap: float, z: float, thick: float) -> Shape:
    """A U of tubing hanging from ``top``."""
    return union(
        rod((x - gap, top, z), (x - gap, bottom, z), thick),
        rod((x + gap, top, z), (x + gap, bottom, z), thick),
        arc((x, bottom, z), gap, 180, 360, thick, thick),
        rod(
            (x - gap, (top * 2 + bottom) / 3, z), (x - gap, (top + bottom * 2) / 3, z), thick * 1.3
        ),
        rod(
            (x + gap, (top * 2 + bottom) / 3, z), (x + gap, (top + bottom * 2) / 3, z), thick * 1.3
        ),
    )


def room(d: Array) -> Array:
    """What the brass reflects: a dark hall with a large window, lamps and a light floor."""
    rgb = mix(column((0.05, 0.04, 0.035)), column((0.28, 0.24, 0.2)), ramp(d[1], -0.4, 0.9))
    clutter = fractal(d[0] * 3, d[1] * 3, d[2] * 3, octaves=4, seed=4)
    rgb = rgb * (0.3 + 1.4 * clutter)
    for x, y, w, h, power in (
        (-0.55, 0.5, 0.22, 0.3, 5.0),
        (0.45, 0.62, 0.14, 0.18, 3.5),
        (0.1, -0.75, 0.5, 0.1, 0.9),
    ):
        inside = ramp(w - np.abs(d[0] - x), -0.03, 0.03) * ramp(h - np.abs(d[1] - y), -0.03, 0.03)
        inside = inside * (d[2] > -0.2)
        rgb = mix(rgb, column((1.0, 0.96, 0.88)) * power, inside)
    return rgb


def cloth(p: Array) -> Array:
    """Crimson velvet with soft folds and a worn nap."""
    nap = fractal(p[0] * 5, p[1] * 5, octaves=5, seed=12)
    weave = fractal(p[0] * 60, p[1] * 60, octaves=2, seed=13)
    return column((0.2, 0.012, 0.02)) * (0.45 + 0.7 * nap + 0.35 * weave)


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 512 × 512."""
    mouth = (1.5, -2.0, 0.75)
    body = union(
        arc((0, 0, 0), 1.55, 20, 262, 0.075, 0.16),
        bell((-0.25, -1.53, 0.0), mouth, 0.16, 1.12),
    )
    tubes = union(
        arc((0.02, 0.02, 0.1), 1.3, -70, 200, 0.06, 0.07),
        arc((0.05, 0.1, -0.08), 1.08, 30, 300, 0.055, 0.06),
        arc((0.5, 0.42, 0.16), 0.62, -120, 170, 0.055, 0.055),
        arc((-0.62, 0.5, 0.12), 0.42, 10, 250, 0.05, 0.05),
        arc((0.0, 0.0, -0.02), 1.55, -40, 24, 0.06, 0.075),
        chain([(1.18, -1.0, -0.02), (0.6, -0.75, 0.05), (0.35, -0.2, 0.1)], 0.055),
        chain([(-1.2, -0.45, 0.1), (-0.85, -0.75, 0.1), (-0.5, -0.6, 0.12)], 0.055),
    )
    slides = union(
        slide(-0.55, -0.05, -0.95, 0.085, 0.22, 0.045),
        slide(-0.1, 0.0, -0.72, 0.085, 0.24, 0.045),
        slide(0.36, 0.05, -1.05, 0.085, 0.22, 0.045),
        slide(0.85, 0.25, -0.7, 0.1, 0.14, 0.045),
    )
    lead = union(
        chain([(-2.15, 1.5, 0.2), (-1.1, 1.42, 0.2), (-0.5, 1.25, 0.2), (0.1, 0.92, 0.18)], 0.045),
        cone((-2.5, 1.53, 0.2), (-2.15, 1.5, 0.2), 0.05, 0.032),
        cone((-2.62, 1.54, 0.2), (-2.5, 1.53, 0.2), 0.12, 0.05),
    )
    valves, keys = [], []
    for i, x in enumerate((-0.55, -0.1, 0.36)):
        y = 0.12 + 0.05 * i
        valves += [
            cylinder((x, y, 0.02), (x, y, 0.36), 0.2, 0.03),
            cylinder((x, y, 0.34), (x, y, 0.42), 0.14, 0.02),
            cylinder((x, y, 0.4), (x, y, 0.46), 0.05, 0.01),
        ]
        keys += [
            chain(
                [(x + 0.1, y + 0.1, 0.46), (x - 0.15, y + 0.6, 0.48), (x - 0.5, y + 0.85, 0.5)],
                0.028,
            ),
            box((x - 0.62, y + 0.93, 0.52), (0.32, 0.16, 0.03), 0.015),
        ]
    brass = Material((0.93, 0.62, 0.2), gloss=0.8, shininess=90, mirror=0.82)
    nickel = Material((0.82, 0.8, 0.74), gloss=0.8, shininess=90, mirror=0.75)
    folds = box((0, 0, -1.3), (40, 40, 1.4))

    def drape(p: Array) -> Array:
        lift = fractal(p[0] * 0.55 + p[1] * 0.35, p[1] * 0.3 - p[0] * 0.2, octaves=3, seed=6)
        return (folds(p) - 0.55 * (lift - 0.5)) * 0.8

    scene = Scene(
        (
            Part(union(body, lead), brass),
            Part(tubes, brass, ((0, 0, 0.05), 1.6)),
            Part(slides, brass, ((0.1, -0.4, 0.2), 1.3)),
            Part(union(*valves), nickel, ((-0.1, 0.2, 0.2), 0.8)),
            Part(union(*keys), nickel, ((-0.35, 0.65, 0.45), 1.1)),
            Part(drape, Material(cloth)),
        ),
        Light(
            (-0.5, 0.65, 0.75),
            sun=(1.7, 1.6, 1.4),
            sky=(0.32, 0.3, 0.3),
            bounce=(0.2, 0.12, 0.1),
            softness=0.15,
        ),
        room,
        bounds=((-4.2, -4.2, -1.2), (4.2, 4.2, 2.2)),
        steps=140,
    )
    camera = Camera((0.9, -1.2, 8.6), (0.05, -0.45, 0.1), 36, 512 * scale, 512 * scale, roll=6)
    rgb, depth = render(scene, camera, reach=0.4)
    rgb = defocus(rgb, depth, 8.3, 50 * scale, 14)
    return develop(shrink(rgb, scale), exposure=0.85, grain=0.018, vignette=0.4, seed=7)
