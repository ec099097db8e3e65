"""An English springer spaniel sitting on a path."""

from __future__ import annotations

import numpy as np
from PIL import Image

from rendering.film import Stroke, defocus, develop, draw_strokes, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import foliage, grass, mix, ramp, shaded, turf
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import column, cone, cut, ellipsoid, melted, sphere, turned, union

LIVER, WHITE = (0.045, 0.017, 0.009), (0.72, 0.68, 0.62)


def coat(p: Array) -> Array:
    """Liver and white: brown head with a white blaze and muzzle, white chest and freckled legs."""
    x, y, z = p
    warp = fractal(p[0] * 9, p[1] * 9, p[2] * 9, octaves=3, seed=3) - 0.5
    patch = fractal(p[0] * 2.6, p[1] * 2.6, p[2] * 2.6, octaves=3, seed=14)
    head = ramp(y + 0.05 * warp, 1.16, 1.2)
    blaze = ramp(0.045 + 0.05 * np.clip(1.42 - y, 0, 1) - np.abs(x) + 0.04 * warp, -0.01, 0.02) * (
        z > 0.05
    )
    muzzle = ramp(z + 0.1 * (1.36 - y) + 0.06 * warp, 0.2, 0.24)
    pale_head = np.maximum(blaze, muzzle)
    bib = ramp(z + 0.14 - 1.3 * np.abs(x) + 0.25 * warp, 0.0, 0.06)
    pale_body = np.maximum(bib, ramp(patch, 0.6, 0.64))
    pale_body = np.maximum(pale_body, ramp(0.42 + 0.2 * warp - y, 0.0, 0.05) * (z > 0.0))
    pale = head * pale_head + (1 - head) * pale_body
    freckles = fractal(p[0] * 45, p[1] * 45, p[2] * 45, octaves=2, seed=21)
    spotted = ramp(freckles, 0.68, 0.76) * ((y < 0.5) | ((y > 1.15) & (z > 0.2))) * 0.8
    return mix(column(LIVER), column(WHITE), pale * (1 - spotted))


def comb(
    rgb: Array,
    depth: Array,
    camera: Camera,
    rng: np.random.Generator,
    inside: Array,
    count: int,
    long: float,
) -> list[Stroke]:
    """Hairs on what is rendered ``inside`` the mask: each takes the light of the spot it grows
    from and falls downwards, waving."""
    rows, cols = np.nonzero(inside)
    chosen = rng.integers(0, len(rows), count)
    rows, cols = rows[chosen], cols[chosen]
    away = depth[rows, cols]
    x = (cols + 0.5 - camera.width / 2) / camera.focal_px * away
    y = (camera.height / 2 - rows - 0.5) / camera.focal_px * away
    points = camera.axes.T @ np.stack([x, y, -away]) + column(camera.position)
    hairs = []
    along = np.linspace(0, 1, 5)
    for i in range(count):
        fall = np.asarray((rng.normal(0, 0.35), -1.0, rng.normal(0.1, 0.3)))
        size = long * rng.uniform(0.5, 1.3)
        wave = np.sin(along * rng.uniform(2, 5) + rng.uniform(0, 6)) * size * 0.12
        start = points[:, i] - (camera.axes[2] * -0.012)
        path = start + along[:, None] * fall * size + wave[:, None] * camera.axes[0]
        tone = rng.normal(1, 0.16)
        colour = rgb[rows[i], cols[i]]
        hairs.append(
            Stroke(
                path.astype(np.float32),
                0.007,
                tuple(colour * tone * 0.9),
                tuple(colour * tone * 1.12),
                0.8,
            )
        )
    return hairs


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 480 × 640."""
    rng = np.random.default_rng(23)
    both = (-1, 1)
    trunk = melted(
        0.1,
        ellipsoid((0, 0.72, -0.16), (0.27, 0.5, 0.32)),
        ellipsoid((0, 0.86, 0.02), (0.24, 0.3, 0.22)),
        ellipsoid((0, 0.35, -0.4), (0.33, 0.33, 0.36)),
        *(ellipsoid((s * 0.27, 0.24, -0.2), (0.15, 0.22, 0.32)) for s in both),
        cone((0, 1.0, -0.05), (0, 1.3, 0.02), 0.2, 0.15),
    )
    legs = union(
        *(
            melted(
                0.06,
                cone((s * 0.14, 0.72, 0.08), (s * 0.15, 0.1, 0.16), 0.1, 0.065),
                ellipsoid((s * 0.15, 0.055, 0.22), (0.085, 0.065, 0.13)),
            )
            for s in both
        ),
        *(ellipsoid((s * 0.32, 0.06, 0.1), (0.085, 0.07, 0.17)) for s in both),
    )
    skull = melted(
        0.05,
        ellipsoid((0, 1.42, 0.02), (0.165, 0.15, 0.185)),
        ellipsoid((0, 1.345, 0.22), (0.088, 0.082, 0.17)),
        *(ellipsoid((s * 0.052, 1.295, 0.28), (0.055, 0.065, 0.095)) for s in both),
        ellipsoid((0, 1.245, 0.2), (0.06, 0.05, 0.14)),
    )
    skull = cut(skull, *(sphere((s * 0.078, 1.425, 0.205), 0.03) for s in both))
    ears = union(
        *(
            turned(
                melted(
                    0.05,
                    ellipsoid((s * 0.19, 1.32, -0.01), (0.045, 0.17, 0.11)),
                    ellipsoid((s * 0.205, 1.17, 0.0), (0.05, 0.1, 0.11)),
                ),
                "z",
                s * 4,
                (s * 0.17, 1.45, 0),
            )
            for s in both
        )
    )
    eyes = union(*(sphere((s * 0.076, 1.425, 0.182), 0.031) for s in both))
    nose = melted(0.02, ellipsoid((0, 1.375, 0.385), (0.048, 0.036, 0.034)))
    tongue = melted(
        0.02,
        ellipsoid((0, 1.2, 0.33), (0.04, 0.02, 0.07)),
        ellipsoid((0, 1.155, 0.385), (0.038, 0.06, 0.016)),
    )
    leaves = foliage(3, scale=4.0, dark=(0.01, 0.025, 0.008), light=(0.1, 0.16, 0.05))
    whole = ((0, 0.75, 0), 1.0)
    fur = Material(coat)
    path = turf((0.14, 0.1, 0.065), (0.36, 0.29, 0.21), 1.6, 8)
    meadow = turf((0.08, 0.065, 0.035), (0.26, 0.22, 0.12), 0.5, 9)

    def verge(p: Array) -> Array:
        edge = -1.7 - p[2] + 0.8 * fractal(p[0], p[2], octaves=3, seed=41)
        return mix(path(p), meadow(p), ramp(edge, 0.0, 0.5))

    scene = Scene(
        (
            Part(trunk, fur, whole),
            Part(union(legs, skull), fur, whole),
            Part(
                ears,
                Material(lambda p: coat(np.stack([p[0], p[1] * 0 + 1.5, p[2] * 0 - 0.1]))),
                whole,
            ),
            Part(
                eyes,
                Material((0.02, 0.009, 0.004), gloss=1.0, shininess=120, mirror=0.05),
                ((0, 1.42, 0.18), 0.15),
            ),
            Part(
                nose,
                Material((0.025, 0.014, 0.012), gloss=0.7, shininess=40),
                ((0, 1.37, 0.38), 0.1),
            ),
            Part(tongue, Material((0.5, 0.13, 0.13), gloss=0.3), ((0, 1.2, 0.36), 0.15)),
        ),
        Light(
            (0.5, 0.8, 0.6),
            sun=(2.2, 2.05, 1.75),
            sky=(0.42, 0.48, 0.58),
            bounce=(0.12, 0.16, 0.07),
            softness=0.08,
        ),
        leaves,
        ground=Material(verge),
        bounds=((-0.6, -0.02, -0.85), (0.6, 1.65, 0.5)),
    )
    camera = Camera((0.75, 1.6, 4.0), (0.12, 0.86, 0), 25, 480 * scale, 640 * scale)
    rgb, depth = render(scene, camera, reach=0.25)
    _t, what = scene.hit(
        np.broadcast_to(column(camera.position), (3, rgb[..., 0].size)), camera.rays()
    )
    what = what.reshape(depth.shape)
    hairs = comb(rgb, depth, camera, rng, what == 0, 26000, 0.07)
    hairs += comb(rgb, depth, camera, rng, what == 1, 14000, 0.022)
    hairs += comb(rgb, depth, camera, rng, what == 2, 9000, 0.06)
    hidden = what >= 3
    kept = rgb[hidden].copy()
    draw_strokes(rgb, depth, camera, hairs, slices=60)
    rgb[hidden] = kept
    spots = np.stack([rng.uniform(-2.5, 2.5, 16000), rng.uniform(-7, -1.3, 16000)], 1)
    blades = grass(rng, spots, 0.09, 0.011, (0.05, 0.045, 0.02), (0.24, 0.2, 0.1), dry=0.4)
    draw_strokes(rgb, depth, camera, shaded(scene, blades), slices=40)
    rgb = defocus(rgb, depth, 3.95, 55 * scale, 30)
    return develop(shrink(rgb, scale), exposure=0.66, seed=10)
