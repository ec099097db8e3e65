"""Every measure against a case counted by hand, or another library's answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import norm, spearmanr
from torch.nn.functional import interpolate

from effnet_viz.engine.maps import metrics
from effnet_viz.evidence.results import CamResult
from effnet_viz.evidence.splits import Box
from effnet_viz.scaling.centres import Centres, tiles

LEFT_HALF = Box(0, 0, 0.5, 1)
CORNER = Box(0, 0, 0.25, 0.25)


#: A stride-32 map of 224 px: the last cell's centre is 31.5 px from the right edge.
STRIDE_32 = Centres(0.5, 32, 224)


def result_of(
    raw, *, evidence: bool = True, model: str = "baseline", centres: Centres | None = None
) -> CamResult:
    array = np.asarray(raw, dtype=float)
    return CamResult(
        family="classroom",
        model=model,
        role="baseline",
        weights="shipped",
        meaningful=True,
        device="cpu",
        resolution_px=96,
        method="gradcam",
        target_class="tench",
        target_index=0,
        target_stage=9,
        grid=array.shape,
        centres=centres or tiles(len(array)),
        raw=tuple(map(tuple, array.tolist())),
        raw_max=float(array.max()),
        probability=0.7,
        evidence=evidence,
    )


@pytest.mark.parametrize(("grid", "size"), [(3, 8), (7, 64), (12, 5), (112, 64), (6, 6)])
def test_a_frame_is_torchs_bilinear(grid, size):
    raw = np.random.default_rng(0).random((grid, grid), dtype=np.float32)
    expected = interpolate(
        torch.from_numpy(raw)[None, None], size=(size, size), mode="bilinear", antialias=True
    )[0, 0]
    frame = metrics.to_frame(raw, size)
    assert frame.dtype == np.float32
    assert np.allclose(frame, expected, atol=1e-5)


def test_a_frame_interpolates_between_the_cells_own_centres():
    generator = np.random.default_rng(1)
    raw = generator.random((7, 7), dtype=np.float32)
    centres = (np.arange(7) * 32 + 0.5) / 224
    places = (np.arange(64) + 0.5) / 64
    rows = np.array([np.interp(places, centres, row) for row in raw])
    expected = np.array([np.interp(places, centres, column) for column in rows.T]).T
    assert np.allclose(metrics.to_frame(raw, 64, STRIDE_32), expected, atol=1e-6)


def test_a_ramp_is_the_same_ramp_from_every_grid():
    """Cells that say where they are: frames of all networks say the same place, to the pixel."""
    places = (np.arange(48) + 0.5) / 48
    inner = slice(8, 38)
    for centres, cells in ((STRIDE_32, 7), (Centres(0.5, 32, 448), 14), (Centres(0.5, 16, 96), 6)):
        ramp = np.tile([centres.at(cell) for cell in range(cells)], (cells, 1))
        frame = metrics.to_frame(ramp, 48, centres)
        assert np.allclose(frame[:, inner], np.tile(places[inner], (48, 1)), atol=1e-6)


# --- boxes ---


def peak_at(row: int, column: int, size: int = 4) -> np.ndarray:
    values = np.zeros((size, size), dtype=np.float32)
    values[row, column] = 1
    return values


def test_pointing_asks_for_the_centre_of_the_brightest_cell():
    # the cell in row 0, column 1 has its centre at (0.375, 0.125)
    assert metrics.pointing_hit(peak_at(0, 1), [Box(0.37, 0.1, 0.38, 0.13)])
    assert not metrics.pointing_hit(peak_at(0, 1), [Box(0.38, 0.1, 0.5, 0.13)])
    assert not metrics.pointing_hit(peak_at(0, 1), [Box(0.37, 0.13, 0.38, 0.4)])
    assert not metrics.pointing_hit(peak_at(1, 0), [Box(0.37, 0.1, 0.38, 0.13)])
    assert metrics.pointing_hit(peak_at(3, 3), [CORNER, Box(0.8, 0.8, 1, 1)])
    assert not metrics.pointing_hit(np.zeros((4, 4)), [Box(0, 0, 1, 1)])


def test_energy_counts_the_exact_share_of_each_cell():
    even = np.ones((3, 3))
    assert metrics.energy_in_boxes(even, [LEFT_HALF]) == pytest.approx(0.5)
    assert metrics.energy_in_boxes(even, [Box(0.1, 0.2, 0.4, 0.9)]) == pytest.approx(0.21)
    # of the middle cell, 1/3 to 2/3, the box from 0.5 on covers half the width, all its height
    assert metrics.energy_in_boxes(peak_at(1, 1, 3), [Box(0.5, 0, 1, 1)]) == pytest.approx(0.5)
    two = peak_at(0, 0, 2) + 3 * peak_at(1, 1, 2)
    assert metrics.energy_in_boxes(two, [LEFT_HALF]) == pytest.approx(0.25)
    assert metrics.energy_in_boxes(two, [Box(0, 0, 1, 1)]) == pytest.approx(1)
    assert metrics.energy_in_boxes(np.zeros((2, 2)), [LEFT_HALF]) == 0
    assert metrics.energy_in_boxes(even, []) == 0


def test_boxes_that_overlap_count_once():
    boxes = [Box(0, 0, 0.6, 0.5), Box(0.4, 0, 1, 0.5), Box(0.1, 0.1, 0.2, 0.3)]
    assert metrics.energy_in_boxes(np.ones((7, 7)), boxes) == pytest.approx(0.5)


def test_energy_agrees_with_counting_fine_points():
    generator = np.random.default_rng(1)
    values = generator.random((5, 7))
    points = (np.arange(700) + 0.5) / 700
    fine = values[np.ix_((points * 5).astype(int), (points * 7).astype(int))]
    for _ in range(5):
        edges = np.sort(generator.random((3, 2, 2)), axis=1)
        boxes = [Box(e[0, 0], e[0, 1], e[1, 0], e[1, 1]) for e in edges]
        inside = np.zeros((700, 700), dtype=bool)
        for box in boxes:
            rows = (points > box.y0) & (points < box.y1)
            inside |= np.outer(rows, (points > box.x0) & (points < box.x1))
        expected = (fine * inside).sum() / fine.sum()
        assert metrics.energy_in_boxes(values, boxes) == pytest.approx(expected, abs=3e-3)


def test_the_box_of_a_map_is_around_its_largest_region():
    values = np.zeros((4, 4))
    values[0:2, 0:2] = 1  # four cells in the corner
    values[3, 3] = 2  # brighter, but alone; touching none
    # at 0.5 of the maximum the corner (0 to 0.5) and the single cell are regions; at 0.6 only it
    overlaps = metrics.best_box_iou(values, [Box(0, 0, 0.5, 0.5)], [0.5, 0.6])
    assert overlaps.tolist() == [1, 0]
    overlaps = metrics.best_box_iou(values, [Box(0, 0, 0.5, 1), Box(0.9, 0, 1, 0.1)], [0.5])
    assert overlaps == pytest.approx([0.5])
    # found 1/4 of the square, true box 1/4, shared 1/16: 1/16 over 7/16
    overlaps = metrics.best_box_iou(values, [Box(0.25, 0.25, 0.75, 0.75)], [0.5])
    assert overlaps == pytest.approx([1 / 7])


def test_regions_touch_at_corners_and_boxes_span_their_gaps():
    values = peak_at(0, 0) + peak_at(1, 1) + peak_at(1, 3)
    # (0, 0) and (1, 1) are one region with the box 0 to 0.5; (1, 3) is another, smaller one
    overlaps = metrics.best_box_iou(values, [Box(0, 0, 0.5, 0.5)], [0.9])
    assert overlaps == pytest.approx([1])


def test_the_map_is_scaled_by_its_minimum_too():
    values = 10 + peak_at(2, 2)
    assert metrics.best_box_iou(values, [Box(0.5, 0.5, 0.75, 0.75)], [0.5]) == [1]
    assert metrics.best_box_iou(np.full((4, 4), 3.0), [Box(0, 0, 1, 1)], [0.5, 0]).sum() == 0


def test_a_hit_is_asked_of_the_cells_own_centre():
    # row 3, column 1 of a stride-32 map: 32.5 px across, 96.5 px down
    x, y = 32.5 / 224, 96.5 / 224
    here = [Box(x - 0.01, y - 0.01, x + 0.01, y + 0.01)]
    assert metrics.pointing_hit(peak_at(3, 1, 7), here, STRIDE_32)
    assert not metrics.pointing_hit(peak_at(3, 1, 7), here)


def test_energy_and_boxes_follow_the_cells():
    cell = Box(16.5 / 224, 16.5 / 224, 48.5 / 224, 48.5 / 224)
    values = peak_at(1, 1, 7)
    assert metrics.energy_in_boxes(values, [cell], STRIDE_32) == pytest.approx(1)
    assert metrics.energy_in_boxes(values, [cell]) == pytest.approx((31.5 / 32 * 0.5) ** 2, abs=0.1)
    assert metrics.best_box_iou(values, [cell], [0.5], STRIDE_32) == pytest.approx([1])
    # what has no cell of its own is the last one's
    assert metrics.best_box_iou(
        peak_at(6, 6, 7), [Box(176.5 / 224, 176.5 / 224, 1, 1)], [0.5], STRIDE_32
    ) == pytest.approx([1])
    even = np.ones((7, 7))
    for box in (LEFT_HALF, CORNER, Box(0.1, 0.2, 0.4, 0.9)):
        area = (box.x1 - box.x0) * (box.y1 - box.y0)
        assert metrics.energy_in_boxes(even, [box], STRIDE_32) == pytest.approx(area)


# --- controls and intervals ---


def test_the_centre_control_is_a_bell_curve():
    curve = metrics.centre_gaussian(9)
    assert np.unravel_index(curve.argmax(), curve.shape) == (4, 4)
    assert np.allclose(curve, curve.T)
    assert np.allclose(curve, curve[::-1])
    # two cells off the centre of nine: 2/9 of the side, sigma a quarter of it
    assert curve[4, 6] == pytest.approx(math.exp(-((2 / 9) ** 2) / (2 * 0.25**2)), rel=1e-5)
    assert metrics.centre_gaussian(64).max() == 1


def test_the_interval_is_that_of_the_mean():
    # 400 values with mean 0.25, deviation 0.433: the mean's deviation is 0.433 / 20
    values = np.array([1.0] * 100 + [0.0] * 300)
    low, high = metrics.bootstrap_interval(values, seed=0)
    half = norm.ppf(0.975) * math.sqrt(0.25 * 0.75 / 400)
    assert (low, high) == pytest.approx((0.25 - half, 0.25 + half), abs=0.006)
    narrow = metrics.bootstrap_interval(values, seed=0, level=50)
    assert low < narrow[0] < 0.25 < narrow[1] < high
    assert metrics.bootstrap_interval(values, seed=0) == (low, high)
    assert metrics.bootstrap_interval([2, 2, 2], seed=1) == (2, 2)


# --- the numbers under a map ---


def test_the_best_quarter():
    assert metrics.best_quarter_share(np.ones((4, 4))) == pytest.approx(0.25)
    assert metrics.best_quarter_share(peak_at(0, 0)) == 1
    assert metrics.best_quarter_share(np.array([[4.0, 3, 2, 1]])) == pytest.approx(0.4)
    # of 9 cells 2.25 count: 9 + 8 + 7 / 4, of 45
    assert metrics.best_quarter_share(np.arange(1.0, 10).reshape(3, 3)) == pytest.approx(
        (9 + 8 + 7 / 4) / 45
    )
    assert metrics.best_quarter_share(np.ones((7, 7))) == pytest.approx(0.25)


def test_the_centroid():
    assert metrics.centroid(np.ones((5, 5))) == pytest.approx((0.5, 0.5))
    assert metrics.centroid(peak_at(0, 3)) == pytest.approx((0.875, 0.125))
    values = peak_at(0, 0, 2) + 3 * peak_at(0, 1, 2)  # x = (0.25 + 3 · 0.75) / 4
    assert metrics.centroid(values) == pytest.approx((0.625, 0.25))


def test_an_even_map_is_even_wherever_its_cells_lie():
    assert metrics.centroid(np.ones((7, 7)), STRIDE_32) == pytest.approx((0.5, 0.5))
    assert metrics.best_quarter_share(np.ones((7, 7)), STRIDE_32) == pytest.approx(0.25)


def test_the_centroid_is_that_of_the_cells_centres():
    values = peak_at(2, 1, 7) + 3 * peak_at(2, 4, 7)
    x = (32.5 + 3 * 128.5) / 4
    assert metrics.centroid(values, STRIDE_32) == pytest.approx((x / 224, 64.5 / 224))


def test_the_best_quarter_is_one_of_the_area():
    # four columns, nearest to 0.5, 32.5, 64.5, 96.5 px of 128: 16.5, 32, 32 and 47.5 px wide
    values = np.tile([1.0, 2, 4, 3], (4, 1))
    total = 16.5 + 2 * 32 + 4 * 32 + 3 * 47.5
    found = metrics.best_quarter_share(values, Centres(0.5, 32, 128))
    assert found == pytest.approx(4 * 32 / total)


def test_rank_correlation_is_spearmans_with_ties():
    generator = np.random.default_rng(0)
    a = np.maximum(generator.normal(size=(6, 6)), 0)  # half of it tied at zero, as after ReLU
    b = np.maximum(a + generator.normal(size=(6, 6)), 0)
    expected = spearmanr(a.astype(np.float32).ravel(), b.astype(np.float32).ravel()).statistic
    assert metrics.rank_correlation(a, b) == pytest.approx(expected)
    assert 0.1 < expected < 0.9
    assert metrics.rank_correlation(a, a**3) == pytest.approx(1)
    assert metrics.rank_correlation(a + 1, 1 / (a + 1)) == pytest.approx(-1)
    assert metrics.rank_correlation(a, np.ones((6, 6))) is None


def test_maps_of_different_grids_meet_on_the_coarser():
    coarse = np.array([[4.0, 1], [2, 3]])
    fine = np.kron(coarse, np.ones((8, 8)))
    assert metrics.rank_correlation(coarse, fine) == pytest.approx(1)
    assert metrics.rank_correlation(fine, coarse) == pytest.approx(1)


def test_maps_meet_where_their_cells_lie():
    """Every second cell of a fine grid has the centre of a coarse one's; tiles would be between."""
    generator = np.random.default_rng(2)
    fine = np.kron(generator.random((4, 4)), np.ones((2, 2)))
    fine_centres, coarse_centres = Centres(0.5, 16, 128), Centres(0.5, 32, 128)
    weights = np.array([0.25, 0.5, 0.25])  # a triangle, twice as wide as the coarse step
    padded = np.pad(fine, (1, 0), mode="edge")
    coarse = np.array(
        [
            [weights @ padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3] @ weights for j in range(4)]
            for i in range(4)
        ]
    )
    found = metrics.rank_correlation(fine, coarse, fine_centres, coarse_centres)
    assert found == pytest.approx(1)
    assert metrics.rank_correlation(coarse, fine, coarse_centres, fine_centres) == found
    # of the same grid nothing is interpolated
    other = generator.random((8, 8)).astype(np.float32)
    expected = spearmanr(fine.ravel(), other.ravel()).statistic
    same = metrics.rank_correlation(fine, other, fine_centres, fine_centres)
    assert same == pytest.approx(expected)


def test_all_numbers_of_a_map():
    raw = peak_at(0, 3) + 3 * peak_at(2, 3)
    other = peak_at(0, 3)
    found = metrics.map_numbers(result_of(raw), baseline=result_of(other), box=Box(0.75, 0, 1, 0.5))
    assert (found.probability, found.raw_max, found.best_quarter_share) == (0.7, 3, 1)
    assert found.centroid == pytest.approx((0.875, (0.125 + 3 * 0.625) / 4))
    assert found.rank_correlation == pytest.approx(spearmanr(raw.ravel(), other.ravel()).statistic)
    assert found.box_energy == pytest.approx(0.25)
    alone = metrics.map_numbers(result_of(raw))
    assert (alone.rank_correlation, alone.box_energy) == (None, None)


def test_a_map_without_evidence_has_no_numbers():
    faint = result_of(peak_at(0, 0) * 1e-9, evidence=False)
    found = metrics.map_numbers(faint, baseline=result_of(peak_at(0, 0)), box=CORNER)
    assert (found.probability, found.raw_max) == (0.7, faint.raw_max)
    assert (found.best_quarter_share, found.centroid, found.box_energy) == (None, None, None)
    other = metrics.map_numbers(result_of(peak_at(0, 0)), baseline=faint)
    assert other.rank_correlation is None
    assert metrics.difference(faint, result_of(peak_at(0, 0))) is None
    assert metrics.difference(result_of(peak_at(0, 0)), faint) is None


# --- differences and words ---


def test_a_difference_of_shares_adds_up_to_zero():
    """Each of the four values fills a quarter of the frame, so nothing is interpolated."""
    fine = np.ones((metrics.FRAME // 2, metrics.FRAME // 2))
    a = result_of(np.kron([[3.0, 1], [0, 0]], fine))
    b = result_of(np.kron([[10.0, 10], [0, 20]], fine))
    expected = np.array([[0.75 - 0.25, 0.25 - 0.25], [0, -0.5]]) / fine.size
    assert np.allclose(metrics.difference(a, b), np.kron(expected, fine))
    # by their maxima: 3 and 20
    expected = np.array([[1 - 0.5, 1 / 3 - 0.5], [0, -1]])
    assert np.allclose(metrics.difference(a, b, normalise="max"), np.kron(expected, fine))


def test_a_difference_knows_where_cells_lie():
    """One bump seen on a 7 × 7 grid and on a 14 × 14 grid, where strides put the cells: most of
    the difference is gone that tiles would show; the rest is interpolation."""
    coarse, fine = STRIDE_32, Centres(0.5, 32, 448)

    def bump(centres: Centres, cells: int) -> np.ndarray:
        distance = np.array([centres.at(cell) for cell in range(cells)]) - 0.45
        return np.outer(*[np.exp(-(distance**2) / (2 * 0.2**2))] * 2)

    placed, tiled = (
        metrics.difference(
            result_of(bump(coarse, 7), centres=coarse if own else None),
            result_of(bump(fine, 14), centres=fine if own else None),
        )
        for own in (True, False)
    )
    assert placed.shape == (metrics.FRAME, metrics.FRAME)
    assert placed.sum() == pytest.approx(0, abs=1e-5)
    assert np.abs(placed).sum() < 0.5 * np.abs(tiled).sum()


@pytest.mark.parametrize(
    ("row", "column", "where"),
    [
        (0, 0, "in the top left"),
        (0, 1, "at the top"),
        (1, 2, "on the right"),
        (2, 2, "in the bottom right"),
        (1, 1, "in the middle"),
    ],
)
def test_the_words_say_where_and_how_concentrated(row, column, where):
    words = metrics.in_words(result_of(peak_at(row, column, 3)))
    assert words == (
        f"The evidence for tench is centred {where} and concentrated: the best quarter of the "
        "area holds 100% of it."
    )


def test_the_words_for_an_even_map_and_for_none():
    assert "in the middle and spread out: the best quarter of the area holds 25%" in (
        metrics.in_words(result_of(np.ones((4, 4))))
    )
    half = np.ones((4, 4))
    half[:2, :2] = 5  # a quarter of the area with 20 of 32
    assert "in one region: the best quarter of the area holds 62%" in (
        metrics.in_words(result_of(half))
    )
    assert metrics.in_words(result_of(np.zeros((4, 4)), evidence=False)) == (
        "No evidence for tench at stage 9."
    )


def test_a_map_of_untrained_weights_is_not_called_evidence():
    control = replace(result_of(np.ones((4, 4))), meaningful=False, weights="untrained")
    assert metrics.in_words(control).startswith(
        "The map for tench, of untrained weights and so no evidence, is centred in the middle"
    )
