"""EfficientNet-Lite: what its authors print of it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

#: Where the printed figures stand.
SOURCE = "tensorflow/tpu, models/official/efficientnet/lite/README.md"


@dataclass(frozen=True, slots=True)
class PublishedLite:
    """One row of the authors' table: parameters and multiply-adds in millions, ImageNet top-1 in
    percent.

    The printed multiply-adds lie 3 to 6 % above a count of convolutions and linear layers: by
    about three operations per output value, as if batch norms and activation functions counted
    too. The authors do not say how they counted.
    """

    params_m: float
    macs_m: float
    top1: float


PUBLISHED: MappingProxyType[str, PublishedLite] = MappingProxyType(
    {
        "lite0": PublishedLite(4.7, 407, 75.1),
        "lite1": PublishedLite(5.4, 631, 76.7),
        "lite2": PublishedLite(6.1, 899, 77.6),
        "lite3": PublishedLite(8.2, 1440, 79.8),
        "lite4": PublishedLite(13.0, 2640, 81.5),
    }
)
