"""The Lesson page for one person."""

import pytest

from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.steps import STEPS, TEACHING
from effnet_viz.ui.lesson import place as places
from tests.app.conftest import texts
from tests.app.lesson.conftest import LESSON, TEXT, answer, keys, take_test


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


def test_a_folder_that_cannot_be_written_leaves_the_lesson_for_one_person(
    open_page, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EFFNET_VIZ_ROOMS", str(tmp_path / "file"))
    places.store.clear()
    app = open_page(LESSON, lesson="3")
    answer(app, "double_width", 4.0)
    app.button(key="lesson_open").click().run()
    assert "EFFNET_VIZ_ROOMS" in app.error[0].value
    assert not app.exception


def test_the_last_steps_maps_come_after_the_prediction(open_page):
    app = open_page(LESSON, lesson="5")
    assert len(app.get("image")) == 1  # the photo alone
    answer(app, "maps", "compound")
    share = QUESTIONS["maps"].work(shipped()).facts["compound"]
    assert f"It did so in {share:.0f} % of the photos." in texts(app)
    assert len(app.get("image")) == 5
