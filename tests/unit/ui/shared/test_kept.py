import threading
import tracemalloc

import pytest

from effnet_viz.engine.images import Square
from effnet_viz.engine.requests import Look, MapRequest, ModelRef, PhotoFile, PredictRequest
from effnet_viz.ui.shared.kept import KeptWithin


def fill(kept, key, size, made):
    return kept.get(key, lambda: made.append(key) or f"value {key}", lambda _: size)


def test_a_kept_value_is_not_made_again():
    kept, made = KeptWithin(100), []
    assert fill(kept, "a", 40, made) == fill(kept, "a", 40, made) == "value a"
    assert made == ["a"]
    assert kept.held_bytes == 40


def test_the_longest_unused_goes_first():
    kept, made = KeptWithin(100), []
    for key in ("a", "b", "a", "c"):  # b has been unused for longest when c needs room
        fill(kept, key, 40, made)
    fill(kept, "a", 40, made)
    assert made == ["a", "b", "c"]
    fill(kept, "b", 40, made)
    assert made == ["a", "b", "c", "b"]
    assert kept.held_bytes == 80


def test_what_is_larger_than_the_limit_is_handed_out_only():
    kept, made = KeptWithin(100), []
    fill(kept, "a", 60, made)
    assert fill(kept, "huge", 101, made) == "value huge"
    fill(kept, "a", 60, made)
    assert made == ["a", "huge"]
    assert kept.held_bytes == 60


def test_one_thread_makes_what_many_ask_for():
    kept, made, asked = KeptWithin(100), [], threading.Barrier(8)
    go_on = threading.Event()

    def make():
        made.append(threading.get_ident())
        go_on.wait(30)
        return "value"

    def ask():
        asked.wait(30)
        answers.append(kept.get("key", make, lambda _: 1))

    answers: list[str] = []
    threads = [threading.Thread(target=ask) for _ in range(7)]
    for thread in threads:
        thread.start()
    asked.wait(30)
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert answers == ["value"] * 7
    assert len(made) == 1


def test_where_making_fails_the_next_one_tries():
    kept = KeptWithin(100)

    def fails():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get("key", fails, lambda _: 1)
    assert kept.get("key", lambda: "made", lambda _: 1) == "made"


def test_an_answer_about_a_photo_does_not_keep_the_photo():
    kept, made = KeptWithin(100), []
    data = bytes(2**22)
    tracemalloc.start()
    try:
        for number in range(8):
            photo = PhotoFile(str(number), bytes(bytearray(data)))
            look = Look(photo, Square(0, 0, 9), ModelRef("classroom/depth", "cpu"))
            for key in (photo, look, MapRequest(look), PredictRequest(photo, look.model)):
                fill(kept, key, 1, made)
            assert kept.find(MapRequest(look)) is not None
            del photo, look, key
        made.clear()
        assert tracemalloc.get_traced_memory()[0] < len(data)
    finally:
        tracemalloc.stop()
