"""The app as a whole: every page opens, by navigation and by link."""

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.runtime.pages_manager import PagesManager

from effnet_viz.ui.shared import shell

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "pages").glob("*.py"))


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_is_in_the_navigation_and_opens(open_page, page):
    app = open_page(f"pages/{page.name}")
    assert app.title[0].value
    assert not app.error
    assert app.sidebar.selectbox(key="device").value == "auto"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_first_makes_sure_that_the_app_frames_it(page):
    source = page.read_text(encoding="utf-8")
    assert source.index("shell.inside_app()") < source.index("st.title(")


def test_a_page_run_by_itself_starts_over_inside_the_app(monkeypatch):
    """In Streamlit's old multipage mode, in which a server with a ``pages/`` folder starts."""
    again: list[str] = []
    monkeypatch.setattr(shell.st, "rerun", lambda: again.append("rerun"))
    monkeypatch.setattr(PagesManager, "uses_pages_directory", True)
    shell.inside_app()
    assert again == ["rerun"]
    shell.inside_app()
    assert again == ["rerun"]


def test_the_pages_of_the_subject_need_no_torch():
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from effnet_viz.ui.shared import engine\n"
        "engine.begin_loading = lambda: None  # in the background, after the page\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "assert not app.exception and app.title, app.exception\n"
        "for page in ('anatomy', 'paper'):\n"
        "    app.switch_page(f'pages/{page}.py').run()\n"
        "    assert not app.exception and app.header, (page, app.exception)\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
