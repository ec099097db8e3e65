"""Every command: bad input, exit codes and progress."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from effnet_viz.__main__ import main
from effnet_viz.cli import cost
from effnet_viz.errors import ResourceError, UserError
from tests.unit.cli.said import failure

ROOT = Path(__file__).parents[3]


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
