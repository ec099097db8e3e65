"""A tench, just landed, on autumn grass."""

from __future__ import annotations

import numpy as np
from PIL import Image

from rendering.film import defocus, develop, draw_strokes, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import grass, mix, ramp, shaded, turf
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Shape, column, ellipsoid, length, polygon, sphere, union

LIE = 0.3  # height of the fish's midplane above the ground


def outline(x: Array) -> tuple[Array, Array, Array]:
    """The body at ``x`` from the tail's root (−1.25) to the lips (1.5): how far the back is above
    the axis, how far the belly is below it, and half its thickness."""
    t = np.clip((x + 1.25) / 2.75, 0, 1)
    snout = np.sqrt(np.clip(1 - np.maximum(t - 0.8, 0) ** 2 / 0.2**2, 0, 1))
    swell = 0.19 + 0.4 * np.sin(np.pi * 0.86 * t**0.85) ** 1.15
    back = swell * snout
    belly = (swell * 0.98 + 0.04 * np.sin(np.pi * t)) * snout
    thick = (0.05 + 0.3 * np.sin(np.pi * np.clip(t * 0.8 + 0.06, 0, 1)) ** 0.9) * np.sqrt(snout)
    return back, belly, thick


def bend(x: Array) -> Array:
    """The fish lies slightly curved: how far its axis is shifted towards the viewer at ``x``."""
    return (0.1 * x * x - 0.05).astype(np.float32)


def body(p: Array) -> Array:
    """Lying on its side: the back points away (−z), the flank up."""
    x, up, across = p[0], p[1] - LIE, -(p[2] - bend(p[0]))
    back, belly, thick = outline(x)
    half = np.maximum(np.where(across > 0, back, belly), 1e-3)
    q = np.stack([across / half, up / np.maximum(thick, 1e-3)])
    k = length(q) - 1
    d = k * np.minimum(half, thick)
    end = np.maximum(x - 1.5, -1.3 - x)
    return np.maximum(d * 0.55, end)


def fin(corners: list[tuple[float, float]], up: float, thickness: float = 0.012) -> Shape:
    """A thin rounded fin in the plane of the fish; corners as (x, towards the back)."""
    flat = polygon([(x, y) for x, y in corners], -thickness, thickness)

    def distance(p: Array) -> Array:
        q = np.stack([p[0], -(p[2] - bend(p[0])), p[1] - LIE - up])
        return (flat(q) - 0.035) * 0.7

    return distance


def rays(p: Array) -> Array:
    """Fin colour with its rays."""
    across = -(p[2] - bend(p[0]))
    spread = np.where(
        p[0] < -1.1, np.arctan2(across, -0.6 - p[0]) * 90, (p[0] + 0.35 * np.abs(across)) * 85
    )
    web = fractal(p[0] * 6, p[2] * 6, octaves=3, seed=5)
    tone = ramp(np.sin(spread), -0.6, 1.0) * 0.7 + 0.4 * web
    return mix(column((0.03, 0.03, 0.017)), column((0.13, 0.105, 0.05)), tone)


def skin(p: Array) -> Array:
    """Olive back, golden flank, pale belly, tiny scales, the gill cover's edge."""
    across = -(p[2] - bend(p[0]))
    back, belly, _thick = outline(p[0])
    v = across / np.maximum(np.where(across > 0, back, belly), 1e-3)
    blotch = fractal(p[0] * 3, p[2] * 3, octaves=4, seed=9)
    rgb = mix(
        column((0.24, 0.165, 0.04)),
        column((0.04, 0.046, 0.013)),
        ramp(v + 0.5 * (blotch - 0.5), -0.35, 0.75),
    )
    rgb = mix(rgb, column((0.36, 0.28, 0.1)), ramp(-v + 0.3 * (blotch - 0.5), 0.45, 0.95))
    row = across / 0.032
    u = p[0] / 0.04 + 0.5 * (np.floor(row) % 2)
    scale_edge = np.hypot(u % 1 - 0.2, row % 1 - 0.5)
    on_flank = ramp(0.82 - p[0], 0.0, 0.1)
    rgb = rgb * (1 - 0.4 * ramp(scale_edge, 0.45, 0.62) * on_flank)
    gill = np.abs(np.hypot((p[0] - 1.22) / 0.48, (across + 0.02) / 0.42) - 1)
    rgb = rgb * (1 - 0.65 * ramp(gill, 0.07, 0.0) * (p[0] < 1.2))
    lateral = np.abs(across - 0.02 * np.sin(p[0] * 2))
    rgb = rgb * (1 - 0.3 * ramp(lateral, 0.014, 0.004) * on_flank)
    mouth = np.abs(across + 0.12 - (1.5 - p[0]) * 0.25)
    return (rgb * (1 - 0.8 * ramp(mouth, 0.016, 0.004) * (p[0] > 1.36))).astype(np.float32)


def net(p: Array) -> Array:
    """A dark landing net spread over grass: knotted mesh in uneven folds."""
    sag = fractal(p[0] * 1.1, p[2] * 1.1, octaves=3, seed=31)
    u = (p[0] + p[2] * 0.8 + sag * 1.6) / 0.075
    v = (p[0] - p[2] * 0.8 + sag * 1.1) / 0.075
    gap = np.minimum(np.abs(u % 1 - 0.5), np.abs(v % 1 - 0.5))
    below = turf((0.02, 0.019, 0.009), (0.09, 0.085, 0.038), 1.2, 6)(p)
    fold = ramp(fractal(p[0] * 1.6 + p[2], p[2] * 0.8, octaves=4, seed=33), 0.3, 0.75)
    strand = column((0.012, 0.016, 0.014)) * (1 + 3 * fold)
    return mix(strand, below * (0.35 + 0.5 * fold), ramp(gap, 0.13, 0.2)).astype(np.float32)


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 640 × 480."""
    rng = np.random.default_rng(19)
    tail = fin(
        [
            (-1.15, 0.14),
            (-1.5, 0.24),
            (-1.78, 0.47),
            (-1.88, 0.4),
            (-1.84, 0.14),
            (-1.78, 0.0),
            (-1.84, -0.14),
            (-1.88, -0.4),
            (-1.78, -0.47),
            (-1.5, -0.24),
            (-1.15, -0.14),
        ],
        0.0,
    )
    fins = union(
        tail,
        fin(
            [(0.35, 0.44), (0.26, 0.74), (0.12, 0.88), (-0.02, 0.88), (-0.2, 0.72), (-0.42, 0.38)],
            0.02,
        ),
        fin(
            [(0.3, -0.4), (0.24, -0.66), (0.1, -0.8), (-0.06, -0.78), (-0.1, -0.6), (0.0, -0.4)],
            0.05,
        ),
        fin(
            [
                (-0.5, -0.3),
                (-0.62, -0.58),
                (-0.76, -0.66),
                (-0.9, -0.58),
                (-0.9, -0.4),
                (-0.86, -0.24),
            ],
            0.02,
        ),
        fin(
            [
                (0.8, -0.17),
                (0.68, -0.3),
                (0.5, -0.42),
                (0.36, -0.42),
                (0.32, -0.32),
                (0.44, -0.2),
                (0.74, -0.08),
            ],
            0.3,
            0.006,
        ),
    )
    eye = (1.22, LIE + 0.2, float(bend(np.asarray(1.22))) - 0.1)

    def iris(p: Array) -> Array:
        radius = np.hypot(p[0] - eye[0], p[2] - eye[2])
        rgb = mix(column((0.45, 0.1, 0.02)), column((0.5, 0.36, 0.12)), ramp(radius, 0.045, 0.062))
        return mix(column((0.004, 0.004, 0.004)), rgb, ramp(radius, 0.028, 0.033))

    lips = union(
        ellipsoid((1.49, LIE, 0.24), (0.05, 0.06, 0.05)),
        ellipsoid((1.46, LIE, 0.31), (0.05, 0.06, 0.04)),
    )
    around = ((0, LIE, 0), 2.1)

    def sky(d: Array) -> Array:
        return mix(column((0.1, 0.14, 0.08)), column((0.75, 0.85, 1.0)), ramp(d[1], 0.1, 0.8))

    scene = Scene(
        (
            Part(body, Material(skin, gloss=0.3, shininess=25), around),
            Part(fins, Material(rays, gloss=0.3, shininess=25), around),
            Part(sphere(eye, 0.075), Material(iris, gloss=0.9, shininess=150), (eye, 0.08)),
            Part(lips, Material((0.3, 0.19, 0.08), gloss=0.4), around),
        ),
        Light(
            (-0.5, 0.85, 0.1),
            sun=(2.3, 2.15, 1.85),
            sky=(0.45, 0.52, 0.62),
            bounce=(0.08, 0.13, 0.04),
        ),
        sky,
        ground=Material(net),
        bounds=((-2.1, -0.05, -1.1), (1.7, 0.8, 1.4)),
    )
    camera = Camera((-0.4, 4.9, 2.6), (-0.15, 0.1, 0.06), 31, 640 * scale, 480 * scale, roll=5)
    rgb, depth = render(scene, camera, reach=0.35)
    spots = np.stack([rng.uniform(-4, 4, 26000), rng.uniform(-4, 3.4, 26000)], 1)
    under = np.hypot(spots[:, 0] / 1.25, spots[:, 1] + 0.2) < 1.55
    blades = grass(
        rng,
        spots[~under],
        0.3,
        0.032,
        (0.018, 0.017, 0.007),
        (0.11, 0.1, 0.045),
        lean=0.9,
        dry=0.3,
    )
    draw_strokes(rgb, depth, camera, shaded(scene, blades), slices=40)
    rgb = defocus(rgb, depth, 5.35, 40 * scale, 20)
    return develop(shrink(rgb, scale), exposure=0.7, seed=9)
