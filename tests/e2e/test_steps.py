"""One Back is one step: a page, a section, a stage that a person chose."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser


def pill(page: Page, name: str, link: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).first.click()
    expect(page).to_have_url(re.compile(link))
    settled(page)


def test_a_page_a_stage_and_a_section_are_steps(page: Page, server: str):
    page.goto(f"{server}/?phi=2")
    settled(page)
    walk(page, "Anatomy")
    stage = page.get_by_role("heading", level=2).first
    opened = stage.inner_text()
    expect(page).to_have_url(re.compile("anatomy.*phi=2"))
    pill(page, "4", "a_stage=4")
    pill(page, "2", "a_stage=2")
    walk(page, "Paper")
    pill(page, "Slips", "p_section=Slips")
    pill(page, "Misreadings", "p_section=Misreadings")
    walk(page, "Compare")

    heading = page.get_by_role("heading", level=1)
    section = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"]').first
    paper, anatomy = "The paper, recomputed", "What is inside a block?"
    back = [
        (paper, section, "Misreadings"), (paper, section, "Slips"), (paper, section, "Method"),
        (anatomy, stage, "Stage 2"), (anatomy, stage, "Stage 4"), (anatomy, stage, opened),
    ]  # fmt: skip
    for title, chosen, name in back:
        page.go_back()
        expect(heading).to_have_text(title)
        expect(chosen).to_contain_text(name)
        settled(page)
    expect(page.get_by_text("φ = 2").first).to_be_visible()
    page.go_back()
    expect(page).to_have_url(f"{server}/?phi=2")
    settled(page)
    for title, chosen, name in reversed(back):
        page.go_forward()
        expect(heading).to_have_text(title)
        expect(chosen).to_contain_text(name)
        settled(page)

    # coming to a page that shows again the section it had is one step
    walk(page, "Anatomy")
    walk(page, "Paper")
    expect(page).to_have_url(re.compile("p_section=Misreadings"))
    page.go_back()
    expect(heading).to_have_text(anatomy)


def test_the_photo_of_a_link_goes_along(page: Page, server: str):
    page.goto(f"{server}/run?photo=Golf+ball")
    settled(page)
    for step in (lambda: walk(page, "Compare"), page.go_back, page.go_forward):
        step()
        heading = "do the scaled" if step == page.go_back else "does each way"
        expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
        settled(page)
        expect(page.get_by_role("combobox", name="Photo")).to_have_value("Golf ball")
        expect(page).to_have_url(re.compile(r"photo=Golf(\+|%20)ball"))


def messages(apart_ms: int = 0, late_ms: int = 0) -> str:
    """The server's messages reach the page one by one, as on a busy machine, or late, as through a
    slow network."""
    return f"""
        const listen = WebSocket.prototype.addEventListener;
        WebSocket.prototype.addEventListener = function (type, listener, options) {{
            let free = 0;
            const late = (event) => {{
                const now = performance.now();
                free = Math.max(free, now) + {apart_ms};
                setTimeout(() => listener.call(this, event), free - now + {late_ms});
            }};
            return listen.call(this, type, type === 'message' ? late : listener, options);
        }};
    """


def test_back_finds_the_section_though_messages_are_slow(page: Page, server: str):
    page.add_init_script(messages(apart_ms=150))
    page.goto(f"{server}/paper?p_section=Slips")
    settled(page)
    walk(page, "Scale")
    page.go_back()
    expect(page).to_have_url(f"{server}/paper?p_section=Slips")
    expect(page.locator("h1")).to_have_text("The paper, recomputed")


def test_who_is_faster_than_the_page_loses_no_step(page: Page, server: str):
    """A page left before it came is not written into the history."""
    page.add_init_script(messages(late_ms=500))
    # A file that the next run has replaced before the page asks for it is no fault.
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    page.route("**/media/**", lambda r: r.fulfill(content_type="image/svg+xml", body=drawing))
    page.goto(f"{server}/lesson")
    settled(page)
    walk(page, "Paper")
    pill(page, "Slips", "p_section=Slips")
    pill(page, "Misreadings", "p_section=Misreadings")
    steps = page.evaluate("history.length")
    back = [page.go_back] * 3
    for step in (*back, page.go_forward, page.go_forward):
        step()
        page.wait_for_timeout(200)  # the server has begun, and nothing has come
    section = page.locator('[data-testid="stButtonGroup"] [aria-checked="true"]').first
    expect(section).to_contain_text("Slips")
    settled(page)
    expect(page).to_have_url(f"{server}/paper?p_section=Slips")
    assert page.evaluate("history.length") == steps
    page.go_forward()
    expect(section).to_contain_text("Misreadings")
    expect(page).to_have_url(f"{server}/paper?p_section=Misreadings")


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
    page.keyboard.press("Shift")
    page.evaluate(write, "/paper")  # and does not come back: a choice of its own
    page.wait_for_function("steps => history.length === steps + 1", arg=steps)
    page.go_back()
    expect(page).to_have_url(address)
    # and one that goes while the page is left comes back with it
    settled(page)
    page.evaluate("url => { history.pushState({}, '', url); history.forward(); }", "/paper")
    expect(page).to_have_url(f"{server}/paper")
    settled(page)
    page.go_back()
    expect(page).to_have_url(address)
