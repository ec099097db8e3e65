"""The teacher's part: code, questions, tallies, script, files."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.answers import Worked
from effnet_viz.lesson.budget import read as read_bid
from effnet_viz.lesson.export import answers_csv, gains_csv
from effnet_viz.lesson.folder import tick_s
from effnet_viz.lesson.items import MOMENTS, Moment
from effnet_viz.lesson.questions import QUESTIONS, Setting
from effnet_viz.lesson.room import Phase
from effnet_viz.lesson.script import teachers_sheet, worksheet
from effnet_viz.lesson.steps import BUDGETS, SCREENS
from effnet_viz.lesson.text import QuestionText
from effnet_viz.ui.lesson import address, game, place, preflight, sheet, tally
from effnet_viz.ui.lesson.place import AsTeacher
from effnet_viz.ui.lesson.wording import (
    PRESENT,
    attempt,
    filled,
    in_words,
    presenting,
    say,
    text,
)
from effnet_viz.ui.shared.parts import ticking

#: The tally is drawn anew so often.
EVERY_S = tick_s()

_CHECK = "_lesson_check_asked"

#: Readable from the last row: everything on a page is measured in the root's type, labels and
#: captions in seven eighths of it, so that nothing is below 24 px. What names the page and leads to
#: other screens takes less room.
_LARGE = """
<style>
html { font-size: 28px !important; }
[data-testid="stSidebar"], [data-testid="stExpandSidebarButton"],
[data-testid="stHeader"] { display: none; }
[data-testid="stMainBlockContainer"] { padding: 1rem 1.5rem 2rem !important; }
h1 { font-size: 1rem !important; padding: 0 !important; }
h2 { font-size: 1.4rem !important; padding: 0.2rem 0 !important; }
h3 { font-size: 1.1rem !important; padding: 0 !important; }
.st-key-lesson_invitation h2 { font-size: 4rem !important; letter-spacing: 0.1em; }
code { font-size: 0.875rem !important; }
[data-testid="stTable"] * { font-size: 0.875rem !important; }
</style>
"""

#: What the button under a question does, by its phase.
NEXT: Mapping[Phase, tuple[Phase, str, str]] = {
    "hidden": ("open", "ask", ":material/campaign:"),
    "open": ("locked", "lock", ":material/lock:"),
    "locked": ("revealed", "reveal", ":material/visibility:"),
}


def header(here: AsTeacher) -> None:
    """Code and address, always in sight, and where the class is to go."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(say("teacher_code", code=here.state.code))
        st.markdown(say("join_at", address=f"{address.origin()}/lesson"))
        _seats(here)
        st.toggle(say("present"), key=PRESENT, bind="query-params", help=say("present_help"))
    if presenting():
        st.html(_LARGE)
    screens = list(SCREENS)
    st.session_state["lesson_screen_of_class"] = here.state.screen

    def moved() -> None:
        chosen = st.session_state["lesson_screen_of_class"]
        attempt(lambda: place.store().show(here.state.code, here.token, chosen))

    st.pills(
        say("class_is_at"),
        screens,
        format_func=lambda key: text().steps[key].short,
        key="lesson_screen_of_class",
        on_change=moved,
        required=True,
        wrap=True,
    )


@ticking(EVERY_S)
def _seats(here: AsTeacher) -> None:
    """How many are here; and the other teacher's doings, which draw the page anew."""
    try:
        state = place.store().room(here.state.code)
    except UserError:
        st.rerun()
    if state.version != here.state.version:
        st.rerun()
    st.markdown(say("seats_taken", count=state.seats))


def invitation(here: AsTeacher) -> None:
    """The QR picture with the address in plain letters beside it."""
    link = address.join_link(here.state.code)
    with st.container(key="lesson_invitation"):
        picture, words = st.columns([1, 2], vertical_alignment="center")
    with picture:
        st.image(address.qr_svg(link), alt=say("qr_alt", address=link), width=260)
    with words:
        st.markdown(say("join_how", address=f"{address.origin()}/lesson", code=here.state.code))
        st.markdown(f"`{link}`")


def question(here: AsTeacher, key: str, setting: Setting) -> None:
    """A question as the class sees it, its tally, and the button that takes it one step on."""
    words = text().questions[key]
    try:
        worked = QUESTIONS[key].work(setting)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    phase = here.phase(key)
    st.markdown(filled(words.prompt, worked))
    _advance(here, (key,), phase, f"lesson_go_{key}")
    if phase == "hidden":
        return
    _tally(here, key, setting)
    if phase == "revealed":
        st.success(filled(words.reveal, worked), icon=":material/lightbulb:")
        if presenting():
            with st.expander(say("why_wrong")):
                _why_wrong(words, worked)
        else:
            _why_wrong(words, worked)
        st.markdown(f"**{say('neighbour')}** {words.tell}")


def _why_wrong(words: QuestionText, worked: Worked) -> None:
    """Each wrong option or known mistake, and why it is wrong; last, any other answer."""
    for name, why in words.why.items():
        if name == worked.answer:
            continue
        start = ""
        if name in words.options:
            start = f"*{filled(words.options[name], worked)}*: "
        elif name in worked.traps:
            start = f"*{in_words(worked.kind, worked.traps[name], words, worked)}*: "
        st.markdown(f"- {start}{filled(why, worked)}")


@ticking(EVERY_S)
def _tally(here: AsTeacher, key: str, setting: Setting) -> None:
    try:
        counts = here.tally(key)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    worked = QUESTIONS[key].work(setting)
    tally.show(key, counts, text().questions[key], worked, setting, here.phase(key) == "revealed")


def test(here: AsTeacher, moment: Moment) -> None:
    """Open and close the test; how many have sent it."""
    names = sheet.questions_of(moment)
    phase = here.phase(names[0])
    words = {"hidden": "open_test", "open": "close_test", "locked": "show_results"}
    _advance(here, names, phase, f"lesson_test_go_{moment}", words)
    _sent(here, names[0])
    if moment == MOMENTS[1] and phase == "revealed":
        try:
            sheet.class_gains(place.store().votes(here.state.code, here.token))
        except UserError as error:
            st.error(str(error), icon=":material/error:")


@ticking(EVERY_S)
def _sent(here: AsTeacher, name: str) -> None:
    try:
        state, counts = place.store().room(here.state.code), here.tally(name)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.markdown(say("tests_sent", count=sum(counts.values()), seats=state.seats))


def bids(here: AsTeacher) -> None:
    """Both rounds of the budget game and the class's attempts on one picture."""
    words = {"hidden": "open_bids", "open": "close_bids", "locked": "show_bids"}
    for name, limit in BUDGETS.items():
        st.subheader(say("bid_for", times=limit))
        phase = here.phase(name)
        _advance(here, (name,), phase, f"lesson_bids_go_{name}", words)
        if phase in ("open", "locked"):
            _sent(here, name)
        elif phase == "revealed":
            game.picture(dict(_readable(here.tally(name))), limit)


def _readable(counts: Mapping[str, int]) -> Mapping[str, int]:
    found = {}
    for raw, count in counts.items():
        try:
            read_bid(raw)
        except UserError:
            continue
        found[raw] = count
    return found


def _advance(
    here: AsTeacher,
    names: tuple[str, ...],
    phase: Phase,
    key: str,
    words: Mapping[str, str] | None = None,
) -> None:
    """The one button: what comes next for these questions."""
    if phase not in NEXT:
        return
    following, word, icon = NEXT[phase]
    st.button(
        say(words[phase] if words else word),
        key=key,
        type="primary",
        icon=icon,
        on_click=attempt,
        args=(
            lambda: place.store().advance(
                here.state.code, here.token, dict.fromkeys(names, following)
            ),
        ),
    )


def script(key: str) -> None:
    """What to do in which minute of this screen."""
    with st.expander(say("script"), icon=":material/schedule:", expanded=False):
        for minutes, act in text().steps[key].script:
            st.markdown(f"**{minutes}** · {act}")


def desk(here: AsTeacher, setting: Setting) -> None:
    """Files, checks, links and the end of the room."""
    st.header(say("desk"))
    votes = place.store().votes(here.state.code, here.token)
    code = here.state.code
    with st.container(horizontal=True):
        for label, data, name, mime in (
            ("answers_csv", answers_csv(votes, setting), f"{code}-answers.csv", "text/csv"),
            ("gains_csv", gains_csv(votes), f"{code}-gains.csv", "text/csv"),
            ("script_file", teachers_sheet(text(), setting), "lesson-script.html", "text/html"),
            ("sheet_file", worksheet(text(), setting), "lesson-worksheet.html", "text/html"),
        ):
            st.download_button(
                say(label), data, file_name=name, mime=mime, on_click="ignore",
                icon=":material/download:", key=f"lesson_file_{label}",
            )  # fmt: skip
    with st.expander(say("preflight"), icon=":material/checklist:"):
        st.button(
            say("check_now"),
            key="lesson_check",
            on_click=lambda: st.session_state.update({_CHECK: True}),
        )
        if st.session_state.pop(_CHECK, False):
            preflight.check()
    address.hand_out()
    with st.expander(say("who_is_here"), icon=":material/groups:"):
        for seat in place.store().seats(code):
            st.text(say("seat_line", number=seat.number, nickname=seat.nickname or "–"))
    with st.expander(say("your_link"), icon=":material/key:"):
        st.markdown(say("your_link_lead"))
        st.code(address.with_token(code, "teacher", here.token), language=None)
        st.caption(say("room_ends", hours=place.minutes_left(here.state) / 60))
        st.button(
            say("end_room"),
            key="lesson_end",
            icon=":material/delete:",
            on_click=_end,
            args=(code, here.token),
        )


def _end(code: str, token: str) -> None:
    """A callback: delete the room and go on alone."""

    def end() -> None:
        place.store().close(code, token)
        place.leave()

    attempt(end)
