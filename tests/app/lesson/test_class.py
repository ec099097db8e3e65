"""The Lesson page as a teacher and on a seat."""

import csv
import io
import re

from streamlit.testing.v1 import AppTest

from effnet_viz.lesson.answers import written
from effnet_viz.lesson.items import ITEMS, form_of
from effnet_viz.lesson.names import ALPHABET
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.steps import STEPS, TEACHING
from effnet_viz.ui.lesson import place as places
from tests.app.conftest import texts
from tests.app.lesson.conftest import LESSON, TEXT, answer, fill, take_test


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


def test_every_question_is_asked_answered_and_resolved_in_class(open_page, rooms, room):
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    student = joined(open_page, room.code)
    for screen in TEACHING:
        teacher.pills(key="lesson_screen_of_class").select(screen).run()
        for key in STEPS[screen].questions:
            teacher.button(key=f"lesson_go_{key}").click().run()
            student.run()
            worked = QUESTIONS[key].work(shipped())
            answer(student, key, worked.answer)
            assert "Sent. You may change it" in texts(student), key
            for _ in range(2):
                teacher.button(key=f"lesson_go_{key}").click().run()
            student.run()
            assert "You said: **" in texts(student), key
            assert sum(rooms.tally(room.code, key).values()) == 1
        assert not teacher.exception


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


def test_a_second_click_takes_no_second_seat(rooms, room):
    """A callback runs once a click, also for one made before the page has answered the first."""

    def page(code: str) -> None:
        import streamlit as st

        from effnet_viz.ui.lesson import entry

        st.session_state["lesson_nickname"] = "Dora"
        for _ in range(2):
            entry._join(code)

    assert not AppTest.from_function(page, args=(room.code,), default_timeout=60).run().exception
    assert rooms.room(room.code).seats == 1

    def teacher() -> None:
        import streamlit as st

        from effnet_viz.ui.lesson import entry

        codes = []
        for _ in range(2):
            entry._open("efficientnet_b0")
            codes.append(st.session_state["_lesson_room"][0])
        st.text(" ".join(codes))

    one, two = AppTest.from_function(teacher, default_timeout=60).run().text[0].value.split()
    assert one == two != room.code


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


def test_the_check_before_class_says_what_is_fine_and_what_to_do(open_page, room):
    teacher = open_page(LESSON, room=room.code, teacher=room.teacher_token)
    teacher.button(key="lesson_check").click().run()
    assert not teacher.exception
    said = texts(teacher)
    assert "**Weights**: 5 networks, checksums right" in said
    assert "**Answers can be kept**" in said
    assert "does not answer. Start the app with: effnet-viz app --class" in said
    assert re.search(r"\*\*Speed\*\*: .*30 students", said, re.IGNORECASE)
