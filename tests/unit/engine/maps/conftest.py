"""A network to map, and a copy of it that a test may change."""

import copy
from dataclasses import replace

import pytest

from effnet_viz.engine.weights import LoadedModel, load_model


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model("classroom", "baseline")


@pytest.fixture
def own_model(model: LoadedModel) -> LoadedModel:
    """A copy of the model that this test may change."""
    return replace(model, module=copy.deepcopy(model.module))
