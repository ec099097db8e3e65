"""What ``app`` hands to Streamlit; that it serves is tested where it is installed."""

import os

import pytest

from effnet_viz.__main__ import main
from effnet_viz.cli import app
from effnet_viz.engine.serving.address import ADDRESS_VARIABLE


@pytest.fixture
def started(monkeypatch):
    """What Streamlit was asked to do, one list of arguments a start."""
    calls: list[list[str]] = []
    monkeypatch.setattr(app.streamlit, "main", lambda arguments, **_: calls.append(arguments))
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return calls


def test_for_one_person_streamlit_s_own_defaults_hold(started):
    assert main(["app"]) == 0
    (arguments,) = started
    assert arguments[0] == "run"
    assert arguments[1].endswith("app.py")
    assert arguments[2:] == []


def test_for_a_class_the_server_is_reachable_and_the_address_is_printed(started, capsys):
    assert main(["app", "--class", "--port", "8600"]) == 0
    (arguments,) = started
    for flag in (
        "--server.port=8600",
        "--server.address=0.0.0.0",
        "--server.headless=true",
        "--server.fileWatcherType=none",
        "--server.enableXsrfProtection=true",
        "--server.enableCORS=true",
        "--client.showErrorDetails=none",
        "--browser.gatherUsageStats=false",
    ):
        assert flag in arguments
    address = f"http://{app.lan_address()}:8600"
    assert f"Open {address} on every device" in capsys.readouterr().out
    assert os.environ[ADDRESS_VARIABLE] == address


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_cannot_be_is_one_sentence(started, capsys, port):
    assert main(["app", "--port", port]) == 2
    assert "--port must be between 1 and 65535" in capsys.readouterr().err
    assert not started
