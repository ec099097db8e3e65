"""The Run page: the same answers as the engine gives, honest labels, errors in one sentence."""

import io

import pytest
from PIL import Image
from skimage import data as photos

from effnet_viz.engine import images, inference, weights
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import ROLES
from tests.app.conftest import texts


def answers(app):
    return next(t.value for t in app.table if "weights" in t.value.columns)


def test_opens_with_five_trained_roles_and_the_scale_pages_network(open_page):
    app = open_page("pages/run.py")
    table = answers(app)
    assert list(table.index) == [*ROLES, "Scale page: φ = 1"]
    assert all("shipped: trained by this project" in badge for badge in table["weights"][:5])
    assert "untrained" in table["weights"]["Scale page: φ = 1"]
    assert "means nothing" in table["says"]["Scale page: φ = 1"]
    assert "9.11 M" in table["parameters"]["Scale page: φ = 1"]
    assert "True label: **church and French horn**" in texts(app)


def test_the_answers_are_the_plain_torchvision_modules(open_page):
    app = open_page("pages/run.py", photo="Church")
    image = images.decode(samples.read_sample("church"))
    for role in ROLES:
        model = weights.load_model("classroom", role, optimised=False)
        expected = inference.predict(model, image, repeats=1).top[0]
        says = answers(app)["says"][role]
        assert says == f"{expected.label}, {100 * expected.probability:.0f} %"


def test_a_photo_outside_the_classes_gets_a_warning_that_names_them(open_page):
    app = open_page("pages/run.py", photo="A cat")
    assert any("none of the ten classes" in w.value and "tench" in w.value for w in app.warning)


def test_an_upload_is_run_and_named(open_page):
    app = open_page("pages/run.py")
    buffer = io.BytesIO()
    Image.fromarray(photos.coffee()).save(buffer, "JPEG")
    app.file_uploader(key="upload").upload("cup.jpg", buffer.getvalue()).run()
    assert not app.exception
    assert app.selectbox(key="photo").value == "Your photo"
    assert len(answers(app)) == 6


@pytest.mark.parametrize("data", [b"", b"<html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_broken_upload_keeps_the_photo(open_page, data):
    app = open_page("pages/run.py", photo="Church")
    app.file_uploader(key="upload").upload("broken.png", data).run()
    assert not app.exception
    assert any("still here" in error.value for error in app.error)
    assert app.selectbox(key="photo").value == "church"
    assert len(answers(app)) == 6


def test_imagenet_without_a_network_is_one_sentence(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    app = open_page("pages/run.py", models="ImageNet b0")
    assert any("classroom family works offline" in error.value for error in app.error)


def test_a_device_that_is_not_there_is_one_sentence(open_page):
    app = open_page("pages/run.py", device="Apple GPU")
    assert any("finds no mps device" in error.value for error in app.error)


def test_the_scale_pages_network_grows_from_a_trained_baseline_where_it_can(open_page):
    app = open_page(
        "pages/run.py", architecture="Classroom baseline", by="d, w, r", depth="2", width="1.5",
        models="baseline",
    )  # fmt: skip
    app.multiselect(key="models").set_value(["classroom/baseline", "custom/scale"]).run()
    table = answers(app)
    assert "grown from" in table["weights"].iloc[1]
    assert table["says"].iloc[0] == table["says"].iloc[1]
    assert any("equal by construction" in info.value for info in app.info)


def test_a_network_shown_for_cost_only_says_so(open_page):
    app = open_page("pages/run.py", architecture="ResNet-50", models="Scale page: φ = 1")
    assert any("computed, not built" in error.value for error in app.error)


def test_a_network_too_large_is_refused_with_the_numbers(open_page):
    app = open_page(
        "pages/run.py", by="d, w, r", depth="8", width="5", px="1024",
        models="Scale page: d 8, w 5, 1024 px",
    )  # fmt: skip
    assert any("multiply-adds" in error.value for error in app.error)


def test_nothing_chosen_is_a_hint(open_page):
    app = open_page("pages/run.py")
    app.multiselect(key="models").set_value([]).run()
    assert any("Choose at least one model" in info.value for info in app.info)
