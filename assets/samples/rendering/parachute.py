"""A skydiver under a ram-air parachute."""

from __future__ import annotations

import numpy as np
from PIL import Image

from rendering.film import Stroke, develop, draw_strokes, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import sky
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import (
    Shape,
    Vector,
    box,
    cone,
    ellipsoid,
    melted,
    rod,
    sphere,
    union,
)

CELLS = 9
SPAN = np.radians(50)
RADIUS, CHORD = 5.0, 1.55
LIFT = 1.2  # height of the arc's centre above the jumper's shoulders


def canopy() -> Shape:
    """A wing bent to an arc: cells bulge between ribs, the nose is thicker than the tail."""

    def distance(p: Array) -> Array:
        x, y, z = p[0], p[1] - LIFT, p[2]
        angle = np.arctan2(x, y)
        out = np.sqrt(x * x + y * y) - RADIUS
        across = np.abs(np.sin((angle / SPAN + 1) / 2 * np.pi * CELLS))
        chord = z / (CHORD * (1 - 0.22 * (angle / SPAN) ** 4))
        thick = (0.24 + 0.16 * np.sqrt(across)) * (1.0 + 0.45 * chord)
        flat = np.sqrt((out / thick) ** 2 + np.minimum(chord**2, 9) ** 1.5) - 1
        end = (np.abs(angle) - SPAN) * (RADIUS + out)
        return np.maximum(flat * 0.22, end)

    return distance


def panels(p: Array) -> Array:
    """Cloth colours by cell, with a stripe along the nose and faint creases."""
    angle = np.arctan2(p[0], p[1] - LIFT)
    cell = np.clip(((angle / SPAN + 1) / 2 * CELLS).astype(int), 0, CELLS - 1)
    palette = np.asarray([(0.5, 0.015, 0.02), (0.75, 0.75, 0.75), (0.02, 0.06, 0.35)], np.float32)
    colours = palette[[0, 0, 1, 2, 2, 2, 1, 0, 0]][cell].T.copy()
    seam = np.abs(((angle / SPAN + 1) / 2 * CELLS) % 1 - 0.5) > 0.47
    colours[:, seam] *= 0.55
    crease = fractal(angle * 40, p[2] * 1.5, octaves=3, seed=8)
    return colours * (0.75 + 0.5 * crease)


def jumper(hip: Vector) -> list[Part]:
    """A hanging figure: helmet, suit, harness, arms up at the toggles."""
    x, y, z = hip

    def at(dx: float, dy: float, dz: float = 0.0) -> Vector:
        return x + dx, y + dy, z + dz

    suit = melted(
        0.08,
        ellipsoid(at(0, 0.3), (0.21, 0.36, 0.15)),
        cone(at(-0.1, 0.0), at(-0.17, -0.45, 0.16), 0.11, 0.085),
        cone(at(-0.17, -0.45, 0.16), at(-0.2, -0.88, 0.02), 0.085, 0.06),
        cone(at(0.1, 0.0), at(0.2, -0.42, 0.2), 0.11, 0.085),
        cone(at(0.2, -0.42, 0.2), at(0.26, -0.85, 0.1), 0.085, 0.06),
        cone(at(-0.2, 0.52), at(-0.4, 0.75, 0.1), 0.075, 0.06),
        cone(at(-0.4, 0.75, 0.1), at(-0.3, 1.06, 0.06), 0.06, 0.045),
        cone(at(0.2, 0.52), at(0.4, 0.75, 0.1), 0.075, 0.06),
        cone(at(0.4, 0.75, 0.1), at(0.3, 1.06, 0.06), 0.06, 0.045),
    )
    shoes = union(
        ellipsoid(at(-0.21, -0.95, 0.08), (0.07, 0.07, 0.15)),
        ellipsoid(at(0.27, -0.92, 0.16), (0.07, 0.07, 0.15)),
    )
    pack = union(
        box(at(0, 0.33, -0.17), (0.34, 0.5, 0.2), 0.06),
        rod(at(-0.12, 0.55, 0.13), at(-0.1, 0.0, 0.13), 0.03),
        rod(at(0.12, 0.55, 0.13), at(0.1, 0.0, 0.13), 0.03),
    )
    helmet = sphere(at(0, 0.83), 0.145)
    face = ellipsoid(at(0, 0.8, 0.06), (0.1, 0.12, 0.11))
    bound = (at(0, 0.1), 1.35)
    return [
        Part(suit, Material((0.03, 0.035, 0.06)), bound),
        Part(shoes, Material((0.3, 0.3, 0.32)), bound),
        Part(pack, Material((0.02, 0.02, 0.022)), bound),
        Part(helmet, Material((0.5, 0.02, 0.02), gloss=0.4, shininess=60), bound),
        Part(face, Material((0.4, 0.22, 0.15)), bound),
    ]


def lines(hip: Vector) -> list[Stroke]:
    """Suspension lines from every rib to the two risers, and the steering lines."""
    strokes = []
    for rib in range(CELLS + 1):
        angle = SPAN * (2 * rib / CELLS - 1)
        side = 0.22 if rib > CELLS / 2 else -0.22
        riser = np.add(hip, (side, 1.15, 0.02))
        for z in (-0.9, -0.3, 0.3, 0.9):
            r = RADIUS - 0.25
            top = np.asarray((np.sin(angle) * r, LIFT + np.cos(angle) * r, z * CHORD))
            points = np.linspace(riser, top, 10).astype(np.float32)
            strokes.append(Stroke(points, 0.016, (0.3, 0.3, 0.3), (0.5, 0.5, 0.5), 0.0))
    for side in (-1, 1):
        shoulder = np.add(hip, (side * 0.15, 0.55, 0.05))
        riser = np.add(hip, (side * 0.22, 1.15, 0.02))
        points = np.linspace(shoulder, riser, 6).astype(np.float32)
        strokes.append(Stroke(points, 0.05, (0.02, 0.02, 0.02), (0.02, 0.02, 0.02), 0.0))
    return strokes


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 480 × 640."""
    hip = (0.0, 0.0, 0.0)
    scene = Scene(
        (
            Part(canopy(), Material(panels, translucent=0.35, gloss=0.05)),
            *jumper(hip),
        ),
        Light(
            (0.5, 0.8, 0.45), sun=(2.6, 2.5, 2.3), sky=(0.55, 0.7, 1.0), bounce=(0.3, 0.36, 0.42)
        ),
        sky((0.05, 0.16, 0.5), (0.35, 0.52, 0.8), cloud_cover=0.35, cloud_size=1.1, seed=21),
        bounds=((-5.5, -1.4, -2.2), (5.5, 6.9, 2.2)),
        steps=160,
    )
    camera = Camera((-7.0, -7.0, 20.0), (0.9, 3.6, 0.0), 33, 480 * scale, 640 * scale, roll=-9)
    rgb, depth = render(scene, camera, reach=0.5)
    draw_strokes(rgb, depth, camera, lines(hip))
    return develop(shrink(rgb, scale), exposure=0.8, seed=2, vignette=0.35)
