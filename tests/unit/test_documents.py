"""What the documents say is so: every recipe works, every command runs, every file is there."""

from __future__ import annotations

import ast
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
import torchvision

from effnet_viz import __version__
from effnet_viz.__main__ import main
from effnet_viz.evidence.files import asset

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

RECIPES = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", CONTRIBUTING, re.M | re.S))
STEP = re.compile(
    r"(?:In `(?P<file>[^`]+)`, (?P<how>above|a row of) `(?P<name>\w+)`"
    r"|A new file `(?P<new>[^`]+)`):\n\n```python\n(?P<code>.*?)```",
    re.S,
)


# Recipes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project that may be changed; its assets are the real ones."""
    for folder in ("effnet_viz", "pages", ".streamlit"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pyc*"))
    shutil.copy(ROOT / "app.py", tmp_path)
    (tmp_path / "assets").symlink_to(ROOT / "assets", target_is_directory=True)
    return tmp_path


def follow(project: Path, recipe: str) -> set[str]:
    """Do what a recipe says; returns the files it touches."""
    touched = set()
    for step in STEP.finditer(RECIPES[recipe]):
        file = step["file"] or step["new"]
        path = project / file
        lines = [] if step["new"] else path.read_text(encoding="utf-8").splitlines(keepends=True)
        if step["new"]:
            assert not path.exists()
            at, code = 0, step["code"]
        elif step["how"] == "above":
            at, code = place_of(lines, step["name"]), step["code"]
        else:
            at = end_of_table(ast.parse("".join(lines)), step["name"]) - 1
            inside = len(lines[at]) - len(lines[at].lstrip()) + 4
            code = textwrap.indent(step["code"], inside * " ")
        path.write_text("".join([*lines[:at], code, *lines[at:]]), encoding="utf-8")
        touched.add(file)
    return touched


def place_of(lines: list[str], name: str) -> int:
    """The line where an assignment begins, with the comment above it."""
    at = next(n for n, line in enumerate(lines) if re.match(rf"{name}(:| =)", line))
    while lines[at - 1].startswith("#"):
        at -= 1
    return at


def end_of_table(tree: ast.Module, name: str) -> int:
    """The line that closes the table of that name: what a name is assigned, or a key's list."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            tables = (ast.Dict, ast.Tuple)
            assert node.value is not None
            found = next(n for n in ast.walk(node.value) if isinstance(n, tables))
            return int(found.end_lineno or 0)
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    return int(value.end_lineno or 0)
    raise AssertionError(f"there is no table {name}")


def run(project: Path, script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def law(project: Path) -> None:
    run(
        project,
        "import effnet_viz as ev\n"
        "from effnet_viz.scaling.study import python_recipe\n"
        "study = ev.study('resnet_50', ev.LAWS['deeper'](times=2))\n"
        "assert study.gap.law_ratio == 2\n"
        "assert [s.repeats for s in study.scaled.stages] == [1, 6, 8, 12, 6, 1]\n"
        "recipe = python_recipe(study)\n"
        "assert 'LAWS[\"deeper\"](times=2)' in recipe\n"
        "names = {}\n"
        "exec(recipe, names)\n"
        "assert names['study'] == study\n",
    )


def architecture(project: Path) -> None:
    found = run(
        project,
        "import effnet_viz as ev\n"
        "from effnet_viz.__main__ import main\n"
        "from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES\n"
        "assert ARCHITECTURE_TITLES['resnet_101'] == ev.architecture('resnet_101').title\n"
        "assert ev.study('resnet_101', phi=1).gap.built_ratio > 1.9\n"
        "assert main(['cost', '--architecture', 'resnet_101', '--json']) == 0\n",
    )
    weights = torchvision.models.ResNet101_Weights.IMAGENET1K_V1
    assert json.loads(found)["params"] == weights.meta["num_params"]


def map_method(project: Path) -> None:
    run(
        project,
        "import numpy as np, effnet_viz as ev\n"
        "from effnet_viz.__main__ import main\n"
        "from effnet_viz.engine.maps.cam import photo_features\n"
        "from effnet_viz.evidence.files import asset\n"
        "image = ev.decode(asset('samples', 'church.webp').read_bytes())\n"
        "model = ev.load_model('classroom', 'baseline')\n"
        "found = ev.cam(model, image, method='activation', target_stage=5)\n"
        "expected = photo_features(model, image).stages[4][0].abs().mean(0).numpy()\n"
        "assert np.allclose(found.raw, expected, rtol=1e-5)\n"
        "photo = str(asset('samples', 'church.webp'))\n"
        "command = ['cam', photo, '--method', 'activation', '--model', 'baseline', '--json']\n"
        "assert main(command) == 0\n",
    )


def family(project: Path) -> None:
    found = run(
        project,
        "import effnet_viz as ev\n"
        "from effnet_viz.__main__ import main\n"
        "from effnet_viz.engine import weights\n"
        "from effnet_viz.evidence.files import asset\n"
        "assert weights.is_available('seeds', 'baseline-seed2')\n"
        "model = ev.load_model('seeds', 'baseline-seed2')\n"
        "assert model.record['seed'] == 2\n"
        "photo = str(asset('samples', 'church.webp'))\n"
        "assert main(['predict', photo, '--family', 'seeds', '--json']) == 0\n",
    )
    assert [row["model"] for row in json.loads(found)] == ["baseline-seed1"]


def page(project: Path) -> None:
    out = run(
        project,
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "app.switch_page('pages/sizes.py').run()\n"
        "assert not app.exception, app.exception\n"
        "print(app.title[0].value)\n",
    )
    assert out.strip().endswith("How large is each baseline?")


CLAIMS: dict[str, Callable[[Path], None]] = {
    "A scaling law": law,
    "An architecture": architecture,
    "A map method": map_method,
    "A family of weights": family,
    "A page": page,
}


@pytest.mark.parametrize("recipe", CLAIMS)
def test_a_recipe_works_and_touches_at_most_two_files(project: Path, recipe: str) -> None:
    touched = follow(project, recipe)
    assert len(touched) == {"One": 1, "Two": 2}[RECIPES[recipe].split()[0]]
    CLAIMS[recipe](project)


@pytest.mark.parametrize("recipe", CLAIMS)
def test_a_recipe_names_files_that_are_there_and_a_test(recipe: str) -> None:
    said = re.sub(r"```.*?```", "", RECIPES[recipe], flags=re.S)
    files = set(re.findall(r"`((?:effnet_viz|tests|pages)/[^`]+|app\.py)`", said))
    made = set(re.findall(r"A new file `([^`]+)`", said))
    assert {file for file in files if not (ROOT / file).exists()} == made
    tests = [file for file in files if file.startswith("tests/")]
    assert len(tests) == 1
    assert "Test: " in said


def test_there_are_five_recipes() -> None:
    assert list(RECIPES) == list(CLAIMS)


# README


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, none for the empty one."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)
    return [text for kind, text in fenced if kind == language]


COMMANDS = [
    line.partition("#")[0].strip()
    for block in blocks("")
    for line in block.splitlines()
    if line.startswith("python -m effnet_viz ")
]
#: Minutes, a download or a server: what they take is checked, not what they do.
LONG = ("bench", "train", "search", "evaluate", "app")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_runs(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(asset("samples", "church.webp"), tmp_path / "photo.jpg")
    words = shlex.split(command)[3:]
    if words[0] in LONG:
        words = [words[0], "--help"]
    monkeypatch.chdir(tmp_path)
    try:
        code = main(words)
    except SystemExit as done:  # --help
        code = done.code
    assert not code, capsys.readouterr().err
    assert capsys.readouterr().out
    if "--out" in words:
        assert (tmp_path / words[words.index("--out") + 1]).stat().st_size > 10_000


def test_the_readme_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "effnet_viz", "--help"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    known = set(re.findall(r"^    (\w+) ", done.stdout, re.M))
    assert {"cost", "predict", "cam", "bench", "doctor"} <= known
    assert {command.split()[3] for command in COMMANDS} == known


def test_the_readme_s_python_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (snippet,) = blocks("python")
    assert snippet.startswith("import effnet_viz as ev\n")
    assert snippet.count("import") == 1
    assert len([line for line in snippet.splitlines() if line]) == 6
    shutil.copy(asset("samples", "church.webp"), tmp_path / "photo.jpg")
    (tmp_path / "snippet.py").write_text(snippet, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("snippet.py")
    printed = capsys.readouterr().out
    assert printed.startswith("992629472 1.92")  # φ = 1 by torch's counter, and the law
    assert "label='church'" in printed
    assert "(8, 8)" in printed


def test_the_readme_is_short_and_its_files_are_there() -> None:
    assert len(README.splitlines()) <= 120
    assert README.count("![") == 1
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target
    said = set(re.findall(r"^  (\w+)/", README, re.M))
    rooms = {p.name for p in (ROOT / "effnet_viz").iterdir() if (p / "__init__.py").is_file()}
    assert rooms <= said


def test_the_readme_has_a_line_for_every_page() -> None:
    titles = set(re.findall(r'\btitle="([^"]+)"', (ROOT / "app.py").read_text(encoding="utf-8")))
    assert len(titles) >= len(list((ROOT / "pages").glob("*.py")))
    for title in titles:
        assert f"**{title}**" in README


def test_the_changelog_begins_with_this_version() -> None:
    assert re.search(r"^## \[?([\d.]+)\]?", CHANGELOG, re.M)[1] == __version__  # type: ignore[index]
