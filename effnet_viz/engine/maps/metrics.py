"""How good is a map, in numbers and in words: each measure with its formula and source.

Maps are arrays of values that are not negative: a raw map ``(h, w)`` on its stage's own grid, each
value the colour of its whole cell, or a frame ``(size, size)`` made by `to_frame`. Boxes are
fractions of the square that the map belongs to. Where a map is zero everywhere, it hits nothing and
has no energy anywhere.

What needs further passes of the network is in `effnet_viz.engine.maps.faithfulness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.measure import label

from effnet_viz.engine.maps.faithfulness import deletion_insertion, road
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, MapNumbers
from effnet_viz.evidence.splits import Box

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


def to_frame(raw: NDArray[Any], size: int) -> Array:
    """The map on a grid of ``size × size`` cells, bilinear between cell centres; float32.

    Where that is coarser than the map's own grid, values are averaged (with a triangle's weights)
    rather than skipped.
    """
    frame = Image.fromarray(np.ascontiguousarray(raw, dtype=np.float32))
    return np.asarray(frame.resize((size, size), Image.Resampling.BILINEAR))


def pointing_hit(values: NDArray[Any], boxes: Sequence[Box]) -> bool:
    """Whether the centre of the brightest cell (the first, where several are) lies in a box.

    The pointing game, here without its margin of 15 px. Source: Zhang et al. 2016, Top-down Neural
    Attention by Excitation Backprop, section 4.2.
    """
    if values.max() <= 0:
        return False
    rows, columns = values.shape
    row, column = np.unravel_index(values.argmax(), values.shape)
    x, y = (column + 0.5) / columns, (row + 0.5) / rows
    return any(box.x0 <= x <= box.x1 and box.y0 <= y <= box.y1 for box in boxes)


def energy_in_boxes(values: NDArray[Any], boxes: Sequence[Box]) -> float:
    """The share of the map's sum that lies inside at least one box, 0-1.

    A cell counts by the exact share of its area that the boxes cover together. Source: the
    energy-based pointing game, Wang et al. 2020, Score-CAM, section 4.3.
    """
    total = float(values.sum(dtype=np.float64))
    if total <= 0:
        return 0.0
    return float((values * _covered(values.shape, boxes)).sum() / total)


def _covered(shape: tuple[int, ...], boxes: Sequence[Box]) -> NDArray[np.float64]:
    """The share of each cell's area that lies in any of the boxes: all edges, of cells and boxes,
    cut the square into rectangles that are each wholly inside or outside."""
    rows, columns = shape
    ys = np.union1d(np.arange(rows + 1) / rows, [y for box in boxes for y in (box.y0, box.y1)])
    xs = np.union1d(np.arange(columns + 1) / columns, [x for b in boxes for x in (b.x0, b.x1)])
    y, x = (ys[1:] + ys[:-1]) / 2, (xs[1:] + xs[:-1]) / 2
    inside = np.zeros((len(y), len(x)), dtype=bool)
    for box in boxes:
        inside |= np.outer((y > box.y0) & (y < box.y1), (x > box.x0) & (x < box.x1))
    covered = np.zeros(shape)
    cell = np.ix_(
        np.minimum((y * rows).astype(int), rows - 1),
        np.minimum((x * columns).astype(int), columns - 1),
    )
    np.add.at(covered, cell, inside * np.outer(np.diff(ys), np.diff(xs)) * rows * columns)
    return covered


def best_box_iou(
    values: NDArray[Any], boxes: Sequence[Box], thresholds: Sequence[float] | NDArray[Any]
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
    return np.array([_box_iou(scaled >= threshold, boxes) for threshold in thresholds])


def _box_iou(chosen: NDArray[np.bool_], boxes: Sequence[Box]) -> float:
    regions = label(chosen, connectivity=2)
    sizes = np.bincount(regions.ravel())[1:]  # of regions 1, 2, ...; 0 is what was not chosen
    if not sizes.size or not boxes:
        return 0.0
    rows, columns = chosen.shape
    y, x = np.nonzero(regions == sizes.argmax() + 1)
    found = Box(x.min() / columns, y.min() / rows, (x.max() + 1) / columns, (y.max() + 1) / rows)
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


def best_quarter_share(values: NDArray[Any]) -> float:
    """The share of the map's sum in the quarter of its area where it is largest, 0.25 (even) to 1.

    Of n cells the n / 4 largest count, the last of them in part where n / 4 is no whole number.
    """
    largest = np.sort(values, axis=None)[::-1].astype(np.float64)
    quarter = largest.size / 4
    whole = int(quarter)
    part = quarter - whole
    inside = largest[:whole].sum() + (part * largest[whole] if part else 0)
    return float(inside / largest.sum())


def centroid(values: NDArray[Any]) -> tuple[float, float]:
    """The centre of mass ``(x, y)`` in fractions from the top left corner: Σ value · cell centre,
    over Σ value."""
    weights = values.astype(np.float64)
    rows, columns = weights.shape
    x = weights.sum(axis=0) @ (np.arange(columns) + 0.5) / columns
    y = weights.sum(axis=1) @ (np.arange(rows) + 0.5) / rows
    return float(x / weights.sum()), float(y / weights.sum())


def rank_correlation(values: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Spearman's rank correlation of two maps, -1 to 1, ties at their mean rank.

    Both are brought to the coarser of the two grids (`to_frame`), so that no value is invented.
    None where a map is the same everywhere: it has no ranks.
    """
    size = min(len(values), len(other))
    a, b = to_frame(values, size).ravel(), to_frame(other, size).ravel()
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
        correlation = rank_correlation(raw, np.asarray(baseline.raw, dtype=np.float32))
    return MapNumbers(
        probability=result.probability,
        raw_max=result.raw_max,
        best_quarter_share=best_quarter_share(raw),
        centroid=centroid(raw),
        rank_correlation=correlation,
        box_energy=None if box is None else energy_in_boxes(raw, [box]),
    )


def difference(
    result: CamResult, baseline: CamResult, *, normalise: Literal["sum", "max"] = "sum"
) -> Array | None:
    """What the map has more (positive) or less than the baseline's, on the finer of their grids.

    Both are brought to that grid (`to_frame`) and divided by their sum (what is left adds up to
    zero: attention that moved) or by their maximum; then one is taken from the other. None where
    either map is no evidence: there is nothing to scale.
    """
    if not (result.evidence and baseline.evidence):
        return None
    size = max(result.grid[0], baseline.grid[0])
    ours, theirs = (
        to_frame(np.asarray(each.raw, dtype=np.float32), size) for each in (result, baseline)
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
    share = best_quarter_share(raw)
    spread = "spread out" if share < 0.5 else "concentrated" if share > 0.75 else "in one region"
    what = f"The evidence for {result.target_class}"
    if not METHODS[result.method].class_specific:
        what = "The main pattern, whatever the class,"
    if not result.meaningful:
        what = f"The map for {result.target_class}, of {result.weights} weights and so no evidence,"
    return (
        f"{what} is centred {_place(*centroid(raw))} and {spread}: "
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
