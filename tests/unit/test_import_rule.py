"""A ring imports only inward, and ring 0 loads nothing but the standard library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "effnet_viz"
RING_0 = (
    "accuracy",
    *("architectures", "cost", "errors", "families", "law", "layers", "results", "scaling"),
    *("anatomy", "background", "download", "imagenette", "records", "samples", "splits"),
    *(
        "study",
        "width",
        "cam_methods",
        "attention_records",
        "coarse",
        "family_results",
        "model_card",
    ),
    *("paper", "paper_checks", "paper_claims", "paper_costs"),
    *("bench_job", "bench_study"),
    *("search_job", "search_points", "search_records"),
)
RING_2 = (
    *("anatomy_drawing", "anatomy_figures", "figures", "overlays", "paper_figures", "sheets"),
    *("attention_figures", "bench_figures", "report", "search_figures", "search_surface"),
)
ENTRY = ("__main__", "bench_commands", "commands", "doctor", "search_commands", "terminal",
         "training_commands")  # fmt: skip


def ring(module: str) -> int:
    """The ring of ``effnet_viz.<module>``; what is named nowhere else is engine, ring 1."""
    head = module.split(".")[0]
    if head in RING_0 or not head:
        return 0
    if head in RING_2:
        return 2
    return 3 if head == "ui" or head in ENTRY else 1


def imported_names(path: Path) -> set[str]:
    """Dotted names of everything a file imports, at any level of nesting."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} uses a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_modules(names: set[str]) -> set[str]:
    """``effnet_viz`` submodules among dotted names, without the package's own prefix."""
    found = set()
    for name in names:
        if name.startswith("effnet_viz."):
            parts = name.split(".")[1:]
            if (PACKAGE / parts[0]).is_dir() or (PACKAGE / f"{parts[0]}.py").exists():
                found.add(".".join(parts))
    return found


MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")
)
PAGES = sorted([*(ROOT / "pages").glob("*.py"), *ROOT.glob("app.py")])


@pytest.mark.parametrize("module", MODULES)
def test_modules_import_only_inward(module: str) -> None:
    path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
    outward = {
        other
        for other in own_modules(imported_names(path))
        if ring(other) > ring(module.removesuffix("__init__").rstrip("."))
    }
    assert not outward


def loaded_by(module: str) -> set[str]:
    """Top-level packages, other than the standard library's, that importing a module loads."""
    name = f"effnet_viz.{module}".rstrip(".")
    script = (
        f"import sys; before = set(sys.modules); import {name}; "
        "new = {m.split('.')[0] for m in set(sys.modules) - before}; "
        "print(*(m for m in new if m not in sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["", *RING_0])
def test_ring_0_loads_only_the_standard_library(module: str) -> None:
    assert loaded_by(module) == {"effnet_viz"}


@pytest.mark.parametrize("module", RING_2)
def test_ring_2_loads_neither_torch_nor_streamlit(module: str) -> None:
    assert not loaded_by(module) & {"torch", "torchvision", "streamlit"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_import_no_engine_library(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported_names(path)}
    assert not roots & {"torch", "torchvision", "pytorch_grad_cam"}
