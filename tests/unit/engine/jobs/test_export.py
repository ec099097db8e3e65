"""The files of a network, run as they stand beside each other."""

import io
import runpy
import zipfile

import pytest
import torch
from safetensors import safe_open

from effnet_viz.engine.jobs import export
from effnet_viz.engine.jobs.background import Background
from effnet_viz.errors import UserError
from effnet_viz.scaling.families import SHIPPED, UNTRAINED
from effnet_viz.scaling.study import study

SMALL = {"depth": 1, "width": 0.5, "resolution_px": 64}


def unpacked(folder, result) -> export.Exported:
    made = export.exported(Background(lambda _: None), result, "A network")
    with zipfile.ZipFile(io.BytesIO(made.data)) as file:
        file.extractall(folder)
    return made


@pytest.mark.parametrize(
    ("result", "weights"),
    [
        (study("classroom", resolution_px=192), SHIPPED),
        (study("classroom", phi=1), "grown from classroom baseline, not trained further"),
        (study("efficientnet_b0", **SMALL), UNTRAINED),
    ],
    ids=["shipped", "grown", "untrained"],
)
def test_the_python_stands_alone_and_loads_its_weights(tmp_path, capsys, result, weights):
    made = unpacked(tmp_path, result)
    assert made.weights == weights
    code = (tmp_path / export.PYTHON).read_text(encoding="utf-8")
    assert "effnet_viz" not in code
    assert weights in " ".join(code.split())
    with safe_open(tmp_path / export.WEIGHTS, "pt") as file:
        assert file.metadata()["weights"] == weights

    taken = runpy.run_path(str(tmp_path / export.PYTHON), run_name="__main__")
    classes = result.scaled.num_classes
    assert capsys.readouterr().out == f"(1, {classes})\n"
    assert sum(p.numel() for p in taken["network"]().parameters()) == result.cost.params
    here = export.best_weights(result.scaled)
    photo = torch.rand(2, *taken["INPUT"])
    with torch.inference_mode():
        torch.testing.assert_close(taken["load"]()(photo), here.module(photo))
    if classes == 10:
        assert tuple(taken["CLASSES"]) == here.classes
        assert taken["MEAN"] == tuple(here.record["preprocessing"]["mean"])


@pytest.mark.parametrize("architecture", ["mobilenet_v1", "mobilenet_v2", "resnet_50"])
def test_other_networks_are_built_by_this_library(tmp_path, capsys, architecture):
    result = study(architecture, depth=0.5, width=0.25, resolution_px=64)
    assert unpacked(tmp_path, result).weights == UNTRAINED
    taken = runpy.run_path(str(tmp_path / export.PYTHON))
    assert capsys.readouterr().out == f"{result.cost.macs}\n(1, 1000)\n"
    here = export.best_weights(result.scaled).module
    photo = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(taken["model"](photo), here(photo))


def test_a_file_that_would_be_too_large_is_refused_before_it_is_made():
    export.check_size(study(variant="b5").scaled)
    with pytest.raises(UserError, match="would take 1,832 MB; files are made up to 128 MB"):
        export.check_size(study(variant="l2").scaled)
