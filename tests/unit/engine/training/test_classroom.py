"""Hits photo by photo, as ``evaluate`` keeps them."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional

from effnet_viz.__main__ import main
from effnet_viz.engine import weights
from effnet_viz.engine.images import MEAN, STD
from effnet_viz.engine.training import classroom, imagenette
from effnet_viz.engine.training.recipe import load_photos
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record
from effnet_viz.evidence.seeds.agreement import AGREEMENT_FILE
from effnet_viz.evidence.seeds.hits import Hits, hits_folder, photo_list, read_hits, write_hits
from effnet_viz.evidence.seeds.squash import MEAN as EVERY_ROLE
from effnet_viz.evidence.seeds.squash import SQUASH_FILE, read_squash, write_squash
from effnet_viz.evidence.splits import listed
from effnet_viz.scaling.families import IMAGENETTE_CLASSES


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The baseline's weights and three photos a class, whose names are the list's, in an order of
    its own."""
    for suffix in (".json", ".safetensors"):
        (tmp_path / "out").mkdir(exist_ok=True)
        shutil.copy(CHECKPOINT_DIR / f"baseline{suffix}", tmp_path / "out")
    draw, names = np.random.default_rng(2), []
    for wnid in IMAGENETTE_CLASSES:
        (tmp_path / "val" / wnid).mkdir(parents=True)
        for number in range(3):
            name = f"{wnid}_{number}.png"
            coarse = draw.integers(0, 256, (5, 5, 3), dtype=np.uint8)
            photo = Image.fromarray(coarse).resize((224, 224), Image.Resampling.BICUBIC)
            photo.save(tmp_path / "val" / wnid / name)
            names.append(name)
    draw.shuffle(names)
    monkeypatch.setattr(classroom, "photo_list", lambda: tuple(names))
    return tmp_path, names


def evaluated(folder, capsys) -> dict:
    out = ["--out", str(folder / "out"), "--tolerance", "100", "--json"]
    assert main(["evaluate", "--data", str(folder), *out]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    return row


def test_evaluate_keeps_the_hits_in_the_order_of_the_list(here, capsys):
    folder, names = here
    row = evaluated(folder, capsys)
    assert row["photos_changed"] is None
    sha256 = read_record("baseline", folder / "out")["sha256"]
    kept = read_hits("baseline", sha256, hits_folder(folder / "out"))
    assert kept.count == 30
    assert round(kept.top1, 2) == row["val_top1"]
    model = weights.load_model("classroom", "baseline", optimised=False)
    for place, name in enumerate(names):
        wnid = name.partition("_")[0]
        with Image.open(folder / "val" / wnid / name) as photo:
            pixels = (
                functional.resize(functional.pil_to_tensor(photo), [96, 96], antialias=True).float()
                / 255
            )
        with torch.inference_mode():
            said = model.module(functional.normalize(pixels, list(MEAN), list(STD))[None]).argmax()
        right = list(IMAGENETTE_CLASSES)[int(said)] == wnid
        assert kept.bits >> place & 1 == right, name


def test_kept_hits_are_compared_and_left_as_they_are(here, capsys):
    folder, _ = here
    evaluated(folder, capsys)
    assert evaluated(folder, capsys)["photos_changed"] == 0
    sha256 = read_record("baseline", folder / "out")["sha256"]
    kept = read_hits("baseline", sha256, hits_folder(folder / "out"))
    other = Hits("baseline", sha256, kept.count, kept.bits ^ 0b101)
    write_hits(other, hits_folder(folder / "out"))
    assert evaluated(folder, capsys)["photos_changed"] == 2
    assert read_hits("baseline", sha256, hits_folder(folder / "out")) == other


def test_of_other_photos_nothing_is_kept(here, capsys):
    folder, names = here
    (folder / "val" / names[0].partition("_")[0] / names[0]).unlink()
    assert evaluated(folder, capsys)["photos_changed"] is None
    assert not hits_folder(folder / "out").exists()


def test_a_table_of_other_weights_lies_beside_them(here, capsys):
    """What ships is left alone; a second measurement is compared with the first."""
    folder, _ = here
    shipped = SQUASH_FILE.read_bytes()
    command = ["evaluate", "--data", str(folder), "--squash", "--out", str(folder / "out")]
    assert main(command) == 0
    assert SQUASH_FILE.read_bytes() == shipped
    beside = folder / "results" / SQUASH_FILE.name
    rows = read_squash(beside)
    assert {row.role for row in rows} == {"baseline", EVERY_ROLE}
    changed = [replace(row, points=row.points + 5) for row in rows]
    write_squash(changed, beside)
    assert main(command) == 1
    assert list(read_squash(beside)) == changed


@pytest.mark.parametrize("measure", [[], ["--squash"], ["--agreement"], ["--attention"]])
def test_a_folder_without_weights_is_one_sentence_and_changes_no_table(here, capsys, measure):
    folder, _ = here
    (folder / "results").mkdir()
    tables = [folder / "results" / file.name for file in (SQUASH_FILE, AGREEMENT_FILE)]
    for table in tables:
        table.write_text("[]")
    mistyped = ["--out", str(folder / "ouy")]
    assert main(["evaluate", "--data", str(folder), *mistyped, *measure]) == 2
    assert "There are no weights in" in capsys.readouterr().err
    assert [table.read_text() for table in tables] == ["[]", "[]"]


def test_two_measurements_at_once_are_one_sentence(here, capsys):
    folder, _ = here
    assert main(["evaluate", "--data", str(folder), "--squash", "--agreement"]) == 2
    assert "Choose --squash or --agreement" in capsys.readouterr().err


def test_the_shipped_hits_are_those_of_the_photos():
    """Of real photos, where there are any here: every seventieth. Copies at another size may move
    one or two across the border; in another order a third would differ."""
    folder = imagenette.data_folder()
    if folder is None or not listed({p.name for p in (folder / "val").glob("*/*")}, "val"):
        pytest.skip("no Imagenette here; EFFNET_VIZ_DATA names its folder")
    names = photo_list()
    chosen = frozenset(names[::70])
    photos = load_photos(
        folder / "val", IMAGENETTE_CLASSES, leave_out=frozenset(names) - chosen, only="val"
    )
    kept = read_hits("width", read_record("width")["sha256"], hits_folder())
    right = classroom.evaluate_member("width", photos)
    same = [
        kept.bits >> names.index(file.rpartition("/")[2]) & 1 == hit
        for file, hit in zip(photos.files, right, strict=True)
    ]
    assert len(same) == len(chosen)
    assert sum(same) >= len(same) - 2
