"""The command line, in process where that is enough: what it prints, where, and its exit codes."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from effnet_viz.__main__ import main
from effnet_viz.cli import cam, cost
from effnet_viz.engine import images, weights
from effnet_viz.engine.maps.cam import METHODS
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.samples import read_sample
from effnet_viz.scaling.families import ROLES, SHIPPED, UNTRAINED

ROOT = Path(__file__).parents[3]
STAGE_KEYS = ["stage", "operator", "in_resolution_px", "out_resolution_px", "in_channels",
              "out_channels", "repeats", "kernel_size", "stride", "expand_ratio", "params",
              "macs"]  # fmt: skip


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A photo as a file with a name outside ASCII."""
    picture = np.asarray(Image.linear_gradient("L").convert("RGB")).copy()
    picture[60:200, 80:180] = (250, 240, 60)
    path = tmp_path / "Bild é 画.png"
    Image.fromarray(picture).save(path)
    return str(path)


@pytest.fixture
def cat(tmp_path: Path) -> str:
    path = tmp_path / "cat.png"
    path.write_bytes(read_sample("cat"))
    return str(path)


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON a command prints, which is all it prints."""
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and message of a command that prints one line on standard error, nothing else."""
    code = main(arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("error: ")
    return code, printed.err


# --- cost -----------------------------------------------------------------------------------------


def test_cost_json_of_the_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost")
    assert list(found) == ["architecture", "depth", "width", "resolution_px", "params", "macs",
                           "activations", "law_ratio", "built_ratio", "stages"]  # fmt: skip
    assert (found["architecture"], found["resolution_px"]) == ("efficientnet_b0", 224)
    assert (found["params"], found["macs"]) == (5_288_548, 385_814_752)
    assert found["law_ratio"] == found["built_ratio"] == found["depth"] == found["width"] == 1
    assert [list(stage) for stage in found["stages"]] == 9 * [STAGE_KEYS]
    assert found["stages"][3] == {
        "stage": 4,
        "operator": "MBConv6 k5x5",
        "in_resolution_px": 56,
        "out_resolution_px": 28,
        "in_channels": 24,
        "out_channels": 40,
        "repeats": 2,
        "kernel_size": 5,
        "stride": 2,
        "expand_ratio": 6,
        "params": 46_640,
        "macs": 37_939_584,
    }


def test_cost_by_the_law(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--phi", "1")
    assert (found["depth"], found["width"], found["resolution_px"]) == (1.2, 1.1, 258)
    assert found["params"] == 9_109_994
    assert found["law_ratio"] == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    assert round(found["built_ratio"], 2) == 2.57
    down = output(capsys, "cost", "--phi", "-3", "--alpha", "1.3", "--beta", "1", "--gamma=1.2")
    assert down["resolution_px"] == round(224 / 1.2**3)
    assert down["law_ratio"] == pytest.approx((1.3 * 1.2**2) ** -3)


def test_cost_by_multipliers(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--width", "2", "--resolution-px", "300")
    assert (found["depth"], found["width"], found["resolution_px"]) == (1, 2, 300)
    assert found["law_ratio"] == pytest.approx(2**2 * (300 / 224) ** 2)  # r from the rounded pixels
    assert output(capsys, "cost", "--depth", "4")["params"] == 20_091_856


def test_cost_of_a_released_variant(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--variant", "b7")
    assert (found["params"], found["resolution_px"]) == (66_347_960, 600)
    assert found["law_ratio"] == pytest.approx(3.1 * 2**2 * (600 / 224) ** 2)


def test_cost_of_a_variant_in_any_case_and_of_those_published_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output(capsys, "cost", "--variant", "B1") == output(capsys, "cost", "--variant", "b1")
    large = output(capsys, "cost", "--variant", "L2")
    assert (large["params"], large["resolution_px"]) == (480_309_308, 800)


def test_dust_decides_no_block(capsys: pytest.CaptureFixture[str]) -> None:
    """√2² is 2.0000000000000004; what is printed alike is the same network."""
    root = ("--phi", "2", "--alpha", "1.4142135623730951", "--beta", "1", "--gamma", "1")
    texts = []
    for words in (("--depth", "2"), root):
        assert output(capsys, "cost", *words)["params"] == 10_222_984
        assert main(["cost", *words]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith("efficientnet_b0: depth × 2, width × 1, 224 px\n")


def test_what_is_printed_builds_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Six digits of 2.0000001 would be those of another network, so there are more."""
    assert main(["cost", "--depth", "2.0000001", "--width", "1.0937500001"]) == 0
    title, _, rest = capsys.readouterr().out.partition("\n")
    depth, width = re.findall(r"× ([\d.]+)", title)
    assert (depth, width) == ("2.0000001", "1.09375")
    assert main(["cost", "--depth", depth, "--width", width]) == 0
    assert capsys.readouterr().out == f"{title}\n{rest}"


def test_cost_for_other_classes_and_channels(capsys: pytest.CaptureFixture[str]) -> None:
    ends = ("--num-classes", "10", "--in-channels", "1")
    found = output(capsys, "cost", "--phi", "0", *ends)
    # B0 with 10 outputs for 1280 features and a bias each, and one 3x3 kernel a filter in the stem
    assert found["params"] == 5_288_548 - 990 * 1281 - 2 * 32 * 9
    assert found["stages"][0]["in_channels"] == 1
    assert found["built_ratio"] == 1
    assert main(["cost", *ends]) == 0
    assert capsys.readouterr().out.startswith(
        "efficientnet_b0: depth × 1, width × 1, 224 px, 1 input channel, 10 classes\n"
    )


@pytest.mark.parametrize(
    ("name", "params", "stages"),
    [
        ("mobilenet_v1", 4_231_976, 7),
        ("mobilenet_v2", 3_504_872, 9),
        ("resnet_50", 25_557_032, 6),
    ],
)
def test_cost_of_other_architectures(
    capsys: pytest.CaptureFixture[str], name: str, params: int, stages: int
) -> None:
    found = output(capsys, "cost", "--architecture", name)
    assert (found["architecture"], found["params"]) == (name, params)
    assert [stage["stage"] for stage in found["stages"]] == list(range(1, stages + 1))


def test_cost_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--phi", "1"]) == 0
    text = capsys.readouterr().out
    assert "9,109,994" in text
    assert "2.57 × the baseline; the law says 1.92 ×" in text
    rows = [line.split() for line in text.splitlines() if line.strip()[:1].isdecimal()]
    assert len(rows) == 9
    assert rows[3][:8] == ["4", "MBConv6", "k5x5", "65", "33", "24", "48", "3"]


def test_cost_loads_neither_torch_nor_numpy() -> None:
    script = (
        "import sys; from effnet_viz.__main__ import main; code = main(['cost', '--json']);"
        "sys.exit(code or any(m in sys.modules for m in ('torch', 'numpy', 'streamlit', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout)["macs"] == 385_814_752


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("cost --phi 999", "phi must be between -20 and 20, not 999"),
        ("cost --phi nan", "phi must be between -20 and 20, not nan"),
        ("cost --phi inf", "phi must be between"),
        ("cost --phi x", "invalid float value: 'x'"),
        ("cost --phi", "expected one argument"),
        ("cost --width 0.016", "rounds to none; use at least 0.25"),
        ("cost --width -1", "width must be between"),
        ("cost --resolution-px 100000000", "must be between 8 and 8000, not 100000000."),
        ("cost --resolution-px 224.5", "whole number of pixels, not 224.5"),
        ("cost --phi 1 --depth 2", "Scale in one way"),
        ("cost --phi 1 --variant b1", "Scale in one way"),
        ("cost --variant b1 --width 1", "Scale in one way"),
        ("cost --alpha 1.2", "--alpha has no effect without --phi"),
        ("cost --variant b9", "invalid choice: 'b9'"),
        ("cost --num-classes 0", "num_classes must be a whole number between 1 and 1,000,000"),
        ("cost --num-classes 2.5", "num_classes must be a whole number between 1 and 1,000,000"),
        ("cost --in-channels -1", "in_channels must be a whole number between 1 and"),
        ("bench --num-classes 3", "unrecognized arguments: --num-classes"),
        ("cost --variant b1 --architecture resnet_50", "scaled from efficientnet_b0, not from"),
        ("cost --architecture vgg", "invalid choice: 'vgg'"),
        ("cost --ph 1", "unrecognized arguments: --ph"),
        ("serve", "invalid choice: 'serve'"),
        ("", "required: COMMAND"),
        ("predict", "required: IMAGE"),
        ("predict no/such.png", "no/such.png does not exist; give the path"),
        ("predict .", "The folder . has no photos"),
        ("predict no/such/*.png", "No file matches no/such/*.png"),
        ("predict pyproject.toml", "pyproject.toml: This is not a readable"),
        ("predict PHOTO --top 0", "--top must be at least 1, not 0"),
        ("predict PHOTO --model tall", "has no model 'tall'; it has baseline, depth"),
        ("predict PHOTO --family vgg", "invalid choice: 'vgg'"),
        ("predict PHOTO --device tpu", "There is no device 'tpu'"),
        ("predict PHOTO --phi 1", "--phi describes a model of your own; add --family custom"),
        ("predict PHOTO --architecture resnet_50", "--architecture describes a model of your own"),
        ("predict PHOTO --family custom --model b0", "The custom family has no names"),
        ("predict PHOTO --family custom --resolution-px 8000 --width 20", "multiply-adds"),
        ("predict PHOTO --family imagenet --model b0@8000", "multiply-adds"),
        ("cam PHOTO --method smoothgrad", "invalid choice: 'smoothgrad'"),
        ("cam PHOTO --model baseline --stage 10", "has stages 1 to 9; there is no stage 10"),
        ("cam PHOTO --model baseline --stage 0", "there is no stage 0"),
        ("cam PHOTO --model baseline --target-class gulf-ball", "did you mean golf ball?"),
        ("cam PHOTO --model baseline --target-class 10", "There is no class 10; there are 0 to 9"),
        ("cam PHOTO --out no/such/sheet.png", "there is no folder no/such"),
        ("cam PHOTO --npz .", ". is a folder"),
        ("cam PHOTO --npz notes.txt", "--npz must end in .npz, not 'notes.txt'"),
        ("cam PHOTO --out PHOTO", "is the photo itself; give another name"),
        ("cam PHOTO --out sheet.gif", "--out must end in .png, .jpg, .jpeg, .webp"),
        ("cam PHOTO PHOTO --out sheet.png", "go to a folder; sheet.png names one file"),
        ("cam PHOTO PHOTO --npz maps.npz", "go to a folder; maps.npz names one file"),
        ("cam PHOTO PHOTO --out Makefile", "The folder Makefile cannot be made"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    capsys: pytest.CaptureFixture[str], photo: str, arguments: str, message: str
) -> None:
    words = [photo if word == "PHOTO" else word for word in arguments.split()]
    code, error = failure(capsys, *words)
    assert code == 2
    assert message in error


def test_a_file_that_is_too_large_is_not_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(200 * 1024**3)  # sparse: takes no room
    code, error = failure(capsys, "predict", str(path))
    assert code == 2
    assert "has 204,800.0 MB; the limit is 30 MB" in error


def test_a_path_with_a_null_byte(capsys: pytest.CaptureFixture[str]) -> None:
    assert failure(capsys, "predict", "a\0b")[0] == 2


def test_every_subcommand_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    (\w+) ", capsys.readouterr().out, flags=re.MULTILINE)
    assert {"cost", "predict", "cam", "doctor"} <= set(listed)
    for command in listed:
        with pytest.raises(SystemExit) as end:
            main([command, "--help"])
        assert end.value.code == 0
        assert f"usage: python -m effnet_viz {command}" in capsys.readouterr().out


# --- failures -------------------------------------------------------------------------------------


def test_weights_that_cannot_be_had_are_code_1(
    capsys: pytest.CaptureFixture[str], photo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens on the discard port
    code, error = failure(capsys, "predict", photo, "--family", "imagenet", "--model", "b0")
    assert code == 1
    assert "cannot be reached" in error


@pytest.mark.parametrize(
    ("raised", "code", "message"),
    [
        (ResourceError("gone"), 1, "error: gone"),
        (UserError("two\nlines"), 2, "error: two lines"),
        (KeyboardInterrupt(), 130, "error: Stopped."),
        (ZeroDivisionError("by zero"), 1, "error: ZeroDivisionError: by zero (an error in this"),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    raised: BaseException,
    code: int,
    message: str,
) -> None:
    def fail(_options: object) -> None:
        raise raised

    monkeypatch.setattr(cost, "run_cost", fail)
    assert main(["cost"]) == code
    assert capsys.readouterr().err.startswith(message)


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    script = "import sys; from effnet_viz.__main__ import main; sys.exit(main(['cost', '--json']))"
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


# --- predict --------------------------------------------------------------------------------------


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


# --- several photos -------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, photo: str, cat: str) -> Path:
    """Two photos that share a name but for its end, a damaged one, a text and a hidden file."""
    where = tmp_path / "photos"
    where.mkdir()
    Image.open(cat).convert("RGB").save(where / "one.jpg")
    Image.open(photo).save(where / "one.png")
    (where / "two.JPG").write_bytes((where / "one.jpg").read_bytes()[:200])
    (where / "notes.txt").write_text("no photo")
    (where / "._one.jpg").write_bytes(b"another system's own")
    return where


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


# --- cam ------------------------------------------------------------------------------------------


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


# --- on a terminal --------------------------------------------------------------------------------


def test_progress_goes_to_a_terminal_only_and_is_wiped(
    capsys: pytest.CaptureFixture[str], photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["predict", photo, "--model", "baseline", "--json"]) == 0
    assert "baseline: loading" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")
    json.loads(capsys.readouterr().out)


def test_several_photos_have_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], photo: str, cat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["predict", photo, "no/such.png", cat, "--model", "baseline", "--json"]) == 2
    assert "/3 [" in terminal.getvalue()
    assert "\rerror: no/such.png does not exist" in terminal.getvalue().replace("\x1b[K", "")
    assert len(json.loads(capsys.readouterr().out)) == 2
