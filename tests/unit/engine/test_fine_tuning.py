"""A short training of a grown network: it learns, stops, repeats itself and disturbs no other."""

import threading
from dataclasses import replace

import pytest
import torch
from torch import nn

from effnet_viz.engine.growth import fine_tune, grow
from effnet_viz.engine.training.recipe import PhotoSet, Recipe
from effnet_viz.engine.weights import untrained_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    ArchitectureSpec,
    StageSpec,
)
from effnet_viz.scaling.compound import Multipliers, scale

TINY = ArchitectureSpec(
    name="tiny",
    family="efficientnet",
    resolution_px=16,
    num_classes=2,
    dropout=0.1,
    stages=(
        StageSpec("conv", 3, 2, 1, 8, 1),
        StageSpec("mbconv", 3, 1, 1, 8, 1, 0.25),
        StageSpec("mbconv", 3, 2, 6, 16, 1, 0.25),
        StageSpec("conv_head", 1, 1, 1, 32, 1),
    ),
)
RECIPE = Recipe(batch_size=16, learning_rate=5e-3, label_smoothing=0.0)


@pytest.fixture(scope="module")
def two_colours() -> PhotoSet:
    """Reddish and bluish noise: two classes anybody can tell apart."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 160, (48, 3, 16, 16), generator=generator, dtype=torch.uint8)
    labels = torch.arange(48) % 2
    pixels[labels == 0, 0] += 90
    pixels[labels == 1, 2] += 90
    return PhotoSet(pixels, labels, ("red", "blue"), tuple(map(str, range(48))))


@pytest.fixture(scope="module")
def tiny() -> nn.Module:
    parent = untrained_model(TINY, optimised=False).module
    return grow(parent, TINY, scale(TINY, Multipliers(2, 1.5, 16)), noise=0.05)


def test_fine_tuning_learns_and_leaves_its_input_alone(tiny, two_colours):
    before = {key: value.clone() for key, value in tiny.state_dict().items()}
    made = []
    tuned = fine_tune(
        tiny, two_colours, 16, steps=40, recipe=RECIPE, on_step=lambda *step: made.append(step)
    )
    assert made == [(step, 40) for step in range(1, 41)]
    assert sum(tuned.losses[:5]) / 5 > 0.5
    assert sum(tuned.losses[-5:]) / 5 < 0.3
    assert all(torch.equal(before[key], value) for key, value in tiny.state_dict().items())
    assert not any(p.requires_grad for p in tuned.module.parameters())
    assert not any(layer.training for layer in tuned.module.modules())
    added = tuned.module.features[2][1].block[-1][1].weight
    assert added.abs().max() > 0


def test_fine_tuning_stops_when_asked(tiny, two_colours):
    made = []
    tuned = fine_tune(
        tiny,
        two_colours,
        16,
        steps=40,
        recipe=RECIPE,
        on_step=lambda step, _: made.append(step),
        should_stop=lambda: len(made) == 3,
    )
    assert len(tuned.losses) == 3


def test_fine_tuning_repeats_itself_and_leaves_the_global_random_state_alone(tiny, two_colours):
    first = fine_tune(tiny, two_colours, 16, steps=4, recipe=RECIPE).module.state_dict()
    torch.rand(7)  # whatever else draws
    state = torch.get_rng_state()
    second = fine_tune(tiny, two_colours, 16, steps=4, recipe=RECIPE).module.state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_models_built_while_another_is_fine_tuned_get_the_weights_of_their_seed(tiny, two_colours):
    want = untrained_model(TINY, seed=5, optimised=False).module.state_dict()
    stop = threading.Event()
    tuning = threading.Thread(
        target=lambda: fine_tune(
            tiny, two_colours, 16, steps=1000, recipe=RECIPE, should_stop=stop.is_set
        )
    )
    tuning.start()
    try:
        for _ in range(20):
            got = untrained_model(TINY, seed=5, optimised=False).module.state_dict()
            assert all(torch.equal(want[key], got[key]) for key in want)
        assert tuning.is_alive()
    finally:
        stop.set()
        tuning.join()


def test_fine_tuning_asks_for_at_least_one_batch(tiny, two_colours):
    with pytest.raises(UserError, match="48 photos are fewer than one batch of 64"):
        fine_tune(tiny, two_colours, 16)


def test_copies_part_in_training_only_with_noise(two_colours):
    parent = untrained_model(TINY, optimised=False).module
    spec = scale(TINY, Multipliers(1, 2, 16))

    def apart(noise: float) -> float:
        grown = grow(parent, TINY, spec, noise=noise)
        recipe = replace(RECIPE, weight_decay=0.0)
        tuned = fine_tune(grown, two_colours, 16, steps=10, recipe=recipe).module
        rows = tuned.features[2][0].block[1][0].weight  # depthwise filters: (96, 1, 3, 3)
        return float((rows[:48] - rows[48:]).abs().max())

    assert apart(0.0) < 1e-4
    assert apart(0.05) > 1e-2
