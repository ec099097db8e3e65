"""The lesson on the wall, its optional steps, and links that hide controls, in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from effnet_viz.lesson.room import RoomStore
from effnet_viz.lesson.steps import MORE, SCREENS
from effnet_viz.lesson.text import load
from tests.e2e.conftest import settled
from tests.e2e.test_lesson import press

pytestmark = pytest.mark.browser

TEXT = load()

#: Who sits in the last row reads what is at least so large.
LAST_ROW_PX = 24

#: Every visible text that is smaller, with its size.
TOO_SMALL = """
least => {
    const main = document.querySelector('[data-testid=stMain]');
    const walker = document.createTreeWalker(main, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        const icon = element.closest('style, script, [data-testid=stIconMaterial]');
        if (!text || icon || !element.getClientRects().length) continue;
        const px = parseFloat(getComputedStyle(element).fontSize);
        if (px < least) found.push(`${text.slice(0, 30)}: ${px} px`);
    }
    return found;
}
"""


@pytest.mark.parametrize(
    ("screen", "question", "answer"),
    [("before", "", ""), ("why", "b4", "4;80"), ("game", "budget2", "2;1;96"),
     ("clock", "slowest", "width")],
)  # fmt: skip
def test_the_last_row_can_read_the_wall(page: Page, server, rooms_folder, screen, question, answer):
    rooms = RoomStore(rooms_folder)
    room = rooms.open_room("efficientnet_b0", screen)
    if question:
        asked = SCREENS[screen].first or (question,)
        rooms.advance(room.code, room.teacher_token, dict.fromkeys(asked, "open"))
        rooms.vote(room.code, rooms.join(room.code).token, {question: answer})
        rooms.advance(room.code, room.teacher_token, dict.fromkeys(asked, "revealed"))
    page.goto(f"{server}/lesson?room={room.code}&teacher={room.teacher_token}&lesson_present=true")
    settled(page)
    expect(page.locator("h2").first).to_be_visible()
    if question:
        expect(page.locator(".js-plotly-plot .main-svg text").first).to_be_visible()
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    assert page.evaluate(TOO_SMALL, LAST_ROW_PX) == []
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 1


def test_the_optional_steps_come_after_the_last_test(page: Page, server: str):
    page.goto(f"{server}/lesson?lesson={TEXT.steps['after'].short}")
    settled(page)
    for screen in MORE:
        press(page, "lesson_next")  # not before: what the last run drew goes where that one went
        expect(page.locator("h2").first).to_have_text(TEXT.steps[screen].title)


def test_the_drawn_controls_obey_the_link(page: Page, server: str):
    page.goto(f"{server}/?hide=alpha,beta,gamma,lock")
    settled(page)
    sliders = page.locator(".root.controls").get_by_role("slider")
    expect(sliders.and_(page.locator(":visible"))).to_have_count(1)
    expect(page.get_by_text("This link hides α, β, γ")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(sliders.and_(page.locator(":visible"))).to_have_count(4)
