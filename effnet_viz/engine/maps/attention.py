"""How good is the attention? Measured on boxed photos that no training sees.

Every model gets the whole photo at its own resolution and makes a Grad-CAM map for the photo's
true class. All maps are brought to one grid (``GRID`` cells a side, bilinear between the centres of
their own cells) before anything is counted, because a finer grid alone would change the figures;
only pointing asks for the brightest cell itself, by its own centre. Beside the trained models stand
two controls: the same networks with random weights, and a bell curve that sees no photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from effnet_viz.engine import weights
from effnet_viz.engine.images import read_rgb
from effnet_viz.engine.maps import cam, metrics
from effnet_viz.engine.weights import LoadedModel
from effnet_viz.evidence.attention import (
    BASELINE_NAME,
    CENTRE,
    CENTRE_NAME,
    MEASURES,
    RANDOM,
    TRAINED,
    AttentionRow,
)
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, members_of_roles
from effnet_viz.evidence.splits import BoxedPhoto, find_photo
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    ROLES,
    ClassroomMember,
    classroom_member,
    find_model,
)

Array = NDArray[np.float64]

GRID = metrics.FRAME
PHOTO_PX = 224
THRESHOLDS = np.arange(0.02, 1, 0.02)
IOU = 0.5
DRAWS = 2000
#: Deletion and insertion take dozens of passes a photo: every ninth photo, all classes among them.
SUBSET_STEP = 9
STEPS = 20


@dataclass(frozen=True, eq=False)
class Scores:
    """What was counted, one entry a photo: ``pointing`` and ``energy`` are 0-1, ``found``
    ``(photos, thresholds)`` says whether the box at that threshold overlaps a true one by half,
    ``deletion`` and ``insertion`` are areas under curves, 0-1, of the subset (or empty), NaN where
    the map is no evidence for the class."""

    pointing: Array
    energy: Array
    found: Array
    deletion: Array
    insertion: Array

    def of(self, measure: str) -> Array:
        """The values of a measure; for ``max_box_acc`` two-dimensional."""
        return self.found if measure == "max_box_acc" else getattr(self, measure)


def mean_percent(values: Array) -> float:
    """The measure over photos, in percent. Of a two-dimensional array the best column's mean:
    MaxBoxAcc takes the threshold that suits the model best (Choe et al. 2020, section 4.1)."""
    return float(100 * np.nanmean(values, axis=0).max())


def open_photo(folder: Path, photo: BoxedPhoto) -> Image.Image:
    """The photo as a square, whole: boxes are fractions of its sides."""
    image = read_rgb(find_photo(folder, photo))
    return image.resize((PHOTO_PX, PHOTO_PX), Image.Resampling.BILINEAR)


def score_model(
    model: LoadedModel,
    photos: Sequence[BoxedPhoto],
    folder: Path,
    *,
    subset_step: int = SUBSET_STEP,
    on_photo: Callable[[int, int], None] | None = None,
) -> Scores:
    """Count for one model. ``subset_step`` 0 leaves deletion and insertion out; ``on_photo`` gets
    (photos done, photos in total)."""
    classes = list(IMAGENETTE_CLASSES)
    maps, hits, removed = [], [], []
    for number, photo in enumerate(photos):
        image = open_photo(folder, photo)
        result = cam.compute_cam(model, image, target_class=classes.index(photo.wnid))
        raw = np.asarray(result.raw, dtype=np.float32)
        maps.append(metrics.to_frame(raw, GRID, result.centres))
        hits.append(metrics.pointing_hit(raw, photo.boxes, result.centres))
        if subset_step and number % subset_step == 0:
            removed.append(
                metrics.deletion_insertion(model, image, None, result, steps=STEPS)[:2]
                if result.evidence
                else (np.nan, np.nan)
            )
        if on_photo:
            on_photo(number + 1, len(photos))
    return _scores(maps, hits, photos, [r[0] for r in removed], [r[1] for r in removed])


def score_centre(photos: Sequence[BoxedPhoto]) -> Scores:
    """Count for a bell curve in the centre of every photo."""
    bell = metrics.centre_gaussian(GRID)
    hits = [metrics.pointing_hit(bell, photo.boxes) for photo in photos]
    return _scores([bell] * len(photos), hits, photos, [], [])


def _scores(
    maps: Sequence[NDArray[np.float32]],
    hits: Sequence[bool],
    photos: Sequence[BoxedPhoto],
    deletion: Sequence[float],
    insertion: Sequence[float],
) -> Scores:
    pairs = list(zip(maps, photos, strict=True))
    overlaps = [metrics.best_box_iou(m, p.boxes, THRESHOLDS) for m, p in pairs]
    return Scores(
        np.array(hits, dtype=float),
        np.array([metrics.energy_in_boxes(m, p.boxes) for m, p in pairs], dtype=float),
        np.array([overlap >= IOU for overlap in overlaps], dtype=float),
        np.array(deletion, dtype=float),
        np.array(insertion, dtype=float),
    )


def interval(values: Array, others: Sequence[Array] = (), seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of the measure, or of its difference to the mean of ``others`` on the same
    photos, in percent: photos drawn with replacement, ``DRAWS`` times (percentile bootstrap, Efron
    1979)."""
    generator = np.random.default_rng(seed)
    means = []
    for _ in range(DRAWS):
        drawn = generator.integers(len(values), size=len(values))
        means.append(_over(values[drawn], [other[drawn] for other in others]))
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _over(values: Array, others: Sequence[Array]) -> float:
    """The measure less the mean of the others', in points; the measure itself without others."""
    mean = mean_percent(values)
    return mean - sum(map(mean_percent, others)) / len(others) if others else mean


def rows_of(
    member: ClassroomMember,
    kind: str,
    scores: Scores,
    beside: Mapping[str, Sequence[Scores]],
    name: str = "",
) -> list[AttentionRow]:
    """The table's rows of one model: each measure, then its difference to each of ``beside``, the
    mean over its seeds, where that has the measure too."""
    rows = []
    for measure in MEASURES:
        compared: list[tuple[str, list[Array]]] = [("", [])]
        compared += [
            (key, others)
            for key, seeds in beside.items()
            if all(map(len, others := [each.of(measure) for each in seeds]))
        ]
        for compared_with, others in compared:
            values, *others = _all_measured(scores.of(measure), *others)
            if not len(values):
                continue
            low, high = interval(values, others)
            rows.append(
                AttentionRow(
                    model=name or member.name,
                    role=member.role,
                    times=member.times,
                    seed=member.seed,
                    weights=kind,
                    measure=measure,
                    compared_with=compared_with,
                    value=round(_over(values, others), 2),
                    low=round(low, 2),
                    high=round(high, 2),
                    n=len(values),
                )
            )
    return rows


def _all_measured(values: Array, *others: Array) -> list[Array]:
    """The photos on which every model has a value."""
    found = [values, *others]
    if values.ndim > 1 or not len(values):
        return found
    there = ~np.isnan(found).any(axis=0)
    return [each[there] for each in found]


def measure_family(
    folder: Path,
    photos: Sequence[BoxedPhoto],
    *,
    checkpoints: Path = CHECKPOINT_DIR,
    on_photo: Callable[[str, int, int], None] | None = None,
) -> list[AttentionRow]:
    """The whole table: every role and seed that ships, each role with random weights, the centre.

    ``folder`` holds the photos (see `effnet_viz.evidence.splits.find_photo`); ``on_photo`` gets
    (model, photos done, photos in total). Raises UserError where a photo is missing.
    """

    def progress(name: str) -> Callable[[int, int], None] | None:
        return None if on_photo is None else lambda done, total: on_photo(name, done, total)

    def scored(member: ClassroomMember) -> Scores:
        model = weights.load_model("classroom", member.name, folder=checkpoints)
        return score_model(model, photos, folder, on_photo=progress(member.name))

    members = members_of_roles(checkpoints)
    by_chance: dict[str, Sequence[Scores]] = {CENTRE_NAME: [score_centre(photos)]}
    baselines = {m: scored(m) for m in members if m.role == BASELINE_NAME}
    beside = {**by_chance, **({BASELINE_NAME: [*baselines.values()]} if baselines else {})}
    rows: list[AttentionRow] = []
    for member in members:
        if member in baselines:
            rows += rows_of(member, TRAINED, baselines[member], by_chance)
        else:
            rows += rows_of(member, TRAINED, scored(member), beside)
    for role in ROLES:
        control = weights.random_control(find_model("classroom", role))
        scores = score_model(control, photos, folder, subset_step=0, on_photo=progress(RANDOM))
        rows += rows_of(classroom_member(role), RANDOM, scores, beside)
    centre = classroom_member(BASELINE_NAME)
    return rows + rows_of(centre, CENTRE, by_chance[CENTRE_NAME][0], {}, CENTRE_NAME)
