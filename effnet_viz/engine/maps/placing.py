"""Maps brought to other places: each cell lies at its own centre. Loads no torch."""

from __future__ import annotations

from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from effnet_viz.scaling.centres import Centres, tiles

Array = NDArray[np.float32]

#: Where a frame's edge falls on that of a cell, floating point may miss it by less than this.
_DUST_DIGITS = 9


def resampled(
    values: NDArray[Any],
    centres: Centres,
    size: int,
    *,
    onto: Centres | None = None,
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> Array:
    """A map ``(n, n)`` at ``size × size`` places, float32: those centred as ``onto`` says, by
    default the tiles of the square.

    Between the centres values are interpolated (``NEAREST``: a place has the value of the cell
    centred nearest), beyond the outermost they stay what they are there. Where the places lie
    further apart than the cells, values are averaged rather than skipped.
    """
    places = onto or tiles(size)
    first, last = (
        round(centres.cell_at(places.at(end)) + 0.5, _DUST_DIGITS) for end in (-0.5, size - 0.5)
    )
    before, after = max(0, ceil(-first)), max(0, ceil(last - len(values)))
    held = np.pad(np.asarray(values, dtype=np.float32), (before, after), mode="edge")
    seen = (first + before, first + before, last + before, last + before)
    frame = Image.fromarray(held).resize((size, size), resampling, box=seen)
    return np.asarray(frame)
