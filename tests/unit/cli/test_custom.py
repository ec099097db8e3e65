"""The custom family: every architecture, scaled, runs on the command line, untrained as it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from effnet_viz.__main__ import main
from effnet_viz.scaling.architectures import ARCHITECTURES

PHOTO = str(Path(skimage.data.__file__).with_name("coffee.png"))
SCALED = ["--family", "custom", "--depth", "0.6", "--width", "0.5", "--resolution-px", "64"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_predicts(architecture, capsys) -> None:
    words = ["predict", PHOTO, *SCALED, "--architecture", architecture]
    assert main([*words, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["model"], row["weights"], row["resolution_px"]) == ("custom", "untrained", 64)
    assert row["latency_ms"] > 0
    assert len(row["top"]) == 5
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "weights: untrained; these classes mean nothing" in out
    assert ", OpenVINO" in out


@pytest.mark.parametrize(
    ("architecture", "stage", "grid"),
    [("mobilenet_v1", None, 2), ("mobilenet_v2", None, 2), ("resnet_50", None, 2),
     ("mobilenet_v2", 4, 8), ("resnet_50", 2, 16)],
)  # fmt: skip
def test_it_maps(architecture, stage, grid, capsys, tmp_path) -> None:
    words = ["cam", PHOTO, *SCALED, "--architecture", architecture]
    words += ["--npz", str(tmp_path / "maps.npz"), "--target-class", "3"]
    words += [] if stage is None else ["--stage", str(stage)]
    assert main([*words, "--json"]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert model["weights"] == "untrained"
    assert model["grid"] == [grid, grid]
    with np.load(tmp_path / "maps.npz") as arrays:
        assert arrays["custom"].shape == (grid, grid)
