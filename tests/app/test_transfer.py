"""The Your classes page: the example by itself, what is missing in words, and nothing left over."""

import gc
import json
import re
import threading
import time

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from effnet_viz.engine.serving import turns
from effnet_viz.engine.transfer import photo_sets
from effnet_viz.engine.transfer.results import TransferStudy
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


def help_of(element):
    return element.proto.help


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
    table = next(t.value for t in app.table if "shuffled labels" in t.value.columns)
    assert list(table.index) == ["baseline", "baseline, random weights"]
    assert re.fullmatch(r"\d+ % \(\d+ to \d+\)", table["shuffled labels"].iloc[0])
    assert "as well as guessing, 33 % (mean, least and most of 12 random orders)" in texts(app)
    assert any("one photo of each class left out at a time" in help_of(c) for c in app.caption)
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
    assert "**wall**  \n4 photos" in texts(app)
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


@pytest.fixture
def uploads(monkeypatch):
    """The ids of the uploaded files that the server holds."""
    held = set()
    add, remove = MemoryUploadedFileManager.add_file, MemoryUploadedFileManager.remove_file

    def added(self, session, file):
        held.add(file.file_id)
        add(self, session, file)

    def removed(self, session, number):
        held.discard(number)
        remove(self, session, number)

    monkeypatch.setattr(MemoryUploadedFileManager, "add_file", added)
    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removed)
    return held


def test_nothing_of_a_visits_photos_outlives_their_deletion(open_page, small_example, uploads):
    """Neither what came out, in any store of the server, nor the files as they were uploaded."""
    app = finished(open_page(PAGE, networks="baseline"))
    app.segmented_control(key="transfer_source").select("Your photos").run()
    for turn, each in enumerate(small_example[:2]):
        app.text_input(key=f"transfer_name_{turn}").set_value(each.name)
        files = [(f"secret {n}.jpg", p.data, "image/jpeg") for n, p in enumerate(each.photos)]
        app.file_uploader(key=f"transfer_files_{turn}").set_value(files).run()
        app.button(key="transfer_add").click().run()
    app.button(key="start_transfer").click().run()
    finished(app)
    assert studies("secret 0.jpg")
    assert not uploads  # the originals went when the photos were taken over
    app.file_uploader(key="transfer_new_file_2").set_value(files[0]).run()
    assert len(uploads) == 1
    app.button(key="transfer_delete").click().run()
    app.run()
    assert not app.exception
    assert not studies("secret 0.jpg")
    assert not uploads


def test_two_families_baselines_have_marks_of_their_own(open_page, small_example):
    app = finished(open_page(PAGE, networks=["baseline", "ImageNet lite0"]))
    points = json.loads(app.get("plotly_chart")[0].proto.spec)["data"]
    assert [point["name"] for point in points] == ["baseline", "ImageNet lite0"]
    assert points[0]["marker"]["color"] == points[1]["marker"]["color"]
    assert points[0]["marker"]["symbol"] != points[1]["marker"]["symbol"]


def studies(title):
    """All results about a photo of this title that anything still holds."""
    gc.collect()
    return [
        each for each in gc.get_objects() if type(each) is TransferStudy and title in each.titles
    ]


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
