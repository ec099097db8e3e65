"""Models with weights: shipped, ImageNet's from torchvision, or honestly untrained.

Every file of weights is verified before every load, and nothing in it is executed: safetensors for
what this project ships, ``weights_only`` for what torchvision publishes.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torchvision.models as tv
from PIL import Image
from torch import Tensor, nn

from effnet_viz.engine import images
from effnet_viz.engine.calibration import fit_batch_norms
from effnet_viz.engine.download import Progress, Source, verified_file
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
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
    IMAGENET,
    IMAGENETTE_CLASSES,
    SHIPPED,
    UNTRAINED,
    ModelEntry,
    find_model,
)

_IMAGENET_WEIGHTS = {
    "b0": tv.EfficientNet_B0_Weights.IMAGENET1K_V1,
    "b1": tv.EfficientNet_B1_Weights.IMAGENET1K_V1,
    "b2": tv.EfficientNet_B2_Weights.IMAGENET1K_V1,
    "b3": tv.EfficientNet_B3_Weights.IMAGENET1K_V1,
    "b4": tv.EfficientNet_B4_Weights.IMAGENET1K_V1,
    "b5": tv.EfficientNet_B5_Weights.IMAGENET1K_V1,
    "b6": tv.EfficientNet_B6_Weights.IMAGENET1K_V1,
    "b7": tv.EfficientNet_B7_Weights.IMAGENET1K_V1,
    "resnet50": tv.ResNet50_Weights.IMAGENET1K_V1,
    "resnet152": tv.ResNet152_Weights.IMAGENET1K_V1,
    "wide_resnet50_2": tv.Wide_ResNet50_2_Weights.IMAGENET1K_V1,
}
_RESNETS: dict[str, Callable[..., nn.Module]] = {
    "resnet50": tv.resnet50,
    "resnet152": tv.resnet152,
    "wide_resnet50_2": tv.wide_resnet50_2,
}
#: torchvision's B5-B7 come from another implementation than B0-B4, with another epsilon.
_NORM_EPS = {"b5": 1e-3, "b6": 1e-3, "b7": 1e-3}

_IMAGENET_VAL_PHOTOS = 50_000
_IMAGENET_LICENCE = (
    "published by torchvision (BSD-3-Clause); trained on ImageNet, whose photos are for "
    "non-commercial research and education"
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

        With a square, that part of the photo at the model's resolution. Without one, torchvision's
        published transform for ImageNet's weights, and the centre square for all others.
        """
        if square is None and self.published_transform is not None:
            return self.published_transform(_without_long_ends(image)).unsqueeze(0)
        how = self.record["preprocessing"]
        part = images.crop(image, square or images.square(image.width, image.height))
        return images.to_input(
            part, self.spec.resolution_px, how["mean"], how["std"], how["interpolation"]
        )


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
    torchvision one. ``on_progress`` gets (bytes done, bytes in total) while ImageNet's weights are
    downloaded into torch's cache. Raises UserError for an unknown model, and ResourceError for
    shipped weights that are missing or damaged and for a download that fails.
    """
    if family == "custom":
        raise UserError("A custom model has no stored weights; it is made from its multipliers.")
    entry = find_model(family, name)
    if family == "classroom":
        return _load_shipped(entry, optimised, device, folder)
    return _load_imagenet(entry, optimised, device, on_progress)


def is_available(family: str, name: str, folder: Path = CHECKPOINT_DIR) -> bool:
    """Whether the model's weights are on this machine; whether they are whole shows when loading.

    Raises UserError for an unknown model.
    """
    if find_model(family, name).family == "classroom":
        return is_shipped(name, folder)
    return (_cache_dir() / imagenet_source(name).file_name).is_file()


def download_size_mb(name: str) -> float:
    """What the weights of an ImageNet model take to download, as torchvision states it (MiB)."""
    return float(_IMAGENET_WEIGHTS[_base(name)].meta["_file_size"])


def imagenet_source(name: str) -> Source:
    """Where torchvision publishes the weights of ``b0``-``b7``, ``NAME@PX`` or a ResNet.

    The file name carries the start of its own SHA-256.
    """
    url = _IMAGENET_WEIGHTS[_base(name)].url
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", url)
    if found is None:
        raise ValueError(f"{url} does not carry a checksum")
    return Source(url, "sha256", found.group(1))


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

    Its time and memory are real, its predictions mean nothing. Raises UserError for architectures
    that are shown for their cost only.
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
    resnet = _RESNETS.get(_base(entry.name)) if entry.family == "resnet50" else None
    with seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(_CONTROL_SEEDS + seed)
        module = build_model(entry.spec) if resnet is None else resnet(weights=None)
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
        module=_ready(module, optimised, device),
        classes=classes,
        record=record,
        device=device,
    )


def _whole(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value


def _load_shipped(entry: ModelEntry, optimised: bool, device: str, folder: Path) -> LoadedModel:
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
    return LoadedModel(
        family=entry.family,
        name=entry.name,
        role=entry.role,
        weights=SHIPPED,
        meaningful=True,
        spec=entry.spec,
        module=_ready(module, optimised, device),
        classes=tuple(record["classes"]),
        record=record,
        device=device,
    )


def _load_imagenet(
    entry: ModelEntry, optimised: bool, device: str, on_progress: Progress | None
) -> LoadedModel:
    base = _base(entry.name)
    weights = _IMAGENET_WEIGHTS[base]
    verified = verified_file(
        imagenet_source(base),
        _cache_dir(),
        what=f"ImageNet weights of {base} ({download_size_mb(base):.0f} MB)",
        meanwhile=_meanwhile(),
        on_progress=on_progress,
    )
    state = weights.get_state_dict(
        progress=False, check_hash=True, weights_only=True, map_location="cpu"
    )
    if base in _RESNETS:
        with torch.device("meta"):
            module = _RESNETS[base](weights=None)
    else:
        module = skeleton(entry.spec, _NORM_EPS.get(base, 1e-5))
    module.load_state_dict(state, assign=True)

    published = weights.transforms()
    resize_px, crop_px = published.resize_size[0], published.crop_size[0]
    px = entry.spec.resolution_px
    if own_size := "@" in entry.name:
        resize_px, crop_px = round(px * 256 / 224), px
        published = weights.transforms(resize_size=resize_px, crop_size=crop_px)
    record = {
        "family": entry.family,
        "role": entry.role,
        "weights": IMAGENET,
        **described(entry.spec),
        "classes": list(weights.meta["categories"]),
        "preprocessing": {
            "mean": list(published.mean),
            "std": list(published.std),
            "interpolation": published.interpolation.value,
            "crop": f"shorter side to {resize_px} px, then the centre {crop_px} px",
        },
        "sha256": verified.digest,
        "val_top1": None if own_size else weights.meta["_metrics"]["ImageNet-1K"]["acc@1"],
        "val_n": None if own_size else _IMAGENET_VAL_PHOTOS,
        "source": f"torchvision {weights!r}, {weights.url}",
        "licence": _IMAGENET_LICENCE,
        "note": " ".join(filter(None, (entry.note, verified.note))),
    }
    return LoadedModel(
        family=entry.family,
        name=entry.name,
        role=entry.role,
        weights=IMAGENET,
        meaningful=True,
        spec=entry.spec,
        module=_ready(module, optimised, device),
        classes=tuple(weights.meta["categories"]),
        record=record,
        device=device,
        published_transform=published,
    )


#: Held by whoever seeds torch's global generator and draws from it, so that threads do not mix.
seeding = threading.Lock()


def skeleton(spec: ArchitectureSpec, norm_eps: float = 1e-5) -> nn.Module:
    """The network without memory behind its weights, to be filled by ``load_state_dict``."""
    with torch.device("meta"):
        return build_model(spec, norm_eps=norm_eps)


def _ready(module: nn.Module, optimised: bool, device: str) -> nn.Module:
    module = module.eval().requires_grad_(False)
    return optimise(module, device) if optimised else module.to(device)


def _base(name: str) -> str:
    return name.partition("@")[0]


def _meanwhile() -> str:
    """What can be run without a network."""
    here = [n for n in _IMAGENET_WEIGHTS if (_cache_dir() / imagenet_source(n).file_name).exists()]
    also = f", and so do {', '.join(here)}" if here else ""
    return f"Until then the classroom family works offline{also}."


def _cache_dir() -> Path:
    """Where torch keeps downloaded weights; TORCH_HOME moves it."""
    return Path(torch.hub.get_dir()) / "checkpoints"


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
