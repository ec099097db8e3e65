"""Every page on a desk in the light, on a phone in the dark, and enlarged to twice its size: within
everybody's reach, nothing cut, nothing wider than the screen. On the Lesson page's screens
`test_lesson` looks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import settled
from tests.e2e.views import HEIGHT, WIDTHS, both_ways, fits

pytestmark = pytest.mark.browser

PAGES = {
    "scale": "?guess=Just+show+me&by=B0-B7",
    "run": "run",
    "compare": "compare?shown=true",
    "grid-search": "grid_search",
    "your-classes": "transfer",
    "anatomy": "anatomy",
    "paper": "paper?p_section=Table+2",
    "benchmark": "benchmark",
}
#: What is drawn last, or after work in the background.
LAST = {
    "run": '[data-testid="stTable"]',
    "compare": ".st-key-map_row img",
    "grid-search": ".ternarylayer path.point",
    "your-classes": ".js-plotly-plot .main-svg",
    "paper": ".js-plotly-plot .main-svg",
}
#: The Paper page's sections whose tables are widest.
WIDEST = ("Table 3", "Tables 5, 6", "Slips")

#: Labels of choices and of buttons that are wider than the place they have.
CUT = """elements => elements
    .filter(e => e.getClientRects().length && e.scrollWidth > e.clientWidth + 1)
    .map(e => e.innerText || e.value)"""
LABELS = (
    '[data-testid="stButtonGroup"] button, [data-testid="stButtonGroup"] button *, .chips button, '
    '[data-testid="stSelectbox"] input, [data-testid="stPopoverButton"] *, .controls select, '
    ".totals div, .controls .line span, .product"
)


def ends_at(part: Locator) -> float:
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def _anatomy(page: Page, width: int) -> None:
    """The drawing that fits is the one shown, in the page's own text colour; on a desk control and
    drawing share the first screen."""
    shown, hidden = ("wide", "tall") if width > 720 else ("tall", "wide")
    drawing = page.locator(f"svg.{shown}")
    expect(drawing).to_be_visible()
    expect(page.locator(f"svg.{hidden}")).to_be_hidden()
    text = page.locator("h1").evaluate("e => getComputedStyle(e).color")
    expect(drawing.locator("text").first).to_have_css("fill", text)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    assert width < 720 or ends_at(drawing) <= HEIGHT


def _benchmark(page: Page, width: int) -> None:
    """On a desk controls and charts share the first screen."""
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    title = page.locator(".xtitle").first
    expect(title).to_be_visible()
    if width > 720:
        assert max(map(ends_at, (page.get_by_test_id("stBaseButton-primary"), title))) <= HEIGHT


MORE: dict[str, Callable[[Page, int], None]] = {"anatomy": _anatomy, "benchmark": _benchmark}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_or_out_of_reach(page: Page, server: str, name: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{server}/{PAGES[name]}")
    settled(page)
    if name in LAST:
        expect(page.locator(LAST[name]).first).to_be_visible()
    for width in both_ways(page, name):
        if name in MORE:
            MORE[name](page, width)
    page.set_viewport_size({"width": WIDTHS["light"] // 2, "height": HEIGHT // 2})
    settled(page)
    assert page.get_by_test_id("stMain").locator(LABELS).evaluate_all(CUT) == []
    assert fits(page)


def test_sections_of_the_paper_fit(page: Page, server: str) -> None:
    page.goto(f"{server}/paper")
    settled(page)
    for name in WIDEST:
        choices = page.get_by_test_id("stButtonGroup")
        choices.get_by_text(name, exact=True).first.click()
        expect(page.locator('[aria-checked="true"]').first).to_have_text(name)
        expect(page.locator(LAST["paper"]).first).to_be_visible()
        for _ in both_ways(page, "paper-" + name.lower().replace(" ", "-").replace(",", "")):
            pass
