"""What stands behind the subjects: skies, clouds, grass, foliage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rendering.film import Stroke
from rendering.noise import Array, fractal
from rendering.raymarch import Scene
from rendering.shapes import Vector, column


def mix(low: Array, high: Array, share: Array) -> Array:
    """Colours ``(3, 1)`` or ``(3, N)`` blended by ``share`` ``(N,)``."""
    return (low + (high - low) * share).astype(np.float32)


def ramp(x: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, smooth between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def sky(
    zenith: Vector,
    horizon: Vector,
    *,
    cloud_cover: float = 0.5,
    cloud_size: float = 1.0,
    cloud: Vector = (1.0, 1.0, 1.0),
    shade: Vector = (0.55, 0.6, 0.68),
    seed: int = 0,
) -> Callable[[Array], Array]:
    """A backdrop: a gradient with clouds of fractal noise on a flat layer overhead; what lies below
    the horizon mirrors the haze above it. ``cloud_cover`` 0 is a clear sky, 1 overcast."""

    def backdrop(d: Array) -> Array:
        height = np.clip(d[1], 0.0, 1)
        rgb = mix(column(horizon), column(zenith), height**0.55)
        lift = np.maximum(d[1], 0) + 0.25
        u, v = d[0] / lift / cloud_size, d[2] / lift / cloud_size
        warp = fractal(u * 1.5, v * 1.5, octaves=3, seed=seed + 50) - 0.5
        density = fractal(u * 2 + warp, v * 2 + warp, octaves=6, seed=seed)
        level = 0.68 - 0.4 * cloud_cover
        mass = ramp(density, level, level + 0.2)
        thick = ramp(density, level + 0.05, level + 0.35)
        lit = mix(column(cloud), column(shade), thick)
        return mix(rgb, lit, mass * ramp(d[1], -0.02, 0.12) * min(1.0, cloud_cover * 4))

    return backdrop


def foliage(
    seed: int,
    scale: float = 9.0,
    dark: Vector = (0.01, 0.025, 0.006),
    light: Vector = (0.12, 0.2, 0.04),
) -> Callable[[Array], Array]:
    """A backdrop of leaves in patchy light, by direction."""

    def backdrop(d: Array) -> Array:
        u = np.arctan2(d[0], -d[2]) * scale
        v = d[1] * scale
        clumps = fractal(u, v, octaves=2, seed=seed)
        leaves = fractal(u * 6, v * 6, octaves=4, seed=seed + 9)
        return mix(column(dark), column(light), ramp(clumps * 0.6 + leaves * 0.6, 0.4, 0.85))

    return backdrop


def treeline(
    above: Callable[[Array], Array],
    height: float,
    seed: int,
    dark: Vector = (0.03, 0.05, 0.03),
    light: Vector = (0.1, 0.15, 0.07),
) -> Callable[[Array], Array]:
    """A hazy wood on the horizon in front of the backdrop ``above``; ``height`` as a slope."""

    def backdrop(d: Array) -> Array:
        u = np.arctan2(d[0], -d[2])
        top = height * (0.4 + 1.2 * fractal(u * 14, np.zeros_like(u), octaves=6, seed=seed))
        leaves = fractal(u * 90, d[1] * 90, octaves=4, seed=seed + 1)
        lit = ramp(leaves + 0.5 * d[1] / height, 0.4, 1.0)
        return mix(above(d), mix(column(dark), column(light), lit), ramp(top - d[1], -0.001, 0.002))

    return backdrop


def turf(dark: Vector, light: Vector, scale: float, seed: int) -> Callable[[Array], Array]:
    """Ground colour: grass seen from afar."""

    def colour(p: Array) -> Array:
        patches = fractal(p[0] * scale, p[2] * scale, octaves=3, seed=seed)
        blades = fractal(p[0] * scale * 14, p[2] * scale * 9, octaves=3, seed=seed + 5)
        return mix(column(dark), column(light), ramp(patches * 0.45 + blades * 0.6, 0.25, 0.8))

    return colour


def grass(
    rng: np.random.Generator,
    spots: Array,
    height: float,
    width: float,
    dark: Vector,
    light: Vector,
    *,
    lean: float = 0.45,
    dry: float = 0.06,
) -> list[Stroke]:
    """Blades of grass at ``spots`` ``(n, 2)`` (x, z), each bent its own way, some ``dry``."""
    blades = []
    along = np.linspace(0, 1, 6)
    for x, z in spots:
        tall = height * rng.uniform(0.55, 1.25)
        heading, bend = rng.uniform(0, 2 * np.pi), rng.gamma(2.0, lean / 2) * tall
        rise = tall * (along - 0.25 * (bend / tall) * along**2)
        reach = bend * along**2
        points = np.stack(
            [
                x + np.cos(heading) * reach,
                np.maximum(rise, 0.01 * tall),
                z + np.sin(heading) * reach,
            ],
            axis=1,
        )
        tone = rng.uniform(0.55, 1.35)
        tip, root = np.asarray(light) * tone, np.asarray(dark) * tone
        if rng.random() < dry:
            tip, root = np.asarray((0.42, 0.36, 0.16)) * tone, np.asarray((0.2, 0.16, 0.06)) * tone
        blades.append(
            Stroke(
                points.astype(np.float32),
                width * rng.uniform(0.6, 1.3),
                tuple(root),
                tuple(tip),
                0.9,
            )
        )
    return blades


def dimmed(colour: Vector, share: float) -> Vector:
    """The colour with only ``share`` of its light."""
    red, green, blue = colour
    return red * share, green * share, blue * share


def shaded(scene: Scene, strokes: list[Stroke]) -> list[Stroke]:
    """The strokes darkened where the scene's parts keep the sun from their middles."""
    middles = np.stack([stroke.points[len(stroke.points) // 2] for stroke in strokes], axis=1)
    sun = column(scene.light.direction)
    lit = 0.3 + 0.7 * scene.shadow(middles.astype(np.float32), sun / np.linalg.norm(sun))
    return [
        replace(
            stroke,
            root=dimmed(stroke.root, share),
            tip=dimmed(stroke.tip, share),
        )
        for stroke, share in zip(strokes, lit, strict=True)
    ]


def tree(
    rng: np.random.Generator,
    foot: Vector,
    height: float,
    spread: float,
    dark: Vector = (0.008, 0.02, 0.005),
    light: Vector = (0.15, 0.21, 0.05),
    *,
    sun: Vector = (-0.5, 0.8, 0.4),
    leaves: int = 3500,
    leaf: float = 0.22,
) -> list[Stroke]:
    """A broad-leaved tree: trunk, limbs, and leaves on clumps that are lit from the sun's side."""
    ground = np.asarray(foot)
    to_sun = np.asarray(sun) / np.linalg.norm(sun)
    top = ground + np.asarray((0, height * 0.62, 0))
    bark_dark, bark_light = (0.03, 0.022, 0.015), (0.06, 0.045, 0.03)
    strokes = [
        Stroke(
            np.linspace(ground, top, 5).astype(np.float32),
            height * 0.06,
            bark_light,
            bark_dark,
            0.6,
        )
    ]
    for _ in range(14):
        middle = ground + np.asarray((0, height * rng.uniform(0.35, 0.7), 0))
        away = rng.normal(0, 1, 3)
        away[1] = abs(away[1])
        end = middle + away / np.linalg.norm(away) * spread * rng.uniform(0.5, 0.9)
        limb = np.linspace(middle, end, 4).astype(np.float32)
        strokes.append(Stroke(limb, height * 0.02, bark_light, bark_dark, 0.7))
    crown = np.asarray((spread, height * 0.36, spread))
    middle = ground + np.asarray((0, height * 0.64, 0))
    for _ in range(34):
        away = rng.normal(0, 1, 3)
        away /= np.linalg.norm(away)
        centre = middle + away * crown * rng.uniform(0.35, 0.85)
        radius = spread * rng.uniform(0.2, 0.42)
        shade = rng.uniform(0.55, 1.1)
        for normal in rng.normal(0, 1, (leaves // 34, 3)):
            normal = normal / np.linalg.norm(normal)
            spot = centre + normal * radius * rng.uniform(0.55, 1.12) * (1, 0.8, 1)
            outward = (spot - middle) / crown
            sunny = 0.55 * normal @ to_sun + 0.45 * outward @ to_sun
            tone = np.clip(0.25 + 0.65 * sunny + rng.normal(0, 0.2), 0, 1.2)
            colour = np.asarray(dark) + (np.asarray(light) - np.asarray(dark)) * tone * shade
            colour = tuple(colour * rng.normal(1, 0.1, 3))
            step = rng.normal(0, 1, 3) * leaf * 0.6
            strokes.append(
                Stroke(np.stack([spot, spot + step]).astype(np.float32), leaf, colour, colour, 0.4)
            )
    return strokes
