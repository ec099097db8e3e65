"""What a page's own link must say of choices that were made on another page."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from effnet_viz.scaling.architectures import ARCHITECTURES
from effnet_viz.ui.shared.state import (
    ARCHITECTURE_TITLES,
    SCALE_BY_TITLES,
    SCALE_DEFAULTS,
    SCALE_RANGES,
    VARIANT_TITLES,
    ScaleChoice,
    option_of,
    scale_choice,
    value_of,
)

_TITLES = {
    "architecture": ARCHITECTURE_TITLES,
    "by": SCALE_BY_TITLES,
    "variant": VARIANT_TITLES,
}


def heed_any_case() -> None:
    """Let a link name the Scale page's options in any case, such as ``variant=b1``.

    Call before the controls, which would take out of the link what is not written as they write it.
    """
    changed = False
    for key, titles in _TITLES.items():
        asked = st.query_params.get(key, "")
        title = next((t for t in titles.values() if t.casefold() == asked.casefold()), asked)
        if title != asked and key not in st.session_state:
            st.query_params[key] = title
            changed = True
    if changed:
        st.rerun()


def carried_scale_choice() -> ScaleChoice:
    """The Scale page's choice, for a page that shows its network without its controls.

    The choice is written into this page's link and remembered in the visit, so that a reload and a
    shared link show the same network, here and on the Scale page; what no slider of that page can
    be set to is left out of both. Raises UserError where the values make no network.
    """
    architecture = option_of("architecture", ARCHITECTURE_TITLES, "efficientnet_b0")
    defaults = {**SCALE_DEFAULTS, "px": ARCHITECTURES[architecture].resolution_px}
    for key, default in defaults.items():
        if key in _TITLES:
            value: str | float | int | bool = option_of(key, _TITLES[key], str(default))
        else:
            value = value_of(key, default)
            if key in SCALE_RANGES and not _has_slider(key, float(value)):
                value = default
        if value != default and key not in st.session_state:
            st.session_state[key] = value
        title = _TITLES[key][str(value)] if key in _TITLES else _in_link(value)
        write_in_link(key, None if value == default else title)
    return scale_choice()


def write_in_link(key: str, title: str | None) -> None:
    """Let the page's link say so of a key, or nothing (None), unless a widget of this very page
    writes it."""
    with suppress(StreamlitAPIException):
        if title is None:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != title:
            st.query_params[key] = title


def _has_slider(key: str, value: float) -> bool:
    low, high = SCALE_RANGES[key]
    return low <= value <= high


def _in_link(value: str | float | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.12g}"
