"""A reload shows what was on screen, and links say what a page shows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled

PAGES = {
    "Anatomy": "φ = 2.5",
    "Run": "φ = 2.5, grown from the baseline",
    "Benchmark": "Scale: φ = 2.5",
}


@pytest.mark.parametrize(("title", "network"), PAGES.items(), ids=PAGES)
def test_a_reload_shows_the_same_network(server, page: Page, title: str, network: str) -> None:
    page.goto(f"{server}/?phi=2.5")
    settled(page)
    page.get_by_role("link", name=title).first.click()
    expect(page.get_by_text(network).first).to_be_visible()
    settled(page)
    assert "phi=2.5" in page.url
    page.reload()
    settled(page)
    expect(page.get_by_text(network).first).to_be_visible()
    page.get_by_role("link", name="Scale").first.click()
    settled(page)
    expect(page).to_have_url(re.compile("phi=2.5"))
