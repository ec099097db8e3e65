"""A link that hides controls: they keep their values, the page says so, and can show them again."""

import pytest
from streamlit.testing.v1 import AppTest

from effnet_viz.ui.frame.hidden import PAGES
from tests.app.conftest import texts

OPENED = {"scale": None, "compare": "pages/compare.py"}


def styles(app: AppTest) -> str:
    return "".join(each.proto.body for each in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_hidden_controls_are_said_and_shown_again(open_page, page):
    names = list(PAGES[page])[:2]
    app = open_page(OPENED[page], hide=",".join([*names, "<script>", "nonsense"]))
    said = "This link hides " + ", ".join(PAGES[page][name][0] for name in names) + "."
    assert said in texts(app)
    for name in PAGES[page]:
        for key in PAGES[page][name][1]:
            assert (f".st-key-{key}" in styles(app)) == (name in names)
    assert "<script>" not in styles(app)
    app.button(key="show_all_controls").click().run()
    assert not app.exception
    assert "This link hides" not in texts(app)
    assert "hide" not in app.query_params


def test_without_a_word_in_the_link_nothing_is_hidden(open_page):
    assert "This link hides" not in texts(open_page())


def test_what_is_hidden_keeps_its_value_and_stays_hidden_in_the_link(open_page):
    app = open_page(hide="alpha,lock", alpha="1.3", lock="false")
    assert app.slider(key="alpha").value == 1.3
    app.slider(key="phi").set_value(2.0).run()
    assert app.query_params["hide"] == "alpha,lock"
    assert app.slider(key="alpha").value == 1.3


def test_a_teacher_makes_the_link(open_page):
    app = open_page("pages/lesson.py")
    app.pills(key="lesson_hand_out_scale").set_value(["phi", "alpha"]).run()
    assert not app.exception
    assert any(each.value.endswith("/?hide=phi,alpha") for each in app.code)
    app.segmented_control(key="lesson_hand_out_page").set_value("compare").run()
    app.pills(key="lesson_hand_out_compare").set_value(["method"]).run()
    assert any(each.value.endswith("/compare?hide=method") for each in app.code)
