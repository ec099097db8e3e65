"""The room's store: who may do what, and when; votes are rows.

One SQLite file in WAL mode. Every call opens its own connection, so any number of threads and
processes may share the file; every change is one transaction, on the disk before the call returns
(``synchronous=FULL``). A room and all that belongs to it is deleted a day after it was opened, and
overwritten where it lay.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.lesson.names import (
    clean_code,
    clean_nickname,
    fingerprint,
    new_code,
    new_token,
)
from effnet_viz.lesson.schema import SCHEMA

Phase = Literal["hidden", "open", "locked", "revealed"]
PHASES: tuple[Phase, ...] = ("hidden", "open", "locked", "revealed")

FILE_NAME = "rooms.sqlite3"
LIFE_S = 24 * 3600
MAX_ROOMS, MAX_SEATS = 500, 200
MAX_VALUE_LENGTH = 100

#: Wrong codes that one address may try within `MISSES_S` seconds: a class that mistypes stays below
#: it, and at this rate a day finds a given room once in three thousand.
MAX_MISSES, MISSES_S = 30, 60.0

#: A writer waits so long for others before it gives up.
BUSY_S = 30.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A new room: its code for everybody, and the token that makes a link the teacher's."""

    code: str
    teacher_token: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A student's place: a number from 1 in the order of coming, and a nickname, perhaps empty."""

    number: int
    nickname: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A new seat and the token that finds it again."""

    seat: Seat
    token: str


@dataclass(frozen=True, slots=True)
class RoomState:
    """Where a class stands. ``version`` grows with everything the teacher does; a question that is
    not in ``phases`` is hidden."""

    code: str
    base: str
    screen: str
    version: int
    seats: int
    expires: float
    phases: Mapping[str, Phase]

    def phase(self, question: str) -> Phase:
        """The phase of a question."""
        return self.phases.get(question, "hidden")


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer: seconds since 1970 in ``at``."""

    question: str
    seat: int
    nickname: str
    value: str
    at: float


class RoomStore:
    """The rooms of one folder. Every method may be called from any thread.

    Methods raise UserError for what a person did wrong (an unknown code, a locked question) and
    ResourceError where the folder cannot be used. ``clock`` gives seconds since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = folder / FILE_NAME
        self._clock = clock
        self._writing = threading.Lock()  # threads in line wait less than SQLite's own retries do
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResourceError(
                f"Rooms cannot be kept in {folder} ({error.strerror}); set EFFNET_VIZ_ROOMS to a "
                "folder that can be written."
            ) from error
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
        # Idle, and only so that no other is the last one: the last to close writes everything back.
        self._idle = sqlite3.connect(self.path, check_same_thread=False)
        self._idle.execute("SELECT COUNT(*) FROM rooms").fetchone()
        self.sweep()

    def open_room(self, base: str, screen: str) -> Opened:
        """A new room for a lesson on the baseline ``base``, which begins at ``screen``."""
        self.sweep()
        now, token = self._clock(), new_token()
        with self._change() as db:
            if db.execute("SELECT COUNT(*) FROM rooms").fetchone()[0] >= MAX_ROOMS:
                raise UserError("There are too many rooms just now; try again later.")
            while True:
                code = new_code()
                done = db.execute(
                    "INSERT INTO rooms VALUES (?, ?, ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
                    (code, fingerprint(token), base, screen, now, now + LIFE_S),
                )
                if done.rowcount:
                    return Opened(code, token)

    def room(self, code: str) -> RoomState:
        """Where the class stands. Raises UserError where there is no such room, or no more."""
        with self._connection() as db:
            row = self._room_row(db, code)
            seats = db.execute("SELECT COUNT(*) FROM seats WHERE room = ?", (row["code"],))
            phases = db.execute(
                "SELECT question, phase FROM questions WHERE room = ?", (row["code"],)
            )
            return RoomState(
                code=row["code"],
                base=row["base"],
                screen=row["screen"],
                version=row["version"],
                seats=seats.fetchone()[0],
                expires=row["expires"],
                phases=dict(phases),
            )

    def version(self, code: str) -> int:
        """A number that grows with everything the teacher does. Raises as `room`."""
        with self._connection() as db:
            return int(self._room_row(db, code)["version"])

    def is_teacher(self, code: str, token: str) -> bool:
        """Whether a link's token is the teacher's. Raises as `room`."""
        with self._connection() as db:
            return bool(self._room_row(db, code)["teacher"] == fingerprint(token))

    def join(self, code: str, nickname: str = "", source: str = "") -> Joined:
        """A new seat. ``source`` is the visitor's address, for the limit on wrong codes.

        Raises UserError for a wrong code, a full room, or too many wrong codes from there.
        """
        now, token, name = self._clock(), new_token(), clean_nickname(nickname)
        wrong: UserError | None = None
        with self._change() as db:
            recent = db.execute(
                "SELECT COUNT(*) FROM misses WHERE source = ? AND at > ?", (source, now - MISSES_S)
            )
            if recent.fetchone()[0] >= MAX_MISSES:
                raise UserError("Too many wrong codes came from here; wait a minute, then try.")
            try:
                room = self._room_row(db, code)["code"]
            except UserError as error:
                db.execute("INSERT INTO misses VALUES (?, ?)", (source, now))
                wrong = error  # raised below: an exception here would take the row back
            else:
                taken = db.execute("SELECT COUNT(*) FROM seats WHERE room = ?", (room,))
                number = taken.fetchone()[0] + 1
                if number > MAX_SEATS:
                    raise UserError(f"This room is full: it has {MAX_SEATS} seats.")
                db.execute(
                    "INSERT INTO seats VALUES (?, ?, ?, ?, ?)",
                    (room, number, fingerprint(token), name, now),
                )
        if wrong is not None:
            raise wrong
        return Joined(Seat(number, name), token)

    def seat(self, code: str, token: str) -> Seat | None:
        """The seat of a link's token; None where this room has none. Raises as `room`."""
        with self._connection() as db:
            return self._seat_of(db, self._room_row(db, code)["code"], token)

    def seats(self, code: str) -> tuple[Seat, ...]:
        """Everybody in the room, in the order of coming. Raises as `room`."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT number, nickname FROM seats WHERE room = ? ORDER BY number",
                (self._room_row(db, code)["code"],),
            )
            return tuple(Seat(row["number"], row["nickname"]) for row in rows)

    def show(self, code: str, token: str, screen: str) -> None:
        """The teacher moves the class to a screen. Raises UserError for another's token."""
        with self._teaching(code, token) as (db, room):
            db.execute("UPDATE rooms SET screen = ? WHERE code = ?", (screen, room))

    def advance(self, code: str, token: str, questions: Mapping[str, Phase]) -> None:
        """The teacher opens, locks or reveals questions, all at once.

        A question only goes forward, so that it does no harm where two teachers, or one twice,
        press the same button. Raises UserError for another's token.
        """
        with self._teaching(code, token) as (db, room):
            for question, phase in questions.items():
                there = db.execute(
                    "SELECT phase FROM questions WHERE room = ? AND question = ?", (room, question)
                ).fetchone()
                before = there["phase"] if there else "hidden"
                if PHASES.index(phase) > PHASES.index(before):
                    db.execute(
                        "INSERT INTO questions VALUES (?, ?, ?) ON CONFLICT (room, question) "
                        "DO UPDATE SET phase = excluded.phase",
                        (room, question, phase),
                    )

    def vote(self, code: str, token: str, answers: Mapping[str, str]) -> None:
        """A seat's answers by question, all or none; a later answer takes an earlier one's place.

        On the disk when this returns. Raises UserError where a question is not open, the token has
        no seat here, or an answer is too long.
        """
        now = self._clock()
        with self._change() as db:
            room = self._room_row(db, code)["code"]
            seat = self._seat_of(db, room, token)
            if seat is None:
                raise UserError("Your seat is not in this room; join it with its code.")
            for question, value in answers.items():
                if len(value) > MAX_VALUE_LENGTH:
                    raise UserError("This answer is too long.")
                there = db.execute(
                    "SELECT phase FROM questions WHERE room = ? AND question = ?", (room, question)
                ).fetchone()
                if there is None or there["phase"] != "open":
                    when = "not open yet" if there is None else "locked"
                    raise UserError(f"The question is {when}; your answer was not counted.")
                db.execute(
                    "INSERT INTO votes VALUES (?, ?, ?, ?, ?) ON CONFLICT (room, question, seat) "
                    "DO UPDATE SET value = excluded.value, at = excluded.at",
                    (room, question, seat.number, value, now),
                )

    def tally(self, code: str, question: str) -> Mapping[str, int]:
        """How many seats gave each answer, by answer; counted, not remembered. Raises as `room`."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT value, COUNT(*) FROM votes WHERE room = ? AND question = ? GROUP BY value",
                (self._room_row(db, code)["code"], question),
            )
            return dict(rows)

    def answers_of(self, code: str, token: str) -> Mapping[str, str]:
        """A seat's own answers by question; empty without a seat. Raises as `room`."""
        with self._connection() as db:
            room = self._room_row(db, code)["code"]
            seat = self._seat_of(db, room, token)
            rows = db.execute(
                "SELECT question, value FROM votes WHERE room = ? AND seat = ?",
                (room, seat.number if seat else 0),
            )
            return dict(rows)

    def votes(self, code: str, token: str) -> tuple[Vote, ...]:
        """Every answer, by seat and time, for the teacher. Raises UserError for another's token."""
        with self._connection() as db:
            row = self._room_row(db, code)
            self._must_teach(row, token)
            found = db.execute(
                "SELECT question, seat, nickname, value, at FROM votes JOIN seats "
                "ON seats.room = votes.room AND seats.number = votes.seat "
                "WHERE votes.room = ? ORDER BY seat, at, question",
                (row["code"],),
            )
            return tuple(Vote(*vote) for vote in found)

    def close(self, code: str, token: str) -> None:
        """The teacher ends the room: everything of it is deleted now. Raises as `show`."""
        with self._teaching(code, token) as (db, room):
            db.execute("DELETE FROM rooms WHERE code = ?", (room,))
        self._forget()

    def sweep(self) -> int:
        """Delete every room that has had its day, and old misses; how many rooms went."""
        now = self._clock()
        with self._change() as db:
            gone = db.execute("DELETE FROM rooms WHERE expires <= ?", (now,)).rowcount
            db.execute("DELETE FROM misses WHERE at <= ?", (now - MISSES_S,))
        if gone:
            self._forget()
        return gone

    def _forget(self) -> None:
        """Empty the write-ahead log too: what was deleted is then nowhere in the folder."""
        with self._connection() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _room_row(self, db: sqlite3.Connection, code: str) -> sqlite3.Row:
        row: sqlite3.Row | None = db.execute(
            "SELECT * FROM rooms WHERE code = ?", (clean_code(code),)
        ).fetchone()
        if row is None:
            raise UserError("There is no room with this code; look at the teacher's screen again.")
        if row["expires"] <= self._clock():
            raise UserError("This room has had its day and is closed; ask for a new code.")
        return row

    def _seat_of(self, db: sqlite3.Connection, room: str, token: str) -> Seat | None:
        row = db.execute(
            "SELECT number, nickname FROM seats WHERE token = ? AND room = ?",
            (fingerprint(token), room),
        ).fetchone()
        return Seat(row["number"], row["nickname"]) if row else None

    def _must_teach(self, row: sqlite3.Row, token: str) -> None:
        if row["teacher"] != fingerprint(token):
            raise UserError("Only the teacher's link can do this.")

    @contextmanager
    def _teaching(self, code: str, token: str) -> Iterator[tuple[sqlite3.Connection, str]]:
        with self._change() as db:
            row = self._room_row(db, code)
            self._must_teach(row, token)
            db.execute("UPDATE rooms SET version = version + 1 WHERE code = ?", (row["code"],))
            yield db, row["code"]

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is on the disk afterwards, or, after an exception, none."""
        with self._writing, self._connection() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            try:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("PRAGMA secure_delete = ON")
                yield db
            finally:
                db.close()
        except sqlite3.Error as error:
            raise ResourceError(
                f"The class's answers cannot be kept in {self.path} ({error}); set "
                "EFFNET_VIZ_ROOMS to a folder that can be written."
            ) from error
