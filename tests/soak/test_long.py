"""The same promises for much longer: `make soak`."""

from __future__ import annotations

import random
import warnings

import pytest

from effnet_viz.engine.growth import grow
from effnet_viz.engine.images import decode
from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from tests.oracle.test_cost_against_torchvision import computed, random_spec
from tests.oracle.test_growth_preserves import (
    SCALINGS_EACH,
    SPECS,
    difference,
    parent,
    random_scaling,
)
from tests.oracle.torch_counts import count, skeletons
from tests.unit.engine.photos.test_damaged import small_files

pytestmark = pytest.mark.soak


def test_3000_more_random_efficientnets():
    for seed in range(100, 3100):
        spec = random_spec(seed)
        with skeletons():
            module = build_model(spec)
        assert count(module, spec.resolution_px, bare=True) == computed(spec), f"seed {seed}"


@pytest.mark.parametrize("name", SPECS)
def test_200_more_random_scalings_keep_the_parents_logits(name: str) -> None:
    for seed in range(SCALINGS_EACH, SCALINGS_EACH + 200):
        grown = grow(parent(name), SPECS[name], random_scaling(name, seed))
        assert difference(name, grown) <= 1e-4, f"scaling {seed}"


def test_100000_damaged_images():
    draw = random.Random(0)
    originals = small_files()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(100_000):
            data = bytearray(draw.choice(originals))
            for _ in range(draw.randint(1, 12)):
                data[draw.randrange(len(data))] = draw.randrange(256)
            try:
                image = decode(bytes(data[: draw.randint(1, len(data))]))
            except UserError:
                continue
            assert image.mode == "RGB"
