"""The Anatomy page in a real browser: from the Scale page, by mouse and by keyboard, by link."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled

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
    expect(page.locator("h2").first).to_contain_text("the stem")

    page.reload()
    settled(page)
    expect(page.locator("h2").first).to_contain_text("the stem")
