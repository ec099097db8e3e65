"""A garbage truck on a street with trees."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rendering.decals import concrete, linear, sample, weathered, write
from rendering.film import Stroke, develop, draw_strokes, shrink
from rendering.noise import Array
from rendering.outdoors import grass, sky, tree, treeline
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Shape, box, chain, column, cut, cylinder, polygon, union

SUN = (0.55, 0.8, 0.75)
GREEN = (0.012, 0.12, 0.05)
WHEELS = (3.25, -1.55, -2.85)


def signage() -> Image.Image:
    """The body's side, 5.6 × 2.1 m at 100 px per metre: black is bare paint."""
    art = Image.new("RGB", (560, 210))
    pen = ImageDraw.Draw(art)
    pen.rounded_rectangle((150, 45, 430, 150), 8, fill="#f2f2ec")
    write(pen, (290, 80), "CITY WASTE", 40, "#0d5b2c")
    write(pen, (290, 124), "REDUCE  REUSE  RECYCLE", 20, "#444")
    pen.rectangle((0, 186, 560, 196), fill="#e6c02a")
    return art


def wheels(z: float) -> list[Part]:
    """Tyres with tread, rims and hubs on the side at ``z``."""
    tyre, rim, hub = [], [], []
    for x in WHEELS:
        tyre.append(
            cut(
                cylinder((x, 0.52, z - 0.3), (x, 0.52, z), 0.52, 0.07),
                cylinder((x, 0.52, z - 0.06), (x, 0.52, z + 0.1), 0.31),
            )
        )
        rim.append(cylinder((x, 0.52, z - 0.2), (x, 0.52, z - 0.05), 0.3, 0.03))
        hub.append(cylinder((x, 0.52, z - 0.2), (x, 0.52, z + 0.03), 0.11, 0.03))
        for a in np.linspace(0, 2 * np.pi, 8, endpoint=False):
            bolt = (x + 0.19 * np.cos(a), 0.52 + 0.19 * np.sin(a))
            hub.append(cylinder((*bolt, z - 0.1), (*bolt, z - 0.02), 0.025))
    around = ((0.2, 0.52, z), 4.0)
    return [
        Part(union(*tyre), Material((0.016, 0.016, 0.017), gloss=0.08, shininess=12), around),
        Part(union(*rim), Material((0.5, 0.5, 0.48), gloss=0.3), around),
        Part(union(*hub), Material((0.3, 0.3, 0.3), gloss=0.4), around),
    ]


def ribs(xs: np.ndarray, low: float, high: float) -> Shape:
    """Vertical stiffeners on the near side of the body, evenly spaced."""
    first, spacing, count = float(xs[0]), float(xs[1] - xs[0]), len(xs)
    one = box((first, (low + high) / 2, 1.25), (0.1, high - low, 0.14), 0.02)

    def distance(p: Array) -> Array:
        q = p.copy()
        q[0] -= np.clip(np.round((p[0] - first) / spacing), 0, count - 1) * spacing
        return one(q)

    return distance


def truck() -> list[Part]:
    """A cab-over truck, its nose towards +x, its near side at z = 1.25."""
    body = polygon(
        [(-3.7, 0.95), (1.95, 0.95), (1.95, 2.95), (1.6, 3.2), (-3.4, 3.2), (-3.7, 3.05)],
        -1.25,
        1.22,
    )
    tail = cut(
        polygon(
            [
                (-3.7, 0.85),
                (-4.3, 0.62),
                (-5.15, 0.75),
                (-5.25, 1.35),
                (-4.65, 2.9),
                (-4.2, 3.3),
                (-3.7, 3.3),
            ],
            -1.22,
            1.2,
        ),
        polygon([(-4.6, 1.15), (-5.5, 1.25), (-5.2, 2.2), (-4.75, 2.1)], -1.05, 1.05),
    )
    tail_ribs = union(
        chain([(-3.78, 0.95, 1.2), (-3.78, 3.2, 1.2)], 0.07),
        chain([(-3.9, 3.2, 1.2), (-4.9, 1.5, 1.2), (-4.9, 0.8, 1.2)], 0.06),
        chain([(-3.9, 2.2, 1.24), (-4.55, 1.4, 1.24)], 0.05),
    )
    cab = cut(
        polygon(
            [
                (2.15, 0.7),
                (4.2, 0.7),
                (4.28, 1.5),
                (4.02, 2.85),
                (3.85, 2.95),
                (2.2, 2.95),
                (2.15, 2.8),
            ],
            -1.18,
            1.18,
        ),
        cylinder((3.25, 0.5, 0.7), (3.25, 0.5, 1.4), 0.66),
    )
    trim = union(
        box((4.2, 0.62, 0), (0.3, 0.34, 2.4), 0.05),
        box((4.27, 1.12, 0), (0.06, 0.42, 1.5), 0.02),
        box((2.75, 0.5, 1.1), (0.3, 0.3, 0.14), 0.03),
        chain([(4.0, 2.6, 1.2), (4.25, 2.5, 1.5)], 0.02),
        box((4.25, 2.25, 1.5), (0.08, 0.55, 0.24), 0.03),
        chain([(4.0, 2.6, -1.2), (4.25, 2.5, -1.5)], 0.02),
        box((4.25, 2.25, -1.5), (0.08, 0.55, 0.24), 0.03),
        box((3.0, 1.5, 1.18), (0.16, 0.05, 0.06), 0.01),
        polygon([(2.58, 0.78), (2.6, 0.78), (2.6, 2.8), (2.58, 2.8)], 1.1, 1.188),
        polygon([(3.78, 1.2), (3.8, 1.2), (3.8, 2.8), (3.78, 2.8)], 1.1, 1.188),
    )
    glass = union(
        polygon([(4.225, 1.62), (4.31, 1.62), (4.06, 2.72), (3.99, 2.72)], -1.05, 1.05),
        polygon([(2.68, 1.7), (3.72, 1.7), (3.72, 2.68), (2.68, 2.68)], 1.0, 1.195),
        polygon([(3.86, 1.6), (4.14, 1.6), (3.95, 2.68), (3.86, 2.68)], 1.0, 1.195),
    )
    chassis = union(
        box((-0.6, 0.72, 0), (8.6, 0.26, 1.1)),
        box((0.4, 0.55, 0.95), (1.0, 0.5, 0.5), 0.06),
        box((-0.75, 0.55, 0.98), (0.5, 0.42, 0.4), 0.04),
        box((2.05, 1.6, 0), (0.3, 1.6, 1.8)),
        *(box((x, 1.0, 1.0), (1.15, 0.05, 0.5), 0.02) for x in WHEELS[1:]),
        cylinder((2.05, 1.0, 0.95), (2.05, 3.3, 0.95), 0.08),
    )
    lamps = union(*(cylinder((4.2, 0.95, z), (4.32, 0.95, z), 0.14, 0.02) for z in (-0.9, 0.9)))
    amber = union(
        *(box((4.24, 1.3, z), (0.08, 0.12, 0.22), 0.02) for z in (-1.0, 1.0)),
        box((3.2, 3.02, 0.0), (0.24, 0.16, 0.9), 0.04),
        *(box((x, 0.8, 1.24), (0.14, 0.07, 0.05)) for x in (-3.4, -0.8, 1.5)),
    )
    art = linear(signage())

    def side(p: Array) -> Array:
        rgb = np.broadcast_to(column(GREEN), p.shape).astype(np.float32)
        u, v = (p[0] + 3.7) / 5.6, (3.05 - p[1]) / 2.1
        on = (p[2] > 1.3) & (u > 0) & (u < 1) & (v > 0) & (v < 1)
        drawn = sample(art, u[on], v[on])
        solid = drawn.sum(axis=0) > 0.02
        rgb[:, np.flatnonzero(on)[solid]] = drawn[:, solid]
        return rgb

    dirt = (0.09, 0.075, 0.055)
    green = Material(weathered(side, dirt, 0.25, 1.3, 8), gloss=0.3, shininess=50)
    rear = Material(
        weathered(
            lambda p: np.broadcast_to(column(GREEN), p.shape).astype(np.float32),
            dirt,
            0.45,
            1.7,
            18,
        ),
        gloss=0.25,
    )
    white = Material(
        weathered(
            lambda p: np.broadcast_to(column((0.55, 0.55, 0.53)), p.shape).astype(np.float32),
            dirt,
            0.12,
            1.6,
            28,
        ),
        gloss=0.35,
        shininess=60,
    )
    return [
        Part(body, green, ((-0.9, 2.0, 0), 3.6)),
        Part(
            union(
                ribs(np.linspace(-3.3, 1.7, 8), 0.98, 3.1),
                box((-0.87, 0.98, 1.22), (5.6, 0.16, 0.16), 0.02),
                box((-0.87, 3.08, 1.2), (5.6, 0.12, 0.14), 0.02),
            ),
            green,
            ((-0.87, 2.0, 1.2), 3.2),
        ),
        Part(box((-0.8, 2.075, 1.3), (2.8, 1.05, 0.1)), green, ((-0.8, 2.07, 1.3), 1.6)),
        Part(union(tail, tail_ribs), rear, ((-4.4, 2.0, 0), 2.2)),
        Part(cab, white, ((3.2, 1.8, 0), 2.0)),
        Part(trim, Material((0.03, 0.03, 0.032), gloss=0.25), ((3.4, 1.6, 0), 2.4)),
        Part(
            glass,
            Material((0.015, 0.02, 0.024), gloss=0.8, shininess=150, mirror=0.14),
            ((3.6, 2.1, 0), 1.6),
        ),
        Part(chassis, Material((0.02, 0.02, 0.021), gloss=0.1)),
        Part(lamps, Material((0.8, 0.8, 0.75), gloss=0.8, mirror=0.3), ((4.25, 0.95, 0), 1.1)),
        Part(amber, Material((0.75, 0.22, 0.01), gloss=0.5)),
        *wheels(1.2),
        *wheels(-0.9),
    ]


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 640 × 480."""
    rng = np.random.default_rng(3)
    asphalt, paving = concrete((0.13, 0.13, 0.135), 4), concrete((0.42, 0.4, 0.37), 6)

    def street(p: Array) -> Array:
        rgb = asphalt(p)
        line = (np.abs(p[2] - 3.4) < 0.07) & ((p[0] / 3) % 1 < 0.55)
        rgb[:, line] = rgb[:, line] * 0.4 + 0.4
        walk = p[2] < -2.6
        rgb[:, walk] = paving(p[:, walk])
        lawn = p[2] < -5.2
        rgb[:, lawn] = rgb[:, lawn] * 0.5 * column((0.25, 0.5, 0.1))
        return rgb.astype(np.float32)

    kerb = box((0, 0.05, -2.5), (60, 0.16, 0.2), 0.03)
    scene = Scene(
        (*truck(), Part(kerb, Material((0.4, 0.39, 0.36)))),
        Light(SUN, sun=(2.6, 2.45, 2.1), sky=(0.42, 0.52, 0.7), bounce=(0.17, 0.17, 0.16)),
        treeline(sky((0.12, 0.28, 0.62), (0.6, 0.72, 0.9), cloud_cover=0.5, seed=9), 0.07, 5),
        ground=Material(street),
        bounds=((-30, -0.1, -2.7), (30, 3.5, 1.7)),
    )
    camera = Camera((8.6, 2.3, 10.2), (-0.15, 1.55, 0), 32, 640 * scale, 480 * scale)
    rgb, depth = render(scene, camera, reach=0.6)
    strokes: list[Stroke] = []
    for x, z, h in (
        (-14, -9, 8),
        (-8.5, -8, 7),
        (-4, -11, 9),
        (0.5, -9, 7.5),
        (6, -14, 9),
        (-20, -14, 10),
        (-11, -16, 11),
        (-28, -16, 11),
        (-2, -17, 11),
    ):
        strokes += tree(
            rng, (x, 0, z), h, h * rng.uniform(0.35, 0.48), sun=SUN, leaf=0.13, leaves=9000
        )
    spots = np.stack([rng.uniform(-24, 6, 4000), rng.uniform(-12, -5.2, 4000)], 1)
    strokes += grass(rng, spots, 0.25, 0.04, (0.03, 0.06, 0.01), (0.14, 0.22, 0.05))
    draw_strokes(rgb, depth, camera, strokes, slices=40)
    return develop(shrink(rgb, scale), exposure=0.66, seed=5)
