"""Cold start in a real browser: from opening the page to its first chart, beside an empty app's.

``python benchmarks/cold.py [--rounds 5]`` starts a fresh server for every round, the Scale page and
an app of one chart in turn, and a fresh browser context; the clock runs from opening the address to
the first drawing on screen. Needs Chromium and a quiet machine; the load is printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from load import server

ONE_CHART = """
import plotly.graph_objects as go
import streamlit as st

phi = st.slider("phi", -3.0, 8.0, 1.0, step=0.1, key="phi")
st.plotly_chart(go.Figure(go.Bar(x=[1, 2, 3], y=[phi, 2, 3])))
"""
#: The first drawing of each: plotly's, and the Scale page's own.
DRAWN = {"one chart": ".js-plotly-plot .main-svg", "Scale page": 'svg[role="img"]'}


def first_chart_s(browser: Browser, address: str, drawn: str) -> float:
    """Seconds from opening the address to the first drawing."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address)
    page.locator(drawn).first.wait_for(state="visible", timeout=120_000)
    lasted = time.perf_counter() - begun
    context.close()
    return lasted


def main() -> None:
    """Both apps in turn, each on a server that has just started."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--port", type=int, default=8671)
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f}")
    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    taken: dict[str, list[float]] = {name: [] for name in DRAWN}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        peer = Path(folder) / "one_chart.py"
        peer.write_text(ONE_CHART, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for round_ in range(options.rounds):
            for at, (name, app) in enumerate(
                (("one chart", peer), ("Scale page", ROOT / "app.py"))
            ):
                port = options.port + 2 * round_ + at
                with server(app, port):
                    address = f"http://127.0.0.1:{port}"
                    taken[name].append(first_chart_s(browser, address, DRAWN[name]))
        browser.close()
    for name, times in taken.items():
        low, high = min(times), max(times)
        print(f"{name:12} {statistics.median(times):.2f} s median ({low:.2f} to {high:.2f})")
    ratio = statistics.median(taken["Scale page"]) / statistics.median(taken["one chart"])
    print(f"Scale page / one chart = {ratio:.2f}")


if __name__ == "__main__":
    main()
