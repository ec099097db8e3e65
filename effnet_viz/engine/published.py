"""torchvision's ImageNet weights: where they are published, and the networks they fill."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torchvision.models as tv
from PIL import Image
from torch import Tensor, nn

from effnet_viz.engine.download import Progress, Source, VerifiedFile, verified_file
from effnet_viz.engine.models import skeleton
from effnet_viz.scaling.families import ModelEntry

#: By the names of `effnet_viz.scaling.families`.
WEIGHTS = {
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
#: torchvision's B5-B7 come from another implementation than B0-B4, with another epsilon.
NORM_EPS = {"b5": 1e-3, "b6": 1e-3, "b7": 1e-3}

_IMAGENET_VAL_PHOTOS = 50_000
_IMAGENET_LICENCE = (
    "published by torchvision (BSD-3-Clause); trained on ImageNet, whose photos are for "
    "non-commercial research and education"
)


@dataclass(frozen=True, eq=False)
class Published:
    """A network with its published weights.

    ``transform`` makes a photo the model's input ``(3, H, W)``; ``record`` is the part of the
    weights' record that their publisher and the file itself tell.
    """

    module: nn.Module
    transform: Callable[[Image.Image], Tensor]
    record: dict[str, Any]


def download_size_mb(name: str) -> float:
    """What the weights of an ImageNet model take to download, as torchvision states it (MiB)."""
    return float(WEIGHTS[_base(name)].meta["_file_size"])


def imagenet_source(name: str) -> Source:
    """Where torchvision publishes the weights of ``b0``-``b7``, ``NAME@PX`` or a ResNet.

    The file name carries the start of its own SHA-256.
    """
    url = WEIGHTS[_base(name)].url
    found = re.search(r"-([0-9a-f]{8,64})\.pth$", url)
    if found is None:
        raise ValueError(f"{url} does not carry a checksum")
    return Source(url, "sha256", found.group(1))


def is_fetched(name: str) -> bool:
    """Whether the weights are in torch's cache; whether they are whole shows when loading."""
    return (_cache_dir() / imagenet_source(name).file_name).is_file()


def fetched(name: str, on_progress: Progress | None = None) -> VerifiedFile:
    """The file of an ImageNet model's weights, verified now and downloaded where it is not in
    torch's cache. Raises ResourceError where the download fails or the file is damaged."""
    base = _base(name)
    return verified_file(
        imagenet_source(base),
        _cache_dir(),
        what=f"ImageNet weights of {base} ({download_size_mb(base):.0f} MB)",
        meanwhile=_meanwhile(),
        on_progress=on_progress,
    )


def published_network(entry: ModelEntry, on_progress: Progress | None = None) -> Published:
    """The network of an ImageNet model with its weights, verified now, in training mode.

    What is not in torch's cache is downloaded; ``on_progress`` gets (bytes done, bytes in total).
    ``NAME@PX`` carries torchvision's transform made for that size, and no accuracy. Raises
    ResourceError where the download fails or the file is damaged.
    """
    base = _base(entry.name)
    weights = WEIGHTS[base]
    verified = fetched(base, on_progress)
    state = weights.get_state_dict(
        progress=False, check_hash=True, weights_only=True, map_location="cpu"
    )
    module = skeleton(entry.spec, NORM_EPS.get(base, 1e-5))
    module.load_state_dict(state, assign=True)

    transform = weights.transforms()
    resize_px, crop_px = transform.resize_size[0], transform.crop_size[0]
    px = entry.spec.resolution_px
    if own_size := "@" in entry.name:
        resize_px, crop_px = round(px * 256 / 224), px
        transform = weights.transforms(resize_size=resize_px, crop_size=crop_px)
    record = {
        "classes": list(weights.meta["categories"]),
        "preprocessing": {
            "mean": list(transform.mean),
            "std": list(transform.std),
            "interpolation": transform.interpolation.value,
            "crop": f"shorter side to {resize_px} px, then the centre {crop_px} px",
        },
        "sha256": verified.digest,
        "val_top1": None if own_size else weights.meta["_metrics"]["ImageNet-1K"]["acc@1"],
        "val_n": None if own_size else _IMAGENET_VAL_PHOTOS,
        "source": f"torchvision {weights!r}, {weights.url}",
        "licence": _IMAGENET_LICENCE,
        "note": " ".join(filter(None, (entry.note, verified.note))),
    }
    return Published(module, transform, record)


def _base(name: str) -> str:
    return name.partition("@")[0]


def _meanwhile() -> str:
    """What can be run without a network."""
    here = [n for n in WEIGHTS if (_cache_dir() / imagenet_source(n).file_name).exists()]
    also = f", and so do {', '.join(here)}" if here else ""
    return f"Until then the classroom family works offline{also}."


def _cache_dir() -> Path:
    """Where torch keeps downloaded weights; TORCH_HOME moves it."""
    return Path(torch.hub.get_dir()) / "checkpoints"
