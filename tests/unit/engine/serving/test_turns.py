import threading

import pytest

from effnet_viz.engine.serving import turns
from effnet_viz.engine.serving.turns import Lane, Place


class GoneError(Exception):
    """The visitor has gone."""


def leave() -> None:
    raise GoneError


def test_as_many_as_there_are_slots_run_and_the_others_see_their_place():
    lane = Lane(2)
    with lane.turn() as first, lane.turn() as second:
        assert first.wait(0)
        assert second.wait(0)
        with lane.turn() as third, lane.turn() as fourth:
            assert not third.wait(0)
            assert (third.place.ahead, fourth.place.ahead) == (2, 3)
            assert fourth.place.in_words() == "3 before you"
            assert lane.waiting == 2


def test_turns_come_in_the_order_in_which_they_were_asked_for():
    lane, order = Lane(1), []
    entered = [threading.Event() for _ in range(5)]

    def visit(number: int) -> None:
        with lane.turn() as turn:
            entered[number].set()
            assert turn.wait(30)
            order.append(number)

    with lane.turn() as first:
        assert first.wait(0)
        threads = []
        for number in range(5):
            threads.append(threading.Thread(target=visit, args=(number,)))
            threads[-1].start()
            assert entered[number].wait(30)
    for thread in threads:
        thread.join(30)
    assert order == [0, 1, 2, 3, 4]


def test_who_leaves_frees_the_place():
    lane = Lane(1)
    with lane.turn() as first:
        with pytest.raises(GoneError), lane.turn():
            leave()
        with lane.turn() as last:
            assert last.place.ahead == 1
            assert not last.wait(0)
    with pytest.raises(GoneError), lane.turn():
        leave()  # while it was their turn
    with lane.turn() as after:
        assert after.wait(0)
    assert first.place == Place(0, 0.0)


def test_the_wait_is_told_from_the_last_turns(monkeypatch):
    clock = iter([0.0, 2.0, 10.0, 14.0, *[20.0] * 9])
    monkeypatch.setattr(turns.time, "monotonic", lambda: next(clock))
    lane = Lane(1)
    for _ in range(2):  # 2 s and 4 s
        with lane.turn():
            pass
    with lane.turn(), lane.turn(), lane.turn() as third:
        assert third.place == Place(2, 6.0)
        assert third.place.in_words() == "2 before you, about 6 s"


@pytest.mark.parametrize(
    ("cores", "threads", "slots"), [(2, 1, 2), (2, 2, 1), (8, 2, 4), (2, 4, 1), (1, 1, 1)]
)
def test_threads_times_turns_stay_within_the_cores(monkeypatch, cores, threads, slots):
    monkeypatch.setattr(turns, "cores", lambda: cores)
    assert turns.slots_for(threads) == slots
    assert turns.slots_for(threads, gpu=True) == 1


def test_a_lane_without_a_slot_is_refused():
    with pytest.raises(ValueError, match="at least one slot"):
        Lane(0)
