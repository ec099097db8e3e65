"""``predict``: against the plain network, of a square, of photos and folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_viz.__main__ import main
from effnet_viz.engine import images, weights
from effnet_viz.evidence.samples import read_sample
from effnet_viz.scaling.families import ROLES, SHIPPED, UNTRAINED
from tests.unit.cli.said import failure, output

ROOT = Path(__file__).parents[3]


def test_predict_gives_the_plain_network_s_probabilities(
    capsys: pytest.CaptureFixture[str], photo: str, cat: str
) -> None:
    found = output(capsys, "predict", photo, cat, "--model", "baseline", "--top", "10")
    assert [row["image"] for row in found] == [photo, cat]
    plain = weights.load_model("classroom", "baseline", optimised=False)
    for row, path in zip(found, (photo, cat), strict=True):
        assert list(row) == ["image", "model", "role", "weights", "device", "resolution_px",
                             "latency_ms", "top"]  # fmt: skip
        assert (row["model"], row["role"], row["weights"]) == ("baseline", "baseline", SHIPPED)
        assert (row["device"], row["resolution_px"]) == ("cpu", 96)
        assert row["latency_ms"] > 0
        image = images.decode(Path(path).read_bytes())
        with torch.inference_mode():
            expected = plain.module(plain.preprocess(image))[0].softmax(0)
        assert [c["probability"] for c in row["top"]] == pytest.approx(
            sorted(expected.tolist(), reverse=True), abs=1e-3
        )
        for c in row["top"]:
            assert c["label"] == plain.classes[c["index"]]
            assert c["probability"] == pytest.approx(float(expected[c["index"]]), abs=1e-3)


def test_predict_runs_the_whole_family_by_default_in_order(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    found = output(capsys, "predict", photo, "--top", "1")
    assert [row["role"] for row in found] == list(ROLES)


def test_predict_takes_models_in_any_number_of_options(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    found = output(capsys, "predict", photo, "--model", "width", "baseline", "--model", "width")
    assert [row["model"] for row in found] == ["width", "baseline"]


def test_predict_of_a_custom_model_is_marked_untrained(
    capsys: pytest.CaptureFixture[str], photo: str
) -> None:
    options = ("--family", "custom", "--width", "0.5", "--resolution-px", "64")
    (found,) = output(capsys, "predict", photo, *options)
    assert (found["model"], found["role"]) == ("custom", "compound")
    assert (found["weights"], found["resolution_px"]) == (UNTRAINED, 64)
    assert main(["predict", photo, *options]) == 0
    assert "weights: untrained; these classes mean nothing" in capsys.readouterr().out


def test_predict_as_text(capsys: pytest.CaptureFixture[str], photo: str) -> None:
    assert main(["predict", photo, "--model", "baseline"]) == 0
    text = capsys.readouterr().out
    assert photo in text
    assert f"weights: {SHIPPED}\n" in text
    assert "These models know ten classes only: tench, English springer" in text


# --- the part that is looked at, and what is to be known of a photo -------------------------------


def test_a_square_is_in_pixels_of_the_upright_photo(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    upright = images.decode(read_sample("cat"))
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.png"
    upright.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif)
    (found,) = output(capsys, "predict", str(path), "--model", "baseline", "--square", "150,20,200")
    model = weights.load_model("classroom", "baseline", optimised=False)
    inputs = model.preprocess(upright, images.Square(150, 20, 200))
    expected = model.module(inputs)[0].softmax(0).max().item()
    assert found["top"][0]["probability"] == pytest.approx(expected, abs=1e-4)
    options = (str(path), "--model", "baseline", "--square", "150,20,200")
    assert main(["cam", *options, "--npz", str(tmp_path / "maps.npz")]) == 0
    assert main(["cam", str(path), "--model", "baseline", "--npz", str(tmp_path / "all.npz")]) == 0
    part, centre = (np.load(tmp_path / name)["baseline"] for name in ("maps.npz", "all.npz"))
    assert part.shape == centre.shape
    assert not np.allclose(part, centre)


@pytest.mark.parametrize("command", ["predict", "cam"])
@pytest.mark.parametrize("square", ["1,2", "a,b,c", "0,0,0", "0,0,9000", "250,0,250"])
def test_a_square_that_is_none_or_not_in_the_photo(
    capsys: pytest.CaptureFixture[str], cat: str, command: str, square: str
) -> None:
    code, message = failure(capsys, command, cat, "--square", square)
    assert code == 2
    assert "X,Y,SIDE" in message or "is not inside the 451 × 300 px image" in message


def test_what_is_to_be_known_of_a_photo_goes_beside_the_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "blank.png"
    Image.new("RGB", (400, 30), "teal").save(path)
    assert main(["predict", str(path), "--model", "baseline", "--json"]) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 1
    blank, part = printed.err.splitlines()
    assert blank.startswith(f"note: {path}: The photo is all one colour")
    assert part.startswith(f"note: {path}: At most 30 × 30 px of the photo's 400 × 30 are seen")


@pytest.mark.parametrize("command", ["predict", "cam"])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_bad_file_stops_no_other(
    capsys: pytest.CaptureFixture[str], photo: str, cat: str, command: str, as_json: bool
) -> None:
    bad = str(ROOT / "Makefile")
    words = [command, cat, bad, "no/such.png", photo, cat, "--model", "baseline"]
    assert main([*words, *(["--json"] if as_json else [])]) == 2
    printed = capsys.readouterr()
    lines = printed.err.splitlines()
    assert [line.split(bad)[0] for line in lines[:1]] == ["error: "]
    assert lines[1].startswith("error: no/such.png does not exist")
    assert len(lines) == 2
    if as_json:
        assert [row["image"] for row in json.loads(printed.out)] == [cat, photo, cat]
    else:
        headings = [line for line in printed.out.splitlines() if line.startswith((cat, photo))]
        assert [line.split(":")[0] for line in headings] == [cat, photo, cat]


@pytest.mark.parametrize("pattern", ["", "*.[jJ]*", "**/*.jpg", "one.*"])
def test_folders_and_patterns(
    capsys: pytest.CaptureFixture[str], folder: Path, pattern: str
) -> None:
    """Patterns reach us as they are typed where no shell expands them."""
    expected = {
        "": ["one.jpg", "one.png", "two.JPG"],
        "*.[jJ]*": ["one.jpg", "two.JPG"],
        "**/*.jpg": ["one.jpg"],
        "one.*": ["one.jpg", "one.png"],
    }[pattern]
    asked = str(folder / pattern)
    code = main(["predict", asked, "--model", "baseline", "--top", "1", "--json"])
    printed = capsys.readouterr()
    good = [name for name in expected if name != "two.JPG"]
    assert [Path(row["image"]).name for row in json.loads(printed.out)] == good
    assert code == (2 if len(good) < len(expected) else 0)
    assert printed.err.count("\n") == len(expected) - len(good)


def test_a_name_with_brackets_is_a_name_where_there_is_such_a_file(
    capsys: pytest.CaptureFixture[str], cat: str, tmp_path: Path
) -> None:
    odd = tmp_path / "cat[1].png"
    odd.write_bytes(Path(cat).read_bytes())
    found = output(capsys, "cam", str(odd), "--model", "baseline")
    assert found["image"] == str(odd)
