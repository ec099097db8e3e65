"""How far from where it is does a map show a thing? Measured two ways, with cells drawn in the
middles of equal tiles and round their own centres.

    nice python benchmarks/registration.py --data FOLDER [--networks N] [--photos N] [--out TABLE]

``dots``: EfficientNet-B0 of torchvision at 224 px with random weights (norms fitted to noise), one
bright dot at a time, each mirrored in both middles so that a pull towards the middle cancels; the
shift of the centre of mass of the change, right and down alike. Its ``points`` count the cells'
centres alone, without the area nearest to each. ``mirrored``: the trained classroom networks; a map
of a photo and one of its mirror image, mirrored back, should be one, and half the distance of their
centres of mass is what the drawing is off. Intervals: 95 %, networks (photos) drawn anew 2,000
times. Photos are those with boxes; every eighth by default.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

import numpy as np
import torch
from PIL import ImageOps
from torch import Tensor, nn
from torchvision.models import EfficientNet, efficientnet_b0

from effnet_viz.engine import weights
from effnet_viz.engine.maps import attention, cam, metrics
from effnet_viz.evidence.attention import SHIFTS_FILE, ShiftRow, write_shifts
from effnet_viz.evidence.splits import read_boxes
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.centres import Centres, cell_centres, tiles
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, ROLES

DOTS = 6
BRIGHT = 10.0

#: (test, network, stage, step in px, side in px): shifts in fractions of the side, one list a
#: placing, each of them one value a network or photo.
Found = dict[tuple[str, str, int, int, int], dict[str, list[float]]]


def random_b0(seed: int) -> EfficientNet:
    """B0 with random weights; norms have the statistics of noise, so that no stage dies out."""
    torch.manual_seed(seed)
    module = efficientnet_b0()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        module.train()(torch.randn(8, 3, 224, 224))
    return module.eval()


def mirrored(dots: np.ndarray, px: int) -> Iterator[tuple[int, int]]:
    """Every dot and its images in the two middles and in both."""
    for row, column in dots.tolist():
        for y in (row, px - 1 - row):
            for x in (column, px - 1 - column):
                yield y, x


def as_points(values: np.ndarray, centres: Centres) -> tuple[float, float]:
    """Σ value · centre over Σ value: each cell counts alike, however much lies nearest to it."""
    places = np.array([centres.at(cell) for cell in range(len(values))])
    x, y = values.sum(0) @ places, values.sum(1) @ places
    return float(x / values.sum()), float(y / values.sum())


def measure_dots(networks: int, found: Found) -> None:
    """Random networks, one value each: the mean over its dots, and over right and down."""
    px = EFFICIENTNET_B0.resolution_px
    centres = cell_centres(EFFICIENTNET_B0)
    for seed in range(networks):
        drawn = np.random.default_rng(seed).integers(px // 4, px // 2, (DOTS, 2))
        dots = list(mirrored(drawn, px))
        features: Tensor = torch.zeros(len(dots) + 1, 3, px, px)
        for number, (y, x) in enumerate(dots):
            features[number, :, y, x] = BRIGHT
        for stage, layer in enumerate(random_b0(seed).features, start=1):
            with torch.inference_mode():
                features = layer(features)
            changes = (features[:-1] - features[-1:]).abs().sum(1).double().numpy()
            of_stage = centres[stage - 1]
            placings: dict[str, Callable[[np.ndarray], tuple[float, float]]] = {
                "tiles": metrics.centroid,
                "centres": partial(metrics.centroid, centres=of_stage),
                "points": partial(as_points, centres=of_stage),
            }
            key = ("dots", "EfficientNet-B0", stage, int(of_stage.step_px), px)
            for name, placed in placings.items():
                shifts = [
                    (sum(placed(change)) - (x + 0.5 + y + 0.5) / px) / 2
                    for change, (y, x) in zip(changes, dots, strict=True)
                ]
                found[key][name].append(float(np.mean(shifts)))
        print(f"dots: network {seed + 1} of {networks}", file=sys.stderr)


def measure_mirrored(folder: Path, photos: int, found: Found) -> None:
    """Trained networks, one value a photo whose two maps are both evidence."""
    boxed = read_boxes()
    chosen = boxed[:: max(1, len(boxed) // photos)]
    classes = list(IMAGENETTE_CLASSES)
    for role in ROLES:
        model = weights.load_model("classroom", role)
        for photo in chosen:
            image, target = attention.open_photo(folder, photo), classes.index(photo.wnid)
            pairs = zip(
                cam.all_stages(model, image, target_class=target),
                cam.all_stages(model, ImageOps.mirror(image), target_class=target),
                strict=True,
            )
            for one, other in pairs:
                if not (one.evidence and other.evidence):
                    continue
                step = int(one.centres.step_px)
                key = ("mirrored", role, one.target_stage, step, one.resolution_px)
                placings = {"tiles": tiles(one.grid[0]), "centres": one.centres}
                for name, placing in placings.items():
                    found[key][name].append(_apart(one.raw, other.raw, placing))
        print(f"mirrored: {role}", file=sys.stderr)


def _apart(raw: object, of_mirrored: object, placing: Centres) -> float:
    here, there = (metrics.centroid(np.array(each), placing)[0] for each in (raw, of_mirrored))
    return (here - (1 - there)) / 2


def _row(place: tuple[str, str, int, int, int], placed: str, values: list[float]) -> ShiftRow:
    low, high = metrics.bootstrap_interval(values, seed=0)
    mean, low, high = (round(100 * share, 2) for share in (float(np.mean(values)), low, high))
    return ShiftRow(*place, placed, mean, low, high, len(values))


def main() -> None:
    """Measure both and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--data", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--networks", type=int, default=24, metavar="N")
    parser.add_argument("--photos", type=int, default=60, metavar="N")
    parser.add_argument("--out", type=Path, default=SHIFTS_FILE, metavar="TABLE")
    options = parser.parse_args()
    found: Found = defaultdict(lambda: defaultdict(list))
    measure_dots(options.networks, found)
    measure_mirrored(options.data, options.photos, found)
    rows = [
        _row(place, name, values)
        for place, placings in found.items()
        for name, values in placings.items()
    ]
    write_shifts(rows, options.out)
    for row in rows:
        print(*(getattr(row, name) for name in ShiftRow.__slots__), sep="\t")


if __name__ == "__main__":
    main()
