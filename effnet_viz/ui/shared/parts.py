"""What sections of pages are made of: a sentence, a chart, a table with a download."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Literal, ParamSpec, TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.errors import StreamlitAPIException

from effnet_viz.evidence.paper.tables import Cell, Printed, as_csv

Format = str | Callable[[float], str]

#: Controls of a page stand in its link.
BIND: Literal["query-params"] = "query-params"
T = TypeVar("T")
P = ParamSpec("P")

MISSING = ":gray[not printed]"
YES, NO = ":green-badge[agrees]", ":orange-badge[differs]"


def ticking(every_s: float) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """A fragment that runs anew so often, the only child of a container.

    Where a tick begins before the page's last run has been sent, Streamlit takes back what that run
    drew of the fragment. The browser then closes the gap, and the tick is drawn over what follows:
    a heading, say, which stayed lost. Nothing follows an only child.
    """

    def made(draw: Callable[P, None]) -> Callable[P, None]:
        fragment = st.fragment(run_every=every_s)(draw)

        @wraps(draw)
        def alone_in_its_container(*args: P.args, **kwargs: P.kwargs) -> None:
            with st.container():
                fragment(*args, **kwargs)

        return alone_in_its_container

    return made


def notice(sentence: str) -> None:
    """The one sentence that says what to notice."""
    st.markdown(sentence)


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """A chart without toolbar, named for those who cannot see it."""
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False})


def table(
    rows: Sequence[Mapping[str, Cell]],
    *,
    name: str,
    alt: str,
    formats: Mapping[str, Format] | None = None,
    missing: str = MISSING,
    hidden: Sequence[str] = (),
) -> None:
    """A table, its first column the index, and the same rows unrounded as a CSV file.

    Printed numbers show the digits they were printed with, computed ones follow ``formats``;
    ``hidden`` columns are in the file only.
    """
    formats = formats or {}
    shown = [
        {
            column: _cell(value, formats.get(column, ".4g"), missing)
            for column, value in row.items()
            if column not in hidden
        }
        for row in rows
    ]
    st.table(pd.DataFrame(shown).set_index(next(iter(shown[0]))), alt=alt)
    st.download_button(
        "CSV",
        as_csv([{key: _plain(value) for key, value in row.items()} for row in rows]),
        file_name=f"{name}.csv",
        mime="text/csv",
        icon=":material/download:",
        help=f"This table, unrounded: {alt}.",
        on_click="ignore",
        key=f"csv_{name}",
    )


def _plain(value: Cell) -> Cell:
    """A cell without Markdown: badges and emphasis are for the screen."""
    if not isinstance(value, str):
        return value
    return re.sub(r":[a-z-]+\[(.*?)\]", r"\1", value).replace("**", "")


def source(where: str, computed: bool = True) -> str:
    """A source cell that stays on one line, e.g. ``v1 table 2, here``."""
    return (where + ", here" if computed else where).replace(" ", "\u00a0")


def _cell(value: Cell, style: Format, missing: str) -> str:
    if value is None:
        return missing
    if isinstance(value, Printed):
        return str(value)
    if isinstance(value, str):
        return value
    return style(value) if callable(style) else f"{value:{style}}"


def link(page: str, label: str, icon: str) -> None:
    """A link to another page, or its name alone where this app does not have it."""
    try:
        if not Path(page).is_file():
            raise StreamlitAPIException
        st.page_link(page, label=label, icon=icon)
    except StreamlitAPIException:
        st.caption(label)


def times(value: float) -> str:
    """A ratio as the paper writes it, with three digits."""
    return f"{value:.3g}×"


def percent(value: float) -> str:
    """A signed percentage of a fraction."""
    return f"{100 * value:+.1f} %"


def points(value: float) -> str:
    """A signed difference of accuracies."""
    return f"{value:+.1f} points"


def one_section(sections: Mapping[str, T], key: str) -> T:
    """What the picker points at: one of a page's sections by name, the first at first; a step in
    the browser's history where ``key`` is one of `effnet_viz.ui.frame.steps.STEPS`."""
    first = next(iter(sections))
    st.html('<div id="look-closer"></div>')
    chosen = st.pills(
        "Look closer",
        list(sections),
        default=first,
        required=True,
        key=key,
        bind="query-params",
        wrap=True,
    )
    return sections[chosen or first]


_ON_PHONES = """<style>
@media (min-width: 641px) { .st-key-jump { display: none; } }
</style>"""


def jump() -> None:
    """On a phone, where the page is several screens tall: a link to the picker of `one_section`."""
    st.html(_ON_PHONES)
    with st.container(key="jump"):
        st.markdown("[Look closer, section by section ↓](#look-closer)")
