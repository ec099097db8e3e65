"""Controls above their effect in a window that is narrow, or enlarged to twice its size."""

from __future__ import annotations

import streamlit as st

#: Below it the controls' column, beside an open sidebar, is too narrow for what stands in it. A
#: window of 1440 px enlarged twice has 720.
WIDTH_PX = 1100

_STYLE = f"""
<style>
@media (max-width: {WIDTH_PX}px) {{
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"]:nth-child(2):last-child)
    > [data-testid="stColumn"] {{
    min-width: calc(100% - 1.5rem);
  }}
}}
</style>
"""


def stacked() -> None:
    """Two columns stand below each other before anything in them is cut (WCAG 2.2, 1.4.10)."""
    st.html(_STYLE)
