"""A reload shows what was on screen, and links say what a page shows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser

PAGES = {
    "Anatomy": "φ = 2.5",
    "Run": "φ = 2.5, grown from the baseline",
    "Benchmark": "Scale: φ = 2.5",
}


def test_a_reload_shows_the_same_network(server, page: Page) -> None:
    page.goto(f"{server}/?phi=2.5")
    settled(page)
    for title, network in PAGES.items():
        walk(page, title)
        expect(page.get_by_text(network).first).to_be_visible()
        settled(page)
        assert "phi=2.5" in page.url
        page.reload()
        settled(page)
        expect(page.get_by_text(network).first).to_be_visible()
    walk(page, "Scale")
    expect(page).to_have_url(re.compile("phi=2.5"))
