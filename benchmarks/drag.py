"""How soon the Scale page's picture follows a hand on its sliders, in a real browser.

Each slider is dragged from end to end and back: milliseconds from the input event to the picture
drawn, and the messages the server got meanwhile. Needs Chromium and a quiet machine.

    python benchmarks/drag.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "e2e"))

from conftest import (  # type: ignore[import-not-found]  # tests are no package
    browser_path,
    running_app,
    settled,
)

SLIDERS = ("φ, how much to spend", "α, depth per step", "γ, resolution per step")
STEPS = 60


def drag(page: Page, name: str, rounds: int) -> list[float]:
    """Milliseconds of every frame while one slider goes to its ends and back."""
    slider = page.locator(".controls").get_by_role("slider", name=name)
    slider.hover()
    settled(page)
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    left, right = box["x"] + 8, box["x"] + box["width"] - 8
    page.evaluate("performance.clearMeasures('scale-frame')")
    page.mouse.move((left + right) / 2, y)
    page.mouse.down()
    for _ in range(rounds):
        page.mouse.move(right, y, steps=STEPS)
        page.mouse.move(left, y, steps=STEPS)
    found = page.evaluate("performance.getEntriesByName('scale-frame').map(e => e.duration)")
    page.keyboard.press("Escape")
    page.mouse.up()
    settled(page)
    return [float(duration) for duration in found]


def main() -> None:
    """Drag every slider and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="times there and back")
    rounds = parser.parse_args().rounds
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with running_app() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(playwright.chromium.executable_path),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        sent: list[str | bytes] = []
        page.on(
            "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame))
        )
        for name in SLIDERS:
            page.goto(f"{address}/?guess=Just+show+me&phi=2")
            settled(page)
            page.locator("html.effnet-scale-live").wait_for(state="attached")
            before = len(sent)
            frames = sorted(drag(page, name, rounds))
            print(
                f"{name[0]}: {len(frames)} frames, median {median(frames):.1f} ms, 95th percentile "
                f"{frames[int(0.95 * len(frames))]:.1f} ms; {len(sent) - before} messages in all "
                "(the slider touched, its release)"
            )
        browser.close()


if __name__ == "__main__":
    main()
