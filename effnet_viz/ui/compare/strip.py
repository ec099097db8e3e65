"""Photo and maps in a row: one row on a wide screen, three a row on a tablet, a strip to swipe on a
phone, where the photo stays in view; and the controls above them in one line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

ROW, BAR = "map_row", "map_bar"
WIDEST = 6

_STYLE = f"""
<style>
.st-key-{ROW} {{
  display: grid !important; gap: 0.75rem; align-items: start;
  grid-template-columns: repeat(var(--in-a-row, {WIDEST}), minmax(0, 1fr));
}}
.st-key-{ROW} > div {{ width: auto !important; min-width: 0; }}
.st-key-{ROW} [data-testid="stVerticalBlock"] {{ gap: 0.35rem; }}
@media (max-width: 1100px) {{
  .st-key-{ROW} {{ grid-template-columns: repeat(3, minmax(0, 1fr)); }}
}}
@media (max-width: 640px) {{
  .st-key-{ROW} {{
    display: flex !important; flex-wrap: nowrap !important; overflow-x: auto;
    scroll-snap-type: x proximity; padding-bottom: 0.5rem;
  }}
  .st-key-{ROW} > div {{ flex: 0 0 64vw !important; scroll-snap-align: end; }}
  .st-key-{ROW} > div:first-child {{
    flex: 0 0 24vw !important; position: sticky; left: 0; z-index: 2;
    background: var(--st-background-color);
  }}
  [class*="st-key-{BAR}"] {{
    flex-wrap: nowrap !important; overflow-x: auto; padding-bottom: 0.5rem;
  }}
  [class*="st-key-{BAR}"] > div {{ flex: 0 0 auto !important; }}
}}
</style>
"""


def style() -> None:
    """How rows and bars are laid out; once a page."""
    st.html(_STYLE)


@contextmanager
def row(count: int) -> Iterator[None]:
    """Inside, ``count`` containers stand side by side, the photo's first."""
    st.html(f"<style>.st-key-{ROW} {{ --in-a-row: {min(WIDEST, count)}; }}</style>")
    with st.container(key=ROW, horizontal=True):
        yield


@contextmanager
def bar(name: str) -> Iterator[None]:
    """Controls in one line, which a phone scrolls sideways."""
    key = f"{BAR}_{name}"
    with st.container(key=key, horizontal=True, gap="small", vertical_alignment="bottom"):
        yield
