"""Models without trained weights say so."""

import pytest
import torch

from effnet_viz.engine import images, weights
from effnet_viz.engine.models import build_model
from effnet_viz.engine.weights import untrained_model
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
)
from effnet_viz.scaling.compound import checked_multipliers, scale
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    UNTRAINED,
    classroom_spec,
    released_spec,
)
from effnet_viz.scaling.layers import iter_layers
from tests.unit.engine.as_trained import PUBLISHED, photo


def test_untrained_models_follow_their_seed_and_leave_the_others_alone():
    spec = classroom_spec("baseline")
    torch.manual_seed(5)
    expected_draw = torch.rand(3)
    torch.manual_seed(5)
    first, second, other = (untrained_model(spec, seed=seed, optimised=False) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(3), expected_draw)
    torch.manual_seed(1)
    reference = build_model(spec).eval()
    inputs = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        logits = [m.module(inputs) for m in (first, second, other)]
        assert torch.equal(logits[0], reference(inputs))
    assert torch.equal(logits[0], logits[1])
    assert not torch.equal(logits[0], logits[2])


def test_untrained_models_say_so():
    model = untrained_model(classroom_spec("baseline"), name="mine", optimised=False)
    assert (model.family, model.name, model.weights) == ("custom", "mine", UNTRAINED)
    assert not model.meaningful
    assert model.record["val_top1"] is None
    assert model.record["sha256"] is None
    assert model.classes == tuple(IMAGENETTE_CLASSES.values())
    assert model.record["params"] == sum(p.numel() for p in model.module.parameters())
    centre = photo().crop((50, 0, 250, 200))
    expected = images.to_input(centre, 96, images.MEAN, images.STD)
    assert torch.equal(model.preprocess(photo()), expected)


def test_untrained_labels():
    assert weights._labels(1000) == tuple(PUBLISHED["b0"].meta["categories"])
    assert weights._labels(3) == ("class 0", "class 1", "class 2")
    assert untrained_model(released_spec("b0"), optimised=False).classes[0] == "tench"
    assert EFFICIENTNET_B0.num_classes == 1000


@pytest.mark.parametrize("base", [MOBILENET_V1, MOBILENET_V2, RESNET_50])
def test_every_architecture_runs_untrained_and_says_so(base):
    spec = scale(base, checked_multipliers(0.6, 0.5, 64))
    model = untrained_model(spec)
    assert (model.weights, model.meaningful) == ("untrained", False)
    assert model.record["params"] == sum(p.numel() for p in model.module.parameters()) + sum(
        layer.out_channels for _, layer in iter_layers(spec) if layer.norm
    )  # folding a norm leaves its shift and takes its scale
    plain = untrained_model(spec, optimised=False)
    inputs = plain.preprocess(photo())
    assert torch.allclose(model.module(inputs), plain.module(inputs), atol=1e-5)
