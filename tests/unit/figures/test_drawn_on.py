"""The layer of cells that a pointer reads lies where the map is painted, and tells the truth."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from effnet_viz.engine.images import Square
from effnet_viz.figures.drawn_on import POINTED_AT_MOST, cells_html, ranks
from effnet_viz.figures.overlays import without_a_cell
from effnet_viz.scaling.centres import tiles
from tests.unit.figures.test_overlays import STRIDE_32, result

VALUES = np.array([[0.5, 0.0, 2.0], [1.0, 0.5, 0.0], [0.0, 0.0, 0.25]])


def test_ranks_by_hand() -> None:
    assert ranks(result(VALUES, tiles(3))) == [[3, 6, 1], [2, 3, 6], [6, 6, 5]]


def test_every_cell_says_its_value_and_rank_in_reading_order() -> None:
    found = re.findall(r'data-says="([^"]+)"', cells_html(result(VALUES, tiles(3)), (90, 60),
                                                          Square(0, 0, 60)))  # fmt: skip
    assert len(found) == 9
    assert found[0] == "0.5, 25 % of the maximum; rank 3 of 9"
    assert found[2] == "2, 100 % of the maximum; rank 1 of 9"
    assert found[8] == "0.25, 12 % of the maximum; rank 5 of 9"


def test_the_layer_covers_what_has_a_cell_of_its_own() -> None:
    """The same part as the painted raw grid leaves in colour, on a photo wider than its square."""
    layer = cells_html(result(np.ones((7, 7)), STRIDE_32), (896, 448), Square(224, 0, 448))
    place = {key: float(at) for key, at in re.findall(r"(left|top|width|height): ([\d.]+)%", layer)}
    coloured = np.argwhere(~np.asarray(without_a_cell(result(np.ones((7, 7)), STRIDE_32), 448)))
    top, left = coloured.min(0)
    bottom, right = coloured.max(0) + 1
    assert place["left"] == pytest.approx(100 * (224 + left) / 896, abs=0.1)
    assert place["width"] == pytest.approx(100 * (right - left) / 896, abs=0.1)
    assert place["top"] == pytest.approx(100 * top / 448, abs=0.2)
    assert place["height"] == pytest.approx(100 * (bottom - top) / 448, abs=0.2)


def test_a_cell_that_the_border_cuts_is_smaller() -> None:
    """Cells of stride 32 lie round 0.5, 32.5, ... px: the first loses half of its own, but for that
    half pixel."""
    layer = cells_html(result(np.ones((7, 7)), STRIDE_32), (448, 448), Square(0, 0, 448))
    first, *others = (float(fr) for fr in re.findall(r"([\d.]+)fr", layer)[:7])
    assert others == pytest.approx([32 / 224] * 6, abs=1e-4)
    assert first == pytest.approx(16.5 / 224, abs=1e-4)


@pytest.mark.parametrize("shown", [True, False])
def test_no_layer_where_there_is_nothing_to_point_at(shown: bool) -> None:
    side = POINTED_AT_MOST + shown
    made = replace(result(np.ones((side, side)), tiles(side)), evidence=shown)
    assert cells_html(made, (100, 100), Square(0, 0, 100)) == ""
