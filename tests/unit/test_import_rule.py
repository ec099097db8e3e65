"""A ring imports only inward, and each loads no more than it promises."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "effnet_viz"

#: The order of the rooms: one may import what stands on an earlier line, and itself.
ORDER = (
    ("errors",),
    ("scaling",),
    ("evidence",),
    ("lesson",),
    ("engine",),
    ("figures",),
    ("ui", "cli"),
    ("__main__",),
)

#: Rooms of the standard library alone.
PLAIN = ("errors", "scaling", "evidence", "lesson")

#: What figures, ui and pages may import of the engine when they load: none of it loads torch.
WITHOUT_TORCH = (
    "engine.download",
    "engine.images",
    "engine.maps.placing",
    "engine.requests",
    "engine.serving.address",
    "engine.serving.turns",
    "engine.jobs.background",
    "engine.jobs.search",
    "engine.jobs.timing",
    "engine.training.imagenette",
    "engine.transfer.export",
    "engine.transfer.photo_sets",
    "engine.transfer.results",
)
#: Of those, what needs more than the standard library: Pillow, segno.
WITH_MORE = (
    "engine.images",
    "engine.maps.placing",
    "engine.requests",
    "engine.serving.address",
    "engine.transfer.export",
    "engine.transfer.photo_sets",
    "engine.transfer.results",
)
STANDARD_LIBRARY_ONLY = tuple(name for name in WITHOUT_TORCH if name not in WITH_MORE)

ENGINE_LIBRARIES = {"torch", "torchvision", "pytorch_grad_cam"}


def name_of(path: Path) -> str:
    """``scaling.cost`` for ``effnet_viz/scaling/cost.py``; a folder for its ``__init__``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}
MODULES = sorted(set(FILES) - {"__init__"})
PAGES = sorted([*(ROOT / "pages").glob("*.py"), *ROOT.glob("app.py")])


def rank(module: str) -> int:
    """The place of a module's room in `ORDER`."""
    room = module.split(".")[0]
    return next(place for place, rooms in enumerate(ORDER) if room in rooms)


def statements(path: Path, at_load: bool) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a file: all, or those that run when it is loaded."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[ast.Import | ast.ImportFrom] = []

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import | ast.ImportFrom):
                found.append(child)
            elif at_load and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            elif at_load and isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                for other in child.orelse:
                    visit(other)
            else:
                visit(child)

    visit(tree)
    return found


def imported_names(path: Path, at_load: bool = False) -> set[str]:
    """Dotted names of what a file imports, at any level of nesting or only ``at_load``."""
    names = set()
    for node in statements(path, at_load):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, f"{path.name} uses a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own_modules(names: set[str]) -> set[str]:
    """The modules of this package among dotted names, without the package's own prefix."""
    found = set()
    for name in names:
        if name.startswith("effnet_viz."):
            parts = name.split(".")[1:]
            while parts and ".".join(parts) not in FILES:
                parts.pop()
            if parts:
                found.add(".".join(parts))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_stands_before_its_room(module: str) -> None:
    others = own_modules(imported_names(FILES[module]))
    outward = {
        other
        for other in others
        if rank(other) > rank(module)
        or (rank(other) == rank(module) and other.split(".")[0] != module.split(".")[0])
    }
    assert not outward


@pytest.mark.parametrize("module", [m for m in MODULES if m.split(".")[0] in ("figures", "ui")])
def test_what_draws_loads_only_the_part_of_the_engine_that_is_without_torch(module: str) -> None:
    taken = own_modules(imported_names(FILES[module], at_load=True))
    assert {other for other in taken if other.startswith("engine.")} <= set(WITHOUT_TORCH)


def test_figures_never_import_torch_even_later() -> None:
    for module in MODULES:
        if module.startswith("figures"):
            taken = own_modules(imported_names(FILES[module]))
            assert {m for m in taken if m.startswith("engine.")} <= set(WITHOUT_TORCH), module


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_import_neither_the_engine_nor_its_libraries(path: Path) -> None:
    names = imported_names(path)
    assert not {name.split(".")[0] for name in names} & ENGINE_LIBRARIES
    assert not {name for name in own_modules(names) if name.startswith("engine")}


def test_no_circle() -> None:
    """Files that import each other as they load can only be understood together."""
    graph = {m: own_modules(imported_names(FILES[m])) - {m} for m in MODULES}
    for package in [m for m in graph if FILES[m].name == "__init__.py"]:
        assert not graph[package], f"{package}/__init__.py imports {graph[package]}"
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in sorted(graph.get(module, ())):
                visit(other, (*path, module))
            done.add(module)

    for module in MODULES:
        visit(module, ())


def loaded_by(modules: list[str]) -> set[str]:
    """Top-level packages, other than the standard library's, that importing modules loads."""
    names = ", ".join(f"effnet_viz.{module}" for module in modules)
    script = (
        f"import sys; before = set(sys.modules); import {names}; "
        "new = {m.split('.')[0] for m in set(sys.modules) - before}; "
        "print(*(m for m in new if m not in sys.stdlib_module_names))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_ring_0_loads_only_the_standard_library() -> None:
    ring_0 = [module for module in MODULES if module.split(".")[0] in PLAIN]
    assert loaded_by([*ring_0, *STANDARD_LIBRARY_ONLY]) == {"effnet_viz"}


def test_what_pages_take_of_the_engine_loads_no_torch() -> None:
    assert not loaded_by(list(WITHOUT_TORCH)) & {*ENGINE_LIBRARIES, "streamlit"}


def test_figures_load_neither_torch_nor_streamlit() -> None:
    figures = [module for module in MODULES if module.startswith("figures")]
    assert not loaded_by(figures) & {*ENGINE_LIBRARIES, "streamlit"}


def test_the_screen_loads_no_torch() -> None:
    screen = [module for module in MODULES if module.startswith("ui")]
    assert not loaded_by(screen) & ENGINE_LIBRARIES


@pytest.mark.parametrize(
    "folder", sorted({path.parent for path in FILES.values()}), ids=lambda path: path.name
)
def test_a_folder_is_taken_in_at_one_sitting(folder: Path) -> None:
    files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= 14
    for path in files:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


def test_only_the_face_and_the_errors_stand_at_the_root() -> None:
    root = {path.name for path in PACKAGE.glob("*.py")}
    assert root == {"__init__.py", "__main__.py", "errors.py"}


@pytest.mark.parametrize(
    "folder", sorted({p.parent for p in FILES.values()} - {PACKAGE}), ids=lambda path: path.name
)
def test_a_room_says_what_each_file_is_for(folder: Path) -> None:
    said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            assert f"``{path.stem}``" in said, (
                f"{folder.name}/__init__.py does not name {path.stem}"
            )
