"""What a photo answers to a pointer: a box that is drawn, a map's cell with its value. No torch, no
streamlit.
"""

from __future__ import annotations

import base64
import io
from itertools import pairwise
from typing import Any

from PIL import Image

from effnet_viz.engine.images import Square, crop
from effnet_viz.evidence.results import CamResult

#: The side of the largest grid whose cells can be pointed at on a tile.
POINTED_AT_MOST = 32

#: A layer over the picture that comes before it in the same block.
CELLS_STYLE = """<style>
[data-testid="stVerticalBlock"]:has(> [data-testid="stElementContainer"] .cells) {
  position: relative;
}
[data-testid="stElementContainer"]:has(.cells) {
  position: absolute; top: 0; left: 0; width: 100% !important; z-index: 1;
}
[data-testid="stVerticalBlock"]:has(> [data-testid="stElementContainer"] .cells):hover
[data-testid="stElementToolbar"] { opacity: 1; pointer-events: auto; z-index: 2; }
.cells { position: relative; width: 100%; overflow: hidden; }
.cells > div { position: absolute; display: grid; }
.cells i:hover { outline: 2px solid white; outline-offset: -2px; }
.cells i:hover::after {
  content: attr(data-says); position: absolute; left: 0; right: 0; bottom: 0; padding: 2px 4px;
  background: rgba(0, 0, 0, 0.8); color: white; font: 12px/1.3 sans-serif; text-align: center;
  pointer-events: none;
}
</style>"""

DRAWING_PX = 300
#: Points that cannot be seen; without any, a selection is no event.
_TICKS = tuple(range(0, 101, 5))


def photo_to_draw_on(photo: Image.Image, square: Square) -> dict[str, Any]:
    """A plotly figure as a plain dict: the square, both axes in percent from the left and top."""
    seen = crop(photo, square).resize((DRAWING_PX, DRAWING_PX), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    seen.save(data, "WEBP", quality=80)
    source = f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
    axis = {"visible": False, "fixedrange": True}
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [x for x in _TICKS for _ in _TICKS],
                "y": [y for _ in _TICKS for y in _TICKS],
                "marker": {"opacity": 0},
                "hoverinfo": "skip",
            }
        ],
        "layout": {
            "width": DRAWING_PX,
            "height": DRAWING_PX,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "dragmode": "select",
            "xaxis": {**axis, "range": [0, 100]},
            "yaxis": {**axis, "range": [100, 0]},
            "images": [
                {
                    "source": source,
                    "xref": "x",
                    "yref": "y",
                    "x": 0,
                    "y": 0,
                    "sizex": 100,
                    "sizey": 100,
                    "sizing": "stretch",
                    "layer": "below",
                }
            ],
        },
    }


def ranks(result: CamResult) -> list[list[int]]:
    """The rank of every cell, 1 for the largest value; equal values share the best of theirs."""
    ordered = sorted((value for row in result.raw for value in row), reverse=True)
    first = {value: rank for rank, value in reversed(list(enumerate(ordered, start=1)))}
    return [[first[value] for value in row] for row in result.raw]


def cells_html(result: CamResult, photo_size: tuple[int, int], square: Square) -> str:
    """A layer of a map's cells for the picture of the whole photo: each tells its value and rank to
    a pointer. Empty where there is no evidence, or a cell would be too small to point at.

    Comes after `CELLS_STYLE`, once a page.
    """
    rows, columns = result.grid
    if not result.evidence or max(rows, columns) > POINTED_AT_MOST:
        return ""
    cells = "".join(
        f'<i data-says="{value:.3g}, {100 * value / result.raw_max:.0f} % of the maximum; '
        f'rank {rank} of {rows * columns}"></i>'
        for values, in_rank in zip(result.raw, ranks(result), strict=True)
        for value, rank in zip(values, in_rank, strict=True)
    )
    width, height = photo_size
    low, high = result.centres.own(columns)
    left, top = (square.left + low * square.side) / width, (square.top + low * square.side) / height
    across, down = (high - low) * square.side / width, (high - low) * square.side / height
    return (
        f'<div class="cells" aria-hidden="true" style="aspect-ratio: {width} / {height}">'
        f'<div style="left: {left:.4%}; top: {top:.4%}; width: {across:.4%}; height: {down:.4%}; '
        f'grid-template: {_tracks(result, rows)} / {_tracks(result, columns)}">{cells}</div></div>'
    )


def _tracks(result: CamResult, cells: int) -> str:
    """The sides of the cells: all alike, but for what a border cuts off."""
    between = [min(1.0, max(0.0, result.centres.at(cell - 0.5))) for cell in range(cells + 1)]
    return " ".join(f"{b - a:.5f}fr" for a, b in pairwise(between))
