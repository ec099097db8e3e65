"""Where a visitor stands: alone, on a seat, or as the teacher.

A seat's and a teacher's token is kept for the visit and in the browser, as a cookie for a day: a
reload, a new tab and a second look at the QR picture find the same seat. Links on screen carry the
room's code alone, so that a link that is passed on gives nobody's place away.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.folder import data_folder
from effnet_viz.lesson.items import MOMENTS
from effnet_viz.lesson.names import clean_code
from effnet_viz.lesson.room import LIFE_S, Phase, RoomState, RoomStore, Seat
from effnet_viz.lesson.steps import SCREENS
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, ArchitectureSpec

Role = Literal["seat", "teacher"]

#: Expired rooms go within this time, visitors or not.
SWEEP_EVERY_S = 600.0

#: The names in the link.
ROOM, SCREEN = "room", "lesson"

_SOLO, _HERE = "_lesson_alone", "_lesson_room"

_KEEP_COOKIES = """
export default function ({ data }) {
  for (const [name, value] of Object.entries(data)) {
    const kept = value ? `max-age=${60 * 60 * 24}` : "max-age=0";
    document.cookie = `${name}=${value}; path=/; ${kept}; SameSite=Lax`;
  }
}
"""
_cookies = st.components.v2.component("effnet_viz_lesson_cookies", js=_KEEP_COOKIES)


@st.cache_resource(show_spinner=False)
def store() -> RoomStore:
    """The rooms of this server. Raises ResourceError where its folder cannot be used."""
    rooms = RoomStore(data_folder())

    def keep_swept() -> None:
        while True:
            time.sleep(SWEEP_EVERY_S)
            rooms.sweep()

    threading.Thread(target=keep_swept, name="rooms", daemon=True).start()
    return rooms


class Place(Protocol):
    """What a screen asks of where its visitor stands; values are as `answers.written` wrote."""

    @property
    def base(self) -> ArchitectureSpec:
        """The network on screen."""

    @property
    def seat(self) -> int:
        """The seat's number; it decides which form of the test comes first."""

    def phase(self, question: str) -> Phase:
        """The phase of a question, for this visitor."""

    def answer(self, question: str) -> str | None:
        """The visitor's own answer."""

    def send(self, answers: Mapping[str, str]) -> None:
        """Keep answers. Raises UserError where a question is not open."""

    def tally(self, question: str) -> Mapping[str, int]:
        """The class's answers; empty for one person."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One person: what is sent is locked, and revealed at once. Kept for the visit only."""

    base: ArchitectureSpec = EFFICIENTNET_B0
    seat: int = 1
    kept: dict[str, str] = field(default_factory=dict)

    def phase(self, question: str) -> Phase:
        """Open until answered."""
        return "revealed" if self._name(question) in self.kept else "open"

    def answer(self, question: str) -> str | None:
        """The visitor's own answer."""
        return self.kept.get(self._name(question))

    def send(self, answers: Mapping[str, str]) -> None:
        """Keep answers; the first one counts."""
        for question, value in answers.items():
            if self.phase(question) != "open" and not question.startswith("budget"):
                raise UserError("You have locked your answer to this question.")
            self.kept[self._name(question)] = value

    def tally(self, question: str) -> Mapping[str, int]:  # noqa: ARG002
        """Nobody else is here."""
        return {}

    def _name(self, question: str) -> str:
        """Answers about a network belong to it; a test's and a bid's do not."""
        free = question.startswith("budget") or question.partition(".")[0] in MOMENTS
        return question if free else f"{question}@{self.base.name}"


@dataclass(frozen=True, slots=True)
class OnSeat:
    """A student: the room as it was when this run began."""

    state: RoomState
    place: Seat
    token: str
    answers: Mapping[str, str]

    @property
    def base(self) -> ArchitectureSpec:
        """The network that the teacher chose."""
        return ARCHITECTURES.get(self.state.base, EFFICIENTNET_B0)

    @property
    def seat(self) -> int:
        """The seat's number."""
        return self.place.number

    def phase(self, question: str) -> Phase:
        """As the teacher says."""
        return self.state.phase(question)

    def answer(self, question: str) -> str | None:
        """The student's own answer."""
        return self.answers.get(question)

    def send(self, answers: Mapping[str, str]) -> None:
        """Vote; what returns is on the disk. Raises UserError where a question is not open."""
        store().vote(self.state.code, self.token, answers)

    def tally(self, question: str) -> Mapping[str, int]:
        """The class's answers, once the teacher has revealed them."""
        if self.phase(question) != "revealed":
            return {}
        return store().tally(self.state.code, question)


@dataclass(frozen=True, slots=True)
class AsTeacher:
    """The teacher: sees every tally, answers nothing."""

    state: RoomState
    token: str
    seat: int = 0

    @property
    def base(self) -> ArchitectureSpec:
        """The network of the lesson."""
        return ARCHITECTURES.get(self.state.base, EFFICIENTNET_B0)

    def phase(self, question: str) -> Phase:
        """As the store says."""
        return self.state.phase(question)

    def answer(self, question: str) -> str | None:  # noqa: ARG002
        """None: a teacher has no seat."""
        return None

    def send(self, answers: Mapping[str, str]) -> None:  # noqa: ARG002
        """Raises UserError: a teacher has no seat."""
        raise UserError("A teacher's link does not vote; join with the code to try it.")

    def tally(self, question: str) -> Mapping[str, int]:
        """The class's answers as they come in."""
        return store().tally(self.state.code, question)


def alone(base: ArchitectureSpec) -> Alone:
    """The visitor's own lesson on a network; which form of the test comes first is by chance."""
    kept: dict[str, Any] = st.session_state.setdefault(
        _SOLO, {"seat": random.choice((1, 2)), "answers": {}}
    )
    return Alone(base, kept["seat"], kept["answers"])


def enter(code: str, role: Role, token: str) -> None:
    """Take a seat, or the teacher's place, for this visit and this browser."""
    st.session_state[_HERE] = (code, role, token)


def is_taken(role: Role, code: str = "") -> bool:
    """Whether this visit already has such a place, in this room or any: a second click, made before
    the page has answered the first, takes no second one."""
    here: tuple[str, Role, str] | None = st.session_state.get(_HERE)
    if here is None or here[1] != role or (code and here[0] != code):
        return False
    with suppress(UserError):
        room = store().room(here[0])
        return role == "teacher" or store().seat(room.code, here[2]) is not None
    return False


def leave() -> None:
    """Go on alone: the visit and the browser forget the place."""
    here = st.session_state.pop(_HERE, None)
    if here is not None:
        st.session_state["_lesson_left"] = cookie_name(here[0], here[1])
    for key in (ROOM, "seat", "teacher"):
        if key in st.query_params:
            del st.query_params[key]


def cookie_name(code: str, role: Role) -> str:
    """The name under which a browser keeps a token."""
    return f"effnet_viz_{role}_{code}"


def current() -> OnSeat | AsTeacher | None:
    """The visitor's place in a room; None for one person alone.

    Raises UserError where the room of this visit or link is there no more.
    """
    code = _code_in_link()
    here: tuple[str, Role, str] | None = st.session_state.get(_HERE)
    if here is None or (code and here[0] != code):
        here = _found(code) if code else None
    if here is None:
        return None
    code, role, token = here
    rooms = store()
    state = rooms.room(code)
    st.session_state[_HERE] = here
    if st.query_params.get(ROOM) != code:
        st.query_params[ROOM] = code
    if role == "teacher":
        return AsTeacher(state, token)
    seat = rooms.seat(code, token)
    if seat is None:
        st.session_state.pop(_HERE)
        return None
    return OnSeat(state, seat, token, rooms.answers_of(code, token))


def keep_in_browser() -> None:
    """Let the browser keep the place, and forget the one that was left."""
    here: tuple[str, Role, str] | None = st.session_state.get(_HERE)
    kept = {cookie_name(here[0], here[1]): here[2]} if here else {}
    if gone := st.session_state.get("_lesson_left"):
        kept.setdefault(gone, "")
    if kept:
        _cookies(data=kept, key="lesson_cookies")


def kept_by_browser() -> Mapping[str, str]:
    """The cookies that the browser sent when this visit began."""
    return st.context.cookies


def known_screen(screen: str) -> str:
    """A screen's key; the first one for anything else."""
    return screen if screen in SCREENS else next(iter(SCREENS))


def minutes_left(state: RoomState) -> float:
    """Until the room is deleted."""
    return max(0.0, min(LIFE_S, state.expires - time.time())) / 60


def _code_in_link() -> str:
    try:
        return clean_code(st.query_params.get(ROOM, ""))
    except UserError:
        return ""


def _found(code: str) -> tuple[str, Role, str] | None:
    """A place by what the link or the browser carries; the teacher's first."""
    roles: tuple[Role, Role] = ("teacher", "seat")
    for where in (st.query_params, kept_by_browser()):
        for role in roles:
            name = role if where is st.query_params else cookie_name(code, role)
            token = where.get(name)
            if token and _holds(code, role, token):
                if where is st.query_params:
                    del st.query_params[name]
                return code, role, token
    return None


def _holds(code: str, role: Role, token: str) -> bool:
    """Whether it is so; a room that is not there is no different, or this would help to guess."""
    try:
        if role == "teacher":
            return store().is_teacher(code, token)
        return store().seat(code, token) is not None
    except UserError:
        return False
