"""The last stage's maps without a backward pass, where only pooling and one linear layer follow.

There the class's logit is ``W · mean(A) + b``, so its gradient is ``W[c] / (h · w)`` at every
position of channel c, and each method's weights follow from that and the activations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: Rounding of a forward pass, in float32 epsilons, of each activation and gradient.
VALUE_ROUNDING_IN_EPSILONS = 16
_EPSILON = float(np.finfo(np.float32).eps)


class LastStage(NamedTuple):
    """``activations`` ``(C, h, w)``, and the logit's ``gradients`` ``(C, 1, 1)`` everywhere."""

    activations: Array
    gradients: Array

    @property
    def positions(self) -> int:
        """h · w."""
        return self.activations.shape[1] * self.activations.shape[2]


def _gradient(last: LastStage) -> Array:
    return last.gradients


def _positive(last: LastStage) -> Array:
    return np.maximum(last.gradients, 0)


def _grad_cam_plus_plus(last: LastStage) -> Array:
    """Chattopadhyay et al. 2018, equation 19, as pytorch-grad-cam keeps its quotients finite."""
    a, g = last
    squares = g**2
    total = a.sum(axis=(1, 2), keepdims=True)
    share = np.where(g != 0, squares / (2 * squares + total * squares * g + 1e-6), 0)
    return last.positions * np.maximum(g, 0) * share


def _xgrad_cam(last: LastStage) -> Array:
    """Fu et al. 2020, equation 8, as pytorch-grad-cam keeps its quotient finite."""
    a, g = last
    return (g * a / (a.sum(axis=(1, 2), keepdims=True) + 1e-7)).sum(axis=(1, 2), keepdims=True)


def _class_weights(last: LastStage) -> Array:
    return last.positions * last.gradients


#: Each method's weights of the channels ``(C, 1, 1)``. A constant gradient makes HiResCAM Grad-CAM.
WEIGHTS: Mapping[str, Callable[[LastStage], Array]] = MappingProxyType(
    {
        "gradcam": _gradient,
        "gradcam++": _grad_cam_plus_plus,
        "xgradcam": _xgrad_cam,
        "layercam": _positive,
        "hirescam": _gradient,
        "cam": _class_weights,
    }
)


def last_stage_map(
    method: str, activations: Array, class_weights: Array, *, divides: bool
) -> tuple[Array, float, float]:
    """A method's map ``(h, w)`` after ReLU, from activations ``(C, h, w)`` and the class's row of
    the linear layer ``(C,)``; how large it would be if nothing in its sum cancelled; and how far
    rounding moves a value, where the method ``divides``."""
    gradients = class_weights / np.float32(activations[0].size)
    last = LastStage(activations, gradients[:, None, None])
    with np.errstate(all="ignore"):
        values, moved = _map(method, last), 0.0
        if divides:
            moved = float(np.abs(_map(method, _rounded_otherwise(last)) - values).max())
        return values, _magnitude(method, last), moved


def _map(method: str, last: LastStage) -> Array:
    """``(h, w)``, after ReLU, added up in the library's order."""
    return np.maximum((WEIGHTS[method](last) * last.activations).sum(axis=0), 0)


def _magnitude(method: str, last: LastStage) -> float:
    sizes = LastStage(np.abs(last.activations), np.abs(last.gradients))
    channels = sizes.activations.reshape(len(sizes.activations), -1)
    return float((WEIGHTS[method](sizes)[:, 0, 0] @ channels).max())


def _rounded_otherwise(last: LastStage) -> LastStage:
    signs = np.random.default_rng(0)
    step = VALUE_ROUNDING_IN_EPSILONS * _EPSILON
    factors = np.array([1 - step, 1 + step], np.float32)
    a, g = (array * signs.choice(factors, array.shape) for array in last)
    return LastStage(a, g)
