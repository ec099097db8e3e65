"""The project as a wheel in an environment of its own, started from another folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import site
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from effnet_viz import __version__
from effnet_viz.__main__ import main
from effnet_viz.evidence.files import asset
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

ROOT = Path(__file__).parents[3]
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
START_TIMEOUT_S = 120


@dataclass(frozen=True)
class Installed:
    """A wheel, where it was installed, and a folder from which its commands are run."""

    wheel: Path
    packages: Path
    scripts: Path
    elsewhere: Path
    landed: frozenset[str]

    @property
    def python(self) -> str:
        return str(next(self.scripts.glob("python*")))

    @property
    def command(self) -> str:
        return shutil.which("effnet-viz", path=str(self.scripts)) or "no effnet-viz"

    def run(self, *command: str) -> str:
        """What a command prints, which goes well and says nothing on standard error."""
        done = subprocess.run(
            command, cwd=self.elsewhere, env=environment(), capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def digest(self) -> str:
        """A checksum of the names and the bytes of everything in the installed package."""
        found = hashlib.sha256()
        for path in sorted((self.packages / "effnet_viz").rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(str(path.relative_to(self.packages)).encode() + b"\0")
                found.update(path.read_bytes())
        return found.hexdigest()


def environment() -> dict[str, str]:
    """The environment without what would lead Python or Streamlit to the checkout."""
    hidden = ("PYTHONPATH", "EFFNET_VIZ_", "STREAMLIT_")
    return {key: value for key, value in os.environ.items() if not key.startswith(hidden)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built without a network, installed without dependencies; the packages of the environment that
    runs the tests are seen through a path file that is added afterwards."""
    folder = tmp_path_factory.mktemp("installed")
    offline = ("--no-index", "--no-deps")
    build = ("wheel", "--no-build-isolation", *offline, "-w", str(folder), str(ROOT))
    subprocess.run([*PIP, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    home = folder / "environment"
    venv.create(home, symlinks=os.name != "nt")
    paths = sysconfig.get_paths("venv", vars={"base": str(home), "platbase": str(home)})
    packages, scripts = Path(paths["purelib"]), Path(paths["scripts"])
    before = {path.name for path in packages.iterdir()}
    install = ("--python", str(home), "install", "--no-compile", *offline, str(wheel))
    subprocess.run([*PIP, *install], check=True)
    landed = frozenset({path.name for path in packages.iterdir()} - before)
    (packages / "of_the_tests.pth").write_text("\n".join(site.getsitepackages()))
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return Installed(wheel, packages, scripts, elsewhere, landed)


def test_only_the_package_lands_among_the_packages(installed: Installed) -> None:
    assert installed.landed == {"effnet_viz", f"effnet_viz-{__version__}.dist-info"}
    assert installed.command.startswith(str(installed.scripts))


def test_the_wheel_says_what_requirements_txt_says(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as wheel:
        text = wheel.read(f"effnet_viz-{__version__}.dist-info/METADATA").decode()
    said = Parser().parsestr(text)
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    required = said.get_all("Requires-Dist") or []
    assert {Requirement(line) for line in required} == set(wanted)
    assert len(wanted) >= 10
    assert (said["Version"], said["License-Expression"]) == (__version__, "MIT")


def test_the_app_in_the_wheel_is_the_app_of_the_checkout(installed: Installed) -> None:
    """Every file that git keeps, but for what draws the samples and the README's picture."""
    inside = installed.packages / "effnet_viz" / "_app"
    for name in ("app.py", "pages", "assets", ".streamlit", "requirements.txt"):
        top = ROOT / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_dir() or "__pycache__" in path.parts:
                continue
            copy = inside / path.relative_to(ROOT)
            if "rendering" in path.parts or path.name in ("render.py", "compare.png"):
                assert not copy.exists()
            else:
                assert copy.read_bytes() == path.read_bytes()


def test_cost_elsewhere(installed: Installed) -> None:
    found = json.loads(installed.run(installed.command, "cost", "--phi", "1", "--json"))
    assert (found["params"], found["resolution_px"]) == (9_109_994, 258)  # B2's parameters


def test_predict_elsewhere(installed: Installed) -> None:
    shutil.copy(asset("samples", "church.webp"), installed.elsewhere / "photo.webp")
    predict = ("-m", "effnet_viz", "predict", "photo.webp", "--model", "compound", "--json")
    (found,) = json.loads(installed.run(installed.python, *predict))
    assert (found["image"], found["top"][0]["label"]) == ("photo.webp", "church")


def test_doctor_elsewhere(installed: Installed) -> None:
    lines = installed.run(installed.command, "doctor").splitlines()
    assert len(lines) >= 8
    assert {line[:6] for line in lines} == {"ok    "}


@pytest.mark.parametrize("way", ["effnet-viz", "python -m effnet_viz"])
def test_usage_and_hints_name_what_was_typed(installed: Installed, way: str) -> None:
    module = (installed.python, "-m", "effnet_viz")
    command = (installed.command,) if way == "effnet-viz" else module
    assert installed.run(*command, "--help").startswith(f"usage: {way} [-h]")
    wrong = subprocess.run(
        [*command, "cost", "--phy", "1"], cwd=installed.elsewhere, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert wrong.stderr.endswith(f"; see {way} --help\n")


def test_training_leaves_the_installed_files_as_they_came(installed: Installed) -> None:
    """A member trained, measured with less detail and searched for, with nothing said of where the
    results go: they lie in a folder of their own in the current one."""
    photos = installed.elsewhere / "photos"
    noise = np.random.default_rng(0)
    for wnid in IMAGENETTE_CLASSES:
        for split, count in (("train", 4), ("val", 1)):
            (photos / split / wnid).mkdir(parents=True)
            for number in range(count):
                pixels = noise.integers(0, 256, (40, 40, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(photos / split / wnid / f"{split}{number}.png")
    before = installed.digest()
    script = (
        "from effnet_viz.__main__ import main\n"
        "from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR\n"
        "data = ['--data', 'photos']\n"
        "one = ['--model', 'baseline']\n"
        "assert main(['train', *data, *one, '--epochs', '1']) == 0\n"
        "assert main(['search', *data, '--points', '1', '--epochs', '1']) == 0\n"
        "assert main(['evaluate', *data, *one, '--detail-px', '32']) == 0\n"
        "assert main(['evaluate', *data, *one, '--out', 'effnet-viz/checkpoints']) == 0\n"
        "out = ['--out', str(CHECKPOINT_DIR)]\n"
        "assert main(['train', *data, *one, '--epochs', '1', *out]) == 2\n"
    )
    done = subprocess.run(
        [installed.python, "-c", script], cwd=installed.elsewhere, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "belongs to the installed program; name another folder." in done.stderr
    assert installed.digest() == before
    made = {str(path) for path in (installed.elsewhere / "effnet-viz").rglob("*.*")}
    prefix = f"{installed.elsewhere / 'effnet-viz'}{os.sep}"
    assert {name.removeprefix(prefix).replace(os.sep, "/") for name in made} == {
        "checkpoints/baseline.json",
        "checkpoints/baseline.safetensors",
        "results/classroom-blurred.json",
        "results/classroom-curves.csv",
        "results/classroom-search.csv",
        "results/classroom-search.json",
        "results/classroom-search-curves.csv",
    }


def test_the_app_opens_with_its_own_settings_whatever_lies_elsewhere(installed: Installed) -> None:
    """Streamlit's own start, up to the server: the folder's settings do not count."""
    (installed.elsewhere / ".streamlit").mkdir()
    (installed.elsewhere / ".streamlit" / "config.toml").write_text("[server]\nmaxUploadSize = 3\n")
    script = (
        "import json; from streamlit import config; from streamlit.web import bootstrap\n"
        "def run(path, *_):\n"
        "    options = ('server.maxUploadSize', 'server.port', 'client.showErrorDetails')\n"
        "    print(json.dumps([path, *map(config.get_option, options)]))\n"
        "bootstrap.run = run\n"
        "from effnet_viz.__main__ import main\n"
        "main(['app', '--port', '8765'])\n"
    )
    path, *options = json.loads(installed.run(installed.python, "-c", script))
    assert Path(path) == (installed.packages / "effnet_viz" / "_app" / "app.py").resolve()
    assert options == [200, 8765, "none"]


def test_the_app_is_drawn_elsewhere(installed: Installed) -> None:
    """Its first page; Streamlit looks for the files of all others, and for the icon, on the way."""
    script = (
        "from streamlit.testing.v1 import AppTest\n"
        "from effnet_viz.evidence.files import APP_FOLDER\n"
        "app = AppTest.from_file(str(APP_FOLDER / 'app.py'), default_timeout=120).run()\n"
        "print(app.title[0].value, [error.value for error in app.exception])\n"
    )
    done = subprocess.run(
        [installed.python, "-c", script], cwd=installed.elsewhere, env=environment(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split()[-1]) == (0, "[]"), done.stderr


def test_the_app_is_served_from_elsewhere_and_ends_when_told(installed: Installed) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [installed.command, "app", "--port", str(port)],
        cwd=installed.elsewhere,
        env=environment() | {"STREAMLIT_SERVER_HEADLESS": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                address = f"http://127.0.0.1:{port}/_stcore/health"
                with urllib.request.urlopen(address, timeout=2) as answer:
                    assert answer.read() == b"ok"
                break
            except OSError:
                assert process.poll() is None, "the server stopped while starting"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=START_TIMEOUT_S) == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_cannot_be_is_one_line(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--port", port]) == 2
    said = f"error: --port must be between 1 and 65535, not {port}.\n"
    assert capsys.readouterr().err == said
