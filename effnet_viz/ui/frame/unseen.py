"""Room for what surrounds a page and is not seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

_STYLE = """
<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-unseen) {
  position: absolute; width: 0; height: 0; overflow: hidden;
}
</style>
"""


@contextmanager
def unseen() -> Iterator[None]:
    """What is drawn in it takes no room above the page, not even the gap between two elements."""
    with st.container(key="unseen"):
        st.html(_STYLE)
        yield
