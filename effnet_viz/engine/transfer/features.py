"""What a network's last stage makes of photos, pooled: what a linear head is trained on."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from effnet_viz.engine.graph.runtime import MOST_AT_ONCE, batch_of
from effnet_viz.engine.images import square
from effnet_viz.engine.inference import batch_at_once, guard_loaded, not_finite
from effnet_viz.engine.maps.raw import Parts, take_apart
from effnet_viz.engine.maps.tail import through
from effnet_viz.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.weights import LoadedModel

Array = NDArray[np.float32]


class Seen(NamedTuple):
    """``pooled`` ``(N, C)``; ``maps``: of the photos asked for, by number, the last stage's output
    ``(C, h, w)``; ``seconds`` of one photo's pass, the median over batches."""

    pooled: Array
    maps: dict[int, Array]
    seconds: float


def last_stage(model: LoadedModel, inputs: Tensor) -> Array:
    """The last stage's output ``(N, C, h, w)`` for inputs ``(N, 3, H, W)``: what is pooled before
    the model's own linear layer. Raises UserError where it is not finite, and for a network that
    does not end in average pooling and one linear layer."""
    parts = take_apart(model.module)
    if parts.linear is None:
        raise UserError(f"{model.name} does not end in average pooling and one linear layer.")
    found = _passed(parts, inputs.to(model.device)).float().cpu().numpy()
    if not np.isfinite(found).all():
        raise UserError(not_finite(model))
    return found


def _passed(parts: Parts, inputs: Tensor) -> Tensor:
    passed = None if parts.graph is None else parts.graph.run(inputs)
    if passed is not None:
        return passed.stages[-1]
    with torch.inference_mode(False), torch.no_grad():
        return through(inputs, chain(*parts.stages))


def seen(
    model: LoadedModel,
    photos: Sequence[Image.Image],
    *,
    keep_maps: frozenset[int] = frozenset(),
    on_progress: Callable[[int, int], None] | None = None,
) -> Seen:
    """One pass of every photo's centre square. ``on_progress`` gets (photos done, in total) before
    every batch. Raises UserError as `last_stage` does, and where the machine cannot run it."""
    size = at_once(model)
    guard_loaded(model, batch_size=size)
    pooled, maps, times = [], {}, []

    def timed(inputs: Tensor) -> Array:
        began = time.perf_counter()
        found = last_stage(model, inputs)
        times.append((time.perf_counter() - began) / len(inputs))
        return found

    for start in range(0, len(photos), size):
        if on_progress is not None:
            on_progress(start, len(photos))
        part = photos[start : start + size]
        inputs = torch.cat([model.preprocess(photo, square(*photo.size)) for photo in part])
        if len(photos) > size > len(part):  # a batch of another size would be compiled first
            inputs = torch.cat([inputs, inputs[-1:].expand(size - len(part), -1, -1, -1)])
        found = timed(inputs)
        pooled.append(found[: len(part)].mean(axis=(2, 3)))
        for number in keep_maps & set(range(start, start + len(part))):
            maps[number] = found[number - start].copy()
    if len(times) == 1:
        timed(inputs)
    return Seen(np.concatenate(pooled), maps, statistics.median(times[1:]))  # the first compiles


def pooled(model: LoadedModel, photos: Sequence[Image.Image]) -> Array:
    """The pooled features ``(N, C)`` of every photo's centre square. Raises UserError."""
    return seen(model, photos).pooled


def at_once(model: LoadedModel) -> int:
    """How many photos run as one: on the CPU's graph whole batches for every thread."""
    if take_apart(model.module).graph is None:
        return batch_at_once(model.spec)
    threads = torch.get_num_threads()
    return threads * batch_of(model.spec, max(threads, MOST_AT_ONCE), threads)
