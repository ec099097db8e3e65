"""The Anatomy page in a real browser: from the Scale page, by mouse and by keyboard, by link."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SCREENSHOTS, both_schemes, settled

pytestmark = pytest.mark.browser


def test_opening_the_network_of_the_scale_page(page: Page, server: str):
    page.goto(f"{server}/?by=B0-B7&variant=B0")
    settled(page)
    links = page.get_by_test_id("stSidebarNav")
    links.get_by_role("link", name="Anatomy", exact=True).press("Enter")
    expect(page.locator("h1")).to_have_text("What is inside a block?")
    settled(page)
    drawing = page.locator("svg.wide")
    expect(drawing).to_be_visible()
    expect(page.locator("svg.tall")).to_be_hidden()
    expect(drawing).to_have_attribute("aria-label", re.compile("Input 192×7×7.*Skip: stride 1"))

    # by keyboard: the first block of stage 6
    stages = page.get_by_role("radiogroup", name="Stage to open")
    stages.get_by_role("radio", name="6", exact=True).focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("a_stage=6"))
    settled(page)
    page.get_by_role("radio", name="The first block").press("Space")
    expect(page).to_have_url(re.compile(r"a_block=The(\+|%20)first(\+|%20)block"))
    settled(page)
    expect(drawing).to_contain_text("no skip: channels change (80 → 112)")
    expect(page.get_by_test_id("stTable").filter(has_text="what it does")).to_contain_text(
        "20,434,560"
    )

    # by mouse: the first bar is the stem
    page.locator(".st-key-a_overview .bars .point path").first.click(force=True)
    expect(page).to_have_url(re.compile("a_stage=1"))
    settled(page)
    expect(page.locator("h3").first).to_contain_text("the stem")

    page.reload()
    settled(page)
    expect(page.locator("h3").first).to_contain_text("the stem")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_fits_its_screen(page: Page, server: str, width, height):
    """Nothing is wider than the screen, the drawing that fits is the one shown, in the page's
    own text colour; on a desktop control and drawing share the first screen."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server}/anatomy")
    settled(page)
    shown, hidden = ("wide", "tall") if width > 720 else ("tall", "wide")
    drawing = page.locator(f"svg.{shown}")
    for scheme in both_schemes(page):
        expect(drawing).to_be_visible()
        expect(page.locator(f"svg.{hidden}")).to_be_hidden()
        text = page.locator("h1").evaluate("e => getComputedStyle(e).color")
        expect(drawing.locator("text").first).to_have_css("fill", text)
        expect(page.locator(".js-plotly-plot")).to_have_count(2)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
        if width > 720:
            box = drawing.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= height
        page.screenshot(path=SCREENSHOTS / f"anatomy-{scheme}-{width}.png")
