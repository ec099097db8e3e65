"""Does the model need what a map shows? Measured by removing it and asking the model again.

A map is brought to the model's input size, bilinear between the centres of its cells, and only its
order counts: pixels are removed or added from the most to the least important; equal values in
reading order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam.metrics.road import ROADLeastRelevantFirst, ROADMostRelevantFirst
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from torch import Tensor
from torchvision.transforms.v2 import functional

from effnet_viz.engine.graph.runtime import forward
from effnet_viz.engine.inference import batch_at_once, guard, with_cpu_fallback
from effnet_viz.engine.maps.placing import resampled
from effnet_viz.engine.weights import seeding
from effnet_viz.errors import Cancelled, UserError
from effnet_viz.evidence.results import CamResult, Removal, RemovalCurves

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.weights import LoadedModel

Fill = Literal["paper", "mean", "blur"]
Report = Callable[[int, int], None]
Stop = Callable[[], bool]

#: The blurred photo that insertion starts from: kernel side and sigma for an input of 224 px, as
#: in the authors' own code; both scale with the input.
BLUR_KERNEL_PX, BLUR_SIGMA_PX, BLUR_AT_PX = 11, 5.0, 224
#: The shares of pixels that ROAD keeps or removes, the library's own.
ROAD_PERCENTILES = (10, 20, 30, 40, 50, 60, 70, 80, 90)


def deletion_insertion(
    model: LoadedModel,
    image: Image.Image,
    square: Square | None,
    result: CamResult,
    *,
    steps: int = 20,
    baseline_fill: Fill = "paper",
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
) -> Removal:
    """Deletion and insertion of a map's class: areas under two curves of its probability.

    After step k of n the most important k/n of the pixels are replaced by the fill (deletion), or
    stand alone on the fill (insertion); the area is the trapezoid rule's over the fraction of
    pixels, 0 to 1. ``baseline_fill`` says what stands for "nothing": the mean colour of ImageNet
    (zero, once normalised), the blurred photo, or as in the paper the mean for deletion and the
    blur for insertion. 2 · (n + 1) passes; ``on_progress`` gets (passes done, in total).

    Source: Petsiuk, Das & Saenko 2018, RISE, arXiv:1806.07421, section 4.2. Raises UserError for a
    map without evidence, whose order means nothing, and Cancelled.
    """
    _check(result)
    if steps < 1:
        raise UserError(f"Pixels are removed in at least one step, not in {steps}.")
    guard(model.spec, device=model.device, loaded=True, batch_size=batch_at_once(model.spec))
    inputs = model.preprocess(image, square)
    order = _importance(result, inputs).argsort()[::-1].copy()
    mean, blurred = torch.zeros_like(inputs), _blurred(inputs)
    empty_of_deletion = blurred if baseline_fill == "blur" else mean
    empty_of_insertion = mean if baseline_fill == "mean" else blurred
    kept = np.linspace(0, order.size, steps + 1).round().astype(int)

    def changed() -> Iterator[Tensor]:
        for top, bottom in ((empty_of_deletion, inputs), (inputs, empty_of_insertion)):
            for count in kept:
                chosen = torch.zeros(order.size, dtype=torch.bool)
                chosen[torch.from_numpy(order[:count])] = True
                yield torch.where(chosen.view(inputs.shape[-2:]), top, bottom)

    def run(model: LoadedModel) -> list[float]:
        return list(
            _probabilities(
                model, changed(), 2 * len(kept), result.target_index, on_progress, should_stop
            )
        )

    curve, _ = with_cpu_fallback(model, run)
    fractions = kept / order.size
    deletion, insertion = curve[: len(kept)], curve[len(kept) :]
    return Removal(
        float(np.trapezoid(deletion, fractions)),
        float(np.trapezoid(insertion, fractions)),
        RemovalCurves(tuple(fractions.tolist()), tuple(deletion), tuple(insertion)),
    )


def road(
    model: LoadedModel,
    image: Image.Image,
    square: Square | None,
    result: CamResult,
    *,
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
) -> float:
    """ROAD, combined: (LeRF - MoRF) / 2, higher is better, by pytorch-grad-cam.

    MoRF is the change of the class's probability when the most relevant pixels are removed, LeRF
    when the least relevant are, each the mean over nine shares from 10 % to 90 %. A removed pixel
    becomes the weighted mean of its neighbours plus a little noise (seeded), which leaves no sharp
    edge that would give the mask away. The library gets the map's ranks, 0 to 1, because it cuts at
    percentiles and would remove everything where many values are equal. 36 passes and 18 systems of
    equations; ``on_progress`` gets (systems done, in total).

    Source: Rong et al. 2022, A Consistent and Efficient Evaluation Strategy for Attribution
    Methods, arXiv:2202.00449. Raises UserError for a map without evidence, and Cancelled.
    """
    _check(result)
    guard(model.spec, device=model.device, loaded=True)
    inputs = model.preprocess(image, square)
    importance = _importance(result, inputs)
    ranks = np.empty(importance.size, dtype=np.float32)
    ranks[importance.argsort()] = np.linspace(0, 1, importance.size, dtype=np.float32)
    maps = ranks.reshape(1, *inputs.shape[-2:])
    targets = [ClassifierOutputSoftmaxTarget(result.target_index)]
    metrics = [
        (sign, metric(percentile))
        for sign, metric in ((0.5, ROADLeastRelevantFirst), (-0.5, ROADMostRelevantFirst))
        for percentile in ROAD_PERCENTILES
    ]

    def run(model: LoadedModel) -> float:
        score = 0.0
        for done, (sign, metric) in enumerate(metrics):
            _report(done, len(metrics), on_progress, should_stop)
            with seeding, torch.random.fork_rng(devices=[]):
                torch.manual_seed(done)
                change = metric(inputs.to(model.device), maps, targets, model.module)
            score += sign * float(change[0]) / len(ROAD_PERCENTILES)
        _report(len(metrics), len(metrics), on_progress, None)
        return score

    return with_cpu_fallback(model, run)[0]


def _check(result: CamResult) -> None:
    if not result.evidence:
        raise UserError(
            f"The map of {result.model} is no evidence for {result.target_class}, so there is "
            "nothing to remove; choose another class, stage or method."
        )


def _importance(result: CamResult, inputs: Tensor) -> NDArray[np.float32]:
    """The map at the input's size, as one row per pixel in reading order. Its ties are broken by
    position, the first pixel the more important."""
    raw = np.asarray(result.raw, dtype=np.float32)
    values = resampled(raw, result.centres, inputs.shape[-1]).ravel()
    order = np.argsort(-values, kind="stable")
    ranks = np.empty(values.size, dtype=np.float32)
    ranks[order] = np.arange(values.size, 0, -1)
    return ranks


def _blurred(inputs: Tensor) -> Tensor:
    scale = inputs.shape[-1] / BLUR_AT_PX
    kernel = max(3, 2 * round((BLUR_KERNEL_PX * scale - 1) / 2) + 1)
    return functional.gaussian_blur(inputs, [kernel, kernel], [BLUR_SIGMA_PX * scale])


def _probabilities(
    model: LoadedModel,
    pictures: Iterator[Tensor],
    total: int,
    target: int,
    on_progress: Report | None,
    should_stop: Stop | None,
) -> Iterator[float]:
    done, size = 0, batch_at_once(model.spec)
    while done < total:
        _report(done, total, on_progress, should_stop)
        batch = list(islice(pictures, size))
        logits = forward(model.module, torch.cat(batch).to(model.device))
        yield from logits.float().softmax(1)[:, target].tolist()
        done += len(batch)
    _report(total, total, on_progress, None)


def _report(done: int, total: int, on_progress: Report | None, should_stop: Stop | None) -> None:
    if should_stop is not None and should_stop():
        raise Cancelled
    if on_progress is not None:
        on_progress(done, total)
