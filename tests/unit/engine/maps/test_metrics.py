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

LEFT_HALF = Box(0, 0, 0.5, 1)
CORNER = Box(0, 0, 0.25, 0.25)


def result_of(raw, *, evidence: bool = True, model: str = "baseline") -> CamResult:
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
    a, b = result_of([[3.0, 1], [0, 0]]), result_of([[10.0, 10], [0, 20]])
    expected = [[0.75 - 0.25, 0.25 - 0.25], [0, -0.5]]
    assert np.allclose(metrics.difference(a, b), expected)
    # by their maxima: 3 and 20
    expected = [[1 - 0.5, 1 / 3 - 0.5], [0, -1]]
    assert np.allclose(metrics.difference(a, b, normalise="max"), expected)


def test_a_difference_is_on_the_finer_grid():
    coarse, fine = result_of(np.ones((3, 3))), result_of(peak_at(0, 0, 5))
    for found in (metrics.difference(coarse, fine), metrics.difference(fine, coarse)):
        assert found.shape == (5, 5)
        assert found.sum() == pytest.approx(0, abs=1e-6)
    assert metrics.difference(fine, coarse)[0, 0] == pytest.approx(1 - 1 / 25)


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
