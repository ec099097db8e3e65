"""The Lesson page in a real browser: a whole class, one person alone, keyboard, screen reader.

What takes a server's round is waited for with `seen`, which looks at every frame; `expect` looks
again only after up to a second."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from effnet_viz.lesson.answers import Value, written
from effnet_viz.lesson.items import ITEMS, form_of
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.room import RoomStore
from effnet_viz.lesson.steps import STEPS, TEACHING
from effnet_viz.lesson.text import load
from tests.e2e.conftest import WAIT_MS, settled
from tests.e2e.views import both_ways, violations, within_reach

pytestmark = pytest.mark.browser

TEXT = load()
#: The screen on which everybody answers everything; on the others one student answers the first
#: question, and the rest have left. That every question can be asked is held in tests/app.
TOGETHER = "cost"


@pytest.fixture
def people(browser: Browser) -> Iterator[list[BrowserContext]]:
    """New browsers of students, closed in the end: each keeps its own seat."""
    opened: list[BrowserContext] = []
    yield opened
    for context in opened:
        context.close()


def student_with_a_phone(browser: Browser, people: list[BrowserContext], address: str) -> Page:
    context = browser.new_context(viewport={"width": 390, "height": 900})
    context.set_default_timeout(WAIT_MS)
    people.append(context)
    page = context.new_page()
    page.goto(address)
    settled(page)
    return page


def by_key(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key}")


def seen(locator: Locator) -> None:
    """Wait until it is visible."""
    locator.wait_for(timeout=WAIT_MS)


def gone(locator: Locator) -> None:
    """Wait until none is in the page."""
    locator.first.wait_for(state="detached", timeout=WAIT_MS)


@dataclass(frozen=True)
class Desk:
    """The teacher's screen, and the room as the server keeps it."""

    teacher: Page
    rooms: RoomStore
    code: str

    def go_on(self, key: str) -> None:
        """Press the button for what comes next, and wait until the room is there and the screen
        says so: a page that is drawn anew is without its buttons for a moment."""
        button = by_key(self.teacher, key).get_by_role("button")
        seen(button)
        said, stood = button.inner_text(), self.rooms.version(self.code)
        press(self.teacher, key)
        deadline = time.monotonic() + WAIT_MS / 1000
        while self.rooms.version(self.code) == stood:
            assert time.monotonic() < deadline, f"{said!r} was pressed, and nothing came of it"
            self.teacher.wait_for_timeout(20)
        settled(self.teacher)
        expect(button.filter(has_text=said)).to_have_count(0)


def students_answer(
    desk: Desk, students: list[Page], key: str, title: str, people: list[BrowserContext]
) -> None:
    """A question opened, answered by everybody who is there, closed and resolved."""
    desk.go_on(f"lesson_go_{key}")
    if key == "double_width":
        students[1].reload()
        settled(students[1])
        people[0].set_offline(True)
        people[0].set_offline(False)
    for student in students:
        seen(by_key(student, f"lb_{key}"))
        expect(student.locator("h2").first).to_have_text(title)
        predict(student, key)
    for student in students:
        seen(student.get_by_text("Sent. You may change it"))
    seen(desk.teacher.get_by_text(f"Answers: {len(students)}").last)
    desk.go_on(f"lesson_go_{key}")
    gone(by_key(students[0], f"lb_{key}"))
    desk.go_on(f"lesson_go_{key}")
    for student in students:
        seen(student.get_by_text("You said:").last)


def kept(student: Page) -> None:
    """Wait until the browser keeps the seat: who leaves the page before is asked to join again."""
    student.wait_for_function("document.cookie.includes('effnet_viz_seat_')", timeout=WAIT_MS)


def press(page: Page, key: str) -> None:
    """Press a button once the page stands still: what moves between down and up is no click."""
    button = by_key(page, key).get_by_role("button", disabled=False)
    seen(button)
    settled(page)
    button.click()


def choose(page: Page, key: str, label: str) -> None:
    by_key(page, key).get_by_text(label, exact=True).click()


def fill_number(page: Page, key: str, value: str) -> None:
    field = by_key(page, key).get_by_role("spinbutton")
    field.fill(value)
    field.press("Tab")


def take_test(page: Page, moment: str, seat: int, right: int) -> None:
    """A test with its first ``right`` items right."""
    form = form_of(seat, moment)
    for number, (key, item) in enumerate(ITEMS.items()):
        worked = item.work(form)
        truth: Value = worked.answer
        if worked.kind == "choice":
            other = next(option for option in worked.options if option != truth)
            option = str(truth) if number < right else other
            label = TEXT.items[key].options[option].format(**worked.facts)
            choose(page, f"lt_{moment}_{key}", label)
        else:
            said = written(truth) if number < right else "777"
            fill_number(page, f"lt_{moment}_{key}", said)
    press(page, f"lesson_send_{moment}")


def predict(page: Page, key: str) -> None:
    """Answer a question, truly."""
    worked, words = QUESTIONS[key].work(shipped()), TEXT.questions[key]
    if worked.kind == "choice":
        label = words.options[str(worked.answer)].format(**worked.facts)
        choose(page, f"lq_{key}", label)
    elif worked.kind == "number":
        fill_number(page, f"lq_{key}", written(worked.answer))
    press(page, f"lb_{key}")  # a point is sent from where it stands


def test_a_whole_lesson_with_a_teacher_and_three_students(
    page: Page, browser, people, server, rooms_folder
):
    teacher = page
    teacher.goto(f"{server}/lesson")
    settled(teacher)
    teacher.get_by_text("With a class").click()
    press(teacher, "lesson_open")
    expect(teacher.get_by_alt_text(re.compile("QR code of http"))).to_be_visible()
    expect(teacher).to_have_url(re.compile(r"room=\w{6}$"))
    code = teacher.url[-6:]
    assert "teacher" not in teacher.url
    link = f"{server}/lesson?room={code}"
    desk = Desk(teacher, RoomStore(rooms_folder), code)

    students = []
    for number, nickname in enumerate(("Ann", "<script>document.title='x'</script>"), start=1):
        student = student_with_a_phone(browser, people, link)
        by_key(student, "lesson_nickname").get_by_role("textbox").fill(nickname[:24])
        press(student, "lesson_join_now")
        expect(student.get_by_text(f"Room {code} · seat {number}")).to_be_visible()
        kept(student)
        students.append(student)
    assert students[1].title() != "x"
    expect(teacher.get_by_text("2 here")).to_be_visible()

    assert not violations(teacher)
    desk.go_on("lesson_test_go_before")
    for seat, student in enumerate(students, start=1):
        expect(by_key(student, "lesson_send_before")).to_be_visible()
        take_test(student, "before", seat, right=4)
    expect(teacher.get_by_text("2 of 2 have sent theirs.")).to_be_visible()
    desk.go_on("lesson_test_go_before")
    expect(students[0].get_by_text("You have sent 8 answers")).to_be_visible()

    late = student_with_a_phone(browser, people, link)
    press(late, "lesson_join_now")
    expect(late.get_by_text("seat 3")).to_be_visible()
    kept(late)
    students.append(late)

    answers = 0
    for screen in TEACHING:
        teacher.get_by_role("radio", name=TEXT.steps[screen].short, exact=True).click()
        there = students if screen == TOGETHER else students[:1]
        for student in students[1:]:  # who comes back finds the seat that the browser kept
            student.goto(link if screen == TOGETHER else "about:blank")
        asked = STEPS[screen].questions
        for key in asked if screen == TOGETHER else asked[:1]:
            students_answer(desk, there, key, TEXT.steps[screen].title, people)
            answers += len(there)
        for person in (teacher, students[0]):
            within_reach(person, screen)

    teacher.get_by_role("radio", name="Game", exact=True).click()
    desk.go_on("lesson_bids_go_budget2")
    for student in students[1:]:
        student.goto(link)
    for student in students:
        press(student, "lesson_bid_budget2")
    for student in students:
        seen(student.get_by_text("You may send another"))
    desk.go_on("lesson_bids_go_budget2")
    desk.go_on("lesson_bids_go_budget2")
    expect(students[2].get_by_text("Circles: bids.")).to_be_visible()

    teacher.get_by_role("radio", name="After", exact=True).click()
    desk.go_on("lesson_test_go_after")
    for seat, student in enumerate(students, start=1):
        expect(by_key(student, "lesson_send_after")).to_be_visible()
        take_test(student, "after", seat, right=6)
    expect(teacher.get_by_text("3 of 3 have sent theirs.")).to_be_visible()
    desk.go_on("lesson_test_go_after")
    desk.go_on("lesson_test_go_after")
    expect(teacher.get_by_role("heading", name="The class's gain")).to_be_visible()
    whole = teacher.get_by_test_id("stMetric")
    expect(whole.filter(has_text="Gain")).to_contain_text("0.50")
    expect(whole.filter(has_text="Took both")).to_contain_text("2")  # the third came late
    expect(students[0].get_by_role("heading", name="Your gain")).to_be_visible()

    with teacher.expect_download() as download:
        press(teacher, "lesson_file_answers_csv")
    rows = download.value.path().read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + 16 + answers + 3 + 24
    with teacher.expect_download() as download:
        press(teacher, "lesson_file_script_file")
    assert "<script" not in download.value.path().read_text(encoding="utf-8")


def test_the_lesson_alone_and_offline(page: Page, server):
    """Every screen, within everybody's reach, with no address but the server's asked for."""
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.goto(f"{server}/lesson")
    settled(page)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    seat = None
    for screen in STEPS:
        expect(page.locator("h2").first).to_have_text(TEXT.steps[screen].title)
        if screen in ("before", "after"):
            expect(page.get_by_text("billion FLOPS")).to_be_visible()
            if seat is None:  # by chance: form A asks about 0.39 billion, form B about 4.2
                seat = 1 if page.get_by_text("0.39 billion FLOPS").count() else 2
            take_test(page, screen, seat, right=8)
            expect(page.get_by_text("You have sent 8 answers")).to_be_visible()
        for key in STEPS[screen].questions:
            if key in QUESTIONS:
                predict(page, key)
                seen(page.get_by_text("One way to say it").last)
        if screen == "look":
            expect(page.locator('img[alt^="compound:"]')).to_be_visible()
        for _ in both_ways(page, f"lesson-{screen}"):
            pass
        if screen != "after":
            press(page, "lesson_next")
    expect(page.get_by_test_id("stMetric").filter(has_text="Right after")).to_contain_text("8 / 8")
    assert all(url.startswith(server) for url in asked), asked


def test_a_prediction_by_keyboard_alone(page: Page, server):
    page.goto(f"{server}/lesson?lesson=3")
    settled(page)
    field = by_key(page, "lq_double_width").get_by_role("spinbutton")
    for _ in range(60):
        page.keyboard.press("Tab")
        if field.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.type("2")
    page.keyboard.press("Tab")  # straight to the button
    page.keyboard.press("Enter")
    expect(page.get_by_text(TEXT.questions["double_width"].why["twice"])).to_be_visible()


def test_a_point_is_put_by_a_click(page: Page, server):
    page.goto(f"{server}/lesson?lesson=1")
    settled(page)
    chart = by_key(page, "lc_b4").locator(".nsewdrag")
    slider = by_key(page, "ly_b4").get_by_role("slider")
    before = slider.get_attribute("aria-valuetext")
    assert before is not None
    drag = chart.bounding_box()
    assert drag is not None
    chart.click(position={"x": 0.75 * drag["width"], "y": 0.25 * drag["height"]})
    settled(page)
    expect(by_key(page, "lc_b4").get_by_role("figure")).to_have_attribute(
        "aria-label", re.compile(r"Your point: 1\d\.?\d*, 83")
    )
    expect(slider).not_to_have_attribute("aria-valuetext", before)
