"""Sample photos, and where each comes from. No torch, and nothing is decoded here.

Three sources: pictures rendered for this project, photos that ship inside scikit-image, and, once
`effnet_viz.engine.training.imagenette.fetch` has run, real photos of the ten classes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.files import asset
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

SAMPLES_DIR = asset("samples")
SUFFIXES = (".webp", ".png")

#: The publisher's name for the folder that holds ``train/<wnid>`` and ``val/<wnid>``.
IMAGENETTE_NAME = "imagenette2-320"
PHOTOS_PER_CLASS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample photo. ``true_label`` is its class among the family's ten, None where it shows
    none of them, ``also_shows`` a second one where it holds two on purpose; ``alt`` describes the
    picture to those who cannot see it."""

    name: str
    title: str
    true_label: str | None
    source: str
    licence: str
    alt: str
    also_shows: str | None = None


_SCIKIT_IMAGE = "scikit-image, skimage.data.{}"

#: File inside skimage/data, and what scikit-image's own documentation says about it.
_LIBRARY: tuple[tuple[str, Sample], ...] = tuple(
    (file, Sample(name, title, None, _SCIKIT_IMAGE.format(source), licence, alt))
    for file, name, title, source, licence, alt in (
        (
            "chelsea.png", "cat", "A cat", "chelsea", "CC0, Stefan van der Walt",
            "A tabby cat's face with green eyes, close up.",
        ),
        (
            "coffee.png", "coffee", "A cup of coffee", "coffee", "CC0, Rachel Michetti",
            "An espresso in a red cup and saucer with a spoon, on a wooden table.",
        ),
        (
            "astronaut.png", "astronaut", "An astronaut", "astronaut", "public domain, NASA",
            "Astronaut Eileen Collins in an orange suit, a flag and a model shuttle behind her.",
        ),
        (
            "rocket.jpg", "rocket", "A rocket", "rocket", "public domain, SpaceX",
            "A white rocket on its launch pad between steel towers at dusk.",
        ),
        (
            "camera.png", "photographer", "A photographer", "camera", "CC0, Lav Varshney",
            "A man in a dark coat looks through a camera on a tripod, in black and white.",
        ),
        (
            "hubble_deep_field.jpg", "galaxies", "Galaxies", "hubble_deep_field",
            "public domain, NASA", "Hundreds of small bright galaxies on black sky.",
        ),
    )
)  # fmt: skip

_IMAGENETTE_SOURCE = "Imagenette 2 (fast.ai), validation photos, fetched on request"
_IMAGENETTE_LICENCE = (
    "from ImageNet; belongs to its owner, for non-commercial research and education"
)


@cache
def list_samples() -> tuple[Sample, ...]:
    """All samples: rendered ones, fetched photos, then scikit-image's. Names are unique.

    The answer is kept; ``list_samples.cache_clear()`` after new photos have come. Raises
    ResourceError where the catalogue of the rendered ones is damaged.
    """
    return tuple(sample for sample, _ in _catalogue().values())


def read_sample(name: str) -> bytes:
    """The bytes of a sample's file, for `effnet_viz.engine.images.decode`.

    Raises UserError for a name that is not in `list_samples`, whatever file it may point to, and
    ResourceError where the file cannot be read.
    """
    catalogue = _catalogue()
    if name not in catalogue:
        raise UserError(f"There is no sample {name!r}; choose one of {', '.join(catalogue)}.")
    path = catalogue[name][1]
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResourceError(f"The sample {name} cannot be read; choose another one.") from error


def cache_folder() -> Path:
    """Where this program keeps what it fetches for a user; EFFNET_VIZ_CACHE moves it."""
    if chosen := os.environ.get("EFFNET_VIZ_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "effnet_viz"


def _catalogue() -> dict[str, tuple[Sample, Path]]:
    found = [*_rendered(SAMPLES_DIR), *_fetched(cache_folder()), *_from_library()]
    catalogue: dict[str, tuple[Sample, Path]] = {}
    for sample, path in found:
        catalogue.setdefault(sample.name, (sample, path))
    return catalogue


def _rendered(folder: Path) -> list[tuple[Sample, Path]]:
    """The pictures of ``samples.json`` that are there as ``<name>.webp`` or ``<name>.png``."""
    catalogue = folder / "samples.json"
    if not catalogue.is_file():
        return []
    try:
        samples = [
            Sample(
                name=str(row["name"]),
                title=str(row["title"]),
                true_label=row["true_label"],
                source=str(row["source"]),
                licence=str(row["licence"]),
                alt=str(row["alt"]),
                also_shows=row.get("also_shows"),
            )
            for row in json.loads(catalogue.read_bytes())
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResourceError(
            f"The catalogue of samples {catalogue} is damaged; download the project again."
        ) from error
    files = {path.name: path for path in folder.iterdir() if path.suffix in SUFFIXES}
    return [
        (sample, files[sample.name + suffix])
        for sample in samples
        for suffix in SUFFIXES
        if sample.name + suffix in files
    ]


def _fetched(cache: Path) -> list[tuple[Sample, Path]]:
    """The first `PHOTOS_PER_CLASS` validation photos of each class, by file name."""
    rows = []
    for wnid, label in IMAGENETTE_CLASSES.items():
        photos = sorted((cache / IMAGENETTE_NAME / "val" / wnid).glob("*.JPEG"))
        for number, path in enumerate(photos[:PHOTOS_PER_CLASS], start=1):
            sample = of_imagenette(
                path,
                label,
                name=f"imagenette-{label.lower().replace(' ', '-')}-{number}",
                title=f"{label[0].upper()}{label[1:]}, real photo {number}",
            )
            rows.append((sample, path))
    return rows


def of_imagenette(path: Path, label: str, *, name: str, title: str) -> Sample:
    """One of Imagenette's validation photos as a sample."""
    return Sample(
        name=name,
        title=title,
        true_label=label,
        source=f"{_IMAGENETTE_SOURCE}: {path.name}",
        licence=_IMAGENETTE_LICENCE,
        alt=f"A real photo that ImageNet labels “{label}”.",
    )


def _from_library() -> list[tuple[Sample, Path]]:
    """scikit-image's photos, read from its folder without importing it; none if not installed."""
    spec = importlib.util.find_spec("skimage")
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent / "data"
    return [(sample, folder / file) for file, sample in _LIBRARY if (folder / file).is_file()]
