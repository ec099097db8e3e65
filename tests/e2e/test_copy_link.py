"""The link to a view, on every page: copied where that is allowed, else selected."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled

pytestmark = pytest.mark.browser


def test_the_address_is_copied_where_the_clipboard_is_allowed(page: Page, server: str):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server)
    page.goto(f"{server}/anatomy?phi=2")
    settled(page)
    page.get_by_role("button", name="Copy link to this view").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.context.clear_permissions()


def test_the_address_is_selected_where_it_is_not(page: Page, server: str):
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(f"{server}/paper")
    settled(page)
    page.get_by_role("button", name="Copy link to this view").click()
    field = page.get_by_role("textbox", name="Address of this view")
    expect(field).to_be_focused()
    expect(field).to_have_value(page.url)
    ends = field.evaluate("field => [field.selectionStart, field.selectionEnd]")
    assert ends == [0, len(page.url)]
