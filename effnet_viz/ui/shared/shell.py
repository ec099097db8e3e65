"""What surrounds a page."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from effnet_viz.ui.shared import links


def inside_app() -> None:
    """Call first on every page: makes sure that ``app.py`` frames it, and reads its link.

    Because there is a ``pages/`` folder, a server that has just started runs a linked page by
    itself, as Streamlit did before ``st.navigation``, and learns only from the first run of
    ``app.py`` that it should not. This says so at once and starts over.
    """
    if PagesManager.uses_pages_directory:
        PagesManager.uses_pages_directory = False
        st.rerun()
    links.heed_any_case()
