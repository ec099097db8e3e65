"""Linear heads by scikit-learn, and how often they are right about photos left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import LeaveOneOut, StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from effnet_viz.engine.transfer.results import LinearHead

Array = NDArray[np.float32]

#: Ridge penalties to choose from, by leave-one-out on the training photos alone.
ALPHAS = tuple(float(alpha) for alpha in np.logspace(0, 5, 11))
#: Up to so many photos each is left out once; of more, a tenth at a time.
ONE_BY_ONE = 24
FOLDS = 10


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


def left_out(features: Array, labels: Sequence[int]) -> tuple[int, ...]:
    """The class of every photo, said by a head that was trained without it: penalty and
    standardisation included."""
    with threadpool_limits(1, user_api="blas"):  # for so small matrices threads only wait
        said = cross_val_predict(
            classifier(), features.astype(np.float64), labels, cv=_folds(labels)
        )
    return tuple(int(each) for each in said)


def folds_in_words(labels: Sequence[int]) -> str:
    """How photos are left out."""
    how = _folds(labels)
    if isinstance(how, LeaveOneOut):
        return "each photo left out once"
    return f"{how.get_n_splits()} stratified folds"


def _folds(labels: Sequence[int]) -> LeaveOneOut | StratifiedKFold:
    if len(labels) <= ONE_BY_ONE:
        return LeaveOneOut()
    fewest = int(np.bincount(labels).min())
    return StratifiedKFold(min(FOLDS, fewest), shuffle=True, random_state=0)


def shuffled(labels: Sequence[int], seed: int = 0) -> tuple[int, ...]:
    """The same labels in a random order: what nothing can be learned from."""
    return tuple(int(each) for each in np.random.default_rng(seed).permutation(labels))
