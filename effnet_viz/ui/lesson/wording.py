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


def attempt(act: Callable[[], None], where: str = "") -> None:
    """For callbacks: do it; where it failed, `problems` says why in its place of that name."""
    try:
        act()
    except UserError as error:
        st.session_state[_PROBLEM] = (where, str(error))


def problems(where: str = "") -> None:
    """What the last `attempt` of this place came to, where it failed."""
    place, said = st.session_state.get(_PROBLEM, (None, ""))
    if place == where:
        del st.session_state[_PROBLEM]
        st.error(said, icon=":material/error:")
