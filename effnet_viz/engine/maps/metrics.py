"""How good is a map, in numbers and in words: each measure with its formula and source.

Maps are arrays of values that are not negative: a raw map ``(h, w)`` on its stage's own grid, with
the ``centres`` of its cells, or a frame ``(size, size)`` of equal tiles, made by `to_frame`,
without. Every place of the square has the value of the cell centred nearest; sums and areas are
taken over the square, whose fractions boxes are. Where a map is zero everywhere, it hits nothing
and has no energy anywhere.

What needs further passes of the network is in `effnet_viz.engine.maps.faithfulness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from effnet_viz.engine.maps.faithfulness import deletion_insertion, road
from effnet_viz.engine.maps.placing import resampled
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, MapNumbers
from effnet_viz.evidence.splits import Box
from effnet_viz.scaling.centres import Centres, tiles

__all__ = [
    "best_box_iou",
    "best_quarter_share",
    "bootstrap_interval",
    "centre_gaussian",
    "centroid",
    "deletion_insertion",
    "difference",
    "energy_in_boxes",
    "in_words",
    "map_numbers",
    "pointing_hit",
    "rank_correlation",
    "road",
    "to_frame",
]

Array = NDArray[np.float32]

#: The bell curve of `centre_gaussian`: its standard deviation as a share of the side.
CENTRE_SIGMA = 0.25

#: Tiles a side of the frame on which maps of different grids are compared.
FRAME = 64


def to_frame(raw: NDArray[Any], size: int, centres: Centres | None = None) -> Array:
    """The map on a frame of ``size × size`` tiles, bilinear between cell centres; float32.

    Beyond the outermost centres their values are held. Where the frame is coarser than the map's
    own grid, values are averaged (with a triangle's weights) rather than skipped.
    """
    return resampled(raw, centres or tiles(len(raw)), size)


def _edges(
    shape: tuple[int, ...], centres: Centres | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The edges of the rows and of the columns of what is nearest to each cell."""
    rows, columns = ((centres or tiles(cells)).edges(cells) for cells in shape)
    return np.array(rows), np.array(columns)


def pointing_hit(
    values: NDArray[Any], boxes: Sequence[Box], centres: Centres | None = None
) -> bool:
    """Whether the centre of the brightest cell (the first, where several are) lies in a box.

    The pointing game, here without its margin of 15 px. Source: Zhang et al. 2016, Top-down Neural
    Attention by Excitation Backprop, section 4.2.
    """
    if values.max() <= 0:
        return False
    rows, columns = values.shape
    row, column = np.unravel_index(values.argmax(), values.shape)
    x, y = (centres or tiles(columns)).at(int(column)), (centres or tiles(rows)).at(int(row))
    return any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in boxes)


def energy_in_boxes(
    values: NDArray[Any], boxes: Sequence[Box], centres: Centres | None = None
) -> float:
    """The share of the map's sum over the square that lies inside at least one box, 0-1.

    A cell counts by the exact area of it that the boxes cover together. Source: the energy-based
    pointing game, Wang et al. 2020, Score-CAM, section 4.3.
    """
    edges = _edges(values.shape, centres)
    total = float((values * _areas(edges)).sum())
    if total <= 0:
        return 0.0
    return float((values * _covered(edges, boxes)).sum() / total)


def _areas(edges: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Each cell's area, of the square's 1."""
    return np.outer(np.diff(edges[0]), np.diff(edges[1]))


def _covered(
    edges: tuple[NDArray[np.float64], NDArray[np.float64]], boxes: Sequence[Box]
) -> NDArray[np.float64]:
    """The area of each cell that lies in any of the boxes: all edges, of cells and boxes, cut the
    square into rectangles that are each wholly inside or outside."""
    ys = np.union1d(edges[0], [y for box in boxes for y in (box.y0, box.y1)])
    xs = np.union1d(edges[1], [x for box in boxes for x in (box.x0, box.x1)])
    y, x = (ys[1:] + ys[:-1]) / 2, (xs[1:] + xs[:-1]) / 2
    inside = np.zeros((len(y), len(x)), dtype=bool)
    for box in boxes:
        inside |= np.outer((y > box.y0) & (y < box.y1), (x > box.x0) & (x < box.x1))
    covered = np.zeros((len(edges[0]) - 1, len(edges[1]) - 1))
    cell = np.ix_(np.searchsorted(edges[0], y) - 1, np.searchsorted(edges[1], x) - 1)
    np.add.at(covered, cell, inside * np.outer(np.diff(ys), np.diff(xs)))
    return covered


def best_box_iou(
    values: NDArray[Any],
    boxes: Sequence[Box],
    thresholds: Sequence[float] | NDArray[Any],
    centres: Centres | None = None,
) -> NDArray[np.float64]:
    """For each threshold the best overlap, 0-1, of the map's box with one of ``boxes``.

    The map is scaled to 0-1 by its own minimum and maximum; its box is drawn around the largest
    connected region (eight neighbours) of cells at or above the threshold. The overlap is the
    intersection over the union of the areas. MaxBoxAcc at IoU 0.5 is the share of photos at or
    above 0.5, at the threshold where that share is largest. Source: Choe et al. 2020, Evaluating
    Weakly Supervised Object Localization Methods Right, section 4.1.
    """
    lowest, highest = float(values.min()), float(values.max())
    if highest <= lowest:
        return np.zeros(len(thresholds))
    scaled = (values - lowest) / (highest - lowest)
    edges = _edges(values.shape, centres)
    return np.array([_box_iou(scaled >= threshold, edges, boxes) for threshold in thresholds])


def _box_iou(
    chosen: NDArray[np.bool_],
    edges: tuple[NDArray[np.float64], NDArray[np.float64]],
    boxes: Sequence[Box],
) -> float:
    regions = label(chosen, connectivity=2)
    sizes = np.bincount(regions.ravel())[1:]  # of regions 1, 2, ...; 0 is what was not chosen
    if not sizes.size or not boxes:
        return 0.0
    (ys, xs), (y, x) = edges, np.nonzero(regions == sizes.argmax() + 1)
    found = Box(xs[x.min()], ys[y.min()], xs[x.max() + 1], ys[y.max() + 1])
    return max(_iou(found, box) for box in boxes)


def _iou(a: Box, b: Box) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(width, 0.0) * max(height, 0.0)
    areas = (a.x1 - a.x0) * (a.y1 - a.y0) + (b.x1 - b.x0) * (b.y1 - b.y0)
    return shared / (areas - shared)


def centre_gaussian(size: int) -> Array:
    """A map that sees no photo: a bell curve in the centre, a quarter of the side wide (sigma), its
    top 1. float32 ``(size, size)``. Photographers centre things; this is what that alone scores."""
    distance = (np.arange(size) + 0.5) / size - 0.5
    bell = np.exp(-(distance**2) / (2 * CENTRE_SIGMA**2))
    curve = np.outer(bell, bell).astype(np.float32)
    return np.asarray(curve / curve.max())


def bootstrap_interval(
    values: NDArray[Any] | Sequence[float], seed: int, *, draws: int = 2000, level: float = 95
) -> tuple[float, float]:
    """The interval that holds ``level`` percent of the means of ``draws`` samples, each as many
    values as there are, drawn with replacement (percentile bootstrap, Efron 1979)."""
    array = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    means = [array[generator.integers(len(array), size=len(array))].mean() for _ in range(draws)]
    low, high = np.percentile(means, [50 - level / 2, 50 + level / 2])
    return float(low), float(high)


def best_quarter_share(values: NDArray[Any], centres: Centres | None = None) -> float:
    """The share of the map's sum over the square in the quarter of its area where it is largest,
    0.25 (even) to 1. The cell at which the quarter is full counts in part."""
    order = np.argsort(-values, axis=None, kind="stable")
    areas = _areas(_edges(values.shape, centres)).ravel()[order]
    largest = values.ravel()[order].astype(np.float64)
    inside = np.clip(0.25 - (np.cumsum(areas) - areas), 0, areas)
    return float((largest * inside).sum() / (largest * areas).sum())


def centroid(values: NDArray[Any], centres: Centres | None = None) -> tuple[float, float]:
    """The centre of mass ``(x, y)`` over the square, in fractions from its top left corner.

    An even map's is the middle, however its cells lie. Where only cells within the map are bright,
    it is Σ value · cell centre, over Σ value.
    """
    edges = _edges(values.shape, centres)
    weights = values * _areas(edges)
    (ys, xs), total = edges, weights.sum()
    x = weights.sum(axis=0) @ (xs[1:] + xs[:-1]) / 2
    y = weights.sum(axis=1) @ (ys[1:] + ys[:-1]) / 2
    return float(x / total), float(y / total)


def rank_correlation(
    values: NDArray[Any],
    other: NDArray[Any],
    centres: Centres | None = None,
    other_centres: Centres | None = None,
) -> float | None:
    """Spearman's rank correlation of two maps, -1 to 1, ties at their mean rank.

    The finer is brought to the cells of the coarser, where they lie (`resampled`), so that no value
    is invented. None where a map is the same everywhere: it has no ranks.
    """
    finer, coarser = sorted(
        ((values, centres or tiles(len(values))), (other, other_centres or tiles(len(other)))),
        key=lambda each: each[1].step_px / each[1].side_px,
    )
    a, b = finer[0].ravel(), coarser[0].ravel()
    if finer[1] != coarser[1] or a.size != b.size:
        a = resampled(*finer, len(coarser[0]), onto=coarser[1]).ravel()
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    _, position, ties = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(ties) - (ties - 1) / 2)[position])


def map_numbers(
    result: CamResult, *, baseline: CamResult | None = None, box: Box | None = None
) -> MapNumbers:
    """The numbers under a map, of its raw grid. ``box`` is in fractions of the square.

    A map without evidence has its probability and maximum only; nor is it correlated with.
    """
    if not result.evidence:
        return MapNumbers(result.probability, result.raw_max)
    raw = np.asarray(result.raw, dtype=np.float32)
    correlation = None
    if baseline is not None and baseline.evidence:
        other = np.asarray(baseline.raw, dtype=np.float32)
        correlation = rank_correlation(raw, other, result.centres, baseline.centres)
    return MapNumbers(
        probability=result.probability,
        raw_max=result.raw_max,
        best_quarter_share=best_quarter_share(raw, result.centres),
        centroid=centroid(raw, result.centres),
        rank_correlation=correlation,
        box_energy=None if box is None else energy_in_boxes(raw, [box], result.centres),
    )


def difference(
    result: CamResult, baseline: CamResult, *, normalise: Literal["sum", "max"] = "sum"
) -> Array | None:
    """What the map has more (positive) or less than the baseline's, on a frame of `FRAME` tiles.

    Both are brought to it by where their cells lie (`to_frame`) and divided by their sum (what is
    left adds up to zero: attention that moved) or by their maximum; then one is taken from the
    other. None where either map is no evidence: there is nothing to scale.
    """
    if not (result.evidence and baseline.evidence):
        return None
    ours, theirs = (
        to_frame(np.asarray(each.raw, dtype=np.float32), FRAME, each.centres)
        for each in (result, baseline)
    )
    if normalise == "sum":
        return np.asarray(ours / ours.sum() - theirs / theirs.sum())
    return np.asarray(ours / ours.max() - theirs / theirs.max())


def in_words(result: CamResult) -> str:
    """One sentence for those who cannot see the map: where its mass lies, how concentrated it is.

    The place is the third of the square that the centre of mass lies in, the concentration
    `best_quarter_share`.
    """
    if not result.evidence:
        return f"No evidence for {result.target_class} at stage {result.target_stage}."
    raw = np.asarray(result.raw, dtype=np.float32)
    share = best_quarter_share(raw, result.centres)
    spread = "spread out" if share < 0.5 else "concentrated" if share > 0.75 else "in one region"
    what = f"The evidence for {result.target_class}"
    if not METHODS[result.method].class_specific:
        what = "The main pattern, whatever the class,"
    if not result.meaningful:
        what = f"The map for {result.target_class}, of {result.weights} weights and so no evidence,"
    return (
        f"{what} is centred {_place(*centroid(raw, result.centres))} and {spread}: "
        f"the best quarter of the area holds {share:.0%} of it."
    )


def _place(x: float, y: float) -> str:
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    down = "top" if y < 1 / 3 else "bottom" if y > 2 / 3 else ""
    if across and down:
        return f"in the {down} {across}"
    if across or down:
        return f"at the {across or down}" if down else f"on the {across}"
    return "in the middle"
