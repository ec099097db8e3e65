"""What the tests of the Lesson page share: rooms in a folder of the test's own, and answers."""

import pytest

from effnet_viz.lesson.items import ITEMS, form_of
from effnet_viz.lesson.questions import QUESTIONS
from effnet_viz.lesson.room import RoomStore
from effnet_viz.lesson.text import load
from effnet_viz.ui.lesson import place as places

LESSON = "pages/lesson.py"
TEXT = load()


@pytest.fixture(autouse=True)
def rooms(tmp_path, monkeypatch):
    """A store in an empty folder, the same one that the page uses."""
    monkeypatch.setenv("EFFNET_VIZ_ROOMS", str(tmp_path))
    monkeypatch.setattr(places, "kept_by_browser", dict)
    places.store.clear()
    yield RoomStore(tmp_path)
    places.store.clear()


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
