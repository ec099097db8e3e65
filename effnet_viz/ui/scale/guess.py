"""The page's one question, asked once a visit: what does φ = 1 cost when it is really built?"""

from __future__ import annotations

import streamlit as st

from effnet_viz.scaling.sweep import Position
from effnet_viz.ui.scale.words import times
from effnet_viz.ui.shared.state import SCALE_DEFAULTS

GUESSES = ("1.5×", "1.9×", "2.6×", "3.5×")
SKIP = "Just show me"

#: Of the session and, so that a reload remembers, of the link.
KEY = "guess"
_ASKED = "_guess_asked"


def is_open(untouched: bool) -> bool:
    """Whether the built cost is still the question: on the page as it opens, until answered.

    Whoever moves a control or follows a link has begun already, and is not asked later.
    """
    answer = st.session_state.get(KEY, st.query_params.get(KEY))
    if answer is None and untouched:
        st.session_state[_ASKED] = True
        return True
    if answer is None:
        answer = SKIP
        if st.session_state.get(_ASKED):
            st.query_params[KEY] = SKIP
    st.session_state[KEY] = answer
    return False


def is_untouched() -> bool:
    """Whether the controls are as the page opens, by hand and by link."""
    same = all(
        st.session_state.get(key, default) == default
        for key, default in SCALE_DEFAULTS.items()
        if key != "variant"
    )
    return same and not any(key in st.query_params for key in SCALE_DEFAULTS)


def remember(answer: str) -> None:
    """Take the visitor's answer, for this visit and its link."""
    if answer in (*GUESSES, SKIP):
        st.session_state[KEY] = st.query_params[KEY] = answer


def question(at: Position) -> str:
    """The question in words."""
    return (
        f"Guess first: at φ = 1 the law promises {times(at.law_ratio)} the multiply-adds of the "
        "baseline. What does it cost once built?"
    )


def answer(at: Position) -> str:
    """What was guessed, beside what it is."""
    guess = st.session_state.get(KEY, SKIP)
    closest = min(GUESSES, key=lambda g: abs(float(g[:-1]) - at.built_ratio))
    verdict = "" if guess not in GUESSES else f"You guessed {guess}. "
    if guess == closest:
        verdict = f"You guessed {guess}, and that is right. "
    return (
        f"{verdict}The law says {times(at.law_ratio)}, the built network costs "
        f"{times(at.built_ratio)}: blocks come whole, and so do pixels."
    )


def ask_plainly(at: Position) -> None:
    """The question where the live picture does not run."""
    with st.container(border=True):
        st.pills(question(at), (*GUESSES, SKIP), key="guess_pills", on_change=_picked)


def _picked() -> None:
    remember(str(st.session_state["guess_pills"]))
