"""A network to map, a copy of it that a test may change, and a shorter Score-CAM."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from effnet_viz.engine.maps.library import BatchedScoreCAM
from effnet_viz.engine.weights import LoadedModel, load_model


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model("classroom", "baseline")


@pytest.fixture
def own_model(model: LoadedModel) -> LoadedModel:
    """A copy of the model that this test may change."""
    return replace(model, module=copy.deepcopy(model.module))


@pytest.fixture
def few_channels(monkeypatch):
    """Score-CAM takes a pass for every channel: here the stages have few."""
    channels = BatchedScoreCAM.get_cam_weights

    def of_some(cam, inputs, layer, targets, activations, grads):
        weights = channels(cam, inputs, layer, targets, activations[:, :8], grads)
        return np.pad(weights, ((0, 0), (0, activations.shape[1] - 8)))

    monkeypatch.setattr(BatchedScoreCAM, "get_cam_weights", of_some)
