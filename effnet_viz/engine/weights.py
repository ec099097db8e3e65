"""Models with weights: shipped, ImageNet's as published, or honestly untrained.

A family's loader is its row of `LOADERS`. Every file of weights is verified before every load, and
nothing in it is executed: safetensors for what this project ships, ``weights_only`` for what
others publish.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import safetensors.torch
import torch
import torchvision.models as tv
from PIL import Image
from torch import Tensor, nn

from effnet_viz.engine import images, packages, published
from effnet_viz.engine.calibration import fit_batch_norms
from effnet_viz.engine.download import Progress
from effnet_viz.engine.models import build_model, skeleton
from effnet_viz.engine.optimise import choose_device, optimise
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.checkpoints import (
    CHECKPOINT_DIR,
    checkpoint_paths,
    is_shipped,
    read_record,
)
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    UNTRAINED,
    ModelEntry,
    find_model,
)

#: A wider photo is cut to this ratio around its centre before a published transform sees it: the
#: transform resizes the whole strip before it crops, which for 8 × 8000 px would take gigabytes.
_MAX_SIDE_RATIO = 16


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model ready to run: evaluation mode, parameters frozen, on ``device``; never changed.

    ``weights`` is the honest label of its weights and ``meaningful`` false where they are
    untrained. ``classes`` are the labels in the order of the logits ``(N, num_classes)``.
    ``record`` holds everything known about the weights (see `effnet_viz.evidence.checkpoints`);
    where a figure does not exist it is None.
    """

    family: str
    name: str
    role: str
    weights: str
    meaningful: bool
    spec: ArchitectureSpec
    module: nn.Module = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    record: dict[str, Any] = field(repr=False)
    device: str
    published_transform: Callable[[Image.Image], Tensor] | None = field(default=None, repr=False)

    def preprocess(self, image: Image.Image, square: images.Square | None = None) -> Tensor:
        """What the model sees of an RGB photo: float32 ``(1, 3, H, W)`` on the CPU.

        With a square, that part of the photo at the model's resolution. Without one, the published
        transform of ImageNet's weights, and the centre square for all others.
        """
        if square is None and self.published_transform is not None:
            return self.published_transform(_without_long_ends(image)).unsqueeze(0)
        how = self.record["preprocessing"]
        part = images.crop(image, square or images.square(image.width, image.height))
        return images.to_input(
            part, self.spec.resolution_px, how["mean"], how["std"], how["interpolation"]
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a model is wanted: as `load_model` says."""

    optimised: bool
    device: str
    folder: Path
    on_progress: Progress | None


@dataclass(frozen=True, slots=True)
class Loader:
    """Where a family's weights come from.

    ``load`` reads and verifies them and raises ResourceError where it cannot; ``is_here`` looks
    whether a model of that name has its file on this machine (a folder is that of shipped weights).
    ``fetch`` downloads that file, where there is one to download.
    """

    load: Callable[[ModelEntry, Wanted], LoadedModel]
    is_here: Callable[[str, Path], bool]
    fetch: Callable[[str, Progress | None], object] | None = None


def load_model(
    family: str,
    name: str,
    *,
    optimised: bool = True,
    device: str = "cpu",
    on_progress: Progress | None = None,
    folder: Path = CHECKPOINT_DIR,
) -> LoadedModel:
    """A model of `effnet_viz.scaling.families` with its trained weights, verified now.

    ``optimised`` folds and reorders the module for inference; without it the module is the plain
    torchvision one. ``device`` is ``cpu``, ``cuda``, ``cuda:1``, ``mps`` or ``auto``.
    ``on_progress`` gets (bytes done, bytes in total) while ImageNet's weights are downloaded into
    torch's cache. Raises UserError for an unknown model or device, and ResourceError for
    shipped or installed weights that are missing or damaged and for a download that fails.
    """
    if family == "custom":
        raise UserError("A custom model has no stored weights; it is made from its multipliers.")
    entry = find_model(family, name)
    return LOADERS[family].load(
        entry, Wanted(optimised, choose_device(device), folder, on_progress)
    )


def is_available(family: str, name: str, folder: Path = CHECKPOINT_DIR) -> bool:
    """Whether the model's weights are on this machine; whether they are whole shows when loading.

    Raises UserError for an unknown model.
    """
    find_model(family, name)
    return LOADERS[family].is_here(name, folder)


def fetch(family: str, name: str, on_progress: Progress | None = None) -> None:
    """Download a model's weights where they are not on this machine and have an address: the long
    part of `load_model`, which needs none of the machine. Raises as that does."""
    download = LOADERS[family].fetch
    if download is not None and not is_available(family, name):
        download(name, on_progress)


def untrained_model(
    spec: ArchitectureSpec,
    *,
    name: str = "custom",
    role: str = "custom",
    seed: int = 0,
    optimised: bool = True,
    device: str = "cpu",
) -> LoadedModel:
    """The spec's network as it is before any training; equal seeds give equal weights.

    Its time and memory are real, its predictions mean nothing.
    """
    with seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = build_model(spec)
    return _untrained(module, spec, "custom", name, role, seed, optimised, device)


#: Where the controls' seeds start. Trainings start from 0, 1, ...: with the same seed a control
#: would be where a trained network began, and training hardly changes the first layers.
_CONTROL_SEEDS = 1_000_003


def random_control(entry: ModelEntry, seed: int = 0, *, device: str = "cpu") -> LoadedModel:
    """A listed model's network with random weights, to hold its maps against; called NAME-random.

    A map that looks the same with random weights shows the photo and the network's build, not what
    was learned (Adebayo et al. 2018, Sanity Checks for Saliency Maps, arXiv:1810.03292). Batch
    norms are fitted to random pictures, else such maps are rounding
    (`effnet_viz.engine.calibration`). Equal seeds give equal weights, none of which a training here
    started from.
    """
    with seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(_CONTROL_SEEDS + seed)
        module = build_model(entry.spec)
    fit_batch_norms(module, entry.spec.resolution_px, seed)
    name = f"{entry.name}-random"
    return _untrained(module, entry.spec, entry.family, name, entry.role, seed, True, device)


def _untrained(
    module: nn.Module,
    spec: ArchitectureSpec,
    family: str,
    name: str,
    role: str,
    seed: int,
    optimised: bool,
    device: str,
) -> LoadedModel:
    classes = _labels(spec.num_classes)
    record = {
        "family": family,
        "role": role,
        "weights": UNTRAINED,
        **described(spec),
        "classes": list(classes),
        "preprocessing": centre_square(),
        "seed": seed,
        "sha256": None,
        "val_top1": None,
        "val_n": None,
    }
    return LoadedModel(
        family=family,
        name=name,
        role=role,
        weights=UNTRAINED,
        meaningful=False,
        spec=spec,
        module=_ready(module, spec, optimised, device),
        classes=classes,
        record=record,
        device=device,
    )


def _whole(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _load_shipped(entry: ModelEntry, wanted: Wanted) -> LoadedModel:
    folder = wanted.folder
    record = read_record(entry.name, folder)
    path = checkpoint_paths(entry.name, folder)[0]
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ResourceError(
            f"The {entry.name} model's weights are missing ({path} cannot be read); "
            "download the project again."
        ) from error
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        raise ResourceError(
            f"The {entry.name} model's weights are damaged ({path} does not have the checksum of "
            "its record); download the project again."
        )
    here = described(entry.spec)
    if any(record[key] != here[key] for key in here):
        raise ResourceError(
            f"The {entry.name} model's weights belong to another version of its architecture; "
            f"download the project again, or train it with: {record['reproduce']}"
        )
    state = {key: _whole(value) for key, value in safetensors.torch.load(data).items()}
    module = skeleton(entry.spec)
    module.load_state_dict(state, assign=True)
    return _loaded(entry, module, record, wanted)


def _load_imagenet(entry: ModelEntry, wanted: Wanted) -> LoadedModel:
    return _load_published(entry, published.published_network(entry, wanted.on_progress), wanted)


def _load_lite(entry: ModelEntry, wanted: Wanted) -> LoadedModel:
    return _load_published(entry, packages.lite_network(entry), wanted)


def _load_published(entry: ModelEntry, found: published.Published, wanted: Wanted) -> LoadedModel:
    record = {
        "family": entry.family,
        "role": entry.role,
        "weights": entry.weights,
        **described(entry.spec),
        **found.record,
    }
    return _loaded(entry, found.module, record, wanted, found.transform)


def _loaded(
    entry: ModelEntry,
    module: nn.Module,
    record: dict[str, Any],
    wanted: Wanted,
    transform: Callable[[Image.Image], Tensor] | None = None,
) -> LoadedModel:
    return LoadedModel(
        family=entry.family,
        name=entry.name,
        role=entry.role,
        weights=entry.weights,
        meaningful=True,
        spec=entry.spec,
        module=_ready(module, entry.spec, wanted.optimised, wanted.device),
        classes=tuple(record["classes"]),
        record=record,
        device=wanted.device,
        published_transform=transform,
    )


_TORCHVISION = Loader(_load_imagenet, lambda name, _: published.is_fetched(name), published.fetched)

#: Every family of `effnet_viz.scaling.families`, with where its weights come from.
LOADERS: MappingProxyType[str, Loader] = MappingProxyType(
    {
        "classroom": Loader(_load_shipped, is_shipped),
        "lite": Loader(_load_lite, lambda name, _: packages.is_installed(name)),
        "imagenet": _TORCHVISION,
        "resnet50": _TORCHVISION,
    }
)


#: Held by whoever seeds torch's global generator and draws from it, so that threads do not mix.
seeding = threading.Lock()


def _ready(module: nn.Module, spec: ArchitectureSpec, optimised: bool, device: str) -> nn.Module:
    module = module.eval().requires_grad_(False)
    return optimise(module, device, spec, owned=True) if optimised else module.to(device)


def described(spec: ArchitectureSpec) -> dict[str, Any]:
    """The part of a record that follows from the architecture alone: rows, sizes, cost."""
    cost = network_cost(spec)
    return {
        "architecture": [asdict(stage) for stage in spec.stages],
        "resolution_px": spec.resolution_px,
        "num_classes": spec.num_classes,
        "params": cost.params,
        "macs": cost.macs,
    }


def centre_square() -> dict[str, Any]:
    """A record's preprocessing of a model that sees the photo's centre square."""
    return {
        "mean": list(images.MEAN),
        "std": list(images.STD),
        "interpolation": "bilinear",
        "crop": "the centre square, at the model's resolution",
    }


def _labels(num_classes: int) -> tuple[str, ...]:
    categories = tuple(tv.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])
    if num_classes == len(categories):
        return categories
    if num_classes == len(IMAGENETTE_CLASSES):
        return tuple(IMAGENETTE_CLASSES.values())
    return tuple(f"class {index}" for index in range(num_classes))


def _without_long_ends(image: Image.Image) -> Image.Image:
    longest = _MAX_SIDE_RATIO * min(image.size)
    if max(image.size) <= longest:
        return image
    width, height = min(image.width, longest), min(image.height, longest)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
