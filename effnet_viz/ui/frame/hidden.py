"""Controls that a link hides: a teacher hands out a page with only what the class is to move."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import streamlit as st

#: The name in the link; what it hides stands behind it, with commas between.
KEY = "hide"

_KEPT = "_hidden_controls"

#: What can be hidden, page by page: its name in the link and on screen, and its widgets' keys.
PAGES: MappingProxyType[str, Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "scale": {
            "architecture": ("Baseline", ("architecture",)),
            "by": ("Scale by", ("by",)),
            "phi": ("φ", ("phi",)),
            "alpha": ("α", ("alpha",)),
            "beta": ("β", ("beta",)),
            "gamma": ("γ", ("gamma",)),
            "lock": ("Hold α·β²·γ²", ("lock", "coefficient_acts")),
            "role": ("Roles", ("role_preset",)),
            "depth": ("d", ("depth",)),
            "width": ("w", ("width",)),
            "px": ("r", ("px",)),
            "variant": ("Released variant", ("variant",)),
        },
        "compare": {
            "photo": ("Photo", ("photo",)),
            "family": ("Networks", ("family", "variants")),
            "at": ("Square", ("at",)),
            "class": ("Evidence for", ("target", "class")),
            "method": ("Method", ("method",)),
            "stage": ("Stage", ("stage", "block")),
            "opacity": ("Opacity", ("opacity",)),
            "grid": ("Raw grid", ("grid",)),
            "look": ("Look closer", ("look",)),
        },
    }
)


def hidden(page: str) -> tuple[str, ...]:
    """What this visit's link hides on a page, in the page's order; unknown names are left out."""
    asked = st.query_params.get(KEY)
    if asked is not None:
        st.session_state[_KEPT] = asked
    names = set(str(st.session_state.get(_KEPT, "")).split(","))
    return tuple(name for name in PAGES[page] if name in names)


def obey(page: str) -> None:
    """Hide a page's widgets that the link hides. They keep their values, and the link keeps them
    hidden when it is copied."""
    names = hidden(page)
    if not names:
        return
    kept = str(st.session_state[_KEPT])
    if st.query_params.get(KEY) != kept:
        st.query_params[KEY] = kept
    widgets = ", ".join(f".st-key-{key}" for name in names for key in PAGES[page][name][1])
    st.html(f"<style>{widgets} {{ display: none !important; }}</style>")


def remark(page: str) -> None:
    """One quiet line where something is hidden: what, and a way to show all."""
    names = hidden(page)
    if not names:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="hidden_controls"):
        st.caption("This link hides " + ", ".join(PAGES[page][name][0] for name in names) + ".")
        st.button("Show all", key="show_all_controls", on_click=show_all, type="tertiary")


def show_all() -> None:
    """A callback: hide nothing any more."""
    st.session_state.pop(_KEPT, None)
    if KEY in st.query_params:
        del st.query_params[KEY]
