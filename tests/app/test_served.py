"""A class's server: its address in the sidebar, a log in lines of JSON without a photo in it."""

import json
import logging

import pytest

from effnet_viz.engine.serving.address import ADDRESS_VARIABLE
from effnet_viz.ui.frame import served


def test_the_sidebar_shows_how_to_join_on_a_class_s_server_only(open_page, monkeypatch):
    assert not [e for e in open_page().sidebar.expander if "Join" in e.label]
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://192.168.1.5:8501")
    (joining,) = [e for e in open_page().sidebar.expander if "Join" in e.label]
    assert joining.markdown[0].value == "**http://192.168.1.5:8501**"


def test_an_error_is_one_line_with_the_photo_s_hash_and_nothing_else_of_it():
    served.note_photo("ab" * 32)
    with pytest.raises(ZeroDivisionError) as raised:
        1 / 0  # noqa: B018
    record = logging.LogRecord(
        "streamlit", logging.ERROR, __file__, 1, "Uncaught app execution",
        None, (type(raised.value), raised.value, raised.tb),
    )  # fmt: skip
    text = served.JsonLines().format(record)
    assert "\n" not in text
    line = json.loads(text)
    assert line["photo"] == "ab" * 32
    assert line["level"] == "ERROR"
    assert "ZeroDivisionError" in line["error"]
    assert line["time"].endswith("+00:00")
