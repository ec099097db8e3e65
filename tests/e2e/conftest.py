"""A real server and a real browser. Waits are on conditions, never on time."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "screenshots"
#: The headless shell is the same engine without a window: half the processor time a page.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
START_TIMEOUT_S = 60
WAIT_MS = 60_000

expect.set_options(timeout=WAIT_MS)


def browser_path(bundled: str) -> str | None:
    """The system's browser, else Playwright's own where it was downloaded, else None."""
    found = (shutil.which(name) for name in BROWSERS)
    own = bundled if Path(bundled).exists() else None
    return os.environ.get("BROWSER_PATH") or next(filter(None, found), own)


@contextmanager
def running_app(slow_s: float = 0) -> Iterator[str]:
    """A new server, whose script sleeps ``slow_s`` before every page; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    streamlit = ["-m", "streamlit"]
    if slow_s:
        streamlit = [str(Path(__file__).with_name("slow_server.py")), str(slow_s)]
    command = [
        sys.executable, *streamlit, "run", "app.py", "--server.headless=true",
        f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                assert process.poll() is None, "the server stopped while starting"
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def rooms_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rooms of the server lie."""
    return tmp_path_factory.mktemp("rooms")


@pytest.fixture(scope="session")
def server(rooms_folder: Path) -> Iterator[str]:
    """The address of a server that all tests share."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFNET_VIZ_ROOMS", str(rooms_folder))
        patch.setenv("EFFNET_VIZ_TICK_S", "0.4")
        with running_app() as address:
            yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless system Chromium."""
    with sync_playwright() as playwright:
        path = browser_path(playwright.chromium.executable_path)
        if path is None:
            missing = pytest.fail if os.environ.get("REQUIRE_BROWSER") else pytest.skip
            missing("no Chromium found: apt-get install chromium, or set BROWSER_PATH")
        launched = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield launched
        launched.close()


def is_ours(message: ConsoleMessage) -> bool:
    """An error that is the app's. Not: Streamlit's client asking a linked page for its own
    addresses below that page, or for a picture that the next run has already replaced (`page` looks
    at the pictures that are there)."""
    url = message.location["url"]
    return message.type == "error" and "/_stcore/" not in url and "/media/" not in url


BROKEN_PICTURES = """
    [...document.querySelectorAll('img')]
        .filter(picture => picture.complete && picture.naturalWidth === 0)
        .map(picture => picture.src.slice(0, 80))
"""


@pytest.fixture(scope="session")
def shared(browser: Browser) -> Iterator[BrowserContext]:
    """Where pages are opened that share the app's files: fetched and compiled once, not by each."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(WAIT_MS)
    yield context
    context.close()


@pytest.fixture
def page(shared: BrowserContext) -> Iterator[Page]:
    """A desktop page of a new visitor, which fails the test on any console error, exception box or
    broken picture."""
    opened = shared.new_page()
    errors: list[str] = []
    opened.on("console", lambda m: errors.append(f"{m.text} {m.location}") if is_ours(m) else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    boxes = opened.locator('[data-testid="stException"]').count()
    broken = opened.evaluate(BROKEN_PICTURES)
    forget(opened)
    assert not errors, errors
    assert not broken, broken
    assert not boxes, "an exception box is on the page"


def forget(page: Page) -> None:
    """Close a page and what its visitor leaves in the browser."""
    page.evaluate("try { localStorage.clear() } catch {}")  # about:blank has none
    page.close()
    page.context.clear_cookies()


def both_schemes(page: Page) -> Iterator[str]:
    """The page in the light and then in the dark, each time redrawn."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            """dark => {
                const [r, g, b] = getComputedStyle(document.querySelector('[data-testid=stApp]'))
                    .backgroundColor.match(/\\d+/g).map(Number);
                return r + g + b < 384 === dark;
            }""",
            arg=scheme == "dark",
        )
        settled(page)
        page.wait_for_function(COLOURS_STAND)
        yield scheme


#: Colours glide from one scheme to the other.
COLOURS_STAND = """
    () => document.getAnimations().every(
        each => !(each instanceof CSSTransition) || each.playState !== 'running')
"""
STANDS_STILL = (
    '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
    '[data-test-script-state="notRunning"]'
)


def settled(page: Page) -> None:
    """Wait until the page has a title and its script has finished. The browser itself looks at
    every frame: `expect` would look again only after up to a second."""
    page.locator("h1").first.wait_for(timeout=WAIT_MS)
    page.locator(STANDS_STILL).wait_for(state="attached", timeout=WAIT_MS)


def walk(page: Page, title: str) -> None:
    """Go to a page by its link in the sidebar, once steps are kept, and wait until it stands at its
    own address: only then is there a step to go back from."""
    page.wait_for_function("window.__effnetVizSteps", timeout=WAIT_MS)
    links = page.get_by_test_id("stSidebarNav")
    link = links.get_by_role("link", name=title, exact=True)
    address = urllib.parse.urlsplit(link.get_attribute("href") or "").path
    link.click()
    page.wait_for_url(lambda url: urllib.parse.urlsplit(url).path == address, timeout=WAIT_MS)
    settled(page)
