"""Your own photo: what is taken, why a file is not, what is said of it, and taking it out."""

import io

import pytest
from PIL import Image

from effnet_viz.engine import images
from effnet_viz.ui.shared import photos
from effnet_viz.ui.shared.photos import YOURS, camera_is_allowed
from tests.app.conftest import texts


def picture(file_format: str = "JPEG", size: tuple[int, int] = (300, 200)) -> bytes:
    gradient = Image.linear_gradient("L").resize(size)
    data = io.BytesIO()
    Image.merge("RGB", (gradient, gradient.rotate(180), gradient)).save(data, file_format)
    return data.getvalue()


def upload(app, name: str, data: bytes):
    app.file_uploader(key="upload").upload(name, data).run()
    assert not app.exception
    return app


@pytest.fixture
def run(open_page):
    app = open_page("pages/run.py")
    app.multiselect(key="models").set_value(["classroom/baseline"]).run()
    return app


@pytest.mark.parametrize(
    ("name", "file_format"),
    [("photo.jfif", "JPEG"), ("photo.tif", "TIFF"), ("photo.avif", "AVIF"), ("photo", "PNG")],
)
def test_content_decides_and_not_the_name(run, name, file_format):
    upload(run, name, picture(file_format))
    assert run.selectbox(key="photo").value == YOURS
    assert not run.error


def test_the_uploader_refuses_nothing_without_words(run):
    """Whatever its own limits are, they lie beyond a photo's, and the page says those."""
    uploader = run.file_uploader(key="upload")
    assert not uploader.proto.type
    assert uploader.proto.max_upload_size_mb > images.MAX_BYTES / 2**20
    assert "HEIC" in texts(run)
    assert "30 MB" in texts(run)


def test_a_file_that_the_browser_holds_back_has_its_reason_ready(run):
    limit = run.file_uploader(key="upload").proto.max_upload_size_mb
    said = [html.value for html in run.get("html") if "did not arrive" in html.value]
    assert said
    assert f"more than {limit} MB" in said[0]


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://scaling.example.org/run", True),
        ("http://localhost:8501/", True),
        ("http://127.0.0.1:8501/compare", True),
        ("http://[::1]:8501/", True),
        ("http://class.localhost/", True),
        ("http://192.168.1.20:8501/", False),
        ("http://localhost.example.org/", False),
        (None, False),
    ],
)
def test_the_camera_is_offered_where_browsers_allow_it(address, allowed):
    assert camera_is_allowed(address) is allowed


def test_a_photo_by_camera_is_ones_own_photo(run, monkeypatch):
    monkeypatch.setattr(photos, "camera_is_allowed", lambda _: True)
    upload(run, "mine.jpg", picture())
    assert not run.camera_input, "the camera is off until it is asked for"
    run.session_state["lens"] = True
    run.run()
    run.camera_input(key="camera").upload("shot.jpg", picture(size=(200, 300))).run()
    assert not run.exception
    assert run.selectbox(key="photo").value == YOURS
    assert run.session_state["own_photo"].image.size == (200, 300)
    run.file_uploader(key="upload").set_value([]).run()
    assert run.selectbox(key="photo").value == YOURS, "what was replaced is not what is shown"
    run.camera_input(key="camera").clear().run()
    assert not run.exception
    assert YOURS not in run.selectbox(key="photo").options


def test_each_refusal_gives_its_own_reason(run):
    def reasons() -> list[str]:
        return [error.value for error in run.error]

    upload(run, "notes.txt", b"a text")
    assert len(reasons()) == 1
    assert "notes" in reasons()[0]
    assert "not a readable" in reasons()[0]
    assert "still here" in reasons()[0]
    upload(run, "large.jpg", picture() + bytes(images.MAX_BYTES))
    assert len(reasons()) == 1
    assert "limit is 30 MB" in reasons()[0]
    upload(run, "cut.jpg", picture()[:1500])
    assert len(reasons()) == 1
    assert "was cut" in reasons()[0]
    upload(run, "whole.jpg", picture())
    assert not reasons()


def test_taking_the_photo_out_of_the_uploader_takes_it_away(run):
    upload(run, "mine.jpg", picture())
    assert YOURS in run.selectbox(key="photo").options
    run.file_uploader(key="upload").set_value([]).run()
    assert not run.exception
    assert YOURS not in run.selectbox(key="photo").options
    assert run.selectbox(key="photo").value != YOURS


def test_taking_out_a_file_that_was_refused_leaves_the_photo_before_it(run):
    upload(run, "mine.jpg", picture())
    upload(run, "notes.txt", b"a text")
    assert run.error
    run.file_uploader(key="upload").set_value([]).run()
    assert not run.error
    assert run.selectbox(key="photo").value == YOURS


def test_a_file_that_takes_the_place_of_the_photo_and_is_refused(run):
    """A browser empties the uploader before it hands over the next file."""
    upload(run, "mine.jpg", picture())
    shown = run._tree
    run.file_uploader(key="upload").set_value([]).run()
    assert not any("somebody's own" in info.value for info in run.info)
    run._tree = shown  # the browser has not drawn the answer yet, and sends what it shows
    run.selectbox(key="photo").set_value(YOURS)
    upload(run, "notes.txt", b"a text")
    assert YOURS not in run.selectbox(key="photo").options
    assert not any("somebody's own" in info.value for info in run.info)
    assert "choose that one again" in run.error[0].value
    assert "still here" not in run.error[0].value


@pytest.mark.parametrize("page", ["pages/run.py", "pages/compare.py"])
def test_what_is_to_be_known_of_a_photo_is_said(open_page, page):
    app = open_page("pages/run.py")
    data = io.BytesIO()
    Image.new("RGB", (8, 4000), "teal").save(data, "PNG")
    upload(app, "thin.png", data.getvalue())
    if page != "pages/run.py":
        app.switch_page(page).run()
        assert not app.exception
    said = [warning.value for warning in app.warning]
    assert any("nothing to see" in text for text in said)
    assert any("8 × 8 px of the photo's 8 × 4,000" in text for text in said)
