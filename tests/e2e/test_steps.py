"""One Back is one step: a page, a section, a stage that a person chose."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser


def go(page: Page, title: str, heading: str) -> None:
    walk(page, title)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def pill(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).first.click()
    settled(page)


def test_back_goes_back_a_page(page: Page, server: str):
    page.goto(f"{server}/?phi=2")
    settled(page)
    go(page, "Anatomy", "What is inside a block?")
    expect(page).to_have_url(re.compile("anatomy.*phi=2"))
    go(page, "Paper", "The paper, recomputed")
    go(page, "Compare", "Where does each way of scaling look?")
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="The paper, recomputed")).to_be_visible()
    settled(page)
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="What is inside a block?")).to_be_visible()
    expect(page.get_by_text("φ = 2").first).to_be_visible()
    settled(page)
    page.go_back()
    expect(page).to_have_url(f"{server}/?phi=2")
    settled(page)
    page.go_forward()
    expect(page.get_by_role("heading", level=1, name="What is inside a block?")).to_be_visible()


#: The server's messages reach the page one by one, 150 ms apart, as on a busy machine.
SLOW_MESSAGES = """
    const listen = WebSocket.prototype.addEventListener;
    WebSocket.prototype.addEventListener = function (type, listener, options) {
        let free = 0;
        const late = (event) => {
            free = Math.max(free, performance.now()) + 150;
            setTimeout(() => listener.call(this, event), free - performance.now());
        };
        return listen.call(this, type, type === 'message' ? late : listener, options);
    };
"""


def test_back_finds_the_section_though_messages_are_slow(page: Page, server: str):
    page.add_init_script(SLOW_MESSAGES)
    page.goto(f"{server}/paper?p_section=Slips")
    settled(page)
    walk(page, "Scale")
    page.go_back()
    expect(page).to_have_url(f"{server}/paper?p_section=Slips")
    expect(page.locator("h1")).to_have_text("The paper, recomputed")


def test_what_goes_from_a_link_and_comes_back_is_still_there(page: Page, server: str):
    """As a page does that takes a key of the last page away before its own widget writes it."""
    address = f"{server}/paper?p_section=Slips"
    page.goto(address)
    settled(page)
    page.wait_for_function("window.__effnetVizSteps")
    steps = page.evaluate("history.length")
    write = "url => history.pushState({}, '', url)"
    page.evaluate(write, "/paper")
    expect(page).to_have_url(f"{server}/paper")
    page.evaluate(write, address)
    page.wait_for_timeout(300)  # longer than a loss is waited for
    assert page.url == address
    assert page.evaluate("history.length") == steps
    page.evaluate(write, "/paper")  # and does not come back: a choice of its own
    page.wait_for_function("steps => history.length === steps + 1", arg=steps)
    page.go_back()
    expect(page).to_have_url(address)


def test_a_section_of_the_paper_is_a_step(page: Page, server: str):
    page.goto(f"{server}/paper")
    settled(page)
    pill(page, "Slips")
    expect(page).to_have_url(re.compile("p_section=Slips"))
    pill(page, "Misreadings")
    expect(page).to_have_url(re.compile("p_section=Misreadings"))
    chosen = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"]').first
    page.go_back()
    expect(page).to_have_url(re.compile("p_section=Slips"))
    expect(chosen).to_have_text("Slips")
    settled(page)
    page.go_forward()
    expect(chosen).to_have_text("Misreadings")


def test_a_stage_of_anatomy_is_a_step(page: Page, server: str):
    page.goto(f"{server}/anatomy?phi=0")
    settled(page)
    opened = page.get_by_role("heading", level=2).first
    pill(page, "4")
    expect(opened).to_contain_text("Stage 4")
    pill(page, "2")
    expect(opened).to_contain_text("Stage 2")
    page.go_back()
    expect(opened).to_contain_text("Stage 4")
    settled(page)
    page.go_forward()
    expect(opened).to_contain_text("Stage 2")
