"""The first screen: begin alone, open a room, or join one."""

from __future__ import annotations

import streamlit as st

from effnet_viz.lesson.names import CODE_LENGTH, NICKNAME_LENGTH, clean_code
from effnet_viz.lesson.steps import STEPS
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.ui.lesson import place
from effnet_viz.ui.lesson.wording import attempt, say
from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES


def join(code: str) -> None:
    """Whoever comes by a room's link is asked for a nickname at most."""
    with st.container(border=True):
        st.header(say("join_title"))
        _join_form(code)
    st.button(say("go_on_alone"), key="lesson_alone", on_click=place.leave, type="tertiary")


def doors() -> None:
    """For a class: join with a code, or open a room. Small, below a lesson that has begun."""
    with st.expander(say("with_a_class"), icon=":material/groups:"):
        student, teacher = st.columns(2, gap="large")
        with student:
            st.subheader(say("join_title"))
            _join_form("")
        with teacher:
            st.subheader(say("teach_title"))
            st.markdown(say("teach_lead"))
            base = st.selectbox(
                say("network"),
                list(ARCHITECTURES),
                index=list(ARCHITECTURES).index(EFFICIENTNET_B0.name),
                format_func=ARCHITECTURE_TITLES.__getitem__,
                key="lesson_room_base",
            )
            st.button(
                say("open_room"),
                key="lesson_open",
                type="primary",
                icon=":material/co_present:",
                on_click=_open,
                args=(str(base),),
            )


def own_base() -> ArchitectureSpec:
    """The network on screen for one person: a choice that stands in the link."""
    name = st.selectbox(
        say("network"),
        list(ARCHITECTURES),
        format_func=ARCHITECTURE_TITLES.__getitem__,
        key="lesson_base",
        bind="query-params",
        width=260,
        help=say("network_help"),
    )
    return ARCHITECTURES[name]


def _join_form(code: str) -> None:
    with st.form("lesson_join", border=False):
        if code:
            st.markdown(say("room_is", code=code))
        else:
            st.text_input(
                say("code"), max_chars=CODE_LENGTH + 2, key="lesson_code", autocomplete="off"
            )
        st.text_input(
            say("nickname"), max_chars=NICKNAME_LENGTH, key="lesson_nickname", autocomplete="off"
        )
        st.form_submit_button(
            say("join"),
            type="primary",
            icon=":material/login:",
            key="lesson_join_now",
            on_click=_join,
            args=(code,),
        )


def _join(code: str) -> None:
    """A callback: take a seat."""
    state = st.session_state

    def join() -> None:
        typed = clean_code(code or str(state.get("lesson_code", "")))
        if place.is_taken("seat", typed):
            return
        nickname = str(state.get("lesson_nickname", ""))
        source = str(st.context.ip_address or "here")
        place.enter(typed, "seat", place.store().join(typed, nickname, source).token)

    attempt(join)


def _open(base: str) -> None:
    """A callback: open a room and be its teacher."""

    def open_() -> None:
        if place.is_taken("teacher"):
            return
        opened = place.store().open_room(base, next(iter(STEPS)))
        place.enter(opened.code, "teacher", opened.teacher_token)

    attempt(open_)
