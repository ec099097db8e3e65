"""The page: which screen, for whom."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.folder import tick_s
from effnet_viz.lesson.items import MOMENTS
from effnet_viz.lesson.names import clean_code
from effnet_viz.lesson.questions import Setting, shipped
from effnet_viz.lesson.script import teachers_sheet, worksheet
from effnet_viz.lesson.steps import SCREENS, Step
from effnet_viz.ui.lesson import address, ask, entry, game, live, place, sheet, teacher
from effnet_viz.ui.lesson.place import Alone, AsTeacher, OnSeat, Place
from effnet_viz.ui.lesson.wording import presenting, problems, say, text
from effnet_viz.ui.shared.parts import link, ticking

#: A student's screen looks so often whether the teacher has moved on.
FOLLOW_EVERY_S = 1.5 * tick_s()

#: What names the page takes less room where there is little: on a phone, or enlarged twice.
_STYLE = """
<style>
@media (max-width: 640px), (max-height: 560px) {
  [data-testid="stMainBlockContainer"] { padding-top: 3.2rem; }
  h1 { font-size: 1.3rem !important; padding: 0.3rem 0 !important; }
  h2 { padding: 0.2rem 0 !important; }
}
</style>
"""


def page() -> None:
    """The whole page below its title."""
    st.html(_STYLE)
    try:
        here = place.current()
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        st.button(say("go_on_alone"), key="lesson_alone", on_click=place.leave)
        return
    place.keep_in_browser()
    problems()
    if here is None:
        if code := _code_in_link():
            entry.join(code)
        else:
            _alone()
    elif isinstance(here, AsTeacher):
        _teaching(here)
    else:
        _on_seat(here)


def _code_in_link() -> str:
    try:
        return clean_code(st.query_params.get(place.ROOM, ""))
    except UserError:
        return ""


def _alone() -> None:
    names = list(SCREENS)
    where, network = st.columns([2.2, 1], vertical_alignment="bottom")
    with where:
        key = st.pills(
            say("screen"),
            names,
            default=names[0],
            format_func=lambda name: text().steps[name].short,
            key=place.SCREEN,
            bind="query-params",
            required=True,
            wrap=True,
        )
    with network:
        base = entry.own_base()
    screen = place.known_screen(str(key))
    here = place.alone(base)
    _screen(here, SCREENS[screen])
    _onwards(screen)
    entry.doors()
    with st.expander(say("for_teachers"), icon=":material/schedule:"):
        for minutes, act in text().steps[screen].script:
            st.markdown(f"**{minutes}** · {act}")
        with st.container(horizontal=True):
            for label, make, name in (
                ("script_file", teachers_sheet, "lesson-script.html"),
                ("sheet_file", worksheet, "lesson-worksheet.html"),
            ):
                st.download_button(
                    say(label),
                    make(text(), shipped(here.base)),
                    file_name=name,
                    mime="text/html",
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"lesson_alone_{label}",
                )
    address.hand_out()


def _onwards(screen: str) -> None:
    names = list(SCREENS)
    at = names.index(screen)

    def go(name: str) -> None:
        st.session_state[place.SCREEN] = name

    with st.container(horizontal=True):
        if at:
            st.button(
                say("back"), key="lesson_back", on_click=go, args=(names[at - 1],),
                icon=":material/arrow_back:",
            )  # fmt: skip
        if at + 1 < len(names):
            following = names[at + 1]
            st.button(
                say("next", title=text().steps[following].title), key="lesson_next", on_click=go,
                args=(following,), icon=":material/arrow_forward:", icon_position="right",
            )  # fmt: skip


def _on_seat(here: OnSeat) -> None:
    nickname = f" · {here.place.nickname}" if here.place.nickname else ""
    st.text(say("seat_is", code=here.state.code, number=here.place.number) + nickname)
    _follow(here.state.code, here.state.version)
    _screen(here, SCREENS[place.known_screen(here.state.screen)])
    st.button(say("leave_room"), key="lesson_leave", on_click=place.leave, type="tertiary")


@ticking(FOLLOW_EVERY_S)
def _follow(code: str, version: int) -> None:
    """Draw the page anew when the teacher did something."""
    try:
        moved = place.store().version(code) != version
    except UserError:
        moved = True
    if moved:
        st.rerun()


def _teaching(here: AsTeacher) -> None:
    teacher.header(here)
    step = SCREENS[place.known_screen(here.state.screen)]
    if step.key == next(iter(SCREENS)):
        teacher.invitation(here)
    _screen(here, step)
    if not presenting():
        teacher.desk(here, shipped(here.base))


def _screen(here: Place, step: Step) -> None:
    words = text().steps[step.key]
    st.header(words.title)
    st.markdown(f"{words.lead} **{say('do')}** {words.do}")
    # What is to be noticed would answer what is to be predicted.
    if all(here.phase(key) == "revealed" for key in step.questions):
        st.markdown(f"**{say('notice')}** {words.notice}")
    if isinstance(here, AsTeacher) and not presenting():
        teacher.script(step.key)
    for moment in MOMENTS:
        if step.key == moment:
            if isinstance(here, AsTeacher):
                teacher.test(here, moment)
            else:
                sheet.sheet(here, moment)
    if step.key == MOMENTS[1] and not isinstance(here, AsTeacher):
        sheet.own_gain(here)
    if step.key == "game":
        teacher.bids(here) if isinstance(here, AsTeacher) else game.play(here)
    elif step.questions:
        _step(here, step, shipped(here.base))
    if step.links:
        with st.container(horizontal=True):
            for each in step.links:
                link_to(each.page, words.links[each.key], dict(each.state))


def _step(here: Place, step: Step, setting: Setting) -> None:
    """Questions beside the live part, which shows its numbers once what they ask is revealed."""
    questions, effect = st.columns([1, 1.15], gap="large")
    revealed = all(here.phase(key) == "revealed" for key in step.first)
    with questions:
        _questions(here, step, setting)
    with effect:
        try:
            live.LIVE[step.key](setting, revealed)
        except UserError as error:
            st.error(str(error), icon=":material/error:")


def _questions(here: Place, step: Step, setting: Setting) -> None:
    """The question in hand and the one before it; earlier ones are folded, later ones not there."""
    teaches, alone = isinstance(here, AsTeacher), isinstance(here, Alone)
    phases = [here.phase(key) for key in step.questions]
    done = sum(phase == "revealed" for phase in phases)
    if alone:
        in_hand = min(done, len(phases) - 1)
    else:
        in_hand = max(sum(phase != "hidden" for phase in phases) - 1, 0)
    last = in_hand + (teaches and in_hand + 1 < len(phases) and phases[in_hand] == "revealed")
    first = in_hand - (alone and in_hand == done and in_hand > 0)
    for number, key in enumerate(step.questions[: last + 1], start=1):
        named = say("question", number=number)
        with st.expander(named) if number - 1 < first else st.container(border=True):
            if number - 1 >= first:
                st.subheader(named)
            if isinstance(here, AsTeacher):
                teacher.question(here, key, setting)
            else:
                ask.question(here, key, setting)


def link_to(page: str, label: str, state: dict[str, str]) -> None:
    """A link into a page that opens with this state."""
    if not state:
        link(page, label, ":material/arrow_outward:")
        return
    st.page_link(page, label=label, icon=":material/arrow_outward:", query_params=state)
