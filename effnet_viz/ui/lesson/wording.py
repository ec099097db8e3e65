"""The words of the lesson, as the page says them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.answers import Kind, Value, Worked
from effnet_viz.lesson.text import QuestionText, Text, load


def text() -> Text:
    """All words, of the one language that ships."""
    return load()


def say(word: str, /, **facts: object) -> str:
    """A word or sentence of the page."""
    return text().say(word, **facts)


def filled(template: str, worked: Worked) -> str:
    """A question's sentence with its facts."""
    return template.format(**worked.facts)


def in_words(kind: Kind, value: Value, words: QuestionText, worked: Worked) -> str:
    """An answer as a person reads it."""
    if kind == "choice":
        return filled(words.options[str(value)], worked)
    if isinstance(value, tuple):
        return say("at_point", x=value[0], y=value[1])
    return f"{value:.4g} {words.unit}".strip()


_PROBLEM = "_lesson_problem"


def attempt(act: Callable[[], None]) -> None:
    """For callbacks: do it; what a person must know of it stands on top of the page afterwards."""
    try:
        act()
    except UserError as error:
        st.session_state[_PROBLEM] = str(error)


def problems() -> None:
    """What the last `attempt` came to, where it failed."""
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(problem, icon=":material/error:")
