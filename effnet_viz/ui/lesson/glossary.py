"""A list of words for the sidebar of any page."""

from __future__ import annotations

import streamlit as st

from effnet_viz.ui.lesson.wording import say, text


def glossary() -> None:
    """A button that opens the glossary; call it where it should stand, on any page."""
    with st.popover(say("glossary"), icon=":material/menu_book:", width="stretch"):
        st.markdown(
            "\n\n".join(f"**{term}**: {meaning}" for term, meaning in text().glossary.items())
        )
