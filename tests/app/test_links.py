"""A reload, or a link sent to somebody, shows what its sender saw."""

import io

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.app.conftest import APP, texts

CHOICES = {
    "φ": ({"phi": "2.5"}, "φ = 2.5"),
    "multipliers": ({"by": "d, w, r", "depth": "1.5", "width": "1.2", "px": "160"},
                    "d 1.5, w 1.2, 160 px"),
    "a variant": ({"by": "B0-B7", "variant": "B3"}, "B3"),
    "another baseline": ({"architecture": "MobileNetV2", "phi": "2"}, "φ = 2"),
}  # fmt: skip


def everything(app: AppTest) -> str:
    models = [option for select in app.multiselect for option in select.options]
    pills = [option for group in app.button_group for option in group.options]
    tables = [str(table.value) for table in app.table]
    return "\n".join([texts(app), *models, *map(str, pills), *tables])


@pytest.mark.parametrize("page", ["anatomy", "run", "benchmark"])
@pytest.mark.parametrize(("query", "name"), CHOICES.values(), ids=CHOICES)
def test_the_scale_pages_network_survives_a_walk_and_a_reload(open_page, page, query, name):
    walked = open_page(**query)
    walked.query_params.clear()  # as a browser does on the way to another page
    walked.switch_page(f"pages/{page}.py").run().run()
    assert not walked.exception
    assert name in everything(walked)

    reloaded = AppTest.from_file(str(APP), default_timeout=60)
    for key, value in walked.query_params.items():
        reloaded.query_params[key] = value
    reloaded.switch_page(f"pages/{page}.py").run()
    assert not reloaded.exception
    assert everything(reloaded) == everything(walked)

    back = reloaded.switch_page("pages/scale.py").run()
    assert not back.exception
    key, value = next(iter(query.items()))
    if key == "phi":
        assert back.slider(key="phi").value == float(value)


@pytest.mark.parametrize(
    "query", [{"phi": "9"}, {"phi": "100"}, {"alpha": "0.9"},
              {"by": "d, w, r", "depth": "10"}, {"by": "d, w, r", "px": "2000"}],
)  # fmt: skip
def test_what_no_slider_can_show_is_left_out_on_every_page(open_page, query):
    """The Scale page leaves it out; a page that showed it led to sliders that cannot."""
    app = open_page("pages/anatomy.py", **query)
    key = list(query)[-1]
    assert key not in app.query_params
    assert not app.error
    back = app.switch_page("pages/scale.py").run()
    assert not back.exception
    assert everything(back)


@pytest.mark.parametrize("page", ["run", "compare"])
def test_a_private_photo_leaves_no_trace_in_the_link_and_its_absence_is_said(open_page, page):
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(picture, "PNG")
    app = open_page(f"pages/{page}.py", shown="true")
    app.file_uploader(key="upload").upload("my holiday.png", picture.getvalue()).run()
    assert app.selectbox(key="photo").value == "Your photo"
    assert not any("holiday" in str(value) for value in app.query_params.values())
    assert "somebody's own" not in texts(app)

    elsewhere = open_page(f"pages/{page}.py", shown="true", photo="Your photo")
    assert "neither a link nor a reload keeps" in texts(elsewhere)
    elsewhere.selectbox(key="photo").select("church").run()
    assert "somebody's own" not in texts(elsewhere)


@pytest.mark.parametrize("variant", ["b4", "B4"])
def test_a_link_may_name_options_in_any_case(open_page, variant):
    app = open_page(by="b0-b7", variant=variant)
    assert app.button_group(key="variant").value == "b4"
    assert dict(app.query_params) == {"by": "B0-B7", "variant": "B4"}
