"""A reload shows what was on screen, and links say what a page shows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser


def test_a_reload_shows_the_same_network(server, page: Page) -> None:
    page.goto(f"{server}/?phi=2.5")
    settled(page)
    for again in (walk, lambda *_: page.reload()):
        again(page, "Run")
        settled(page)
        expect(page.get_by_text("φ = 2.5, grown from the baseline").first).to_be_visible()
        assert "phi=2.5" in page.url
    walk(page, "Scale")
    expect(page).to_have_url(re.compile("phi=2.5"))
