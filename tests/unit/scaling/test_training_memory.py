"""The memory of a training step, by hand, and on the command line."""

from __future__ import annotations

import json

import pytest

from effnet_viz.__main__ import main
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec, StageSpec
from effnet_viz.scaling.training_memory import training_memory

#: Two convolutions, a block of each kind of layer, ten classes.
SMALL = ArchitectureSpec(
    name="small",
    family="mobilenet_v1",
    resolution_px=8,
    num_classes=10,
    stages=(
        StageSpec("conv", 3, 2, 1, 8, 1),
        StageSpec("separable", 3, 1, 1, 16, 1),
        StageSpec("pool_head", 1, 1, 1, 0, 1),
    ),
)


def test_a_small_network_by_hand() -> None:
    # 3×8×8 photo; 8×4×4 after the stem, 8×4×4 after the depthwise, 16×4×4 after the pointwise
    # convolution: each as it is before its norm and after ReLU. Ten logits.
    activations = 3 * 64 + 2 * (128 + 128 + 256) + 10
    params = (8 * 3 * 9 + 16) + (8 * 9 + 16) + (16 * 8 + 32) + (16 * 10 + 10)
    for batch in (1, 5):
        found = training_memory(SMALL, batch)
        assert found.activations_bytes == 4 * batch * activations
        assert found.gradients_bytes == 4 * params
        assert found.moments_bytes == 8 * params
        assert found.weights_bytes == 4 * (params + 2 * (8 + 8 + 16))
    # All is there when the last layer passes its gradient on: ten logits', sixteen channels'.
    always = found.weights_bytes + found.moments_bytes
    at_the_end = 4 * (5 * (activations + 10 + 16) + 170)
    assert found.peak_bytes >= always + at_the_end


def test_no_photos_are_refused() -> None:
    with pytest.raises(UserError, match="at least one photo, not 0"):
        training_memory(SMALL, 0)


def test_the_command_line(capsys) -> None:
    words = "cost --architecture resnet_50 --training --batch 16"
    assert main(words.split()) == 0
    out = capsys.readouterr().out
    assert "a training step of 16 photos, float32, Adam" in out
    assert "at most at once" in out
    assert main([*words.split(), "--json"]) == 0
    training = json.loads(capsys.readouterr().out)["training"]
    assert training["batch"] == 16
    assert training["peak_bytes"] > training["activations_bytes"] > 10**9
    assert main(["cost", "--json"]) == 0
    assert "training" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "message"),
    [("--batch 4", "add --training"), ("--training --batch 0", "at least one photo")],
)
def test_bad_input_is_one_line(capsys, words, message) -> None:
    assert main(["cost", *words.split()]) == 2
    assert message in capsys.readouterr().err
