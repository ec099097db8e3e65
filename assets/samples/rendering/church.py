"""A white clapboard church with a steeple, among trees."""

from __future__ import annotations

import numpy as np
from PIL import Image

from rendering.film import Stroke, develop, draw_strokes, shrink
from rendering.noise import Array, fractal, white
from rendering.outdoors import grass, mix, ramp, sky, tree, treeline, turf
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import (
    Shape,
    Vector,
    box,
    column,
    cut,
    polygon,
    turned,
    union,
)

SUN = (-0.75, 0.75, 0.65)


def arch(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    """Outline of a pointed-arch window whose sill's middle is at (x, y)."""
    half, straight = width / 2, height - width * 0.8
    left = [
        (x - half + width * (1 - np.cos(a)), y + straight + width * 0.93 * np.sin(a))
        for a in np.linspace(0, np.pi / 3, 5)
    ]
    right = [(2 * x - px, py) for px, py in reversed(left[:-1])]
    return [(x - half, y), *left, *right, (x + half, y)]


def clapboard(p: Array) -> Array:
    """White painted boards: a shadow line under each, a little weather."""
    board = p[1] / 0.17
    line = ramp(board % 1, 0.14, 0.0)
    tone = white(np.floor(board).astype(np.int64), seed=4)
    stain = fractal(p[0] * 1.5, p[1] * 0.35, p[2] * 1.5, octaves=4, seed=6)
    paint = mix(column((0.8, 0.8, 0.77)), column((0.6, 0.58, 0.52)), ramp(stain, 0.5, 0.9) * 0.7)
    return paint * (0.94 + 0.1 * tone) * (1 - 0.45 * line)


def shingles(p: Array) -> Array:
    """Dark slate in courses."""
    row = np.floor(p[1] / 0.16)
    along = np.floor((p[2] + p[0]) / 0.25 + 0.5 * (row % 2))
    tone = white(row.astype(np.int64), along.astype(np.int64), seed=9)
    edge = ramp((p[1] / 0.16) % 1, 0.2, 0.0)
    return column((0.075, 0.072, 0.075)) * (0.6 + 0.7 * tone) * (1 - 0.5 * edge)


def pyramid(centre: Vector, half: float, height: float) -> Shape:
    """A steep four-sided spire standing on ``centre``."""
    slope = np.hypot(half, height)

    def distance(p: Array) -> Array:
        q = p - column(centre)
        side = np.maximum(np.abs(q[0]), np.abs(q[2]))
        return np.maximum(((side - half) * height + q[1] * half) / slope, -q[1])

    return distance


def repeated(shape: Shape, first: float, spacing: float, count: int) -> Shape:
    """``count`` copies along −z; the shape itself, centred on z = ``first``, is the first."""

    def distance(p: Array) -> Array:
        copy = np.clip(np.round((first - p[2]) / spacing), 0, count - 1)
        q = p.copy()
        q[2] += copy * spacing
        return shape(q)

    return distance


def church() -> list[Part]:
    """The building; its front gable faces +z at z = 0."""
    nave_outline = [(-3.6, 0), (3.6, 0), (3.6, 4.3), (0, 7.7), (-3.6, 4.3)]
    over = [(-4.0, 4.05), (0, 7.85), (4.0, 4.05), (4.0, 4.3), (0, 8.15), (-4.0, 4.3)]
    walls = union(
        polygon(nave_outline, -13, 0),
        box((0, 4.6, 0.2), (2.9, 9.2, 2.6)),
        cut(
            box((0, 10.3, 0.2), (2.3, 2.3, 2.1)),
            box((0, 10.3, 0.2), (1.1, 1.5, 4)),
            box((0, 10.3, 0.2), (4, 1.5, 1.0)),
        ),
    )
    trim = union(
        box((0, 9.15, 0.2), (3.2, 0.22, 2.9)),
        box((0, 11.5, 0.2), (2.65, 0.22, 2.45)),
        *(box((x, 4.6, 1.5), (0.22, 9.1, 0.1)) for x in (-1.38, 1.38)),
        *(box((x, 2.1, 0.02), (0.22, 4.2, 0.1)) for x in (-3.52, 3.52)),
        box((0, 0.2, -6.5), (7.4, 0.4, 13.2)),
    )
    roof = union(polygon(over, -13.4, 0.35), pyramid((0, 11.6, 0.2), 1.25, 5.6))
    cross = union(box((0, 17.7, 0.2), (0.1, 1.3, 0.1)), box((0, 17.95, 0.2), (0.7, 0.1, 0.1)))

    front_frames = union(
        polygon(arch(0, 4.6, 1.2, 2.5), 1.4, 1.58),
        polygon(arch(-2.45, 1.3, 1.0, 2.3), -0.1, 0.08),
        polygon(arch(2.45, 1.3, 1.0, 2.3), -0.1, 0.08),
        polygon(arch(0, 0.3, 2.1, 3.5), 1.4, 1.6),
    )
    front_glass = union(
        polygon(arch(0, 4.75, 0.9, 2.15), 1.4, 1.6),
        polygon(arch(-2.45, 1.45, 0.72, 1.95), -0.1, 0.1),
        polygon(arch(2.45, 1.45, 0.72, 1.95), -0.1, 0.1),
    )
    bars = union(
        *(
            box((x, y + h, z), (0.8, 0.05, 0.03))
            for x, y, z in ((0, 4.9, 1.61), (-2.45, 1.6, 0.11), (2.45, 1.6, 0.11))
            for h in (0.1, 0.6, 1.1)
        ),
        *(
            box((x, y, z), (0.05, 2.0, 0.03))
            for x, y, z in ((0, 5.7, 1.61), (-2.45, 2.4, 0.11), (2.45, 2.4, 0.11))
        ),
    )

    def side(shape: Shape) -> Shape:
        return repeated(turned(shape, "y", 90, (0, 0, -2.4)), -2.4, 2.7, 4)

    side_frames = side(polygon(arch(0, 1.3, 1.15, 2.5), 1.0, 1.28))
    side_glass = side(polygon(arch(0, 1.45, 0.85, 2.15), 1.0, 1.3))
    side_bars = side(
        union(
            *(box((0, 1.6 + h, 1.3), (0.8, 0.05, 0.05)) for h in (0.1, 0.6, 1.1)),
            box((0, 2.4, 1.3), (0.05, 2.0, 0.05)),
        )
    )
    doors = polygon(arch(0, 0.3, 1.75, 3.2), 1.4, 1.63)
    steps = union(
        *(box((0, 0.08 + 0.16 * i, 2.1 - 0.3 * i), (3.0 - 0.2 * i, 0.16, 2.0)) for i in range(3))
    )
    dark = box((0, 10.3, 0.2), (1.0, 1.6, 0.9))
    paint = Material((0.8, 0.8, 0.77))
    glass = Material((0.02, 0.025, 0.03), gloss=0.5, mirror=0.12, shininess=120)

    def door_colour(p: Array) -> Array:
        plank = np.abs((p[0] * 4) % 1 - 0.5)
        seam = np.where((plank > 0.45) | (np.abs(p[0]) < 0.03), 0.45, 1.0)
        return (column((0.26, 0.03, 0.025)) * seam).astype(np.float32)

    return [
        Part(walls, Material(clapboard)),
        Part(union(trim, front_frames, side_frames, bars, side_bars), paint),
        Part(roof, Material(shingles, gloss=0.06)),
        Part(union(front_glass, side_glass), glass),
        Part(doors, Material(door_colour, gloss=0.05)),
        Part(steps, Material((0.33, 0.32, 0.3))),
        Part(dark, Material((0.02, 0.02, 0.02))),
        Part(cross, Material((0.6, 0.5, 0.2), gloss=0.3)),
    ]


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 640 × 480."""
    rng = np.random.default_rng(11)
    lawn = turf((0.03, 0.06, 0.012), (0.13, 0.2, 0.04), 0.35, 3)

    def ground(p: Array) -> Array:
        middle = 0.4 * np.sin(p[2] * 0.25)
        gravel = fractal(p[0] * 9, p[2] * 9, octaves=3, seed=31)
        wobble = fractal(p[0] * 1.1, p[2] * 1.1, octaves=3, seed=32) * 0.5
        on_path = ramp(1.25 + wobble - np.abs(p[0] - middle), -0.05, 0.15) * (p[2] > 0.5)
        return mix(lawn(p), column((0.4, 0.35, 0.28)) * (0.6 + 0.7 * gravel), on_path)

    scene = Scene(
        tuple(church()),
        Light(SUN, sun=(2.7, 2.5, 2.15), sky=(0.42, 0.55, 0.82), bounce=(0.22, 0.24, 0.14)),
        treeline(
            sky((0.03, 0.1, 0.36), (0.4, 0.55, 0.8), cloud_cover=0.5, cloud_size=1.3, seed=5),
            0.05,
            12,
        ),
        ground=Material(ground),
        bounds=((-4.3, -0.1, -13.6), (4.3, 18.5, 3.3)),
        haze=0.0004,
    )
    camera = Camera((16.5, 1.7, 25), (2.6, 7.9, -3), 37, 640 * scale, 480 * scale)
    rgb, depth = render(scene, camera, reach=0.9)
    strokes: list[Stroke] = []
    for x, z, h in (
        (-15, -16, 13),
        (-9, -22, 11),
        (-21, -12, 10),
        (-3, -28, 14),
        (8, -32, 9),
        (13, -23, 12),
        (20, -34, 14),
        (24, -24, 10),
        (-28, -20, 14),
        (-13, -5, 7),
    ):
        spread = h * rng.uniform(0.32, 0.48)
        strokes += tree(rng, (x, 0, z), h, spread, sun=SUN, leaf=0.15, leaves=11000)
    for bush in (4.6, 5.6, 6.9):
        strokes += tree(
            rng, (bush, -0.5, rng.uniform(-2, -1)), 1.9, 0.75, sun=SUN, leaf=0.12, leaves=1200
        )
    spots = np.stack([rng.uniform(-16, 16, 9000), rng.uniform(2, 19, 9000)], 1)
    spots = spots[np.abs(spots[:, 0]) > 1.9]
    strokes += grass(rng, spots, 0.16, 0.03, (0.03, 0.06, 0.01), (0.16, 0.25, 0.05))
    draw_strokes(rgb, depth, camera, strokes, slices=40)
    return develop(shrink(rgb, scale), exposure=0.62, seed=3)
