"""A photo's square as a chart on which a box can be drawn. No torch, no streamlit."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from effnet_viz.engine.images import Square, crop

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
