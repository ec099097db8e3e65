"""The shipped records: complete, typed and of the right role."""

import json

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import (
    CURVES_FILE,
    RECORD_KEYS,
    checkpoint_paths,
    read_record,
    shipped_roles,
    write_atomically,
    write_curves,
    write_record,
)
from effnet_viz.scaling.families import ROLES


def a_record(role: str = "width") -> dict:
    return {
        "family": "classroom",
        "role": role,
        "weights": "shipped",
        "architecture": [{"operator": "conv"}],
        "multipliers": {"depth": 1.0, "width": 2.0, "resolution_px": 96},
        "resolution_px": 96,
        "num_classes": 2,
        "classes": ["tench", "church"],
        "wnids": ["n1", "n2"],
        "preprocessing": {"mean": [0.5], "std": [0.5]},
        "recipe": {"epochs": 1},
        "epochs": 1,
        "seed": 0,
        "history": [],
        "sha256": "a" * 64,
        "params": 12,
        "macs": 34,
        "val_top1": 80,
        "val_n": 10,
        "held_out_top1": 79.5,
        "reproduce": "python -m effnet_viz train",
        "data": "photos",
        "data_licence": "theirs",
        "date": "2025-01-01",
    }


def test_the_record_used_here_is_complete():
    assert set(a_record()) == set(RECORD_KEYS)


def test_written_and_read_back(tmp_path):
    record = a_record() | {"remark": "größer"}
    path = write_record(record, tmp_path / "new")
    assert path == tmp_path / "new" / "width.json"
    assert read_record("width", tmp_path / "new") == record
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["width.json"]


@pytest.mark.parametrize("key", RECORD_KEYS)
def test_every_key_is_needed_and_typed(tmp_path, key):
    record = a_record()
    del record[key]
    with pytest.raises(UserError):
        write_record(record, tmp_path)
    with pytest.raises(UserError):
        write_record(a_record() | {key: None}, tmp_path)
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "width.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match=f"damaged .*{key} is missing"):
        read_record("width", tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sha256": "xyz"}, "not a checksum"),
        ({"classes": ["tench"]}, "disagree"),
        ({"role": "depth"}, "of the role 'depth'"),
        ({"epochs": True}, "epochs is not a int"),
        ({"val_top1": "80"}, "val_top1 is not a int or float"),
    ],
)
def test_values_that_contradict(tmp_path, change, words):
    (tmp_path / "width.json").write_text(json.dumps(a_record() | change))
    with pytest.raises(UserError, match=words):
        read_record("width", tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"<html>"])
def test_a_file_that_is_no_record(tmp_path, content):
    (tmp_path / "width.json").write_bytes(content)
    with pytest.raises(UserError, match=r"width\.json is damaged"):
        read_record("width", tmp_path)


def test_a_missing_record(tmp_path):
    with pytest.raises(UserError, match="weights are missing"):
        read_record("width", tmp_path)


@pytest.mark.parametrize("role", ["", "b0", "../width", "width.json"])
def test_only_the_five_roles_have_paths(tmp_path, role):
    with pytest.raises(UserError, match="There is no role"):
        checkpoint_paths(role, tmp_path)


def test_shipped_roles_need_both_files_and_keep_their_order(tmp_path):
    assert shipped_roles(tmp_path / "nowhere") == ()
    for role in ("compound", "baseline", "depth"):
        for path in checkpoint_paths(role, tmp_path):
            path.touch()
    checkpoint_paths("depth", tmp_path)[0].unlink()
    assert shipped_roles(tmp_path) == ("baseline", "compound")


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "text")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_shipped_records_are_whole():
    for role in shipped_roles():
        record = read_record(role)
        assert record["role"] == role
        assert 10 < record["val_top1"] <= 100
    assert set(shipped_roles()) <= set(ROLES)


def test_the_shipped_curves_are_those_of_the_records(tmp_path):
    assert write_curves(path=tmp_path / "curves.csv").read_bytes() == CURVES_FILE.read_bytes()
