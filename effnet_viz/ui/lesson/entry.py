"""The first screen: begin alone, open a room, or join one."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.names import CODE_LENGTH, NICKNAME_LENGTH
from effnet_viz.lesson.steps import STEPS
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.ui.lesson import place
from effnet_viz.ui.lesson.wording import say
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
            if st.button(
                say("open_room"), key="lesson_open", type="primary", icon=":material/co_present:"
            ):
                _open(str(base))


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
        typed = code or st.text_input(
            say("code"), max_chars=CODE_LENGTH + 2, key="lesson_code", autocomplete="off"
        )
        if code:
            st.markdown(say("room_is", code=code))
        nickname = st.text_input(
            say("nickname"), max_chars=NICKNAME_LENGTH, key="lesson_nickname", autocomplete="off"
        )
        pressed = st.form_submit_button(say("join"), type="primary", icon=":material/login:")
    if not pressed:
        return
    try:
        joined = place.store().join(typed or "", nickname or "", st.context.ip_address or "here")
        found = place.store().room(typed or "").code
    except UserError as error:
        st.error(str(error), icon=":material/error:")
    else:
        place.enter(found, "seat", joined.token)
        st.rerun()


def _open(base: str) -> None:
    try:
        opened = place.store().open_room(base, next(iter(STEPS)))
    except UserError as error:
        st.error(str(error), icon=":material/error:")
    else:
        place.enter(opened.code, "teacher", opened.teacher_token)
        st.rerun()
