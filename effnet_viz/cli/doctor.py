"""Checks that everything the app needs is there and works, and what to do where it is not.

Only the standard library is imported at the top, so that a broken installation can be examined.
"""

from __future__ import annotations

import hashlib
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING

from effnet_viz.errors import UserError
from effnet_viz.evidence.files import APP_FOLDER

if TYPE_CHECKING:
    from effnet_viz.engine.weights import LoadedModel

REQUIREMENTS = APP_FOLDER / "requirements.txt"
PYTHON_RANGE = ((3, 11), (3, 13))
INSTALL = f'install again: python -m pip install -r "{REQUIREMENTS}"'


class CheckError(Exception):
    """What a check found wrong; ``str(problem)`` says it, ``remedy`` what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def report(write: Callable[[str], object]) -> bool:
    """Run every check and write one line for each; True where all are well.

    A check that breaks in a way nobody foresaw is a failure like any other, never a traceback.
    """
    all_well = True
    for name, check, remedy in CHECKS:
        try:
            line = f"ok    {name}: {check()}"
        except CheckError as problem:
            line = f"FAIL  {name}: {_one_line(problem)} -> {problem.remedy}"
        except UserError as error:
            line = f"FAIL  {name}: {_one_line(error)}"
        except Exception as error:
            line = f"FAIL  {name}: {type(error).__name__}: {_one_line(error)} -> {remedy}"
        all_well &= line.startswith("ok")
        write(line)
    return all_well


def check_python() -> str:
    """The running Python is one this project supports."""
    low, high = PYTHON_RANGE
    if not low <= sys.version_info[:2] <= high:
        raise CheckError(
            f"{platform.python_version()} is not between 3.{low[1]} and 3.{high[1]}",
            "make a new environment with Python 3.11, 3.12 or 3.13",
        )
    return platform.python_version()


def check_packages() -> str:
    """Every package in requirements.txt is installed in a version it allows."""
    from packaging.requirements import Requirement

    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line.strip() and line[0] not in "#-"]
    wrong = []
    for requirement in wanted:
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is not installed")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not {requirement.specifier}")
    if wrong:
        raise CheckError("; ".join(wrong), INSTALL)
    return f"{len(wanted)} of {len(wanted)} in the versions that are needed"


def check_torch_pair() -> str:
    """torch and torchvision import, were made for each other, and torchvision's operators load."""
    from packaging.requirements import Requirement

    torch = import_module("torch")
    try:
        nms = import_module("torchvision.ops").nms
        boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 8.0], [20.0, 20.0, 29.0, 29.0]])
        kept = nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
    except Exception as error:
        raise CheckError(
            f"torchvision does not work with torch {torch.__version__} ({_one_line(error)})",
            INSTALL,
        ) from error
    if kept != [0, 2]:
        raise CheckError(f"torchvision's nms gives {kept} where [0, 2] is right", INSTALL)
    version = metadata.version("torchvision")
    for requirement in map(Requirement, metadata.requires("torchvision") or []):
        fits = requirement.specifier.contains(torch.__version__, prereleases=True)
        if requirement.name == "torch" and not fits:
            raise CheckError(
                f"torchvision {version} was made for torch {requirement.specifier}, "
                f"this is {torch.__version__}",
                INSTALL,
            )
    return f"torch {torch.__version__}, torchvision {version}"


def check_device() -> str:
    """The device that ``auto`` chooses can compute."""
    from effnet_viz.engine.inference import device_label
    from effnet_viz.engine.optimise import choose_device

    torch = import_module("torch")
    device = choose_device("auto")
    total = torch.ones(1000, device=device).sum().item()
    if total != 1000:
        raise CheckError(f"{device} adds 1000 ones to {total}", "choose --device cpu")
    return f"{device} ({device_label(device)})"


def check_cache() -> str:
    """What is downloaded can be kept: torch's cache of weights and this project's of photos."""
    from effnet_viz.evidence.samples import cache_folder

    weights = Path(import_module("torch").hub.get_dir()) / "checkpoints"
    places = {weights: "TORCH_HOME", cache_folder(): "EFFNET_VIZ_CACHE"}
    for folder, variable in places.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"effnet_viz")
        except OSError as error:
            raise CheckError(
                f"{folder} cannot be written ({error.strerror})",
                f"make it writable, or set {variable} to a folder that is",
            ) from error
    return f"{' and '.join(map(str, places))} can be written"


def check_weights(folder: Path | None = None) -> str:
    """The weights of all shipped models are there and have the checksums of their records."""
    from effnet_viz.evidence.checkpoints import (
        CHECKPOINT_DIR,
        checkpoint_paths,
        read_record,
        shipped_roles,
    )
    from effnet_viz.scaling.families import ROLES

    folder = folder or CHECKPOINT_DIR
    missing = [role for role in ROLES if role not in shipped_roles(folder)]
    if missing:
        raise CheckError(f"no weights of {', '.join(missing)}", "download the project again")
    damaged = [
        role
        for role in ROLES
        if hashlib.sha256(checkpoint_paths(role, folder)[0].read_bytes()).hexdigest()
        != read_record(role, folder)["sha256"]
    ]
    if damaged:
        raise CheckError(
            f"the weights of {', '.join(damaged)} do not have the checksum of their record",
            "download the project again",
        )
    return f"{len(ROLES)} shipped models verified"


def check_forward() -> str:
    """One forward pass gives probabilities."""
    from PIL import Image

    from effnet_viz.engine.inference import predict
    from effnet_viz.evidence.results import RUNTIME_TITLES

    result = predict(_any_model(), Image.linear_gradient("L").convert("RGB"), top=1000)
    total = sum(c.probability for c in result.top)
    if abs(total - 1) > 1e-3:
        raise CheckError(f"the probabilities add up to {total:.4f}", INSTALL)
    took = f"{result.latency.median_ms:.1f} ms by {RUNTIME_TITLES[result.latency.runtime]}"
    return f"{result.model} ({result.weights}) in {took}"


def check_map() -> str:
    """One class activation map comes out on its grid."""
    from PIL import Image

    from effnet_viz.engine.maps.cam import compute_cam

    result = compute_cam(_any_model(), Image.linear_gradient("L").convert("RGB"))
    return f"{result.method} on a grid of {result.grid[0]} by {result.grid[1]}"


def _any_model() -> LoadedModel:
    """The shipped baseline; where its weights are the problem, the same network untrained."""
    from effnet_viz.engine.weights import load_model, untrained_model
    from effnet_viz.scaling.families import classroom_spec

    try:
        return load_model("classroom", "baseline")
    except UserError:
        return untrained_model(classroom_spec("baseline"), name="baseline")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


#: Name, check, and what to do where it breaks in a way it does not foresee.
CHECKS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("Python", check_python, "make a new environment with Python 3.11, 3.12 or 3.13"),
    ("packages", check_packages, INSTALL),
    ("torch and torchvision", check_torch_pair, INSTALL),
    ("device", check_device, "choose --device cpu, and update the graphics driver"),
    ("cache", check_cache, "set TORCH_HOME to a folder that can be written"),
    ("weights", check_weights, "download the project again"),
    ("one prediction", check_forward, INSTALL),
    ("one map", check_map, INSTALL),
)
