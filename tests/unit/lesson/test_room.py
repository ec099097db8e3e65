"""The room's rules, and that no vote is lost or counted twice."""

import random
import secrets
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.lesson.folder import tick_s
from effnet_viz.lesson.names import ALPHABET, clean_code, clean_nickname, new_code
from effnet_viz.lesson.room import LIFE_S, MAX_MISSES, MAX_SEATS, MISSES_S, RoomStore

ROOT = Path(__file__).parents[3]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, clock):
    return RoomStore(tmp_path, clock)


@pytest.fixture
def room(store):
    return store.open_room("efficientnet_b0", "before")


def other_code(code: str) -> str:
    return next(c for c in (a * 6 for a in ALPHABET) if c != code)


def test_a_class_votes_and_is_counted(store, room):
    seats = [store.join(room.code, f"n{i}") for i in range(3)]
    assert [joined.seat.number for joined in seats] == [1, 2, 3]
    store.advance(room.code, room.teacher_token, {"q": "open"})
    for joined, value in zip(seats, ("4", "2", "4"), strict=True):
        store.vote(room.code, joined.token, {"q": value})
    assert store.tally(room.code, "q") == {"4": 2, "2": 1}
    assert store.answers_of(room.code, seats[1].token) == {"q": "2"}
    assert [v.value for v in store.votes(room.code, room.teacher_token)] == ["4", "2", "4"]


def test_a_second_vote_replaces_the_first_until_the_question_is_locked(store, room):
    token = store.join(room.code).token
    store.advance(room.code, room.teacher_token, {"q": "open"})
    store.vote(room.code, token, {"q": "2"})
    store.vote(room.code, token, {"q": "4"})
    assert store.tally(room.code, "q") == {"4": 1}
    store.advance(room.code, room.teacher_token, {"q": "locked"})
    with pytest.raises(UserError, match="locked; your answer was not counted"):
        store.vote(room.code, token, {"q": "8"})
    assert store.tally(room.code, "q") == {"4": 1}


def test_several_answers_are_stored_all_or_none(store, room):
    token = store.join(room.code).token
    store.advance(room.code, room.teacher_token, {"a": "open", "b": "locked"})
    with pytest.raises(UserError, match="locked"):
        store.vote(room.code, token, {"a": "1", "b": "2"})
    assert store.answers_of(room.code, token) == {}


def test_nobody_votes_before_a_question_is_open_nor_without_a_seat(store, room):
    token = store.join(room.code).token
    with pytest.raises(UserError, match="not open yet"):
        store.vote(room.code, token, {"q": "1"})
    store.advance(room.code, room.teacher_token, {"q": "open"})
    for stranger in ("", "x" * 22, room.teacher_token):
        with pytest.raises(UserError, match="not in this room"):
            store.vote(room.code, stranger, {"q": "1"})
    with pytest.raises(UserError, match="too long"):
        store.vote(room.code, token, {"q": "1" * 101})
    assert store.tally(room.code, "q") == {}


def test_a_seat_of_another_room_does_not_count_here(store, room):
    elsewhere = store.open_room("resnet_50", "before")
    token = store.join(elsewhere.code).token
    store.advance(room.code, room.teacher_token, {"q": "open"})
    assert store.seat(room.code, token) is None
    with pytest.raises(UserError, match="not in this room"):
        store.vote(room.code, token, {"q": "1"})
    with pytest.raises(UserError, match="Only the teacher's link"):
        store.advance(room.code, elsewhere.teacher_token, {"q": "locked"})


def test_a_late_joiner_and_a_reload_find_what_they_need(store, room, tmp_path, clock):
    store.advance(room.code, room.teacher_token, {"q": "open"})
    store.show(room.code, room.teacher_token, "cost")
    late = store.join(room.code, "late")
    assert store.room(room.code).screen == "cost"
    assert store.room(room.code).phase("q") == "open"
    assert store.room(room.code).phase("other") == "hidden"
    store.vote(room.code, late.token, {"q": "1"})
    again = RoomStore(tmp_path, clock)  # the server was started anew
    assert again.seat(room.code, late.token) == late.seat
    assert again.answers_of(room.code, late.token) == {"q": "1"}
    assert again.is_teacher(room.code, room.teacher_token)


def test_only_the_teachers_link_moves_the_class(store, room):
    student = store.join(room.code).token
    for token in ("", student, room.code):
        for act in (
            lambda t: store.show(room.code, t, "after"),
            lambda t: store.advance(room.code, t, {"q": "open"}),
            lambda t: store.close(room.code, t),
            lambda t: store.votes(room.code, t),
        ):
            with pytest.raises(UserError, match="Only the teacher's link"):
                act(token)
        assert not store.is_teacher(room.code, token)
    assert store.room(room.code).screen == "before"
    assert store.version(room.code) == 0


def test_two_teachers_with_one_link_do_each_other_no_harm(store, room):
    store.advance(room.code, room.teacher_token, {"q": "open"})
    store.advance(room.code, room.teacher_token, {"q": "revealed"})
    for phase in ("open", "locked", "revealed"):
        store.advance(room.code, room.teacher_token, {"q": phase})
    assert store.room(room.code).phase("q") == "revealed"
    assert store.version(room.code) == 5


def test_wrong_and_expired_codes_are_one_sentence(store, room, clock):
    with pytest.raises(UserError, match="no room with this code"):
        store.room(other_code(room.code))
    for nonsense in ("", "12345", "ABCDEFG", "<b>abc", "000000"):
        with pytest.raises(UserError, match="6 characters"):
            store.room(nonsense)
    token = store.join(room.code).token
    clock.now += LIFE_S
    for act in (
        lambda: store.room(room.code),
        lambda: store.join(room.code),
        lambda: store.seat(room.code, token),
        lambda: store.vote(room.code, token, {"q": "1"}),
    ):
        with pytest.raises(UserError, match="had its day"):
            act()


def test_an_expired_room_is_nowhere_in_the_folder(store, room, clock, tmp_path):
    secret = "Nickname-to-find"
    token = store.join(room.code, secret).token
    store.advance(room.code, room.teacher_token, {"q": "open"})
    store.vote(room.code, token, {"q": "an-answer-to-find"})
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert secret.encode() in kept
    assert token.encode() not in kept
    assert room.teacher_token.encode() not in kept
    clock.now += LIFE_S
    assert store.sweep() == 1
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for gone in (secret, "an-answer-to-find", room.code):
        assert gone.encode() not in left, gone


def test_guessing_codes_is_limited_where_it_comes_from(store, room, clock):
    for _ in range(MAX_MISSES):
        with pytest.raises(UserError, match="no room"):
            store.join(other_code(room.code), source="10.0.0.9")
    with pytest.raises(UserError, match="Too many wrong codes"):
        store.join(room.code, source="10.0.0.9")  # even the right one: it would be an answer
    assert store.join(room.code, source="10.0.0.7").seat.number == 1
    clock.now += MISSES_S + 1
    assert store.join(room.code, source="10.0.0.9").seat.number == 2


def test_a_nickname_is_plain_text(store, room):
    typed = "<script>alert('x')</script> **B**[a](b) :red[c] \u202e\x00" + "y" * 90
    name = store.join(room.code, typed).seat.nickname
    assert not set(name) & set("<>*[]():\x00\u202e$`#|")
    assert len(name) <= 24
    assert clean_nickname("  Zoë   O'Neil-Łoś ") == "Zoë O'Neil-Łoś"
    assert clean_nickname("<<>>") == ""
    assert [seat.nickname for seat in store.seats(room.code)] == [name]


def test_codes_can_be_read_aloud(monkeypatch):
    # By real chance two of them are alike once in a thousand times.
    monkeypatch.setattr(secrets, "choice", random.Random(0).choice)
    codes = {new_code() for _ in range(500)}
    assert len(codes) == 500
    assert not set("".join(codes)) & set("0O1IL2Z5S8BUV")
    code = codes.pop()
    assert clean_code(f" {code[:3].lower()}-{code[3:]} ") == code


def test_a_full_room_says_so(store, room):
    for _ in range(MAX_SEATS):
        store.join(room.code)
    with pytest.raises(UserError, match="full"):
        store.join(room.code)


def test_a_closed_room_takes_everything_with_it(store, room):
    token = store.join(room.code).token
    store.advance(room.code, room.teacher_token, {"q": "open"})
    store.vote(room.code, token, {"q": "1"})
    store.close(room.code, room.teacher_token)
    with sqlite3.connect(store.path) as db:
        for table in ("rooms", "seats", "questions", "votes"):
            assert db.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (0,)


def test_a_folder_that_cannot_be_used_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResourceError, match="EFFNET_VIZ_ROOMS"):
        RoomStore(tmp_path / "file")
    (tmp_path / "rooms.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(ResourceError, match="EFFNET_VIZ_ROOMS"):
        RoomStore(tmp_path)


def test_sixty_seats_vote_at_once_again_and_again_and_none_is_lost_or_doubled(tmp_path):
    store = RoomStore(tmp_path)
    room = store.open_room("efficientnet_b0", "before")
    with ThreadPoolExecutor(60) as pool:
        tokens = [j.token for j in pool.map(lambda _: store.join(room.code), range(60))]
        for number in range(100):
            question = f"q{number}"
            store.advance(room.code, room.teacher_token, {question: "open"})
            together = threading.Barrier(60)

            def answer(seat, question=question, together=together):
                together.wait()
                store.vote(room.code, tokens[seat], {question: str(seat)})

            list(pool.map(answer, range(60)))
            store.advance(room.code, room.teacher_token, {question: "locked"})
            assert store.tally(room.code, question) == {str(seat): 1 for seat in range(60)}
    assert store.room(room.code).seats == 60
    assert len(store.votes(room.code, room.teacher_token)) == 100 * 60


VOTER = """
import sys, threading
from pathlib import Path
from effnet_viz.lesson.room import RoomStore

folder, code, *tokens = sys.argv[1:]
store = RoomStore(Path(folder))

def answer(token):
    for number in range(10_000):
        store.vote(code, token, {f"q{number % 7}": f"{token[:6]} {number}"})
        sys.stdout.write(f"{token} q{number % 7} {number}\\n")
        sys.stdout.flush()

for token in tokens:
    threading.Thread(target=answer, args=(token,)).start()
"""


def test_a_server_killed_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path):
    store = RoomStore(tmp_path)
    room = store.open_room("efficientnet_b0", "before")
    questions = {f"q{number}": "open" for number in range(7)}
    store.advance(room.code, room.teacher_token, questions)
    tokens = [store.join(room.code).token for _ in range(8)]
    acknowledged: dict[tuple[str, str], int] = {}
    for wanted in (1, 60, 300):
        voter = subprocess.Popen(
            [sys.executable, "-c", VOTER, str(tmp_path), room.code, *tokens],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert voter.stdout is not None
        acknowledged.clear()
        for line in voter.stdout:
            if not line.endswith("\n"):
                break  # cut off by the kill
            token, question, number = line.split()
            acknowledged[token, question] = int(number)
            wanted -= 1
            if not wanted:
                voter.kill()  # SIGKILL; what is in the pipe was acknowledged too
        voter.wait()
        again = RoomStore(tmp_path)
        with sqlite3.connect(again.path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert all(again.seat(room.code, token) for token in tokens)
        for (token, question), number in acknowledged.items():
            kept = again.answers_of(room.code, token)[question]
            assert int(kept.split()[-1]) >= number  # a later one may have been on its way
        assert acknowledged


@pytest.mark.parametrize(("named", "seconds"), [("2.5", 2.5), ("often", 1), ("0", 1), ("nan", 1)])
def test_how_often_a_screen_looks_can_be_named(monkeypatch, named, seconds):
    monkeypatch.setenv("EFFNET_VIZ_TICK_S", named)
    assert tick_s() == seconds
