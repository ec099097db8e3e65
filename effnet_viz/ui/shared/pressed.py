"""A button that starts work on what the page's controls say when it is pressed.

Streamlit calls a button's callback with the arguments of the last run that drew the button. On a
busy server that run is older than the clicks that came just before, and it is their choice that
would be undone. So the callback only notes the press, and the run that follows, which has every
click before it, acts on it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st


def act_if_pressed(key: str, act: Callable[[], None]) -> None:
    """Call ``act`` if the button ``key`` was pressed since the last time; call this once a run,
    below the controls and above what shows the work.

    A run that a newer click ends before ``act`` is through leaves the press to the next run: what
    ``act`` does last must be what starts the work. What ``act`` raises is raised once.
    """
    presses = _presses(key)
    if not presses:
        return
    try:
        act()
    except Exception:  # not what ends a run: Streamlit's own are no Exception
        presses.clear()
        raise
    presses.clear()


def button(
    label: str,
    key: str,
    *,
    icon: str,
    type: Literal["primary", "secondary"] = "secondary",
    width: Literal["content", "stretch"] = "content",
    disabled: bool = False,
    hint: str = "",
) -> None:
    """The button whose presses `act_if_pressed` finds."""
    st.button(
        label,
        key=key,
        type=type,
        icon=icon,
        width=width,
        disabled=disabled,
        help=hint or None,
        on_click=_presses(key).append,
        args=(True,),
    )


def _presses(key: str) -> list[bool]:
    """A list of this visit's own: writing to it cannot be interrupted, as writing to the session's
    state can."""
    presses: list[bool] = st.session_state.setdefault(f"pressed_{key}", [])
    return presses
