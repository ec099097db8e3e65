"""Renders the sample pictures and writes their catalogue.

    python assets/samples/render.py [NAME ...]

Every pixel is computed here: shapes are ray marched with numpy, labels are drawn with Pillow's own
font. Nothing is fetched, traced or copied, and every random choice is seeded, so that a second run
writes the same files. All of it takes some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageOps
from rendering import (
    cassette_player,
    church,
    french_horn,
    garbage_truck,
    gas_pump,
    golf_ball,
    parachute,
    springer,
    tench,
)
from rendering.film import to_webp

FOLDER = Path(__file__).resolve().parent
CATALOGUE = FOLDER / "samples.json"
MAX_BYTES = 80_000


@dataclass(frozen=True)
class Entry:
    """One row of the catalogue; ``true_label`` is the Imagenette class the picture shows, and
    ``also_shows`` the second one of a picture made of two."""

    name: str
    title: str
    true_label: str
    file: str
    alt: str
    licence: str = "CC0: rendered by this project"
    source: str = "assets/samples/render.py"
    also_shows: str | None = None


def entry(name: str, title: str, true_label: str, alt: str) -> Entry:
    """A row whose file is named after the picture."""
    return Entry(name, title, true_label, f"{name}.webp", alt)


def side_by_side(left: str, right: str, side_px: int = 512) -> Image.Image:
    """The middles of two pictures that are rendered already, as the halves of a square."""
    whole = Image.new("RGB", (side_px, side_px))
    half = (side_px // 2, side_px)
    for at, name in ((0, left), (side_px // 2, right)):
        with Image.open(FOLDER / f"{name}.webp") as picture:
            whole.paste(
                ImageOps.fit(picture.convert("RGB"), half, Image.Resampling.LANCZOS), (at, 0)
            )
    return whole


def church_and_horn() -> Image.Image:
    """Of all 72 ordered pairs, the one with the best-balanced sure disagreement: two of the five
    trained networks name one half and three the other, none with less than 61 %."""
    return side_by_side("church", "french-horn")


PICTURES: tuple[tuple[Entry, Callable[[], Image.Image]], ...] = (
    (
        Entry(
            "church-and-horn",
            "Church and French horn",
            "church",
            "church-and-horn.webp",
            "Two pictures side by side: on the left a white wooden church with a steeple, on the "
            "right a shiny brass French horn.",
            also_shows="French horn",
        ),
        church_and_horn,
    ),
    (
        entry(
            "golf-ball",
            "Golf ball",
            "golf ball",
            "A white dimpled golf ball, left of the middle, lies in short green grass in front of "
            "blurred trees.",
        ),
        golf_ball.picture,
    ),
    (
        entry(
            "parachute",
            "Parachute",
            "parachute",
            "A skydiver in a dark suit hangs by white lines under a red, white and blue parachute "
            "against a blue sky with clouds.",
        ),
        parachute.picture,
    ),
    (
        entry(
            "church",
            "Church",
            "church",
            "A white wooden church with a tall steeple, a cross and a red door stands on a lawn "
            "among trees.",
        ),
        church.picture,
    ),
    (
        entry(
            "french-horn",
            "French horn",
            "French horn",
            "A shiny brass French horn lies on dark red cloth, its bell opening to the lower "
            "right.",
        ),
        french_horn.picture,
    ),
    (
        entry(
            "garbage-truck",
            "Garbage truck",
            "garbage truck",
            "A garbage truck with a green body and a white cab stands on a street in front of "
            "trees.",
        ),
        garbage_truck.picture,
    ),
    (
        entry(
            "gas-pump",
            "Gas pump",
            "gas pump",
            "An old gas pump, white above and blue below, with a black hose on its right side, "
            "stands in front of a brick building.",
        ),
        gas_pump.picture,
    ),
    (
        entry(
            "cassette-player",
            "Cassette player",
            "cassette player",
            "A black portable radio cassette player with two round speakers, a handle and a tape "
            "behind its window stands on a wooden table.",
        ),
        cassette_player.picture,
    ),
    (
        entry(
            "tench",
            "Tench",
            "tench",
            "An olive and gold fish with a small red eye, a tench, lies on a dark landing net in "
            "brownish grass.",
        ),
        tench.picture,
    ),
    (
        entry(
            "english-springer",
            "English springer",
            "English springer",
            "A brown and white dog with long ears, an English springer spaniel, sits on a path in "
            "front of dry grass with its tongue out.",
        ),
        springer.picture,
    ),
)


def main() -> None:
    """Render the pictures named on the command line, or all of them, and rewrite the catalogue."""
    names = [row.name for row, _picture in PICTURES]
    parser = argparse.ArgumentParser(description="Render the sample pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names)}")
    chosen = parser.parse_args().names or names
    for name in chosen:
        if name not in names:
            parser.error(f"there is no picture {name!r}; choose from {', '.join(names)}")
    for row, picture in PICTURES:
        if row.name not in chosen:
            continue
        started = time.monotonic()
        image = picture()
        data = to_webp(image)
        if len(data) > MAX_BYTES:
            raise SystemExit(f"{row.file} is {len(data)} bytes, over {MAX_BYTES}.")
        (FOLDER / row.file).write_bytes(data)
        seconds = time.monotonic() - started
        print(f"{row.file}: {image.width}x{image.height}, {len(data)} bytes, {seconds:.0f} s")
    rows = [asdict(row) for row, _picture in PICTURES]
    CATALOGUE.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
