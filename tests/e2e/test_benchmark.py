"""The Benchmark page in a real browser: a measurement of one's own. That it is cancelled or
refused, and what links open, is held in tests/app."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser

#: As titled in links; a visitor's own choice of two small models.
TWO = "bench_models=baseline&bench_models=width"


def model(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stButtonGroup").first.get_by_role("button", name=name, exact=True)


def measure(page: Page) -> Locator:
    """The button that starts."""
    return page.get_by_test_id("stBaseButton-primary")


def row(page: Page, name: str) -> Locator:
    """The model's row in the table of cost and time."""
    table = page.get_by_test_id("stTable").filter(has_text="least memory")
    return table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def a_time(page: Page, name: str) -> None:
    expect(row(page, name)).to_contain_text(re.compile(r"\d+\.\d\s\(\d+\.\d.\d+\.\d\)"))


def test_a_measurement_of_ones_own(page: Page, server: str):
    page.goto(f"{server}/benchmark")
    settled(page)
    expect(page.get_by_text("An example, not your machine")).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    a_time(page, "B7")
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts.first).to_contain_text("B7")

    for name in ("depth", "resolution", "compound", "B0"):
        model(page, name).click()
        expect(model(page, name)).to_have_attribute("aria-pressed", "false")
    expect(page).to_have_url(re.compile(TWO))
    settled(page)
    measure(page).press("Enter")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    expect(page.get_by_text("Measured on this machine")).to_be_visible()
    a_time(page, "baseline")
    a_time(page, "width")
    expect(measure(page)).to_be_enabled()
    expect(row(page, "B7")).to_have_count(0)
    expect(charts.first).not_to_contain_text("B7")  # it stays behind in grey, without its name
    expect(page.get_by_text("Measure at least six models")).to_be_visible()
    settled(page)  # the table is drawn before the file below it is offered
    with page.expect_download() as download:
        page.get_by_role("button", name="Measured in this visit, CSV").click()
    text = download.value.path().read_text()
    assert re.findall(r"^(\w+),classroom,", text, re.MULTILINE) == ["baseline", "width"]

    # kept over a reload, by a token in the link, and while the visitor looks at another page
    page.reload()
    settled(page)
    expect(page.get_by_text("Measured on this machine")).to_be_visible()
    a_time(page, "width")
    walk(page, "Paper")
    walk(page, "Benchmark")
    a_time(page, "width")
