"""Where a head looks for its class: exact CAM, and how much of it lies on the border.

A head's score is ``w · mean(A) + b`` of the last stage's output A, so its map ``Σ w_c A_c``, before
ReLU, averages to the score less the bias: nothing is approximated (Zhou et al. 2016,
arXiv:1512.04150).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from effnet_viz.engine.images import square as centre_square
from effnet_viz.engine.maps.metrics import to_frame
from effnet_viz.engine.maps.raw import rounding_noise
from effnet_viz.engine.transfer.features import last_stage
from effnet_viz.engine.transfer.results import LinearHead
from effnet_viz.evidence.results import CamResult
from effnet_viz.scaling.centres import Centres, cell_centres

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.weights import LoadedModel

Array = NDArray[np.float32]

#: Places along a side at which the border is counted.
PLACES = 64
#: The middle half of a photo's area has this share of its side.
MIDDLE = 0.5**0.5


def head_map(activations: Array, head: LinearHead, wanted: int) -> Array:
    """``(h, w)`` after ReLU, of the last stage's output ``(C, h, w)``."""
    return np.maximum(np.tensordot(head.weights[wanted], activations, axes=1), 0)


def border_share(values: Array, centres: Centres) -> float | None:
    """The share of a map's mass outside the middle half of the square's area; None of an empty
    one. A uniform map has a half there."""
    placed = to_frame(values, PLACES, centres)
    total = float(placed.sum())
    if total <= 0:
        return None
    edge = round(PLACES * (1 - MIDDLE) / 2)
    return 1 - float(placed[edge : PLACES - edge, edge : PLACES - edge].sum()) / total


def new_photo(
    model: LoadedModel,
    head: LinearHead,
    photo: Image.Image,
    classes: tuple[str, ...],
    wanted: int,
) -> tuple[Array, CamResult]:
    """The head's scores ``(K,)`` of a photo's centre square, and its map for the class ``wanted``.

    ``probability`` of the result is the softmax share of the scores, which ridge classification
    does not calibrate: pages show the scores. Raises UserError.
    """
    inputs = model.preprocess(photo, centre_square(*photo.size))
    activations = last_stage(model, inputs)[0]
    scores = head.scores(activations.mean(axis=(1, 2))[None])[0]
    values = head_map(activations, head, wanted)
    magnitude = np.tensordot(np.abs(head.weights[wanted]), np.abs(activations), axes=1).max()
    shares = np.exp(scores - scores.max())
    peak = float(values.max())
    evidence = peak > rounding_noise(magnitude)
    return scores, CamResult(
        family=model.family,
        model=model.name,
        role=model.role,
        weights=model.weights,
        meaningful=model.meaningful,
        device=model.device,
        resolution_px=inputs.shape[-1],
        method="cam",
        target_class=classes[wanted],
        target_index=wanted,
        target_stage=len(cell_centres(model.spec)),
        grid=(values.shape[0], values.shape[1]),
        centres=cell_centres(model.spec)[-1],
        raw=tuple(tuple(row) for row in values.tolist()),
        raw_max=peak,
        probability=float(shares[wanted] / shares.sum()),
        evidence=evidence,
        note="" if evidence else "Nothing in this photo speaks for this class.",
    )
