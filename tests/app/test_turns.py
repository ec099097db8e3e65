"""Visitors take turns at the engine, see their place in line, and free it when they go."""

import contextlib
import gc
import threading
from dataclasses import replace

from streamlit.testing.v1 import AppTest

from effnet_viz.engine import weights
from effnet_viz.ui.shared import engine


def asks_for_a_turn() -> None:
    import streamlit as st

    from effnet_viz.ui.shared.engine import my_turn

    with my_turn("cpu"), my_turn("cpu"):
        st.text("served")


def test_who_waits_sees_the_place_and_is_served_then(monkeypatch):
    engine.begin_loading()
    engine.loaded()
    lane = engine._lane(False)
    told, go_on = [], threading.Event()
    place = type(lane.turn()).place

    def seen(turn):
        told.append(place.fget(turn).in_words())
        go_on.set()
        return place.fget(turn)

    monkeypatch.setattr(type(lane.turn()), "place", property(seen))

    def others() -> None:
        with lane.turn() as turn:
            assert turn.wait(30)
            taken.set()
            assert go_on.wait(30)

    taken = threading.Event()
    before = [threading.Thread(target=others) for _ in range(lane.slots)]
    for thread in before:
        thread.start()
    assert taken.wait(30)
    while lane.waiting:  # until all slots are taken
        pass
    app = AppTest.from_function(asks_for_a_turn, default_timeout=60).run()
    for thread in before:
        thread.join(30)
    assert [text.value for text in app.text] == ["served"]
    assert told[0].startswith(f"{lane.slots} before you")
    assert not app.info  # the line about the place has gone


def test_a_visit_that_fails_in_its_turn_frees_it():
    def fails() -> None:
        from effnet_viz.ui.shared.engine import my_turn

        with my_turn("cpu"):
            raise ZeroDivisionError

    for _ in range(3):
        assert AppTest.from_function(fails, default_timeout=60).run().exception
    app = AppTest.from_function(asks_for_a_turn, default_timeout=60).run()
    assert [text.value for text in app.text] == ["served"]


def test_what_is_loaded_for_good_is_out_of_the_collectors_rounds(monkeypatch):
    gc.unfreeze()  # what other tests have taken out
    monkeypatch.setattr(engine, "_LOADING", type(engine._LOADING)())
    engine.loaded()
    assert gc.get_freeze_count() > 100_000  # torch alone makes more objects than that


def test_a_download_takes_nobodys_turn(open_page, monkeypatch):
    """On Run and on Compare; whoever waits for a slow server holds no part of the engine."""
    from effnet_viz.engine import published
    from effnet_viz.errors import ResourceError
    from effnet_viz.ui.shared import engine as shared

    waiting, held = [], []
    turn = shared.my_turn

    @contextlib.contextmanager
    def counted(*args, **kwargs):
        held.append(1)
        try:
            with turn(*args, **kwargs):
                yield
        finally:
            held.pop()

    def slow(name, on_progress):
        waiting.append((name, len(held)))
        on_progress(2**20, 2**21)
        raise ResourceError(f"{name} cannot be had.")

    monkeypatch.setattr("effnet_viz.ui.run.views.my_turn", counted)
    monkeypatch.setattr("effnet_viz.ui.compare.gallery.my_turn", counted)
    monkeypatch.setattr("effnet_viz.ui.shared.cache.my_turn", counted)
    monkeypatch.setattr(published, "is_fetched", lambda _: False)
    loader = replace(weights.LOADERS["imagenet"], fetch=slow)
    monkeypatch.setattr(weights, "LOADERS", {**weights.LOADERS, "imagenet": loader})
    app = open_page("pages/run.py", models="ImageNet b1")
    assert [e.value for e in app.error if "b1 cannot be had." in e.value]
    compare = open_page("pages/compare.py", shown="true", family="EfficientNet on ImageNet")
    assert not compare.exception
    assert {name for name, _ in waiting} >= {"b0", "b1"}
    assert {count for _, count in waiting} == {0}
