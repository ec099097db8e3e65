"""What the tests of the Compare page share: its links, what it says, and the networks."""

import re

import pytest
import streamlit as st

from effnet_viz.engine import images, weights
from effnet_viz.evidence import samples
from effnet_viz.scaling.families import ROLES

PAGE = "pages/compare.py"
#: A picture of one thing, shown without a guess before.
GOLF = {"photo": "Golf ball"}
SHOWN = {"look_guess": "Just show me"} | GOLF
#: A network of the visitor's own, grown from a shipped one.
GROWN = {"family": "Yours, from the Scale page", "architecture": "Classroom baseline",
         "by": "d, w, r", "depth": "2", "width": "1.5"}  # fmt: skip


def captions(app, titles=ROLES):
    found = {}
    for title in titles:
        for markdown in app.markdown:
            if re.match(rf"\*\*{re.escape(title)}( · \w+)?\*\*  \n", markdown.value):
                found[title] = markdown.value
    return found


def alts(app):
    return [picture.alt for image in app.get("image") for picture in image.proto.imgs]


def hints(app):
    return "\n".join(markdown.proto.help for markdown in app.markdown)


def table(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


@pytest.fixture(scope="module")
def baseline():
    return weights.load_model("classroom", "baseline", optimised=False)


@pytest.fixture(scope="module")
def golf_ball():
    return images.decode(samples.read_sample("golf-ball"))


@pytest.fixture(scope="module")
def shown(open_page):
    """The page with the maps of the golf ball; to be looked at, never touched."""
    return open_page(PAGE, **SHOWN)


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No published weights on this machine, and no way to them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")


@pytest.fixture
def own_caches():
    """What this test loads and computes is seen by no other."""
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def wait_for_job(app, slot):
    running = app.session_state[f"job_{slot}"]  # None where it was done before the page was
    if running is not None:
        assert running[1].wait(120)
        app.run()
    assert not app.exception
    assert not app.session_state[f"problem_{slot}"]
