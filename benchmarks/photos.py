"""What EfficientNet-Lite says of photos: how often it is right, and when it finds none of the ten.

Its top-1 among ImageNet's thousand classes on Imagenette's validation photos; and the share of the
classroom family's ten classes below which a photo probably shows none of them.

    python benchmarks/photos.py FOLDER [--threads N] [--write]

FOLDER holds ``val/<wnid>/*.JPEG``. Photos are seen through the published crop and as whole squares,
by all networks alike, so that every two answers can be compared photo by photo. ``--write``
replaces the project's records in ``assets/results``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from itertools import combinations
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
    OnPhotos,
    Paired,
    calibrated,
    measured_sentences,
    write_measured,
    write_outside,
)
from effnet_viz.evidence.samples import list_samples, read_sample
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES, LITE_WEIGHTS

BATCH = 32
#: How ImageNet names its own validation photos; Imagenette's others are of its training set.
IMAGENET_VALIDATION = "ILSVRC2012_val_"
#: scikit-image's pictures that come with it; none shows one of the ten classes.
STRANGERS = (
    "astronaut.png", "brick.png", "camera.png", "cell.png", "chelsea.png", "chessboard_RGB.png",
    "clock_motion.png", "coffee.png", "coins.png", "color.png", "grass.png", "gravel.png",
    "horse.png", "hubble_deep_field.jpg", "ihc.png", "logo.png", "microaneurysms.png", "moon.png",
    "motorcycle_left.png", "motorcycle_right.png", "page.png", "phantom.png", "retina.jpg",
    "rocket.jpg", "text.png",
)  # fmt: skip

Photos = list[tuple[Path, str]]
Key = tuple[str, Crop]
Answers = dict[Key, NDArray[np.int64]]


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    began = time.perf_counter()
    photos = validation_photos(options.folder)
    if not photos:
        raise SystemExit(f"{options.folder} holds no validation photos: val/<wnid>/*.JPEG.")
    found = measured(photos, answers(photos))
    outside = calibrated(*shares(photos))
    print(json.dumps(asdict(found), indent=2))
    print(*measured_sentences(found), outside, outside.rates, sep="\n")
    print(f"{time.perf_counter() - began:.0f} s")
    if options.write:
        write_measured(found)
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


def answers(photos: Photos) -> Answers:
    """The most probable class of each photo, by every network and crop."""
    models = {name: load_model("lite", name) for name in LITE_WEIGHTS}
    said: dict[Key, list[NDArray[np.int64]]] = {
        (name, crop): [] for name in models for crop in CROPS
    }
    for start in range(0, len(photos), BATCH):
        decoded = [images.decode(path.read_bytes()) for path, _ in photos[start : start + BATCH]]
        for (name, crop), found in said.items():
            found.append(classes_of(models[name], decoded, crop))
        print(f"\r{start + len(decoded)} of {len(photos)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return {key: np.concatenate(found) for key, found in said.items()}


def classes_of(model: LoadedModel, photos: list[Image.Image], crop: Crop) -> NDArray[np.int64]:
    """The model's most probable class of each photo."""
    inputs = [
        model.preprocess(photo, images.square(*photo.size) if crop == "square" else None)
        for photo in photos
    ]
    return forward(model.module, torch.cat(inputs)).argmax(1).numpy()


def measured(photos: Photos, said: Answers) -> OnPhotos:
    """The records of all networks, crops and pairs."""
    classes = load_model("lite", "lite0").classes
    labels = np.array([classes.index(label) for _, label in photos])
    right = {key: found == labels for key, found in said.items()}

    def paired(this: Key, other: Key) -> Paired:
        return Paired(
            *this,
            *other,
            only_this=int((right[this] & ~right[other]).sum()),
            only_other=int((~right[this] & right[other]).sum()),
            n=len(photos),
        )

    sizes = [
        paired((larger, crop), (smaller, crop))
        for smaller, larger in combinations(LITE_WEIGHTS, 2)
        for crop in CROPS
    ]
    crops = [paired((name, "published"), (name, "square")) for name in LITE_WEIGHTS]
    return OnPhotos(
        sum(not path.name.startswith(IMAGENET_VALIDATION) for path, _ in photos),
        tuple(Measured(*key, int(hits.sum()), len(photos)) for key, hits in right.items()),
        (*sizes, *crops),
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
