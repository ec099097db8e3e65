"""An old gas pump beside a brick wall."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rendering.decals import bricks, concrete, front, linear, sample, weathered, write
from rendering.film import defocus, develop, draw_strokes, shrink
from rendering.noise import Array
from rendering.outdoors import grass, sky
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Vector, box, chain, column, cut, cylinder, rod, union

LOWER, WHITE = "#1d4f91", "#e9e6dc"


def face() -> Image.Image:
    """The pump's front, 0.80 × 1.50 m at 1000 px per metre."""
    art = Image.new("RGB", (800, 1500), WHITE)
    pen = ImageDraw.Draw(art)
    pen.rectangle((0, 0, 800, 150), fill="#b81f24")
    write(pen, (400, 75), "REGULAR", 110, WHITE)
    pen.rectangle((0, 150, 800, 164), fill="#666")
    pen.rounded_rectangle((70, 200, 730, 640), 20, fill="#26282b", outline="#9a9a96", width=14)
    for row, (label, digits) in enumerate(
        (("TOTAL SALE  $", "12.40"), ("GALLONS", "10.33"), ("PRICE", "1.199"))
    ):
        top = 230 + row * 135
        size = 84 if row < 2 else 56
        pen.rectangle((330, top, 690, top + 105), fill="#0c0c0c", outline="#777", width=5)
        for i, digit in enumerate(digits):
            x = 366 + i * 72
            pen.rectangle(
                (x - 28, top + 12, x + 28, top + 93), fill="#efece0" if digit != "." else "#0c0c0c"
            )
            write(pen, (x, top + 52), digit, size, "#111" if digit != "." else "#eee")
        write(pen, (205, top + 52), label, 30, "#ddd")
    for x, text in ((170, "87"), (400, "PUSH"), (630, "2")):
        pen.rectangle(
            (x - 70, 672, x + 70, 740),
            fill="#e3b81f" if x == 170 else "#d9d7d0",
            outline="#555",
            width=4,
        )
        write(pen, (x, 706), text, 44, "#111")
    pen.rectangle((0, 770, 800, 800), fill="#8d8f90")
    pen.rectangle((0, 800, 800, 1500), fill=LOWER)
    pen.ellipse((230, 880, 570, 1220), fill=WHITE, outline="#b81f24", width=26)
    write(pen, (400, 1050), "GAS", 120, "#b81f24")
    pen.rectangle((60, 1320, 740, 1400), fill="#d9d7d0")
    write(pen, (400, 1360), "NO SMOKING  -  STOP MOTOR", 42, "#a11")
    return art


def house() -> Image.Image:
    """Window and door of the building, 8 × 4 m at 100 px per metre, black where it is brick."""
    art = Image.new("RGB", (800, 400))
    pen = ImageDraw.Draw(art)
    pen.rectangle((90, 90, 330, 290), fill="#dad6c8")
    for i in range(3):
        for j in range(2):
            pen.rectangle((102 + 76 * i, 102 + 94 * j, 166 + 76 * i, 184 + 94 * j), fill="#2f3b41")
            pen.polygon(
                (
                    (112 + 76 * i, 184 + 94 * j),
                    (150 + 76 * i, 102 + 94 * j),
                    (166 + 76 * i, 102 + 94 * j),
                    (134 + 76 * i, 184 + 94 * j),
                ),
                fill="#5a6c74",
            )
    pen.rectangle((600, 130, 730, 400), fill="#dad6c8")
    pen.rectangle((612, 142, 718, 400), fill="#41584a")
    pen.rectangle((628, 160, 702, 250), fill="#29343a")
    return art


def hang(start: Vector, end: Vector, out: float, drop: float) -> list[Vector]:
    """A hose as a cubic Bézier curve that swings ``out`` to the right and falls by ``drop``."""
    a, d = np.asarray(start), np.asarray(end)
    b = a + np.asarray((out * 1.6, 0.1 - drop * 0.2, 0))
    c = d + np.asarray((out, -drop, 0.1))
    t = np.linspace(0, 1, 24)[:, None]
    curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
    return [(float(x), float(y), float(z)) for x, y, z in curve]


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 480 × 640."""
    rng = np.random.default_rng(5)
    body = union(
        box((0, 0.85, 0), (0.8, 1.5, 0.5), 0.035),
        box((0, 1.62, 0), (0.86, 0.06, 0.56), 0.02),
        box((0, 0.83, 0.0), (0.82, 0.05, 0.52), 0.01),
    )
    art = front(face(), -0.4, 0.4, 1.6, 0.1, 0.2, (0.55, 0.54, 0.5))

    def paint(p: Array) -> Array:
        rgb = art(p)
        sides = (p[2] <= 0.2) & (p[1] < 0.8)
        rgb[:, sides] = linear(Image.new("RGB", (1, 1), LOWER))[0, 0][:, None]
        rgb[:, p[1] > 1.59] = column((0.5, 0.5, 0.5))
        return rgb

    bezel = cut(
        box((0, 1.18, 0.25), (0.72, 0.5, 0.05), 0.015), box((0, 1.18, 0.28), (0.65, 0.43, 0.2))
    )
    holster = box((0.43, 1.2, 0.02), (0.1, 0.34, 0.2), 0.02)
    droop = hang((0.4, 1.56, -0.05), (0.5, 1.12, 0.17), 0.34, 1.25)
    hose = chain([(0.25, 1.6, -0.05), *droop], 0.022)
    end = droop[-1]
    nozzle = union(
        rod(end, (0.5, 1.32, 0.13), 0.035),
        rod((0.5, 1.32, 0.13), (0.46, 1.42, 0.05), 0.026),
        rod((0.52, 1.14, 0.18), (0.58, 1.3, 0.13), 0.012),
    )
    wall_art = linear(house())
    masonry = bricks((0.33, 0.1, 0.065), (0.36, 0.33, 0.28), 3)

    def wall_colour(p: Array) -> Array:
        rgb = masonry(p)
        u, v = (p[0] + 4.6) / 8, (4 - p[1]) / 4
        on = (u > 0) & (u < 1) & (v > 0) & (v < 1)
        drawn = sample(wall_art, u[on], v[on])
        solid = drawn.sum(axis=0) > 0.01
        index = np.flatnonzero(on)[solid]
        rgb[:, index] = drawn[:, solid]
        return rgb

    island = box((0.1, 0.05, 0), (2.6, 0.14, 1.3), 0.04)
    post = cylinder((-1.05, 0, 0.35), (-1.05, 0.85, 0.35), 0.075, 0.03)
    scene = Scene(
        (
            Part(
                body,
                Material(
                    weathered(paint, (0.16, 0.07, 0.03), 0.12, 2.5, 4), gloss=0.3, shininess=60
                ),
                ((0, 0.85, 0), 1.0),
            ),
            Part(
                bezel,
                Material((0.5, 0.5, 0.5), gloss=0.7, shininess=70, mirror=0.2),
                ((0, 1.18, 0.25), 0.5),
            ),
            Part(holster, Material((0.05, 0.05, 0.055), gloss=0.2), ((0.43, 1.2, 0.02), 0.3)),
            Part(
                hose,
                Material((0.012, 0.012, 0.013), gloss=0.25, shininess=30),
                ((0.55, 0.95, 0.1), 0.8),
            ),
            Part(
                nozzle,
                Material((0.2, 0.2, 0.21), gloss=0.6, shininess=60, mirror=0.16),
                ((0.5, 1.25, 0.1), 0.35),
            ),
            Part(island, Material(concrete((0.5, 0.48, 0.44), 9))),
            Part(post, Material((0.6, 0.4, 0.03), gloss=0.15)),
            Part(box((0, 2, -4.2), (20, 4.4, 0.2)), Material(wall_colour)),
        ),
        Light(
            (-0.55, 0.75, 0.75),
            sun=(2.5, 2.35, 2.05),
            sky=(0.42, 0.5, 0.65),
            bounce=(0.2, 0.19, 0.17),
        ),
        sky((0.1, 0.25, 0.6), (0.6, 0.7, 0.85), cloud_cover=0.4, seed=2),
        ground=Material(concrete((0.3, 0.29, 0.28), 14)),
        bounds=((-7, -0.1, -4.4), (7, 4.3, 1.0)),
    )
    camera = Camera((1.55, 1.45, 3.6), (0.12, 0.95, 0), 31, 480 * scale, 640 * scale, roll=0.8)
    rgb, depth = render(scene, camera, reach=0.35)
    spots = np.stack([rng.uniform(-5, 4, 1500), rng.normal(-3.9, 0.12, 1500)], 1)
    weeds = grass(rng, spots, 0.3, 0.02, (0.02, 0.04, 0.01), (0.14, 0.19, 0.05), dry=0.3)
    spots = np.stack([rng.uniform(-1.3, 1.5, 150), rng.normal(0.68, 0.02, 150)], 1)
    weeds += grass(rng, spots, 0.1, 0.012, (0.02, 0.04, 0.01), (0.14, 0.19, 0.05), dry=0.3)
    draw_strokes(rgb, depth, camera, weeds)
    rgb = defocus(rgb, depth, 3.8, 22 * scale, 40)
    return develop(shrink(rgb, scale), exposure=0.72, seed=4)
