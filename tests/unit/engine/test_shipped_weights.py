"""The family's weights: shipped, read back, checked."""

import copy
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
import safetensors.torch
import torch

from effnet_viz.engine import images, weights
from effnet_viz.engine.models import build_model
from effnet_viz.engine.training.recipe import EpochResult, Recipe
from effnet_viz.engine.training.shipping import half_precision_copy, save_checkpoint
from effnet_viz.engine.weights import load_model
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import read_record, shipped_roles
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    ROLES,
    SHIPPED,
    classroom_spec,
)
from tests.unit.engine.as_trained import lived_in, photo


def trained(role: str) -> torch.nn.Module:
    torch.manual_seed(ROLES.index(role))
    return lived_in(build_model(classroom_spec(role)), variance=(0.8, 1.5))


def ship(role: str, folder: Path, module: torch.nn.Module | None = None, **changes) -> dict:
    details = {
        "recipe": Recipe(epochs=2),
        "epochs": 2,
        "seed": 3,
        "history": [EpochResult(1, 2.0, 30.0, 9.0), EpochResult(2, 1.0, 60.0, 9.0)],
        "val_top1": 71.239,
        "val_n": 3423,
        "held_out_top1": 70.0,
        "folder": folder,
    }
    return save_checkpoint(role, module or trained(role), **details | changes)


@pytest.mark.parametrize("role", ROLES)
def test_a_shipped_role_comes_back_as_it_was(tmp_path, role):
    module = trained(role)
    record = ship(role, tmp_path, copy.deepcopy(module).to(memory_format=torch.channels_last))
    model = load_model("classroom", role, optimised=False, folder=tmp_path)

    rounded = copy.deepcopy(module)
    for value in (*rounded.parameters(), *rounded.buffers()):
        if value.is_floating_point():
            value.data = value.data.half().float()
    px = model.spec.resolution_px
    inputs = torch.randn(2, 3, px, px, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        exact, expected = module(inputs), rounded(inputs)
        got = model.module(inputs)
        twin = half_precision_copy(module)(inputs)
    assert torch.equal(got, expected)
    assert torch.equal(twin, expected)
    assert 0 < (got - exact).abs().max() < 0.02 * exact.abs().max()

    assert all(value.dtype != torch.float16 for value in model.module.state_dict().values())
    assert not model.module.training
    assert not any(p.requires_grad for p in model.module.parameters())
    assert model.spec == classroom_spec(role)
    assert (model.family, model.name, model.role) == ("classroom", role, role)
    assert (model.weights, model.meaningful) == (SHIPPED, True)
    assert model.classes == tuple(IMAGENETTE_CLASSES.values())
    assert model.record == read_record(role, tmp_path) == record


def test_the_record_says_what_was_done(tmp_path):
    record = ship("depth", tmp_path)
    file = (tmp_path / "depth.safetensors").read_bytes()
    module = trained("depth")
    assert record["sha256"] == hashlib.sha256(file).hexdigest()
    assert record["params"] == sum(p.numel() for p in module.parameters())
    assert record["macs"] == network_cost(classroom_spec("depth")).macs
    assert record["multipliers"] == {"depth": 3.67, "width": 1.0, "resolution_px": 96}
    assert record["recipe"] == asdict(Recipe(epochs=2))
    assert [row["held_out_top1"] for row in record["history"]] == [30.0, 60.0]
    assert record["val_top1"] == 71.24
    assert record["wnids"] == list(IMAGENETTE_CLASSES)
    assert "--model depth --epochs 2 --seed 3" in record["reproduce"]
    saved = safetensors.torch.load(file)
    assert set(saved) == set(module.state_dict())
    assert {v.dtype for v in saved.values()} == {torch.float16, torch.int64}
    assert len(file) < 2 * record["params"] * 1.25
    assert sorted(p.name for p in tmp_path.iterdir()) == ["depth.json", "depth.safetensors"]


def test_damaged_missing_and_foreign_checkpoints(tmp_path):
    ship("width", tmp_path)
    path, record_path = tmp_path / "width.safetensors", tmp_path / "width.json"
    good, record = path.read_bytes(), json.loads(record_path.read_text())
    assert weights.is_available("classroom", "width", tmp_path)
    for bad in (good[:-1], good[:5000] + b"\0\0" + good[5002:], b"", b"<html></html>"):
        path.write_bytes(bad)
        with pytest.raises(UserError, match="width model's weights are damaged"):
            load_model("classroom", "width", optimised=False, folder=tmp_path)

    path.unlink()
    assert not weights.is_available("classroom", "width", tmp_path)
    with pytest.raises(UserError, match="width model's weights are missing"):
        load_model("classroom", "width", optimised=False, folder=tmp_path)

    path.write_bytes(good)
    record["architecture"][3]["out_channels"] += 8
    record_path.write_text(json.dumps(record))
    with pytest.raises(UserError, match="another version of its architecture"):
        load_model("classroom", "width", optimised=False, folder=tmp_path)

    with pytest.raises(UserError, match="depth model's trained weights are missing"):
        load_model("classroom", "depth", optimised=False, folder=tmp_path)


def test_what_cannot_be_shipped(tmp_path):
    with pytest.raises(UserError, match="not the depth network"):
        ship("depth", tmp_path, trained("baseline"))
    module = trained("baseline")
    module.classifier[1].weight.data[0, 0] = 1e6
    with pytest.raises(UserError, match="half precision"):
        ship("baseline", tmp_path, module)
    with pytest.raises(UserError, match="no role"):
        ship("tall", tmp_path, module)
    with pytest.raises(TypeError):
        ship("baseline", tmp_path, recipe="secret")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("role", shipped_roles())
def test_the_shipped_checkpoints_load(role):
    model = load_model("classroom", role, optimised=False)
    assert model.record["params"] == sum(p.numel() for p in model.module.parameters())
    with torch.inference_mode():
        logits = model.module(model.preprocess(photo()))
    assert logits.shape == (1, 10)
    assert logits.isfinite().all()


def test_the_family_sees_the_centre_square_or_the_given_one(tmp_path):
    ship("resolution", tmp_path)
    model = load_model("classroom", "resolution", optimised=False, folder=tmp_path)
    for chosen, box in ((None, (50, 0, 250, 200)), (images.Square(7, 9, 60), (7, 9, 67, 69))):
        expected = images.to_input(photo().crop(box), 192, images.MEAN, images.STD)
        assert torch.equal(model.preprocess(photo(), chosen), expected)
