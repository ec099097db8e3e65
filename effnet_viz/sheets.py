"""A contact sheet: one photo and its maps, with captions, weights and settings printed on it."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from effnet_viz.figures import ROLE_COLOURS
from effnet_viz.images import Square, square
from effnet_viz.overlays import framed, overlay
from effnet_viz.results import CamResult

TILE_PX = 320
GAP_PX = 16
CAPTION_LINES = 4
LINE_PX = 18
INK, PAPER, FAINT = "#1C1B29", "#FFFFFF", "#5B5A6B"


def contact_sheet(
    photo: Image.Image,
    results: Sequence[CamResult],
    *,
    seen: Square | None = None,
    opacity: float = 0.55,
    columns: int = 3,
) -> Image.Image:
    """An RGB picture: the photo first, then one tile per result, ``columns`` wide.

    ``seen`` is the square the models saw (default: the centre one). Every map is scaled by its own
    maximum, which the sheet says; a result without evidence shows no map.
    """
    seen = seen or square(*photo.size)
    tiles = [(framed(photo, seen, TILE_PX), ["The photo", "bright: what the models see"], INK)]
    for result in results:
        tiles.append(
            (
                overlay(photo, seen, result, opacity=opacity, longest_px=TILE_PX),
                caption_lines(result),
                ROLE_COLOURS.get(result.role, INK),
            )
        )
    rows = -(-len(tiles) // columns)
    cell = (TILE_PX + GAP_PX, max(t[0].height for t in tiles) + CAPTION_LINES * LINE_PX + GAP_PX)
    footer = LINE_PX * 2
    sheet = Image.new("RGB", (columns * cell[0] + GAP_PX, rows * cell[1] + GAP_PX + footer), PAPER)
    draw = ImageDraw.Draw(sheet)
    bold, plain = ImageFont.load_default(15), ImageFont.load_default(13)
    for index, (picture, lines, colour) in enumerate(tiles):
        x = GAP_PX + index % columns * cell[0]
        y = GAP_PX + index // columns * cell[1]
        sheet.paste(picture, (x, y))
        y += picture.height + 4
        draw.rectangle((x, y + 3, x + 9, y + 12), fill=colour)
        draw.text((x + 15, y), lines[0], fill=INK, font=bold)
        for number, line in enumerate(lines[1:], start=1):
            draw.text((x + 15, y + number * LINE_PX), line, fill=FAINT, font=plain)
    method = results[0].method if results else ""
    draw.text(
        (GAP_PX, sheet.height - footer),
        f"{method}; each map scaled by its own maximum, opacity {opacity:.2f}",
        fill=FAINT,
        font=plain,
    )
    return sheet


def caption_lines(result: CamResult) -> list[str]:
    """What stands under a map: model, class and probability, stage and grid, weights."""
    rows, columns = result.grid
    first = f"{result.role}: {result.model}" if result.model != result.role else result.model
    return [
        first,
        f"{result.target_class}: {100 * result.probability:.1f} %"
        + ("" if result.evidence else ", no evidence"),
        f"stage {result.target_stage}, {rows} x {columns} grid, {result.resolution_px} px",
        result.weights,
    ]
