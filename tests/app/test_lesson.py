"""The Lesson page: alone, as a teacher, and on a seat; rooms lie in a folder of the test's own."""

import csv
import io
import re
from pathlib import Path

import pytest
import streamlit as st

from effnet_viz.lesson.answers import written
from effnet_viz.lesson.items import ITEMS, form_of
from effnet_viz.lesson.names import ALPHABET
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.room import RoomStore
from effnet_viz.lesson.steps import STEPS, TEACHING
from effnet_viz.lesson.text import load
from effnet_viz.ui.lesson import place as places
from tests.app.conftest import texts

ROOT = Path(__file__).resolve().parents[2]
LESSON = "pages/lesson.py"
TEXT = load()


@pytest.fixture(autouse=True)
def rooms(tmp_path, monkeypatch):
    """A store in an empty folder, the same one that the page uses."""
    monkeypatch.setenv("EFFNET_VIZ_ROOMS", str(tmp_path))
    monkeypatch.setattr(places, "kept_by_browser", dict)
    st.cache_resource.clear()
    yield RoomStore(tmp_path)
    st.cache_resource.clear()


@pytest.fixture
def room(rooms):
    return rooms.open_room("efficientnet_b0", "before")


def keys(elements) -> list[str]:
    return [element.key for element in elements]


def fill(app, key: str, value: object) -> None:
    kind = QUESTIONS[key].kind
    if kind == "choice":
        app.radio(key=f"lq_{key}").set_value(value)
    elif kind == "number":
        app.number_input(key=f"lq_{key}").set_value(value)


def answer(app, key: str, value: object) -> None:
    """Answer a question and press its button."""
    fill(app, key, value)
    app.run()
    app.button(key=f"lb_{key}").click().run()
    assert not app.exception


def take_test(app, moment: str, seat: int, right: int) -> None:
    """A test with its first ``right`` items right."""
    form = form_of(seat, moment)
    for number, (key, item) in enumerate(ITEMS.items()):
        worked = item.work(form)
        truth = worked.answer
        if worked.kind == "choice":
            other = next(o for o in worked.options if o != truth)
            app.radio(key=f"lt_{moment}_{key}").set_value(truth if number < right else other)
        else:
            app.number_input(key=f"lt_{moment}_{key}").set_value(
                float(truth) if number < right else 777.0
            )
    app.button(key=f"lesson_send_{moment}").click().run()
    assert not app.exception


def test_alone_one_predicts_locks_and_learns_why(open_page):
    app = open_page(LESSON, lesson="3")
    assert app.header[0].value == TEXT.steps["cost"].title
    assert "3.76" not in texts(app)
    assert next(m for m in app.metric if m.label == "As built").value == "?"
    app.button(key="lb_double_width").click().run()
    assert [error.value for error in app.error] == ["Write a number first."]
    answer(app, "double_width", 2.0)
    assert not app.error
    assert "You said: **2 times**. Not so. **3.76 times**" in texts(app)
    assert TEXT.questions["double_width"].why["twice"] in texts(app)
    assert "lq_double_width" not in keys(app.number_input)  # locked: it cannot be changed
    answer(app, "double_both", 15.0)
    assert "That is right." in texts(app)
    assert TEXT.steps["cost"].notice not in texts(app)
    answer(app, "triple", "below")
    assert "takes blocks away" in texts(app)
    assert TEXT.steps["cost"].notice in texts(app)
    app.slider(key="lesson_w").set_value(2.0).run()
    built = next(m for m in app.metric if m.label == "As built")
    assert built.value == "3.76×"


def test_the_network_on_screen_gives_the_answer(open_page):
    app = open_page(LESSON, lesson="3", lesson_base="ResNet-50")
    answer(app, "double_width", 4.0)
    assert "**3.94 times**" in texts(app)
    app.selectbox(key="lesson_base").select("classroom").run()
    assert "lq_double_width" in keys(app.number_input)  # another network, another question


@pytest.mark.parametrize("screen", [s for s in STEPS if s != "look"])
def test_every_screen_opens_from_its_link(open_page, screen):
    app = open_page(LESSON, lesson=TEXT.steps[screen].short)
    assert app.header[0].value == TEXT.steps[screen].title
    assert not app.error
    asked = [h.value for h in app.subheader if h.value.startswith("Question")]
    assert asked == (["Question 1"] if screen in TEACHING else [])


def test_a_point_is_put_by_sliders(open_page):
    app = open_page(LESSON, lesson="1")
    app.select_slider(key="ly_b4").set_value("82.6")
    across = app.select_slider(key="lx_b4")
    across.set_value(min(across.options, key=lambda v: abs(float(v) - 4.4))).run()
    app.button(key="lb_b4").click().run()
    assert not app.exception
    assert "That is right. B4 costs **4.4 billion**" in texts(app)


def test_alone_both_tests_give_a_gain_without_an_interval(open_page):
    app = open_page(LESSON, lesson="Before")
    seat = app.session_state["_lesson_alone"]["seat"]
    app.button(key="lesson_send_before").click().run()
    assert "8 answers are missing" in texts(app)
    take_test(app, "before", seat, 4)
    assert "You have sent 8 answers" in texts(app)
    app.pills(key="lesson").select("after").run()
    take_test(app, "after", seat, 6)
    assert [m.value for m in app.metric] == ["4 / 8", "6 / 8", "0.50"]


def test_the_budget_game_shows_the_built_cost_and_the_nearest_trained_network(open_page):
    app = open_page(LESSON, lesson="Game")
    assert "6 epochs, 909 held-out photos" in texts(app)
    app.slider(key="lesson_budget2_d").set_value(2.0).run()
    assert next(m for m in app.metric if m.label == "As built").value == "2.02×"
    assert "**depth only** (d 2, w 1, 96 px, 2.02×), **68.2 %**" in texts(app)
    assert "It is exactly yours." in texts(app)
    app.slider(key="lesson_budget2_d").set_value(2.5).run()
    assert app.button(key="lesson_bid_budget2").disabled
    assert "Over the budget" in texts(app)
    app.slider(key="lesson_budget2_d").set_value(1.9).run()
    app.button(key="lesson_bid_budget2").click().run()
    assert not app.exception
    assert "Your bid: **d 1.9, w 1, 96 px**" in texts(app)


def opened_room(app) -> str:
    return re.search(f"Code \\*\\*([{ALPHABET}]{{6}})", texts(app)).group(1)


def joined(open_page, code: str, nickname: str = ""):
    app = open_page(LESSON, room=code)
    app.text_input(key="lesson_nickname").set_value(nickname)
    app.button(key="lesson_join_now").click().run()
    assert not app.exception
    return app


def test_a_teacher_and_a_student_go_through_a_step(open_page):
    teacher = open_page(LESSON)
    teacher.button(key="lesson_open").click().run()
    code = opened_room(teacher)
    student = joined(open_page, code, "<b>Ann</b>")
    assert f"Room {code} · seat 1 · bAnnb" in [t.value for t in student.text]
    assert "Your teacher opens the test in a moment." in texts(student)

    teacher.pills(key="lesson_screen_of_class").select("cost").run()
    student.run()
    assert student.header[0].value == TEXT.steps["cost"].title
    assert "Your teacher has not asked this yet." in texts(student)
    teacher.button(key="lesson_go_double_width").click().run()
    student.run()
    answer(student, "double_width", 2.0)
    assert "Sent. You may change it" in texts(student)
    answer(student, "double_width", 4.0)
    teacher.run()
    assert "Answers: **1**" in texts(teacher)
    assert [p.text for p in teacher.get("progress")] == ["4 times: **1**"]
    assert "3.76" not in texts(student)

    teacher.button(key="lesson_go_double_width").click().run()
    student.run()
    assert "Locked. The answer comes" in texts(student)
    teacher.button(key="lesson_go_double_width").click().run()
    student.run()
    assert "You said: **4 times**. That is right. **3.76 times**" in texts(student)
    assert "Answers: **1**" in texts(student)


def test_on_the_wall_the_type_is_large_and_nothing_is_for_the_teacher_alone(open_page):
    teacher = open_page(LESSON)
    teacher.button(key="lesson_open").click().run()

    def for_the_teacher() -> set[str]:
        folded = {each.label for each in teacher.expander}
        return folded & {TEXT.say(word) for word in ("script", "who_is_here", "your_link")}

    assert len(for_the_teacher()) == 3
    teacher.toggle(key="lesson_present").set_value(True).run()
    assert not teacher.exception
    assert not for_the_teacher()
    assert TEXT.say("desk") not in [header.value for header in teacher.header]
    assert any("font-size" in html.proto.body for html in teacher.get("html"))
    teacher.toggle(key="lesson_present").set_value(False).run()
    assert len(for_the_teacher()) == 3


def test_a_vote_after_the_lock_is_refused_in_one_sentence(open_page, rooms, room):
    rooms.show(room.code, room.teacher_token, "cost")
    rooms.advance(room.code, room.teacher_token, {"double_width": "open"})
    student = joined(open_page, room.code)
    fill(student, "double_width", 3.0)
    student.run()
    rooms.advance(room.code, room.teacher_token, {"double_width": "locked"})
    student.button(key="lb_double_width").click().run()
    assert rooms.tally(room.code, "double_width") == {}
    assert not student.exception


def test_a_reload_finds_the_seat_by_its_token(open_page, rooms, room):
    token = rooms.join(room.code, "Ben").token
    again = open_page(LESSON, room=room.code, seat=token)
    assert f"Room {room.code} · seat 1 · Ben" in [t.value for t in again.text]
    assert "seat" not in again.query_params  # a link that is passed on gives nothing away
    assert again.query_params["room"] == room.code


def test_the_browser_keeps_the_seat_for_a_second_look_at_the_qr_picture(
    open_page, rooms, room, monkeypatch
):
    token = rooms.join(room.code, "Cleo").token
    cookies = {places.cookie_name(room.code, "seat"): token}
    monkeypatch.setattr(places, "kept_by_browser", lambda: cookies)
    again = open_page(LESSON, room=room.code)
    assert f"Room {room.code} · seat 1 · Cleo" in [t.value for t in again.text]
    assert rooms.room(room.code).seats == 1


def test_the_teachers_link_works_twice_and_a_wrong_one_is_no_teacher(open_page, rooms, room):
    one = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    two = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    one.pills(key="lesson_screen_of_class").select("one").run()
    two.run()
    assert two.header[0].value == TEXT.steps["one"].title
    assert "teacher" not in two.query_params
    stranger = open_page(LESSON, room=room.code, teacher="x" * 22)
    assert stranger.header[0].value == "Join a room"


def test_wrong_and_ended_rooms_are_one_sentence(open_page, rooms, room):
    app = open_page(LESSON)
    app.text_input(key="lesson_code").set_value("999999")
    app.button(key="lesson_join_now").click().run()
    assert [e.value for e in app.error] == [
        "There is no room with this code; look at the teacher's screen again."
    ]
    student = joined(open_page, room.code)
    rooms.close(room.code, room.teacher_token)
    student.run()
    assert "no room with this code" in student.error[0].value
    student.button(key="lesson_alone").click().run()
    assert not student.error
    assert student.header[0].value == TEXT.steps["before"].title


def test_the_class_test_is_opened_closed_and_its_gain_shown(open_page, rooms, room):
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    students = [joined(open_page, room.code) for _ in range(2)]
    extra = [rooms.join(room.code).token for _ in range(4)]
    for moment, right in (("before", 4), ("after", 6)):
        teacher.pills(key="lesson_screen_of_class").select(moment).run()
        teacher.button(key=f"lesson_test_go_{moment}").click().run()
        for seat, student in enumerate(students, start=1):
            student.run()
            take_test(student, moment, seat, right)
        for seat, token in enumerate(extra, start=3):
            form = form_of(seat, moment)
            rooms.vote(
                room.code,
                token,
                {
                    f"{moment}.{key}": written(item.work(form).answer) if n < right else "?"
                    for n, (key, item) in enumerate(ITEMS.items())
                },
            )
        teacher.run()
        assert "**6** of 6 have sent theirs." in texts(teacher)
        teacher.button(key=f"lesson_test_go_{moment}").click().run()
    teacher.button(key="lesson_test_go_after").click().run()
    assert [m.value for m in teacher.metric] == ["6", "50 %", "75 %", "0.50 (0.50–0.50)"]
    students[0].run()
    assert [m.value for m in students[0].metric] == ["4 / 8", "6 / 8", "0.50"]


def test_the_class_bids_on_one_picture(open_page, rooms, room):
    rooms.show(room.code, room.teacher_token, "game")
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    student = joined(open_page, room.code)
    assert "has not opened the bids" in texts(student)
    teacher.button(key="lesson_bids_go_budget2").click().run()
    student.run()
    student.slider(key="lesson_budget2_w").set_value(1.3).run()
    student.button(key="lesson_bid_budget2").click().run()
    assert rooms.tally(room.code, "budget2") == {"1;1.3;96": 1}
    rooms.vote(room.code, rooms.join(room.code).token, {"budget2": "<script>"})
    for _ in range(2):
        teacher.run()
        teacher.button(key="lesson_bids_go_budget2").click().run()
    table = next(t.value for t in teacher.table if "how many" in t.value.columns)
    assert list(table.index) == ["d 1, w 1.3, 96 px"]
    assert list(table["nearest trained"]) == ["width only"]
    assert not teacher.exception


def test_the_answers_go_home_as_csv(open_page, rooms, room):
    rooms.advance(room.code, room.teacher_token, {"flops": "open"})
    rooms.vote(room.code, rooms.join(room.code, "Ann").token, {"flops": "macs"})
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    data = next(d for d in teacher.get("download_button") if d.key == "lesson_file_answers_csv")
    assert data.label == "Answers, CSV"
    votes = rooms.votes(room.code, room.teacher_token)
    from effnet_viz.lesson.export import answers_csv

    row = next(csv.DictReader(io.StringIO(answers_csv(votes, shipped()))))
    assert (row["nickname"], row["answer"], row["right"]) == ("Ann", "macs", "yes")


def test_a_folder_that_cannot_be_written_leaves_the_lesson_for_one_person(
    open_page, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EFFNET_VIZ_ROOMS", str(tmp_path / "file"))
    st.cache_resource.clear()
    app = open_page(LESSON, lesson="3")
    answer(app, "double_width", 4.0)
    app.button(key="lesson_open").click().run()
    assert "EFFNET_VIZ_ROOMS" in app.error[0].value
    assert not app.exception


def test_every_word_that_the_page_says_is_there_and_no_other():
    folder = ROOT / "effnet_viz" / "ui" / "lesson"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    source += (ROOT / "effnet_viz" / "lesson" / "script.py").read_text()
    source += (ROOT / "pages" / "lesson.py").read_text()
    quoted = set(re.findall(r"""["']([a-z0-9_]+)["']""", source))
    said = set(re.findall(r"""\bsay\(\s*["']([a-z0-9_]+)["']""", source))
    built = {f"item_{key}" for key in ITEMS} | {
        f"check_{key}" for key in ("weights", "device", "rooms", "address", "speed")
    }
    assert said <= set(TEXT.words)
    assert set(TEXT.words) <= quoted | built


def test_the_glossary_is_within_reach_of_every_page(open_page):
    for page in (None, "pages/anatomy.py"):
        assert "**receptive field**" in texts(open_page(page).sidebar)


def test_places_are_kept_in_the_browser_under_the_rooms_code():
    assert places.cookie_name("4XK7QD", "seat") == "effnet_viz_seat_4XK7QD"
    assert places.known_screen("<script>") == "before"


#: A widget of the page and the value that a step's link must give it.
LANDED = {
    "why paper": ("pills", "p_section", "Table 2"),
    "why scale": ("pills", "variant", "b4"),
    "one search": (None, "", None),
    "one scale": ("slider", "depth", 4.0),
    "cost scale": ("slider", "width", 2.0),
    "cost anatomy": (None, "", None),
    "game search": (None, "", None),
    "family scale": ("slider", "phi", 1.0),
    "family paper": ("pills", "p_section", "Misreadings"),
    "look compare": ("toggle", "grid", True),
    "look benchmark": (None, "", None),
    "after scale": ("slider", "phi", 1.0),
}


@pytest.mark.parametrize(
    ("name", "link"),
    [(f"{step.key} {link.key}", link) for step in STEPS.values() for link in step.links],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_link_opens_the_real_page_in_its_state(open_page, name, link):
    app = open_page(link.page, **link.state)
    assert not app.error, [error.value for error in app.error]
    kind, key, value = LANDED[name]
    if kind:
        assert next(e for e in app.get(kind) if e.key == key).value == value


def test_the_check_before_class_says_what_is_fine_and_what_to_do(open_page, room):
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    teacher.button(key="lesson_check").click().run()
    assert not teacher.exception
    said = texts(teacher)
    assert "**Weights**: 5 networks, checksums right" in said
    assert "**Answers can be kept**" in said
    assert "does not answer. Start the app with: effnet-viz app --class" in said
    assert re.search(r"\*\*Speed\*\*: .*30 students", said, re.IGNORECASE)


def test_the_last_steps_maps_come_after_the_prediction(open_page):
    app = open_page(LESSON, lesson="5")
    assert len(app.get("image")) == 1  # the photo alone
    answer(app, "maps", "compound")
    share = QUESTIONS["maps"].work(shipped()).facts["compound"]
    assert f"It did so in {share:.0f} % of the photos." in texts(app)
    assert len(app.get("image")) == 5
