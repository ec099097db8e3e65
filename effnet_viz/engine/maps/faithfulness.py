"""Does the model need what a map shows? Measured by removing it and asking the model again.

A map is brought to the model's input size, bilinear between the centres of its cells, and only its
order counts: pixels are removed or added from the most to the least important; equal values in
reading order.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from pytorch_grad_cam.metrics.road import ROADLeastRelevantFirst, ROADMostRelevantFirst
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from torch import Tensor
from torchvision.transforms.v2 import functional

from effnet_viz.engine.graph.runtime import forward
from effnet_viz.engine.inference import batch_at_once, guard_loaded, with_cpu_fallback
from effnet_viz.engine.maps.placing import resampled
from effnet_viz.engine.weights import seeding
from effnet_viz.errors import Cancelled, UserError
from effnet_viz.evidence.results import CamResult, Removal, RemovalCurves, RemovalFrames

if TYPE_CHECKING:
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
#: The shares of pixels that frames are made of, all of them steps of the curves; a frame's side.
FRAMES_AT, FRAME_PX = (0.0, 0.1, 0.25, 0.5, 0.75), 192


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
    guard_loaded(model, batch_size=batch_at_once(model.spec))
    inputs = model.preprocess(image, square)
    order = _most_important_first(result, inputs)
    kept = np.linspace(0, order.size, steps + 1).round().astype(int)

    def changed() -> Iterator[Tensor]:
        for chosen, rest in _sides(inputs, baseline_fill):
            for count in kept:
                yield _mixed(order[:count], chosen, rest)

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


def removal_frames(
    model: LoadedModel,
    image: Image.Image,
    square: Square | None,
    result: CamResult,
    *,
    shares: tuple[float, ...] = FRAMES_AT,
    baseline_fill: Fill = "paper",
) -> RemovalFrames:
    """What the model is shown by `deletion_insertion` once these ``shares`` of the pixels, 0 to 1,
    are removed or added: WebP files of `FRAME_PX` a side. No pass is run.

    Raises UserError for a map without evidence.
    """
    _check(result)
    inputs = model.preprocess(image, square)
    order = _most_important_first(result, inputs)
    how = model.record["preprocessing"]
    mean, std = (torch.tensor(how[key]).view(3, 1, 1) for key in ("mean", "std"))

    def frame(share: float, chosen: Tensor, rest: Tensor) -> bytes:
        seen = _mixed(order[: round(share * order.size)], chosen, rest)[0]
        pixels = (255 * (seen * std + mean).clamp(0, 1)).round().byte().permute(1, 2, 0)
        picture = Image.fromarray(pixels.numpy())
        smaller = picture.width > FRAME_PX
        resampling = Image.Resampling.LANCZOS if smaller else Image.Resampling.NEAREST
        data = io.BytesIO()
        picture.resize((FRAME_PX, FRAME_PX), resampling).save(data, "WEBP", quality=90)
        return data.getvalue()

    deletion, insertion = (
        tuple(frame(share, *side) for share in shares) for side in _sides(inputs, baseline_fill)
    )
    return RemovalFrames(shares, deletion, insertion)


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
    guard_loaded(model)
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


def _most_important_first(result: CamResult, inputs: Tensor) -> NDArray[np.intp]:
    """The input's pixels, numbered in reading order, from the most important one on."""
    return _importance(result, inputs).argsort()[::-1].copy()


def _sides(inputs: Tensor, fill: Fill) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """What the most important pixels become and what the rest is: of deletion, of insertion."""
    mean, blurred = torch.zeros_like(inputs), _blurred(inputs)
    return (
        (blurred if fill == "blur" else mean, inputs),
        (inputs, mean if fill == "mean" else blurred),
    )


def _mixed(pixels: NDArray[np.intp], chosen: Tensor, rest: Tensor) -> Tensor:
    """``chosen`` at these pixels, ``rest`` at all others."""
    mask = torch.zeros(rest.shape[-2] * rest.shape[-1], dtype=torch.bool)
    mask[torch.from_numpy(pixels)] = True
    return torch.where(mask.view(rest.shape[-2:]), chosen, rest)


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
