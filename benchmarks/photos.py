"""What EfficientNet-Lite says of photos: how often it is right, and when it finds none of the ten.

Its top-1 among ImageNet's thousand classes on Imagenette's validation photos; and the share of the
classroom family's ten classes below which a photo probably shows none of them.

    python benchmarks/photos.py FOLDER [--write]

FOLDER holds ``val/<wnid>/*.JPEG``. Photos are seen through the published crop and as whole squares.
``--write`` replaces the project's records in ``assets/results``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

from effnet_viz.engine import images
from effnet_viz.engine.graph.runtime import forward
from effnet_viz.engine.inference import share_of_ten
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.evidence.lite import (
    Crop,
    Measured,
    calibrated,
    measured_sentences,
    write_measured,
    write_outside,
)
from effnet_viz.evidence.samples import list_samples, read_sample
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, LITE_WEIGHTS

BATCH = 32
#: scikit-image's pictures that come with it; none shows one of the ten classes.
STRANGERS = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "chessboard_RGB.png",
    "clock_motion.png", "coffee.png", "coins.png", "color.png", "grass.png", "gravel.png",
    "horse.png", "hubble_deep_field.jpg", "ihc.png", "logo.png", "microaneurysms.png", "moon.png",
    "motorcycle_left.png", "motorcycle_right.png", "page.png", "phantom.png", "retina.jpg",
    "rocket.jpg", "text.png",
)  # fmt: skip

Photos = list[tuple[Path, str]]


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    photos = validation_photos(options.folder)
    answers = {
        (name, crop): classes_of(load_model("lite", name), photos, crop)
        for name in LITE_WEIGHTS
        for crop in CROPS
    }
    rows = measured(photos, answers)
    outside = calibrated(*shares(photos))
    print(json.dumps([asdict(row) for row in rows], indent=2))
    print(*measured_sentences(rows), outside, outside.rates, sep="\n")
    if options.write:
        write_measured(rows)
        write_outside(outside)


CROPS: tuple[Crop, ...] = ("published", "square")


def validation_photos(folder: Path) -> Photos:
    """Every validation photo of the folder with its class's name."""
    names = read_names("val")
    return [
        (path, label)
        for wnid, label in IMAGENETTE_CLASSES.items()
        for path in sorted((folder / "val" / wnid).glob("*.JPEG"))
        if path.name in names
    ]


def classes_of(model: LoadedModel, photos: Photos, crop: Crop) -> NDArray[np.int64]:
    """The model's most probable class of each photo."""
    found = []
    for start in range(0, len(photos), BATCH):
        inputs = []
        for path, _ in photos[start : start + BATCH]:
            photo = images.decode(path.read_bytes())
            whole = images.square(*photo.size) if crop == "square" else None
            inputs.append(model.preprocess(photo, whole))
        found.append(forward(model.module, torch.cat(inputs)).argmax(1).numpy())
    return np.concatenate(found)


def measured(
    photos: Photos, answers: dict[tuple[str, Crop], NDArray[np.int64]]
) -> tuple[Measured, ...]:
    """The records of all networks and crops."""
    classes = load_model("lite", "lite0").classes
    labels = np.array([classes.index(label) for _, label in photos])
    right = {key: found == labels for key, found in answers.items()}
    return tuple(
        Measured(
            name,
            crop,
            int(hits.sum()),
            len(photos),
            int((hits & ~right["lite0", crop]).sum()),
            int((~hits & right["lite0", crop]).sum()),
        )
        for (name, crop), hits in right.items()
    )


def shares(photos: Photos) -> tuple[list[float], list[float], list[float]]:
    """Lite0's shares of the ten classes: validation photos, scikit-image's pictures, rendered."""
    model = load_model("lite", "lite0")

    def each(pictures: Iterable[Image.Image]) -> list[float]:
        return [share_of_ten(model, picture) for picture in pictures]

    folder = Path(skimage.data.__file__).parent
    return (
        each(images.decode(path.read_bytes()) for path, _ in photos),
        each(images.decode((folder / name).read_bytes()) for name in STRANGERS),
        each(images.decode(read_sample(s.name)) for s in list_samples() if s.true_label),
    )


if __name__ == "__main__":
    main()
