"""The Run page: the same answers as the engine gives, honest labels, errors in one sentence."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image
from skimage import data as photos

from effnet_viz.engine import images, inference, weights
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import ROLES
from effnet_viz.ui.shared import model_views
from tests.app.conftest import texts


def answers(app):
    return next(t.value for t in app.table if "weights" in t.value.columns)


GROWN = "φ = 1, grown from the baseline"


def test_opens_with_five_trained_roles_and_the_scaling_grown_from_the_baseline(open_page):
    app = open_page("pages/run.py")
    table = answers(app)
    assert list(table.index) == [*ROLES, GROWN]
    assert all("badge[shipped]" in badge for badge in table["weights"][:5])
    assert "badge[grown]" in table["weights"][GROWN]
    assert "chance" not in " ".join(table["says"])
    assert texts(app).count("badge[shipped] trained by this project on Imagenette.") == 1
    assert "badge[grown] from classroom baseline, not trained further: " in texts(app)
    assert "True label: **church and French horn**" in texts(app)


def test_the_scale_pages_own_network_runs_untrained_and_says_so(open_page):
    app = open_page("pages/run.py", models="Scale page: φ = 1")
    table = answers(app)
    assert "badge[untrained]" in table["weights"]["Scale page: φ = 1"]
    assert "chance" in table["says"]["Scale page: φ = 1"]
    assert table["parameters"]["Scale page: φ = 1"] == "9.11\u00a0M"
    assert "run for time and memory; what it says is chance" in texts(app)


def test_the_page_says_which_part_of_the_photo_was_seen(open_page):
    words = texts(open_page("pages/run.py", models="baseline"))
    assert "Input: the photo's whole centre square, at each model's resolution" in words


def test_published_preprocessing_is_told_from_the_square():
    assert model_views.sees_published_crop("ImageNet (torchvision)")
    assert model_views.sees_published_crop("grown from imagenet b0, not trained further")
    assert not model_views.sees_published_crop("grown from classroom baseline, not trained further")
    assert not model_views.sees_published_crop("untrained")


def test_the_times_can_be_measured_again(open_page, monkeypatch):
    app = open_page("pages/run.py")
    first = answers(app)["time"]
    assert all(re.fullmatch(r"(about\u00a0)?[\d.]+\u00a0ms", cell) for cell in first)
    calls = []
    real = inference.predict
    monkeypatch.setattr(inference, "predict", lambda *a, **k: calls.append(1) or real(*a, **k))
    app.run()
    assert not calls
    app.button(key="time_again").click().run()
    assert len(calls) == 6


def test_the_answers_are_the_plain_torchvision_modules(open_page):
    app = open_page("pages/run.py", photo="Church")
    image = images.decode(samples.read_sample("church"))
    for role in ROLES:
        model = weights.load_model("classroom", role, optimised=False)
        expected = inference.predict(model, image, repeats=1).top[0]
        says = answers(app)["says"][role]
        assert says == f"{100 * expected.probability:.0f}\u00a0% {expected.label}"


def test_a_photo_outside_the_classes_gets_a_warning_that_names_them(open_page):
    app = open_page("pages/run.py", photo="A cat")
    (warning,) = (w.value for w in app.warning if "know ten things only" in w.value)
    assert "tench" in warning
    # On a phone one line stands for it, and opens to the same words.
    (opened,) = (e for e in app.expander if e.markdown and e.markdown[0].value == warning)
    assert len(opened.label) <= len("**Probably none of the ten**")


def test_what_ran_a_network_stands_once_where_it_is_the_same_for_all(open_page):
    app = open_page("pages/run.py", models="baseline")
    assert "in" not in answers(app).columns
    assert "2 threads, OpenVINO, torch" in texts(app) or "1 thread, OpenVINO, torch" in texts(app)


def test_a_column_says_what_ran_each_network_where_that_differs(open_page, monkeypatch):
    real = inference.predict

    def predict(model, *args, **options):
        made = real(model, *args, **options)
        runtime = "folded" if model.name == "depth" else made.latency.runtime
        return replace(made, latency=replace(made.latency, runtime=runtime))

    monkeypatch.setattr(inference, "predict", predict)
    app = open_page("pages/run.py")
    app.button(key="time_again").click().run()
    ran = answers(app)["in"]
    assert ran["depth"] == "PyTorch,\u00a0norms\u00a0folded"
    assert ran["width"] == "OpenVINO"


def test_an_upload_is_run_and_named(open_page):
    app = open_page("pages/run.py")
    buffer = io.BytesIO()
    Image.fromarray(photos.coffee()).save(buffer, "JPEG")
    app.file_uploader(key="upload").upload("cup.jpg", buffer.getvalue()).run()
    assert not app.exception
    assert app.selectbox(key="photo").value == "Your photo"
    tables = [t.value for t in app.table if "weights" in t.value.columns]
    assert [len(table) for table in tables] == [3, 6]


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
    assert "badge[grown]" in table["weights"].iloc[1]
    assert table["says"].iloc[0] == table["says"].iloc[1]
    assert "equal by construction" in texts(app)


@pytest.mark.parametrize("baseline", ["MobileNetV1", "MobileNetV2", "ResNet-50"])
def test_every_baseline_of_the_scale_page_runs_untrained(open_page, baseline):
    app = open_page("pages/run.py", architecture=baseline, models="Scale page: φ = 1")
    assert not app.error
    assert "badge[untrained]" in answers(app)["weights"]["Scale page: φ = 1"]


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


def test_a_network_that_would_take_a_minute_runs_only_when_it_is_chosen(open_page):
    app = open_page("pages/run.py", by="B0-B7", variant="L2")
    models = app.multiselect(key="models")
    assert "L2, grown from the baseline" in models.options
    assert models.value == [f"classroom/{role}" for role in ROLES]
