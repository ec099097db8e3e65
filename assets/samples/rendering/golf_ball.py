"""A golf ball in the grass."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree

from rendering.film import defocus, develop, draw_strokes, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import foliage, grass, mix, ramp, shaded, turf
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Shape, bumpy, column, length, sphere

DIMPLES = 332


def spread_points(count: int) -> Array:
    """Near-even points on the unit sphere ``(count, 3)``: a Fibonacci spiral, then repulsion."""
    i = np.arange(count) + 0.5
    polar, turn = np.arccos(1 - 2 * i / count), np.pi * (1 + 5**0.5) * i
    points = np.stack(
        [np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], 1
    )
    points += np.random.default_rng(1).normal(0, 0.04, points.shape)
    for _ in range(120):
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        apart = points[:, None] - points[None]
        squared = (apart**2).sum(-1) + np.eye(count)
        points += 2e-4 * (apart / squared[..., None] ** 2.5).sum(1).clip(-50, 50)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def dimpled_ball(centre: tuple[float, float, float]) -> Shape:
    """A unit ball whose surface is pressed in by shallow round dimples."""
    tree = cKDTree(spread_points(DIMPLES))
    edge = 0.098

    def height(p: Array) -> Array:
        q = p - column(centre)
        away, _index = tree.query((q / np.maximum(length(q), 1e-6)).T, distance_upper_bound=edge)
        inside = np.minimum(away / edge, 1).astype(np.float32)
        return -0.03 * (1 - inside**2) ** 1.3

    return bumpy(sphere(centre, 1.0), height)


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 512 × 512."""
    rng = np.random.default_rng(7)
    centre = (0.0, 0.93, 0.0)

    def skin(p: Array) -> Array:
        grime = fractal(p[0] * 3, p[1] * 3, p[2] * 3, octaves=4, seed=3)
        low = ramp(p[1], 0.5, 0.0) * 0.4
        clean, dirty = column((0.86, 0.87, 0.85)), column((0.5, 0.47, 0.36))
        return mix(clean, dirty, np.clip(ramp(grime, 0.6, 0.95) * 0.3 + low, 0, 1))

    leaves = foliage(4, scale=5.0, dark=(0.012, 0.03, 0.01), light=(0.12, 0.2, 0.06))

    def backdrop(d: Array) -> Array:
        bright = column((0.75, 0.85, 1.0))
        return mix(leaves(d), bright, ramp(d[1], 0.12, 0.5))

    scene = Scene(
        (Part(dimpled_ball(centre), Material(skin, gloss=0.25, shininess=45), (centre, 1.01)),),
        Light(
            (-0.55, 0.85, 0.35),
            sun=(2.9, 2.75, 2.4),
            sky=(0.5, 0.62, 0.85),
            bounce=(0.1, 0.2, 0.05),
        ),
        backdrop,
        ground=Material(turf((0.012, 0.035, 0.006), (0.09, 0.2, 0.025), 0.6, 2)),
        bounds=((-1.1, -0.2, -1.1), (1.1, 2.1, 1.1)),
    )
    camera = Camera((0.9, 2.0, 6.6), (0.5, 1.0, 0.0), 27, 512 * scale, 512 * scale)
    rgb, depth = render(scene, camera, reach=0.8)
    spots = np.stack([rng.uniform(-5, 6, 11000), rng.uniform(-14, 5.0, 11000)], 1)
    crowd = np.hypot(spots[:, 0], spots[:, 1])
    spots = spots[(crowd > 0.45)]
    blades = grass(rng, spots, 0.55, 0.075, (0.012, 0.04, 0.006), (0.17, 0.33, 0.06))
    draw_strokes(rgb, depth, camera, shaded(scene, blades), slices=40)
    rgb = defocus(rgb, depth, 5.9, 46 * scale, 60)
    return develop(shrink(rgb, scale), exposure=0.62, seed=1)
