"""Two of pytorch-grad-cam's methods, made fit for large networks and long waits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import EigenCAM, ScoreCAM, score_cam
from torch import Tensor, nn

Array = NDArray[np.float32]


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
