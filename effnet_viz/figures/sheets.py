"""Contact sheets: maps of one photo, or of many, with captions, weights and settings printed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from effnet_viz.engine.images import Square, square
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult
from effnet_viz.evidence.splits import Box
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.figures.overlays import Colours, framed, overlay

TILE_PX = 320
SMALL_TILE_PX = 200
GAP_PX = 16
LINE_PX = 18
CAPTION_CHARS = 46
#: Characters that Pillow's own font has not.
SPELT = str.maketrans({"×": "x", "φ": "phi", "–": "-", "“": '"', "”": '"'})
INK, PAPER, FAINT = "#1C1B29", "#FFFFFF", "#5B5A6B"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One photo of a sheet of many: its title, the square the models saw, and their maps."""

    title: str
    photo: Image.Image
    seen: Square
    results: tuple[CamResult, ...]


@dataclass(frozen=True, slots=True)
class _Tile:
    picture: Image.Image
    lines: list[str]
    colour: str


def contact_sheet(
    photo: Image.Image,
    results: Sequence[CamResult],
    *,
    seen: Square | None = None,
    opacity: float = 0.55,
    columns: int = 3,
    colours: Colours = "inferno",
    raw_grid: bool = False,
    scaled: str = "each map scaled by its own maximum",
    pictures: Sequence[Image.Image] | None = None,
    settings: Sequence[str] = (),
) -> Image.Image:
    """An RGB picture: the photo first, then one tile per result, ``columns`` wide.

    ``seen`` is the square the models saw (default: the centre one). ``scaled`` says how values
    became shades; a result without evidence shows no map.
    ``pictures`` are the results as painted elsewhere, at most ``TILE_PX`` long; by default they are
    painted here. ``settings`` are further lines for the foot of the sheet.
    """
    seen = seen or square(*photo.size)
    tiles = [_Tile(framed(photo, seen, TILE_PX), ["The photo", "bright: what models see"], INK)]
    if pictures is None:
        pictures = [
            overlay(
                photo,
                seen,
                result,
                opacity=opacity,
                colours=colours,
                raw_grid=raw_grid,
                longest_px=TILE_PX,
            )
            for result in results
        ]
    for result, picture in zip(results, pictures, strict=True):
        colour = ROLE_COLOURS.get(result.role, INK)
        tiles.append(_Tile(picture, caption_lines(result), colour))
    method = METHODS[results[0].method].title if results else ""
    foot = [f"{method}; {scaled}, opacity {opacity:.2f}, colours {colours}", *settings]
    return _laid_out(tiles, foot, columns)


def photos_sheet(
    rows: Sequence[SheetRow],
    *,
    opacity: float = 0.55,
    colours: Colours = "inferno",
    raw_grid: bool = False,
    settings: Sequence[str] = (),
) -> Image.Image:
    """An RGB picture of photos (down) × models (across); each map scaled by its own maximum.

    Every row has as many results as the first, of the same models in the same order.
    """
    tiles = []
    for row in rows:
        picture = framed(row.photo, row.seen, SMALL_TILE_PX)
        tiles.append(_Tile(picture, [*textwrap.wrap(row.title, 26)[:2]], INK))
        for result in row.results:
            mapped = overlay(
                row.photo,
                row.seen,
                result,
                opacity=opacity,
                colours=colours,
                raw_grid=raw_grid,
                longest_px=SMALL_TILE_PX,
            )
            says = f"{result.target_class} {100 * result.probability:.0f} %"
            if not result.evidence:
                says = f"{result.target_class}: no evidence"
            lines = [result.model, *textwrap.wrap(says, 26)[:2]]
            tiles.append(_Tile(mapped, lines, ROLE_COLOURS.get(result.role, INK)))
    models = rows[0].results if rows else ()
    weights = "; ".join(f"{result.model}: {result.weights}" for result in models)
    method = METHODS[models[0].method].title if models else ""
    stage = models[0].target_stage if models else 0
    foot = [
        f"{method}, stage {stage}; each map scaled by its own maximum, opacity {opacity:.2f}",
        weights,
    ]
    return _laid_out(tiles, [*foot, *settings], 1 + len(models), SMALL_TILE_PX)


def _laid_out(
    tiles: Sequence[_Tile], foot: Sequence[str], columns: int, tile_px: int = TILE_PX
) -> Image.Image:
    """The tiles in a grid whose rows are as high as they need, and the foot's lines below."""
    width = columns * (tile_px + GAP_PX) + GAP_PX
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    heights = [
        max(t.picture.height + len(t.lines) * LINE_PX for t in row) + GAP_PX + 8 for row in rows
    ]
    printed = [line for text in foot for line in textwrap.wrap(text, (width - 2 * GAP_PX) // 7)]
    height = GAP_PX + sum(heights) + LINE_PX * len(printed) + GAP_PX
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    bold, plain = ImageFont.load_default(15), ImageFont.load_default(13)
    top = GAP_PX
    for row, row_height in zip(rows, heights, strict=True):
        for index, tile in enumerate(row):
            x, y = GAP_PX + index * (tile_px + GAP_PX), top
            sheet.paste(tile.picture, (x, y))
            y += tile.picture.height + 4
            draw.rectangle((x, y + 3, x + 9, y + 12), fill=tile.colour)
            for number, line in enumerate(tile.lines):
                ink, font = (FAINT, plain) if number else (INK, bold)
                draw.text(
                    (x + 15, y + number * LINE_PX), line.translate(SPELT), fill=ink, font=font
                )
        top += row_height
    for number, line in enumerate(printed):
        draw.text((GAP_PX, top + number * LINE_PX), line.translate(SPELT), fill=FAINT, font=plain)
    return sheet


def caption_lines(result: CamResult) -> list[str]:
    """What stands under a map: model, class and probability, stage and grid, weights."""
    rows, columns = result.grid
    first = f"{result.role}: {result.model}" if result.model != result.role else result.model
    says = f"{result.target_class}: {100 * result.probability:.1f} %"
    return [
        first,
        says + ("" if result.evidence else ", no evidence"),
        f"stage {result.target_stage}, {rows} x {columns} grid, {result.resolution_px} px",
        *textwrap.wrap(result.weights, CAPTION_CHARS),
    ]


def boxed(picture: Image.Image, photo_size: tuple[int, int], seen: Square, box: Box) -> Image.Image:
    """A picture of the whole photo with a rectangle on it, given in fractions of the square."""
    ratio = picture.width / photo_size[0]
    left, top = seen.left + box.x0 * seen.side, seen.top + box.y0 * seen.side
    right, bottom = seen.left + box.x1 * seen.side, seen.top + box.y1 * seen.side
    marked = picture.copy()
    corners = [round(edge * ratio) for edge in (left, top, right, bottom)]
    corners[2:] = [max(a, b - 1) for a, b in zip(corners[:2], corners[2:], strict=True)]
    draw = ImageDraw.Draw(marked)
    width = max(2, picture.width // 200)
    draw.rectangle((corners[0] - 1, corners[1] - 1, corners[2] + 1, corners[3] + 1), outline=INK)
    draw.rectangle(tuple(corners), outline="#FFFFFF", width=width)
    return marked
