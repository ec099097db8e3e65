"""The public face: what it gives, from where, and what importing it costs."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch

import effnet_viz as ev
from effnet_viz.engine import images
from effnet_viz.engine.maps.cam import compute_cam
from effnet_viz.evidence.files import asset

FACE = Path(ev.__file__)
LAZY = sorted(set(ev.__all__) - {"__version__"})

#: What may be written in anybody's code, with the parameters that are promised.
STABLE = {
    "UserError": None,
    "study": ("architecture", "phi", "alpha", "beta", "gamma", "depth", "width", "resolution_px",
              "variant"),
    "network_cost": ("spec",),
    "scale": ("spec", "multipliers"),
    "build_model": ("spec",),
    "decode": ("data",),
    "load_model": ("family", "name", "optimised", "device"),
    "predict": ("model", "image"),
    "cam": ("model", "image", "method", "target_class", "target_stage", "square"),
}  # fmt: skip


@pytest.fixture(scope="module")
def photo() -> bytes:
    return asset("samples/church.webp").read_bytes()


@pytest.fixture(scope="module")
def model() -> ev.LoadedModel:
    return ev.load_model("classroom", "baseline")


def type_checkers_see() -> dict[str, str]:
    """Name to module, as the face tells type checkers."""
    tree = ast.parse(FACE.read_text(encoding="utf-8"))
    return {
        alias.name: str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("effnet_viz.")
        for alias in node.names
    }


@pytest.mark.parametrize("name", LAZY)
def test_a_name_is_its_room_s_own(name: str) -> None:
    home = type_checkers_see()[name]
    assert getattr(ev, name) is getattr(import_module(home), name)


def test_type_checkers_dir_and_star_see_every_name() -> None:
    assert set(type_checkers_see()) == set(LAZY)
    assert set(ev.__all__) <= set(dir(ev))
    assert (FACE.parent / "py.typed").is_file()


def test_what_is_promised_is_there() -> None:
    for name, parameters in STABLE.items():
        assert name in ev.__all__
        if parameters is not None:
            assert set(parameters) <= set(inspect.signature(getattr(ev, name)).parameters)
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        _ = ev.paint  # type: ignore[attr-defined]


def run(script: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True,
        cwd=FACE.parents[1],
    )  # fmt: skip
    return json.loads(done.stdout)


def test_importing_is_quick_and_loads_no_library() -> None:
    """In processor time, which does not depend on what else the machine does."""
    found = run(
        "import json, sys, time\n"
        "start = time.process_time()\n"
        "import effnet_viz as ev\n"
        "seconds = time.process_time() - start\n"
        "known = {m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "own = [m for m in sys.modules if m.startswith('effnet_viz')]\n"
        "libraries = [m for m in ('numpy', 'torch', 'streamlit', 'PIL') if m in known]\n"
        "print(json.dumps({'seconds': seconds, 'libraries': libraries, 'own': own}))\n"
    )
    assert found["own"] == ["effnet_viz"]
    assert found["libraries"] == []
    assert float(str(found["seconds"])) < 0.05


def test_the_subject_needs_the_standard_library_alone() -> None:
    found = run(
        "import json, sys\n"
        "import effnet_viz as ev\n"
        "spec = ev.scale(ev.architecture('resnet_50'), ev.Multipliers(1, 2, 224))\n"
        "costs = [ev.network_cost(spec).params, ev.study(phi=1).cost.params]\n"
        "libraries = [m for m in ('numpy', 'torch', 'streamlit', 'PIL') if m in sys.modules]\n"
        "print(json.dumps({'costs': costs, 'libraries': libraries}))\n"
    )
    assert found["libraries"] == []
    assert isinstance(found["costs"], list)
    assert found["costs"][1] == 9_109_994


def test_a_photo_goes_all_the_way_through(model: ev.LoadedModel, photo: bytes) -> None:
    image = ev.decode(photo)
    prediction = ev.predict(model, image)
    assert prediction.top[0].label == "church"
    assert isinstance(model.module, torch.nn.Module)
    assert model.preprocess(image).shape == (1, 3, 96, 96)
    assert model.record["params"] == ev.network_cost(model.spec).params


def test_cam_takes_a_class_by_name_or_number(model: ev.LoadedModel, photo: bytes) -> None:
    image = ev.decode(photo)
    expected = compute_cam(model, image, target_class=model.classes.index("golf ball"))
    assert ev.cam(model, image, target_class="Golf ball") == expected
    assert ev.cam(model, image, target_class=model.classes.index("golf ball")) == expected
    assert ev.cam(model, image) == compute_cam(model, image)
    assert expected.target_stage == 9
    with pytest.raises(ev.UserError, match="did you mean golf ball"):
        ev.cam(model, image, target_class="golf bal")


def test_cam_shows_every_model_the_centre_square(model: ev.LoadedModel, photo: bytes) -> None:
    """Also those whose publisher crops otherwise: only so are their maps of one place."""
    image = ev.decode(photo)
    crops = replace(model, published_transform=lambda _: torch.zeros(3, 96, 96))
    square = images.square(*image.size)
    assert ev.cam(crops, image) == ev.cam(crops, image, square=square) == ev.cam(model, image)


def test_a_device_that_is_not_there_is_a_user_error() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is one")
    for device in ("cuda", "gpu"):
        with pytest.raises(ev.UserError, match=f"no {device} device|no device '{device}'"):
            ev.load_model("classroom", "baseline", device=device)
    assert ev.load_model("classroom", "baseline", device="auto").device in ("cpu", "mps")


def test_cam_takes_a_stage_a_method_and_a_square(model: ev.LoadedModel, photo: bytes) -> None:
    image = ev.decode(photo)
    square = ev.Square(0, 0, min(image.size) // 2)
    got = ev.cam(model, image, method="layercam", target_stage=5, square=square)
    assert got == compute_cam(model, image, method="layercam", target_stage=5, square=square)
    assert got.target_stage == 5
    with pytest.raises(ev.UserError, match="there is no stage 10"):
        ev.cam(model, image, target_stage=10)
