"""The Paper page in a real browser: pick a section, push a control, keep the link."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser


def section(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).or_(
        page.get_by_role("button", name=name, exact=True)
    ).click()
    settled(page)


def test_sections_controls_download_and_link(page: Page, server: str):
    page.goto(server)
    settled(page)
    walk(page, "Paper")
    expect(page.locator("h1")).to_contain_text("The paper, recomputed")
    settled(page)
    expect(page.get_by_text("B3, 81.1 % top-1")).to_be_visible()

    section(page, "Table 7")
    expect(page.get_by_text("depth 4.26 to 4.33 costs 1.78 B")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    assert "1575132640" in download.value.path().read_text()

    section(page, "Reward")
    best = page.get_by_test_id("stMetric").filter(has_text="Best reward")
    expect(best).to_contain_text("EfficientNet-B0")
    page.get_by_role("slider", name=re.compile("how much")).focus()
    page.keyboard.press("End")
    expect(best).to_contain_text("EfficientNet-B7")
    expect(page).to_have_url(re.compile(r"p_w=0(\.0)?\b"))
    expect(page).to_have_url(re.compile(r"p_section=Reward"))
    page.reload()
    settled(page)
    expect(best).to_contain_text("EfficientNet-B7")


def test_a_slip_is_pushed_by_keyboard(page: Page, server: str):
    page.goto(f"{server}/paper?p_section=Slips")
    settled(page)
    ratio = page.get_by_test_id("stMetric").filter(has_text="Ratio")
    expect(ratio).to_contain_text("5.48×")
    page.get_by_role("slider", name="PNASNet's multiply-adds").focus()
    page.keyboard.press("End")
    expect(ratio).to_contain_text("5.60×")
    page.get_by_role("radio", name="Stage 6 at 28 px").press("Space")
    expect(page.get_by_test_id("stMetric").filter(has_text="B0's")).to_contain_text("516 M")
