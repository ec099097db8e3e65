"""Text in the accent colour that the theme alone leaves too faint to read."""

from __future__ import annotations

import streamlit as st

#: No accent is light enough to be read on the dark page and dark enough to carry white text. So
#: what is written in it on the page takes the page's own text colour; its frame still shows what
#: is chosen.
_STYLE = """
<style>
[data-testid="stSliderThumbValue"],
[data-testid="stButtonGroup"] [aria-checked="true"],
[data-testid="stButtonGroup"] [aria-checked="true"] *,
[data-testid="stButtonGroup"] [aria-pressed="true"],
[data-testid="stButtonGroup"] [aria-pressed="true"] * {
  color: inherit !important;
}
</style>
"""


def readable() -> None:
    """Every text has at least 4.5 : 1 against what is behind it (WCAG 2.2, 1.4.3)."""
    st.html(_STYLE)
