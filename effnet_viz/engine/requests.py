"""What is asked of the engine, as frozen records: each is hashable and so its own cache key.

Nothing here loads torch, so that a page can ask, and a request can go to another machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from effnet_viz.engine.images import Square
from effnet_viz.scaling.architectures import ArchitectureSpec


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A photo as it came: ``data``, the bytes of its file, known by ``key``, their sha256."""

    key: str
    data: bytes = field(repr=False, compare=False)

    @classmethod
    def of(cls, data: bytes) -> PhotoFile:
        """The record of these bytes."""
        return cls(hashlib.sha256(data).hexdigest(), data)


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which network runs where: ``family/name``, and the device.

    ``spec`` is that of ``custom/…``, which has no published one; ``parent`` is the family and name
    of the trained baseline that it is grown from, None where it is untrained.
    """

    key: str
    device: str
    spec: ArchitectureSpec | None = None
    parent: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PredictRequest:
    """The ``top`` classes of one photo by one model."""

    photo: PhotoFile
    model: ModelRef
    top: int = 5


@dataclass(frozen=True, slots=True)
class Look:
    """One pass of a model over one square of a photo: what every map of it starts from."""

    photo: PhotoFile
    square: Square
    model: ModelRef


@dataclass(frozen=True, slots=True)
class MapRequest:
    """One map: ``target_class`` None is the model's own top one, ``target_stage`` None the last
    stage."""

    look: Look
    method: str = "gradcam"
    target_class: int | None = None
    target_stage: int | None = None


def bare(key: Hashable) -> Hashable:
    """A key that equals this one and holds no photo's bytes: a cache that kept the request itself
    would keep everybody's uploads with it."""
    match key:
        case PhotoFile():
            return _named(key)
        case PredictRequest() | Look():
            return replace(key, photo=_named(key.photo))
        case MapRequest():
            return replace(key, look=replace(key.look, photo=_named(key.look.photo)))
        case tuple():
            return tuple(map(bare, key))
    return key


def _named(photo: PhotoFile) -> PhotoFile:
    return PhotoFile(photo.key, b"")
