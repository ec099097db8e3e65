"""A whole journey by keyboard alone: scale, run, compare, with a choice on each page."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled

pytestmark = pytest.mark.browser

#: What has the focus, also inside components: its role or tag, and how it is called.
FOCUSED = """() => {
    let at = document.activeElement;
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    const labelled = at.labels?.[0]?.innerText || at.closest('[aria-label]')?.ariaLabel;
    const name = at.getAttribute('aria-label') || at.innerText?.trim() || labelled || '';
    return [at.getAttribute("role") || at.tagName.toLowerCase(), name.slice(0, 60)];
}"""
MOST_TABS = 120


def tab_to(page: Page, role: str, name: str, back: bool = False) -> None:
    """Press Tab, or Shift and Tab, until the focus is on what is called so."""
    met = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        met.append(page.evaluate(FOCUSED))
        if met[-1][0] == role and re.search(name, met[-1][1]):
            return
    raise AssertionError(f"no {role} {name!r} among {met}")


def open_page(page: Page, title: str, heading: str) -> None:
    tab_to(page, "a", f"{title}$", back=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    settled(page)


def test_scale_run_compare_by_keyboard(page: Page, server: str):
    page.goto(server)
    settled(page)
    expect(page.locator("svg.networks")).to_be_visible()
    tab_to(page, "button", "^2.6×$")
    page.keyboard.press("Enter")
    expect(page.locator(".guess")).to_contain_text("You guessed 2.6×")
    settled(page)
    tab_to(page, "input", "φ, how much", back=True)
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"phi=1\.5"))
    settled(page)

    open_page(page, "Run", "What do the scaled models say?")
    tab_to(page, "combobox", "Photo")
    photo = page.get_by_role("combobox", name="Photo")
    before = photo.input_value()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(photo).not_to_have_value(before)
    settled(page)
    chosen = photo.input_value()
    answers = page.get_by_test_id("stTable").filter(has_text="weights")
    expect(answers).to_contain_text("φ = 1.5, grown from the baseline")

    open_page(page, "Compare", "Where does each way of scaling look?")
    expect(photo).to_have_value(chosen)
    maps = page.locator('img[alt*="evidence for"]')
    expect(maps).to_have_count(5)
    tab_to(page, "input", "^Stage$")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("stage=8"))
    settled(page)
    expect(maps).to_have_count(5)
    expect(page.get_by_text("stage 8").first).to_be_visible()
