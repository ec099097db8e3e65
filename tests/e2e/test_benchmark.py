"""The Benchmark page in a real browser: measuring, cancelling, being refused, opened by link."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser

#: As titled in links; a visitor's own choice of two small models.
TWO = "bench_models=baseline&bench_models=width"


def open_benchmark(page: Page, server: str, query: str = "") -> None:
    page.goto(f"{server}/benchmark{query}")
    expect(page.locator("h1")).to_have_text("Multiply-adds are not time")
    settled(page)


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
    open_benchmark(page, server)
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


def test_cancel_keeps_what_is_measured(page: Page, server: str):
    models = "&".join(f"bench_models={name}" for name in ("baseline", "B6", "B7"))
    open_benchmark(page, server, f"?{models}")
    measure(page).click()
    a_time(page, "baseline")
    expect(page.get_by_text(re.compile(r"B6 \(2 of 3\), about \d+"))).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled; what was measured before is kept.")).to_be_visible()
    a_time(page, "baseline")
    expect(row(page, "B7")).to_contain_text("not measured")
    expect(measure(page)).to_be_enabled()


def test_what_does_not_fit_is_a_sentence_with_its_number(page: Page, server: str):
    open_benchmark(page, server, "?bench_models=B7&bench_batch=32")
    measure(page).click()
    refusal = page.get_by_text("Not run: B7 in batches of 32 at 600 px needs 1,208 billion")
    expect(refusal).to_be_visible()
    expect(refusal).to_contain_text("at most 300 billion")
    expect(row(page, "B7")).to_be_visible()


def test_nothing_chosen_and_a_link_that_makes_no_sense(page: Page, server: str):
    open_benchmark(page, server, "?bench_models=baseline")
    model(page, "baseline").click()
    expect(page.get_by_text("Choose at least one model.")).to_be_visible()
    expect(measure(page)).to_be_disabled()
    open_benchmark(page, server, "?bench_models=vgg16&bench_batch=99&bench_on=TPU")
    expect(page.get_by_text("An example, not your machine")).to_be_visible()
    expect(measure(page)).to_be_enabled()


def test_a_link_restores_the_view(page: Page, server: str):
    open_benchmark(page, server, f"?{TWO}&bench_batch=4&bench_on=CPU%2C+all+threads")
    expect(model(page, "width")).to_have_attribute("aria-pressed", "true")
    expect(model(page, "depth")).to_have_attribute("aria-pressed", "false")
    batch = page.get_by_role("slider", name="Images at once (batch)")
    expect(batch).to_have_attribute("aria-valuetext", "4")
    where = page.get_by_role("radio", name="CPU, all threads")
    expect(where).to_have_attribute("aria-checked", "true")
