"""Grown weights, by hand, and what says where they come from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import EfficientNet_B0_Weights

from effnet_viz.engine import images
from effnet_viz.engine.growth import check_growth, grow, grown_model
from effnet_viz.engine.inference import predict
from effnet_viz.engine.models import build_model
from effnet_viz.engine.weights import load_model, untrained_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import classroom_spec, released_spec

PARENT_PX = CLASSROOM_BASELINE.resolution_px


def scaled(depth: float, width: float, px: int = PARENT_PX) -> ArchitectureSpec:
    return scale(CLASSROOM_BASELINE, Multipliers(depth, width, px))


@pytest.fixture(scope="module")
def parent():
    return load_model("classroom", "baseline", optimised=False)


def grown_state(parent, spec, **options):
    return grow(parent.module, parent.spec, spec, **options).state_dict()


# The weights themselves, by hand


def test_the_parents_own_spec_gives_the_parents_own_weights(parent):
    state = grown_state(parent, CLASSROOM_BASELINE)
    before = parent.module.state_dict()
    assert list(state) == list(before)
    assert all(torch.equal(state[key], before[key]) for key in before)


def test_twice_the_width_copies_rows_and_halves_columns(parent):
    state = grown_state(parent, scaled(1, 2))
    before = parent.module.state_dict()
    twice = lambda value: torch.cat([value, value])  # noqa: E731

    stem = "features.0.0.weight"  # reads the photo's three channels: nothing to split
    assert torch.equal(state[stem], twice(before[stem]))
    for norm in ("weight", "bias", "running_mean", "running_var"):
        key = f"features.0.1.{norm}"
        assert torch.equal(state[key], twice(before[key]))

    depthwise = "features.3.1.block.1.0.weight"
    assert torch.equal(state[depthwise], twice(before[depthwise]))

    expand = "features.3.1.block.0.0.weight"
    halved = torch.cat([before[expand], before[expand]], dim=1) / 2
    assert torch.equal(state[expand], twice(halved))

    linear = "classifier.1.weight"
    assert torch.equal(state[linear], torch.cat([before[linear], before[linear]], dim=1) / 2)
    assert torch.equal(state["classifier.1.bias"], before["classifier.1.bias"])


def test_a_fractional_width_splits_by_the_number_of_copies(parent):
    """16 channels become 24: the first 8 have two copies, the others one."""
    spec = scaled(1, 1.5)
    assert spec.stages[3].out_channels == 24
    key = "features.4.0.block.0.0.weight"  # stage 5's first expansion reads stage 4
    before, after = parent.module.state_dict()[key], grown_state(parent, spec)[key]
    assert torch.equal(after[: len(before), :8], before[:, :8] / 2)
    assert torch.equal(after[: len(before), 8:16], before[:, 8:])
    assert torch.equal(after[: len(before), 16:], before[:, :8] / 2)


def test_an_added_block_adds_exactly_zero(parent):
    spec = scaled(2, 1.3)
    grown = grow(parent.module, parent.spec, spec)
    generator = torch.Generator().manual_seed(0)
    for number, (old, new) in enumerate(zip(parent.spec.stages, spec.stages, strict=True)):
        added = grown.features[number][old.repeats :] if new.operator == "mbconv" else []
        assert len(added) == (new.repeats - old.repeats)
        for block in added:
            features = torch.randn(1, new.out_channels, 8, 8, generator=generator)
            with torch.inference_mode():
                assert torch.equal(block(features.clone()), features)
            assert all(p.abs().max() > 0 for p in block.parameters() if p.ndim > 1)


def test_an_added_block_can_learn(parent):
    """Zeros everywhere would be the identity too, and stay it for ever."""
    grown = grow(parent.module, parent.spec, scaled(2, 1)).requires_grad_(True)
    grown(torch.randn(1, 3, 64, 64)).square().sum().backward()
    last_norm = grown.features[4][-1].block[-1][1]
    assert last_norm.weight.grad.abs().max() > 0


def test_the_result_is_the_specs_network_frozen_and_in_evaluation_mode(parent):
    spec = scaled(1.5, 1.5)
    grown = grow(parent.module, parent.spec, spec)
    assert sum(p.numel() for p in grown.parameters()) == network_cost(spec).params
    assert {k: v.shape for k, v in grown.state_dict().items()} == {
        k: v.shape for k, v in build_model(spec).state_dict().items()
    }
    assert not any(p.requires_grad for p in grown.parameters())
    assert not any(layer.training for layer in grown.modules())


@pytest.mark.parametrize(("depth", "width"), [(1, 1), (1.5, 1.5)])
def test_the_parent_stays_as_it_is_and_shares_no_memory(parent, depth, width):
    before = {key: value.clone() for key, value in parent.module.state_dict().items()}
    grown = grow(parent.module, parent.spec, scaled(depth, width), noise=0.1)
    for value in grown.state_dict().values():
        value.zero_()
    after = parent.module.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_growing_does_not_touch_the_global_random_state(parent):
    state = torch.get_rng_state()
    grow(parent.module, parent.spec, scaled(2, 2), noise=0.1)
    assert torch.equal(torch.get_rng_state(), state)


# Noise


def test_noise_is_on_copies_only_and_of_the_stated_size(parent):
    quiet, noisy = (grown_state(parent, scaled(1, 2), noise=noise) for noise in (0.0, 0.1))
    key = "features.8.0.weight"  # (640, 160, 1, 1), 320 of them copies
    added = noisy[key] - quiet[key]
    assert not added[:320].any()
    assert float(added[320:].std() / quiet[key].std()) == pytest.approx(0.1, rel=0.02)
    for name, value in quiet.items():
        if value.ndim < 2 or name.startswith("classifier"):
            assert torch.equal(noisy[name], value)


def test_equal_seeds_give_equal_weights_and_others_do_not(parent):
    first, again, other = (
        grown_state(parent, scaled(1.5, 1.5), noise=0.1, seed=seed) for seed in (3, 3, 4)
    )
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["features.8.0.weight"], other["features.8.0.weight"])


# What can be grown


@pytest.mark.parametrize("spec", [CLASSROOM_BASELINE, EFFICIENTNET_B0])
def test_every_depth_and_width_from_1_can_be_grown(spec):
    for step in range(2000):
        width = 1 + step / 400
        check_growth(spec, scale(spec, Multipliers(1 + step % 7 / 3, width, 64)))


def test_the_released_variants_can_be_grown_from_b0():
    for variant in ("b1", "b3", "b7"):
        check_growth(EFFICIENTNET_B0, released_spec(variant))


def with_stage(spec: ArchitectureSpec, number: int, **changes: object) -> ArchitectureSpec:
    stages = list(spec.stages)
    stages[number - 1] = replace(stages[number - 1], **changes)
    return replace(spec, stages=tuple(stages))


@pytest.mark.parametrize(
    ("parent_spec", "spec", "message"),
    [
        (RESNET_50, RESNET_50, "resnet_50 is not an EfficientNet"),
        (EFFICIENTNET_B0, MOBILENET_V2, "mobilenet_v2 is not an EfficientNet"),
        (EFFICIENTNET_B0, CLASSROOM_BASELINE, "cannot be grown from this efficientnet_b0"),
        (
            EFFICIENTNET_B0,
            replace(EFFICIENTNET_B0, num_classes=10),
            "stages, operators, kernels, strides or classes",
        ),
        (
            CLASSROOM_BASELINE,
            with_stage(CLASSROOM_BASELINE, 4, kernel_size=3),
            "stages, operators, kernels, strides or classes",
        ),
        (
            CLASSROOM_BASELINE,
            replace(CLASSROOM_BASELINE, stages=CLASSROOM_BASELINE.stages[1:]),
            "stages, operators, kernels, strides or classes",
        ),
        (
            EFFICIENTNET_B0,
            scale(EFFICIENTNET_B0, Multipliers(1, 0.5, 224)),
            "stage 1 has 32 channels in the trained network and would have 16. "
            "Choose a larger width.",
        ),
        (
            classroom_spec("depth"),
            CLASSROOM_BASELINE,
            "stage 2 has 4 blocks in the trained network and would have 1. Choose a larger depth.",
        ),
        (
            CLASSROOM_BASELINE,
            with_stage(CLASSROOM_BASELINE, 2, out_channels=16),
            "the first block of stage 2 would lose a skip connection",
        ),
        (
            CLASSROOM_BASELINE,
            with_stage(CLASSROOM_BASELINE, 5, out_channels=32),
            "the first block of stage 6 would gain a skip connection",
        ),
    ],
)
def test_what_cannot_be_grown_is_refused_with_the_reason(parent_spec, spec, message):
    with pytest.raises(UserError) as error:
        check_growth(parent_spec, spec)
    assert message in str(error.value)


def test_grow_refuses_before_it_builds(parent):
    with pytest.raises(UserError, match="not shrunk"):
        grow(parent.module, parent.spec, scaled(1, 0.8))


def test_a_folded_parent_or_one_of_another_spec_is_a_programming_error(parent):
    folded = load_model("classroom", "baseline").module
    with pytest.raises(ValueError, match="optimised=False"):
        grow(folded, CLASSROOM_BASELINE, scaled(1, 1.5))
    with pytest.raises(ValueError, match="parent_spec"):
        grow(parent.module, classroom_spec("width"), scale(classroom_spec("width"), _same()))
    with pytest.raises(ValueError, match="parent_spec"):
        grow(nn.Linear(2, 2), CLASSROOM_BASELINE, CLASSROOM_BASELINE)


def _same() -> Multipliers:
    return Multipliers(1, 1, PARENT_PX)


# The model a page shows


def test_a_grown_model_says_where_its_weights_come_from(parent):
    spec = scaled(1.4, 1.2, px=128)
    model = grown_model(parent, spec, name="mine", role="compound")
    assert (model.family, model.name, model.role) == ("custom", "mine", "compound")
    assert model.weights == "grown from classroom baseline, not trained further"
    assert model.meaningful
    assert model.classes == parent.classes
    record = model.record
    assert record["weights"] == model.weights
    assert record["parent"]["name"] == "baseline"
    assert record["parent"]["sha256"] == parent.record["sha256"]
    assert record["params"] == network_cost(spec).params
    assert record["sha256"] is None
    assert record["val_top1"] is None
    assert "trained at 96 px; at 128 px predictions and maps need not equal" in record["note"]
    assert model.preprocess(Image.new("RGB", (60, 40))).shape == (1, 3, 128, 128)


def test_at_the_parents_resolution_there_is_no_caveat_and_the_prediction_is_the_parents(parent):
    model = grown_model(parent, scaled(1.4, 1.2))
    assert model.record["note"] == ""
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    photo = Image.fromarray(noise)
    want, got = (predict(each, photo, repeats=1).top for each in (parent, model))
    assert [top.label for top in got] == [top.label for top in want]
    for mine, parents in zip(got, want, strict=True):
        assert mine.probability == pytest.approx(parents.probability, rel=1e-3)


def test_what_is_grown_from_untrained_weights_stays_meaningless():
    parent = untrained_model(CLASSROOM_BASELINE, optimised=False)
    assert not grown_model(parent, scaled(1.1, 1.1)).meaningful


def test_a_published_transform_goes_with_the_weights(parent):
    """As for ImageNet's models: the same crop at the same size, scaled where the size is."""
    published = EfficientNet_B0_Weights.IMAGENET1K_V1.transforms()
    imagenet_like = replace(
        parent,
        spec=replace(parent.spec, resolution_px=224),
        published_transform=published,
    )
    photo = Image.radial_gradient("L").convert("RGB").resize((400, 300))

    same = grown_model(imagenet_like, scaled(1, 1.2, px=224))
    assert torch.equal(same.preprocess(photo)[0], published(photo))

    larger = grown_model(imagenet_like, scaled(1, 1.2, px=448))
    at_448 = EfficientNet_B0_Weights.IMAGENET1K_V1.transforms(resize_size=512, crop_size=448)
    assert torch.equal(larger.preprocess(photo)[0], at_448(photo))
    assert (
        larger.record["preprocessing"]["crop"] == "shorter side to 512 px, then the centre 448 px"
    )
    assert imagenet_like.preprocess(photo).shape[-1] == 224
    square = images.square(400, 300)
    assert larger.preprocess(photo, square).shape == (1, 3, 448, 448)
