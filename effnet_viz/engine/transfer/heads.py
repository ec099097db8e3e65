"""Linear heads by scikit-learn, and how often they are right about photos left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from effnet_viz.engine.transfer.results import LinearHead

Array = NDArray[np.float32]

#: Ridge penalties to choose from, by leave-one-out on the training photos alone.
ALPHAS = tuple(float(alpha) for alpha in np.logspace(0, 5, 11))
#: Photos are left out in at most so many parts, each with as many of every class as can be.
FOLDS = 10
#: Random orders of the labels: as many as make up so many answers, within bounds. One order of few
#: photos may by luck do well, or badly.
SHUFFLED_ANSWERS = 180
SHUFFLES = (3, 12)


def classifier() -> Pipeline:
    """Standardised features, then ridge classification, classes of unequal size weighted alike.

    Its penalty is chosen by leave-one-out in closed form; logistic regression, whose penalty needs
    folds within every fold, takes some fifteen times as long.
    """
    return make_pipeline(
        StandardScaler(), RidgeClassifierCV(alphas=ALPHAS, class_weight="balanced")
    )


def fit(features: Array, labels: Sequence[int]) -> LinearHead:
    """A head for classes 0 to K - 1 trained on ``(N, C)``, the standardisation folded into it."""
    trained = classifier().fit(features.astype(np.float64), labels)
    scaler, ridge = trained[0], trained[1]
    weights = np.atleast_2d(ridge.coef_) / scaler.scale_
    bias = np.atleast_1d(ridge.intercept_)
    bias = bias - weights @ scaler.mean_
    if len(weights) == 1:  # two classes have one score: the second's
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return LinearHead(weights.astype(np.float32), bias.astype(np.float32), float(ridge.alpha_))


def left_out(features: Array, labels: Sequence[int], seed: int = 0) -> tuple[int, ...]:
    """The class of every photo, said by a head that was trained without it: penalty and
    standardisation included; ``seed`` draws the parts.

    Every part that is left out has of all classes alike. Were one photo left out alone, its class
    would be the rarest among the rest, and its mean the one that lacks it: heads that have learned
    nothing would then be right less often than guessing is.
    """
    with (
        threadpool_limits(1, user_api="blas"),  # for so small matrices threads only wait
        config_context(assume_finite=True, skip_parameter_validation=True),  # a sixth of the time
    ):
        said = cross_val_predict(
            classifier(),
            features.astype(np.float64),
            labels,
            cv=StratifiedKFold(_folds(labels), shuffle=True, random_state=seed),
        )
    return tuple(int(each) for each in said)


def right_of_shuffled(features: Array, labels: Sequence[int], network: int = 0) -> tuple[int, ...]:
    """The control: how many of the photos heads get right of labels in a random order, for each of
    several orders, which are others for each ``network``: what all share by luck would look like a
    rule."""
    fewest, most = SHUFFLES
    orders = min(most, max(fewest, round(SHUFFLED_ANSWERS / len(labels))))
    found = []
    for seed in range(network * most, network * most + orders):
        mixed = shuffled(labels, seed)
        said = left_out(features, mixed, seed)
        found.append(sum(a == b for a, b in zip(said, mixed, strict=True)))
    return tuple(found)


def folds_in_words(labels: Sequence[int]) -> str:
    """How photos are left out."""
    counts, folds = np.bincount(labels), _folds(labels)
    if (counts == folds).all():
        return "one photo of each class left out at a time"
    return f"left out in {folds} parts, each with as many of every class as can be"


def _folds(labels: Sequence[int]) -> int:
    return min(FOLDS, int(np.bincount(labels).min()))


def shuffled(labels: Sequence[int], seed: int = 0) -> tuple[int, ...]:
    """The same labels in a random order: what nothing can be learned from."""
    return tuple(int(each) for each in np.random.default_rng(seed).permutation(labels))
