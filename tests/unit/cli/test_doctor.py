from __future__ import annotations

import importlib.metadata
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from effnet_viz.__main__ import main
from effnet_viz.cli import doctor
from effnet_viz.cli.doctor import CheckError
from effnet_viz.errors import UserError
from effnet_viz.evidence import checkpoints
from effnet_viz.scaling.families import ROLES


def test_every_check_is_well_here(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor"])
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert (code, printed.err) == (0, "")
    assert [line.split(":")[0].split(maxsplit=1) for line in lines] == [
        ["ok", name] for name, _, _ in doctor.CHECKS
    ]
    assert sys.version.split()[0] in lines[0]
    assert torch.__version__ in lines[2]
    assert "5 shipped models verified" in lines[5]


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CheckError("it is broken", "mend it"), "FAIL  thing: it is broken -> mend it"),
        (UserError("No such\nthing; do that."), "FAIL  thing: No such thing; do that."),
        (ImportError("no module"), "FAIL  thing: ImportError: no module -> the usual remedy"),
    ],
)
def test_a_failing_check_is_one_line_and_code_1(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    line: str,
) -> None:
    def fail() -> str:
        raise error

    checks = (("thing", fail, "the usual remedy"), ("other", lambda: "fine", ""))
    monkeypatch.setattr(doctor, "CHECKS", checks)
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines() == [line, "ok    other: fine"]


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 14, 0)])
def test_another_python(version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    assert "Python 3.11, 3.12 or 3.13" in remedy_of(doctor.check_python)


def test_a_package_that_is_missing_or_too_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("# comment\n\n-r other.txt\nno-such-package>=1\npillow>=99\npytest\n")
    monkeypatch.setattr(doctor, "REQUIREMENTS", wanted)
    with pytest.raises(CheckError) as error:
        doctor.check_packages()
    assert str(error.value).startswith("no-such-package is not installed; pillow ")
    assert str(error.value).endswith(" is not >=99")


def test_torchvision_made_for_another_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["numpy", "torch==2.0.1"])
    assert "requirements.txt" in remedy_of(doctor.check_torch_pair)


@pytest.mark.parametrize("kept", [[0], [0, 1, 2]])
def test_torchvision_whose_operators_are_wrong(
    monkeypatch: pytest.MonkeyPatch, kept: list[int]
) -> None:
    replace_module(
        monkeypatch, "torchvision.ops", SimpleNamespace(nms=lambda *_: torch.tensor(kept))
    )
    assert "requirements.txt" in remedy_of(doctor.check_torch_pair)


def test_torchvision_whose_operators_do_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    def nms(*_: object) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    replace_module(monkeypatch, "torchvision.ops", SimpleNamespace(nms=nms))
    with pytest.raises(CheckError, match="nms does not exist"):
        doctor.check_torch_pair()


@pytest.mark.parametrize("variable", ["TORCH_HOME", "EFFNET_VIZ_CACHE"])
def test_a_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(variable, str(tmp_path / "file"))
    if variable == "TORCH_HOME":
        monkeypatch.setattr(torch.hub, "_hub_dir", None)
    assert f"set {variable}" in remedy_of(doctor.check_cache)


def test_weights_that_are_missing_or_damaged(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    shutil.copytree(checkpoints.CHECKPOINT_DIR, folder)
    assert doctor.check_weights(folder) == f"{len(ROLES)} shipped models verified"

    damaged = folder / "width.safetensors"
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(CheckError, match="the weights of width do not have the checksum"):
        doctor.check_weights(folder)

    (folder / "depth.json").unlink()
    with pytest.raises(CheckError, match="no weights of depth"):
        doctor.check_weights(folder)


def test_prediction_and_map_are_checked_even_without_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def missing(*_: object) -> None:
        raise UserError("gone")

    monkeypatch.setattr("effnet_viz.engine.weights.load_model", missing)
    assert "baseline (untrained)" in doctor.check_forward()
    assert doctor.check_map() == "gradcam on a grid of 6 by 6"


def test_probabilities_that_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    result = SimpleNamespace(top=[SimpleNamespace(probability=0.25)] * 3)
    monkeypatch.setattr("effnet_viz.engine.inference.predict", lambda *_, **__: result)
    with pytest.raises(CheckError, match=r"add up to 0\.7500"):
        doctor.check_forward()


def remedy_of(check: Callable[[], str]) -> str:
    with pytest.raises(CheckError) as error:
        check()
    return error.value.remedy


def replace_module(monkeypatch: pytest.MonkeyPatch, name: str, module: Any) -> None:
    """``import_module(name)`` gives ``module`` instead; every other module is the real one."""
    real = doctor.import_module
    monkeypatch.setattr(doctor, "import_module", lambda n: module if n == name else real(n))
