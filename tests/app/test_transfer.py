"""The Your classes page: the example by itself, what is missing in words, and nothing left over."""

import re
import threading
import time

import pytest

from effnet_viz.engine.serving import turns
from effnet_viz.engine.transfer import photo_sets
from effnet_viz.ui.transfer import training
from tests.app.conftest import texts

PAGE = "pages/transfer.py"


@pytest.fixture
def small_example(monkeypatch):
    """The example, four tiles of each class."""
    sets = tuple(
        photo_sets.ClassPhotos(name, photo_sets._texture(name).photos[:4])
        for name in ("brick", "grass", "gravel")
    )
    found = photo_sets.Example(sets, "Tiles of scikit-image's pictures.")
    monkeypatch.setattr(photo_sets, "example", lambda: found)
    training._examples.clear()
    return sets


def finished(app):
    """The app once its work in the background has ended and is shown."""
    deadline = time.monotonic() + 100
    while True:
        if "job_transfer" not in app.session_state or not app.session_state["job_transfer"]:
            return app
        job = app.session_state["job_transfer"]
        job[1].wait(60)
        assert time.monotonic() < deadline
        app.run()


def test_the_example_trains_by_itself_and_everything_is_shown(open_page, small_example):
    app = finished(open_page(PAGE, networks="baseline"))
    assert not app.exception
    assert re.search(r"baseline has \d+ of 12 photos right", texts(app))
    table = next(t.value for t in app.table if "shuffled, %" in t.value.columns)
    assert list(table.index) == ["baseline", "random weights"]
    assert "each photo left out once" in texts(app)
    assert "exact CAM" in texts(app)
    assert any("head-classroom-baseline.npz" in code.value for code in app.code)


def test_ones_own_photos_ask_for_what_is_missing(open_page, small_example):
    app = open_page(PAGE, networks="baseline")
    app.segmented_control(key="transfer_source").select("Your photos").run()
    assert "Add 2 to 8 classes; there are 0." in texts(app)
    assert app.button(key="transfer_add").disabled
    files = [("b.txt", b"x", "text/plain")]
    files += [(photo.title + ".jpg", photo.data, "image/jpeg") for photo in small_example[0].photos]
    app.file_uploader(key="transfer_files_0").set_value(files).run()
    app.button(key="transfer_add").click().run()
    assert "Give the class a name of letters or digits." in texts(app)
    app.text_input(key="transfer_name_0").set_value("wall").run()
    app.button(key="transfer_add").click().run()
    assert "Add 2 to 8 classes; there are 1." in texts(app)
    assert "**wall**, 4 photos" in texts(app)
    assert "b.txt" in texts(app)
    assert "Choose the photos" not in texts(app)


def test_own_classes_are_trained_and_one_button_deletes_all_of_it(open_page, small_example):
    app = open_page(PAGE, networks="baseline")
    app.session_state["transfer_own"] = small_example[:2]
    app.segmented_control(key="transfer_source").select("Your photos").run()
    finished(app)
    app.button(key="start_transfer").click().run()
    finished(app)
    assert "of 8 photos right" in texts(app)
    app.button(key="transfer_delete").click().run()
    assert not app.exception
    assert "Add 2 to 8 classes; there are 0." in texts(app)
    assert "brick" not in repr(app.session_state)


def test_thirty_at_once_wait_in_the_heavy_lane_and_others_do_not(open_page, small_example):
    """While thirty visits' heads wait for one turn, the Scale page answers as ever."""
    release = threading.Event()
    with turns.HEAVY.turn() as turn:
        assert turn.wait(60)
        visits = [open_page(PAGE, networks="baseline") for _ in range(2)]
        for visit in visits:
            _, job = visit.session_state["job_transfer"]
            assert "before you" in job.standing().what or job.standing().what == "Starting"
        waiting = [threading.Thread(target=_stand_in_line, args=(release,)) for _ in range(28)]
        for thread in waiting:
            thread.start()
        while turns.HEAVY.waiting < 30:
            time.sleep(0.01)
        assert open_page().title[0].value
        release.set()
        for visit in visits:
            visit.session_state["job_transfer"][1].cancel()
            assert visit.session_state["job_transfer"][1].wait(30)
    for thread in waiting:
        thread.join(30)
    assert turns.HEAVY.waiting == 0


def _stand_in_line(release):
    with turns.HEAVY.turn() as turn:
        release.wait(60)
        turn.wait(60)
