"""``cam``: maps as numbers, pictures and sheets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_viz.__main__ import main
from effnet_viz.cli import cam
from effnet_viz.engine import images, weights
from effnet_viz.engine.maps.cam import METHODS
from effnet_viz.scaling.families import SHIPPED
from tests.unit.cli.said import failure, output


def test_cam_of_a_folder_writes_a_sheet_and_maps_a_photo(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path
) -> None:
    sheets, maps = tmp_path / "new" / "sheets", tmp_path / "maps"
    words = ["cam", str(folder), "--model", "baseline", "--out", str(sheets), "--npz", str(maps)]
    assert main([*words, "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [Path(row["image"]).name for row in found] == ["one.jpg", "one.png"]
    assert sorted(path.name for path in sheets.iterdir()) == ["one-2.png", "one.png"]
    assert sorted(path.name for path in maps.iterdir()) == ["one-2.npz", "one.npz"]
    for row, name in zip(found, ("one", "one-2"), strict=True):
        with np.load(maps / f"{name}.npz") as arrays:
            assert float(arrays["baseline"].max()) == pytest.approx(row["models"][0]["raw_max"])
    alone = output(capsys, "cam", found[0]["image"], "--model", "baseline")
    assert alone == found[0]
    assert main([*words[:4]]) == 2
    assert "one.png: " in capsys.readouterr().out


def test_sheets_do_not_replace_the_photos_they_are_of(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.chdir(folder)
    code, error = failure(capsys, "cam", ".", "--model", "baseline", "--out", "../" + folder.name)
    assert code == 2
    assert "name another folder for the sheets" in error
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_methods_are_the_engine_s() -> None:
    assert list(cam.CAM_METHODS) == list(METHODS)


def test_cam_of_the_last_stage_is_the_classic_class_activation_map(
    capsys: pytest.CaptureFixture[str], photo: str, tmp_path: Path
) -> None:
    """Grad-CAM at the stage before pooling equals ReLU(CAM), Zhou et al. 2016, up to a scale."""
    maps = tmp_path / "maps.of.models.npz"
    options = ("--model", "baseline", "width", "--target-class", "Golf Ball", "--npz", str(maps))
    found = output(capsys, "cam", photo, *options)
    assert list(found) == ["image", "method", "target_class", "models"]
    assert (found["image"], found["method"], found["target_class"]) == (
        photo,
        "gradcam",
        "golf ball",
    )
    image = images.decode(Path(photo).read_bytes())
    with np.load(maps) as arrays:
        assert list(arrays) == ["baseline", "width"]
        for row in found["models"]:
            assert list(row) == ["model", "role", "weights", "resolution_px", "target_stage",
                                 "grid", "raw_max", "probability"]  # fmt: skip
            raw = arrays[row["model"]]
            assert raw.dtype == np.float32
            assert (list(raw.shape), row["target_stage"]) == (row["grid"], 9)
            assert row["raw_max"] == pytest.approx(float(raw.max()))
            plain = weights.load_model("classroom", row["model"], optimised=False)
            with torch.inference_mode():
                features = plain.module.features(plain.preprocess(image))[0]
                weight = plain.module.classifier[1].weight[8]
                expected = torch.einsum("chw,c->hw", features, weight).relu().numpy()
                logits = plain.module(plain.preprocess(image))[0]
            assert expected.max() > 0
            np.testing.assert_allclose(raw / raw.max(), expected / expected.max(), atol=3e-3)
            assert row["probability"] == pytest.approx(float(logits.softmax(0)[8]), abs=1e-3)


def test_cam_without_a_class_uses_the_first_model_s_for_all(
    capsys: pytest.CaptureFixture[str], cat: str
) -> None:
    models = ("--model", "width", "baseline")
    top = output(capsys, "predict", cat, "--model", "width", "--top", "1")[0]["top"][0]
    found = output(capsys, "cam", cat, *models)
    assert found["target_class"] == top["label"]
    assert found["models"][0]["probability"] == pytest.approx(top["probability"], abs=1e-4)
    explicit = output(capsys, "cam", cat, *models, "--target-class", str(top["index"]))
    assert explicit == found


def test_cam_of_an_earlier_stage_and_another_method(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    options = ("--model", "baseline", "--stage", "4", "--method", "layercam")
    found = output(capsys, "cam", photo, *options)
    assert found["method"] == "layercam"
    assert (found["models"][0]["target_stage"], found["models"][0]["grid"]) == (4, [12, 12])


def test_cam_by_score_cam_and_by_the_papers_own_method(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    by_score = output(
        capsys, "cam", photo, "--model", "baseline", "--stage", "2", "--method", "scorecam"
    )
    assert by_score["models"][0]["raw_max"] > 0
    options = ("--method", "cam", "--target-class", "golf ball")
    assert main(["cam", photo, "--model", "baseline", *options]) == 0
    text = capsys.readouterr().out
    assert f"{photo}: CAM of golf ball\nThe paper's own method" in text
    assert "baseline: The evidence for golf ball is centred" in text
    code, error = failure(capsys, "cam", photo, "--method", "cam", "--stage", "3")
    assert (code, "CAM exists for the last stage only, 9 of baseline" in error) == (2, True)


@pytest.mark.parametrize(("suffix", "kind"), [("png", "PNG"), ("JPG", "JPEG"), ("webp", "WEBP")])
def test_cam_writes_a_contact_sheet(
    capsys: pytest.CaptureFixture[str], photo: str, tmp_path: Path, suffix: str, kind: str
) -> None:
    sheet = tmp_path / f"sheet.{suffix}"
    assert main(["cam", photo, "--model", "baseline", "--out", str(sheet)]) == 0
    text = capsys.readouterr().out
    assert f"wrote {sheet}" in text
    assert SHIPPED in text
    with Image.open(sheet) as picture:
        assert picture.format == kind
        assert len(picture.getcolors(1 << 24) or ()) > 100  # a photo and a map, not a blank page


def test_cam_of_an_untrained_model_is_no_evidence(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    options = ("--family", "custom", "--width", "0.5", "--resolution-px", "64")
    assert main(["cam", photo, *options]) == 0
    row, words = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("custom")
    ]
    assert row.endswith("untrained  no evidence")
    assert "no evidence" in words.lower()


def test_a_sheet_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    out = str(tmp_path / "sheet.png")
    code, error = failure(capsys, "cam", photo, "--model", "baseline", "--out", out)
    assert (code, "No space left on device" in error) == (2, True)
