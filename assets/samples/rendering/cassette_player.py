"""A portable radio cassette player on a table."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from rendering.decals import front, write
from rendering.film import defocus, develop, shrink
from rendering.noise import Array, fractal
from rendering.outdoors import mix, ramp
from rendering.raymarch import Camera, Light, Material, Part, Scene, render
from rendering.shapes import Shape, box, chain, column, cut, cylinder, ring, rod, turned, union

SPEAKERS = (-1.45, 1.45)


def face() -> Image.Image:
    """The front, 4.4 × 2.2 units at 300 px per unit: printed dial, labels and seams."""
    art = Image.new("RGB", (1320, 660), "#2d2e31")
    pen = ImageDraw.Draw(art)
    pen.rounded_rectangle((418, 40, 902, 150), 8, fill="#15181b", outline="#6b6d70", width=4)
    for row, (label, marks) in enumerate(
        (("FM", "88  92  96  100  104  108"), ("AM", "53   60   70   90  120  160"))
    ):
        y = 68 + row * 52
        write(pen, (446, y), label, 22, "#d7b15a")
        write(pen, (680, y), marks, 26, "#e9e7df")
        for x in range(480, 890, 12):
            pen.line((x, y + 16, x, y + 24), fill="#9aa", width=2)
    pen.rectangle((703, 48, 708, 142), fill="#e2401f")
    pen.rectangle((418, 560, 902, 628), fill="#3c3e42")
    for x, text in ((478, "VOLUME"), (600, "TONE"), (722, "BAND"), (842, "TUNING")):
        write(pen, (x, 616), text, 17, "#1a1a1a")
    write(pen, (230, 628), "STEREO", 26, "#333")
    write(pen, (1090, 628), "2-WAY 4 SPEAKER", 22, "#333")
    pen.rectangle((6, 6, 1314, 654), outline="#17181a", width=5)
    return art


def cassette() -> Image.Image:
    """The tape behind the door's window, 1.3 × 0.8 units."""
    art = Image.new("RGB", (520, 320), "#1a1a1c")
    pen = ImageDraw.Draw(art)
    pen.rounded_rectangle((30, 22, 490, 298), 12, fill="#2b2a2c", outline="#0e0e0e", width=4)
    pen.rectangle((52, 40, 468, 216), fill="#e8dfc8")
    pen.rectangle((52, 40, 468, 74), fill="#c2522b")
    write(pen, (260, 57), "C-60   TYPE I   SIDE A", 24, "#fff7e5")
    for y in (98, 116):
        pen.line((70, y, 450, y), fill="#777", width=2)
    pen.rounded_rectangle((110, 128, 410, 206), 38, fill="#161412")
    for x, tape in ((160, 66), (360, 40)):
        pen.ellipse((x - tape, 167 - tape, x + tape, 167 + tape), fill="#3a2417")
        pen.ellipse((x - 30, 137, x + 30, 197), fill="#f1efe6")
        pen.ellipse((x - 18, 149, x + 18, 185), fill="#161412")
        for a in np.arange(6) * np.pi / 3:
            dx, dy = np.cos(a), np.sin(a)
            pen.line(
                (x + 22 * dx, 167 + 22 * dy, x + 13 * dx, 167 + 13 * dy), fill="#f1efe6", width=6
            )
    pen.polygon(((120, 298), (140, 240), (380, 240), (400, 298)), fill="#242325")
    return art


def speaker_grille(p: Array) -> Array:
    """Perforated black metal over a darker cone."""
    pitch = 0.05
    row = np.floor(p[1] / pitch)
    u = (p[0] / pitch + 0.5 * (row % 2)) % 1 - 0.5
    v = (p[1] / pitch) % 1 - 0.5
    hole = ramp(np.hypot(u, v), 0.38, 0.3)
    x = np.where(p[0] < 0, p[0] - SPEAKERS[0], p[0] - SPEAKERS[1])
    radius = np.hypot(x, p[1] - 1.0)
    cone = np.where(radius < 0.26, 0.05, np.where(radius < 0.55, 0.018, 0.008))
    return mix(column((0.07, 0.072, 0.075)), np.stack([cone] * 3), hole)


def knurled(x: float, y: float, radius: float) -> Shape:
    """A ribbed knob on the front."""
    plain = cylinder((x, y, 0.5), (x, y, 0.72), radius, 0.02)
    return lambda p: plain(p) + 0.003 * np.cos(np.arctan2(p[1] - y, p[0] - x) * 16)


def wood(p: Array) -> Array:
    """Boards with grain along x."""
    board = np.floor(p[2] / 1.6)
    wave = fractal(p[0] * 0.35 + board * 7, p[2] * 2.2, octaves=3, seed=3)
    grain = fractal(p[0] * 1.2, p[2] * 26 + wave * 7, octaves=4, seed=5)
    tone = mix(
        column((0.3, 0.19, 0.1)),
        column((0.52, 0.36, 0.22)),
        ramp(grain * 0.7 + wave * 0.4, 0.25, 0.85),
    )
    return tone * np.where(np.abs(p[2] / 1.6 % 1 - 0.5) > 0.492, 0.4, 1)


def picture(scale: int = 2) -> Image.Image:
    """The finished picture, 640 × 480."""
    case = cut(
        box((0, 1.15, 0), (4.4, 2.2, 1.1), 0.12),
        *(cylinder((x, 1.0, 0.48), (x, 1.0, 0.8), 0.76) for x in SPEAKERS),
        box((0, 1.15, 0.55), (1.5, 0.98, 0.16), 0.02),
    )
    grilles = union(*(cylinder((x, 1.0, 0.3), (x, 1.0, 0.5), 0.75, 0.03) for x in SPEAKERS))
    chrome = union(
        *(ring((x, 1.0, 0.54), 0.77, 0.04) for x in SPEAKERS),
        cut(
            box((0, 1.15, 0.55), (1.5, 0.98, 0.1), 0.03),
            box((0, 1.15, 0.55), (1.32, 0.8, 0.4), 0.03),
        ),
        rod((1.75, 2.26, -0.35), (3.1, 3.9, -0.45), 0.025),
        cylinder((3.1, 3.9, -0.45), (3.16, 3.97, -0.455), 0.05, 0.01),
    )
    handle = union(
        chain(
            [
                (-1.95, 2.0, -0.15),
                (-1.95, 2.78, -0.2),
                (-1.75, 2.93, -0.2),
                (1.75, 2.93, -0.2),
                (1.95, 2.78, -0.2),
                (1.95, 2.0, -0.15),
            ],
            0.07,
        ),
        box((0, 2.94, -0.2), (2.6, 0.17, 0.24), 0.06),
    )
    keys = union(
        *(
            turned(box((x, 2.3, 0.28), (0.26, 0.16, 0.34), 0.03), "x", -12, (x, 2.3, 0.28))
            for x in np.linspace(-0.85, 0.55, 5)
        )
    )
    record_key = turned(box((0.9, 2.3, 0.28), (0.26, 0.16, 0.34), 0.03), "x", -12, (0.9, 2.3, 0.28))
    knobs = union(*(knurled(x, 0.32, 0.11) for x in (-0.61, -0.2, 0.2)), knurled(0.61, 0.34, 0.14))
    tweeters = union(*(cylinder((x, 1.98, 0.5), (x, 1.98, 0.58), 0.17, 0.02) for x in SPEAKERS))
    feet = union(
        *(box((x, 0.04, z), (0.4, 0.1, 0.2), 0.02) for x in (-1.7, 1.7) for z in (-0.3, 0.3))
    )
    silver = front(face(), -2.2, 2.2, 2.25, 0.05, 0.5, (0.03, 0.031, 0.034))
    tape = front(cassette(), -0.66, 0.66, 1.55, 0.75, 0.3, (0.02, 0.02, 0.02))
    bulk = ((0, 1.2, 0.2), 2.7)

    def wall(d: Array) -> Array:
        tone = fractal(d[0] * 5, d[1] * 5, octaves=3, seed=2)
        side = ramp(d[0], -0.5, 0.6)
        return mix(column((0.5, 0.5, 0.46)), column((0.22, 0.23, 0.24)), side) * (0.9 + 0.2 * tone)

    scene = Scene(
        (
            Part(case, Material(silver, gloss=0.45, shininess=40, mirror=0.04), bulk),
            Part(grilles, Material(speaker_grille, gloss=0.12), bulk),
            Part(
                box((0, 1.15, 0.46), (1.45, 0.95, 0.1)),
                Material(tape, gloss=0.3, shininess=120),
                bulk,
            ),
            Part(chrome, Material((0.75, 0.76, 0.78), gloss=1.0, shininess=90, mirror=0.6)),
            Part(union(handle, feet), Material((0.02, 0.02, 0.022), gloss=0.25, shininess=25)),
            Part(
                keys, Material((0.06, 0.06, 0.065), gloss=0.4, shininess=50), ((0, 2.3, 0.28), 1.3)
            ),
            Part(
                record_key,
                Material((0.5, 0.03, 0.02), gloss=0.4, shininess=50),
                ((0.9, 2.3, 0.28), 0.4),
            ),
            Part(
                knobs,
                Material((0.5, 0.5, 0.51), gloss=0.6, shininess=50, mirror=0.2),
                ((0, 0.35, 0.6), 1.0),
            ),
            Part(tweeters, Material((0.03, 0.03, 0.032), gloss=0.3), bulk),
        ),
        Light(
            (-0.5, 0.75, 0.65),
            sun=(1.9, 1.8, 1.6),
            sky=(0.5, 0.52, 0.55),
            bounce=(0.22, 0.17, 0.13),
            softness=0.22,
        ),
        wall,
        ground=Material(wood, gloss=0.35, shininess=30),
        bounds=((-2.4, -0.05, -0.9), (3.4, 4.1, 0.9)),
    )
    camera = Camera((0.6, 2.05, 8.4), (0.25, 1.5, 0), 30, 640 * scale, 480 * scale, roll=-1)
    rgb, depth = render(scene, camera, reach=0.45)
    rgb = defocus(rgb, depth, 8.3, 60 * scale, 25)
    return develop(shrink(rgb, scale), exposure=0.75, grain=0.016, seed=6)
