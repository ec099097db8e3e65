"""axe-core finds no serious or critical violation of ours on any page, light or dark; on the
Lesson page's screens `test_lesson` looks."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import both_schemes, settled

pytestmark = pytest.mark.browser

PAGES = {
    "scale": "",
    "run": "run",
    "compare": "compare?shown=true",
    "grid search": "grid_search",
    "anatomy": "anatomy",
    "paper": "paper",
    "benchmark": "benchmark",
}
#: Parts of the clients of Streamlit, plotly and KaTeX that a page cannot change.
NOT_OURS = (
    '[data-testid="stToolbar"]', '[data-testid="stHeader"]', '[data-testid="stSidebarNav"]',
    ".js-plotly-plot", '[data-testid="stDataFrame"]', ".katex-display",
)  # fmt: skip


def violations(page: Page, but_for: tuple[str, ...] = NOT_OURS) -> list[str]:
    """Serious and critical violations of ours: the rule and the first places."""
    found = Axe().run(page, context={"exclude": [[part] for part in but_for]})
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']][:3]} "
        f"{each['nodes'][0].get('failureSummary', '')[:200]}"
        for each in found.response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


#: Labels of choices and of buttons that are wider than the place they have.
CUT = """elements => elements
    .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.innerText || e.value)"""
LABELS = (
    '[data-testid="stButtonGroup"] button, [data-testid="stButtonGroup"] button *, .chips button, '
    '[data-testid="stSelectbox"] input, [data-testid="stPopoverButton"] *, .controls select, '
    ".totals div, .controls .line span, .product"
)


def test_nothing_is_cut_at_twice_the_size(browser: Browser, server: str):
    """A window of 1440 × 900 at 200 % is one of 720 × 450."""
    context = browser.new_context(viewport={"width": 720, "height": 450}, device_scale_factor=2)
    page = context.new_page()
    for path, choice in (
        ("?guess=Just+show+me&by=B0-B7", "B7"), ("run", "Camera"),
        ("compare?shown=true", "Your own photo"),
    ):  # fmt: skip
        page.goto(f"{server}/{path}")
        settled(page)
        main = page.get_by_test_id("stMain")
        expect(main.get_by_text(choice, exact=True).filter(visible=True).first).to_be_visible()
        assert main.locator(LABELS).evaluate_all(CUT) == [], path
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1, path
    context.close()


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_no_serious_violation(page: Page, server: str, path: str):
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server}/{path}")
    settled(page)
    for scheme in both_schemes(page):
        assert violations(page) == [], scheme
