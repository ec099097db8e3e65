"""How each method weights channels: pytorch-grad-cam's classes, two of them made fit for large
networks and long waits.

`effnet_viz.evidence.map_methods` says which of the two tables has a method: `BY_GRADIENT` where it
takes gradients, else `FORWARD_ONLY`; the last stage has its own, `closed_form`, and CAM only that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from pytorch_grad_cam import (
    EigenCAM,
    GradCAM,
    GradCAMPlusPlus,
    HiResCAM,
    LayerCAM,
    ScoreCAM,
    XGradCAM,
    score_cam,
)
from pytorch_grad_cam.base_cam import BaseCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from effnet_viz.engine.maps.closed_form import Array


class LargeGridEigenCAM(EigenCAM):
    """EigenCAM that also works on the large grids of early stages.

    The library's projection asks for a complete singular value decomposition, whose left factor
    has N × N values for N positions: 0.6 GB at 112 × 112 and 32 GB at 300 × 300. Above
    ``MAX_POSITIONS`` the thin decomposition is used, which has the same first component.
    """

    MAX_POSITIONS = 64 * 64

    def get_cam_image(
        self,
        input_tensor: Tensor,
        target_layer: nn.Module,
        target_category: Any,
        activations: Array,
        grads: Array | None,
        eigen_smooth: bool = False,
    ) -> Array:
        """The projection ``(1, h, w)`` of each position's activations on their main direction."""
        _, channels, height, width = activations.shape
        if height * width <= self.MAX_POSITIONS:
            return super().get_cam_image(
                input_tensor, target_layer, target_category, activations, grads, eigen_smooth
            )
        positions = activations[0].reshape(channels, -1).T  # (h * w, channels)
        positions = positions - positions.mean(axis=0)
        _, _, directions = np.linalg.svd(positions, full_matrices=False)
        return (positions @ directions[0]).reshape(1, height, width)


class BatchedScoreCAM(ScoreCAM):
    """Score-CAM a batch of channels at a time.

    The library makes the masked photos of all channels at once (2 GB on B3) and only then runs
    them. Here it gets ``batch_size`` channels, again and again; ``between`` is called before each
    batch and at the end with (channels done, in total) and may raise to stop.
    """

    batch_size = 16
    between: Callable[[int, int], None] = staticmethod(lambda _done, _total: None)

    def get_cam_weights(
        self,
        input_tensor: Tensor,
        target_layer: nn.Module,
        targets: list[Callable[[Tensor], Tensor]],
        activations: Array,
        grads: Array | None,
    ) -> Array:
        """The channels' weights ``(1, channels)``: the softmax of the class's scores."""
        scores: list[float] = []

        def noted(output: Tensor) -> Tensor:
            score = targets[0](output)
            scores.append(score.item())
            return score

        total = activations.shape[1]
        for start in range(0, total, self.batch_size):
            self.between(start, total)
            some = activations[:, start : start + self.batch_size]
            super().get_cam_weights(input_tensor, target_layer, [noted], some, grads)
        self.between(total, total)
        return torch.tensor(scores).softmax(0)[None].numpy()


def _no_bar(batches: Iterable[int]) -> Iterable[int]:
    return batches


# The library draws a bar on stderr for every map; this replaces the name in its module alone.
score_cam.tqdm = SimpleNamespace(tqdm=_no_bar)


class Seen(NamedTuple):
    """What a method without gradients may look at.

    ``network`` takes ``inputs`` ``(1, 3, H, W)`` to logits. ``activations`` ``(1, C, h, w)`` are
    the stage's, ``target`` the class. ``between(done, in total)`` is called between batches and may
    raise.
    """

    network: nn.Module
    inputs: Tensor
    activations: Array
    target: int
    batch_size: int
    between: Callable[[int, int], None]


def _eigencam(seen: Seen) -> tuple[Array, float]:
    cam = LargeGridEigenCAM(seen.network, [])
    values = cam.get_cam_image(seen.inputs, seen.network, None, seen.activations, None)[0]
    values = _as_the_energy(values, seen.activations[0])
    # The projection on a unit vector is at most as long as a position's activations.
    return values, float(np.linalg.norm(seen.activations[0], axis=0).max())


def _as_the_energy(projection: Array, activations: Array) -> Array:
    """A projection ``(h, w)``, whose sign a decomposition leaves open, so that it correlates with
    the mean over channels of the squared activations ``(C, h, w)``: bright is where the stage is
    active."""
    energy = np.square(activations, dtype=np.float64).mean(axis=0)
    along = float(((energy - energy.mean()) * projection).sum())
    return -projection if along < 0 else projection


def _scorecam(seen: Seen) -> tuple[Array, float]:
    cam = BatchedScoreCAM(seen.network, [])
    cam.batch_size, cam.between = seen.batch_size, seen.between
    targets = [ClassifierOutputTarget(seen.target)]
    weights = cam.get_cam_weights(seen.inputs, seen.network, targets, seen.activations, None)[0]
    return _weighted(weights, seen.activations)


def _weighted(weights: Array, activations: Array) -> tuple[Array, float]:
    values = np.tensordot(weights, activations[0], 1)
    return values, float(np.tensordot(np.abs(weights), np.abs(activations[0]), 1).max())


#: The library's weighting for every method that takes gradients.
BY_GRADIENT: Mapping[str, type[BaseCAM]] = MappingProxyType(
    {
        "gradcam": GradCAM,
        "gradcam++": GradCAMPlusPlus,
        "xgradcam": XGradCAM,
        "layercam": LayerCAM,
        "hirescam": HiResCAM,
    }
)

#: For every other method but CAM the map ``(h, w)`` before ReLU, and how large it would be if
#: nothing in its sum cancelled, by which rounding is judged.
FORWARD_ONLY: Mapping[str, Callable[[Seen], tuple[Array, float]]] = MappingProxyType(
    {
        "eigencam": _eigencam,
        "scorecam": _scorecam,
    }
)
