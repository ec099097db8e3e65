"""A page as people have it before them: on a desk in the light, on a phone in the dark."""

from collections.abc import Iterator
from itertools import pairwise

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.e2e.conftest import SCREENSHOTS, both_schemes, settled

WIDTHS = {"light": 1440, "dark": 390}
HEIGHT = 900

#: Parts of the clients of Streamlit, plotly and KaTeX that a page cannot change. The ends of a
#: slider's scale fade in and out with the pointer.
NOT_OURS = (
    '[data-testid="stToolbar"]', '[data-testid="stHeader"]', '[data-testid="stSidebarNav"]',
    ".js-plotly-plot", '[data-testid="stDataFrame"]', ".katex-display",
    '[data-testid="stSliderTickBar"]',
)  # fmt: skip


WHAT_SCROLLS_TAKES_THE_FOCUS = """
    () => [...document.querySelectorAll(
        '[data-testid="stTable"] > div, [data-testid="stCode"] pre'
    )].every(box => (box.scrollWidth > box.clientWidth + 1) === (box.tabIndex === 0))
"""


def violations(page: Page) -> list[str]:
    """axe-core's serious and critical violations of ours: the rule and the first places."""
    found = Axe().run(page, context={"exclude": [[part] for part in NOT_OURS]})
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]} "
        f"{each['nodes'][0].get('failureSummary', '')[:200]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def fits(page: Page) -> bool:
    """Whether nothing is wider than the screen."""
    main = page.get_by_test_id("stMain")
    return bool(main.evaluate("e => e.scrollWidth - e.clientWidth <= 1"))


def within_reach(page: Page, name: str) -> None:
    """axe-core, headings in order, nothing wider than the screen."""
    settled(page)
    page.wait_for_function(WHAT_SCROLLS_TAKES_THE_FOCUS)
    assert fits(page), name
    levels = page.get_by_test_id("stMain").evaluate(
        "e => [...e.querySelectorAll('h1,h2,h3,h4')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels)), (name, levels)
    found = violations(page)
    assert not found, f"{name}: {found}"


def both_ways(page: Page, name: str) -> Iterator[int]:
    """Within reach on a desk in the light and on a phone in the dark, with pictures; the width."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in both_schemes(page):
        width = WIDTHS[scheme]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        within_reach(page, f"{name}, {scheme}, {width} px")
        yield width
        page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png")
