"""A map is painted where its cells look."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.images import Square
from effnet_viz.evidence.results import CamResult
from effnet_viz.figures import overlays
from effnet_viz.scaling.centres import Centres, tiles

STRIDE_32 = Centres(0.5, 32, 224)
SIDE = 448


def result(raw: np.ndarray, centres: Centres) -> CamResult:
    return CamResult(
        family="imagenet", model="b0", role="baseline", weights="by hand", meaningful=True,
        device="cpu", resolution_px=224, method="gradcam", target_class="church", target_index=4,
        target_stage=9, grid=(len(raw), len(raw)), centres=centres,
        raw=tuple(map(tuple, raw.tolist())), raw_max=float(raw.max()), probability=0.5,
        evidence=True,
    )  # fmt: skip


def cell(row: int, column: int, size: int = 7) -> np.ndarray:
    values = np.zeros((size, size))
    values[row, column] = 1
    return values


def brightness(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"), dtype=float)


def test_a_smooth_map_is_brightest_at_its_cells_centre() -> None:
    painted = brightness(overlays.map_image(result(cell(2, 4), STRIDE_32), SIDE, colours="greys"))
    y, x = np.indices(painted.shape)
    found = [(painted * axis).sum() / painted.sum() + 0.5 for axis in (x, y)]
    assert found == pytest.approx([2 * 128.5, 2 * 64.5], abs=0.5)


def test_a_raw_cell_reaches_half_a_step_to_either_side() -> None:
    painted = overlays.map_image(
        result(cell(2, 4), STRIDE_32), SIDE, colours="greys", raw_grid=True
    )
    rows, columns = np.nonzero(brightness(painted) > 0)
    assert (columns.min(), columns.max() + 1) == (2 * 112.5, 2 * 144.5)
    assert (rows.min(), rows.max() + 1) == (2 * 48.5, 2 * 80.5)


def test_the_raw_grid_leaves_grey_what_has_no_cell() -> None:
    photo = Image.new("RGB", (SIDE, SIDE), (200, 40, 40))
    shown = np.asarray(
        overlays.overlay(
            photo, Square(0, 0, SIDE), result(np.ones((7, 7)), STRIDE_32), raw_grid=True,
            longest_px=SIDE,
        )
    ).astype(int)  # fmt: skip
    is_grey = (shown[..., 0] == shown[..., 1]) & (shown[..., 1] == shown[..., 2])
    expected = np.ones((SIDE, SIDE), dtype=bool)
    expected[: 2 * 208 + 1, : 2 * 208 + 1] = False
    assert np.array_equal(is_grey, expected)


def test_tiles_leave_nothing_out() -> None:
    mask = overlays.without_a_cell(result(np.ones((7, 7)), tiles(7)), SIDE)
    assert not np.asarray(mask).any()


def test_an_even_map_covers_the_whole_square_smoothly() -> None:
    painted = overlays.map_image(result(np.ones((7, 7)), STRIDE_32), SIDE, colours="greys")
    assert (brightness(painted) == 255).all()
