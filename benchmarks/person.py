"""One person on the Compare page, in a real browser: how soon five maps follow what was done.

    python benchmarks/person.py [--uploads 20] [--rounds 5]

A photo uploaded, another class, stage and opacity: milliseconds from the browser's own event to the
moment when all five pictures have changed and are loaded. Every upload is another photo; the
server's resident memory is printed along the way, with its slope over the last half of them
(``--uploads 500`` takes some minutes). Needs Chromium and a quiet machine; the load is printed.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import linear_regression, median

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect, sync_playwright
from skimage import data

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "e2e"), str(Path(__file__).parent)]

from conftest import browser_path, settled  # type: ignore[import-not-found]  # no package
from load import resident_mb, server

MAPS = 5
SIDE = 480
#: When the next event of this kind comes, `window.shown` promises the time until new maps stand.
WATCH = """([kind, count]) => {
  const maps = () => [...document.querySelectorAll('img[alt*="evidence for"]')];
  const before = new Set(maps().map((map) => map.src));
  const stands = (map) => map.complete && map.naturalWidth && !before.has(map.src);
  window.shown = new Promise((done) => {
    document.addEventListener(kind, () => {
      const begun = performance.now();
      const look = () => {
        const now = maps();
        if (now.length === count && now.every(stands)) done(performance.now() - begun);
        else requestAnimationFrame(look);
      };
      look();
    }, { once: true, capture: true });
  });
}"""


def photo(number: int) -> bytes:
    """A photo of its own for every number, as a JPEG file."""
    whole = Image.fromarray(data.chelsea() if number % 2 else data.astronaut()).convert("RGB")
    draw = np.random.default_rng(number)
    side = min(whole.size) - 40
    x, y = (int(draw.integers(0, length - side)) for length in whole.size)
    buffer = io.BytesIO()
    whole.crop((x, y, x + side, y + side)).resize((SIDE, SIDE)).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def timed(page: Page, event: str, act: Callable[[], object]) -> float:
    """Milliseconds from the event that an act makes to the last of the new maps."""
    page.evaluate(WATCH, [event, MAPS])
    act()
    took = float(page.evaluate("window.shown"))
    settled(page)
    return took


def say(what: str, found: list[float]) -> None:
    """One line of times."""
    worst = sorted(found)[int(0.95 * (len(found) - 1))]
    print(f"{what}: median {median(found):.0f} ms, 95th percentile {worst:.0f} ms")


def chosen(page: Page, label: str, options: list[str]) -> list[float]:
    """The times after choosing options of a select box, one after the other."""
    found = []
    for option in options:
        page.get_by_role("combobox", name=label).click()
        wanted: Locator = page.get_by_role("option", name=option, exact=True)
        expect(wanted).to_be_visible()
        found.append(timed(page, "click", wanted.click))
    return found


def slid(page: Page, label: str, key: str, times: int) -> list[float]:
    """The times after presses of an arrow key on a slider."""
    slider = page.get_by_role("slider", name=label)
    found = []
    for _ in range(times):
        slider.focus()
        found.append(timed(page, "keydown", lambda: page.keyboard.press(key)))
    return found


def main() -> None:
    """Upload, choose, slide; print what each took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uploads", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5, help="classes, stages and opacities")
    parser.add_argument("--port", type=int, default=8681)
    options = parser.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with server(ROOT / "app.py", options.port) as process, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(playwright.chromium.executable_path),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"http://127.0.0.1:{options.port}/compare?shown=true")
        expect(page.locator('img[alt*="evidence for"]')).to_have_count(MAPS, timeout=120_000)
        settled(page)
        page.get_by_role("button", name="Your own photo").click()
        chooser = page.get_by_test_id("stFileUploaderDropzoneInput")
        uploads: list[float] = []
        memory: list[float] = []
        for number in range(options.uploads):
            file = FilePayload(name=f"{number}.jpg", mimeType="image/jpeg", buffer=photo(number))
            uploads.append(timed(page, "change", partial(chooser.set_input_files, file)))
            memory.append(resident_mb(process))
            if (number + 1) % 20 == 0:
                print(f"after {number + 1} uploads: {memory[-1]:.0f} MiB")
        say("a new photo", uploads[1:])
        late = memory[len(memory) // 2 :]
        if len(late) > 2:
            slope = linear_regression(range(len(late)), late).slope
            print(f"memory over the last {len(late)}: {slope:+.2f} MiB an upload")
        page.keyboard.press("Escape")
        classes = ["church", "parachute", "golf ball", "tench", "cassette player"]
        say("another class", chosen(page, "Evidence for", classes[: options.rounds]))
        say("another stage", slid(page, "Stage", "ArrowLeft", options.rounds))
        say("another opacity", slid(page, "Opacity", "ArrowRight", options.rounds))
        browser.close()


if __name__ == "__main__":
    main()
