"""The words of the lesson as the page says them, and its pictures as large as the wall wants."""

from __future__ import annotations

from collections.abc import Callable

import plotly.graph_objects as go
import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.lesson.answers import Kind, Value, Worked
from effnet_viz.lesson.text import QuestionText, Text, load
from effnet_viz.ui.shared import parts

#: The teacher's switch for the wall.
PRESENT = "lesson_present"

#: What a figure writes on the wall, in px.
WALL_PX = 24


def text() -> Text:
    """All words, of the one language that ships."""
    return load()


def say(word: str, /, **facts: object) -> str:
    """A word or sentence of the page."""
    return text().say(word, **facts)


def presenting() -> bool:
    """Whether this screen is on the wall: large type, nothing that is for the teacher alone."""
    return bool(st.session_state.get(PRESENT))


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """A chart; on the wall it is drawn so large that the last row can read it."""
    parts.chart(_for_the_wall(figure) if presenting() else figure, key, alt)


def _for_the_wall(figure: go.Figure) -> go.Figure:
    """A copy with everything that is written in it at `WALL_PX`, and room for that."""
    large = go.Figure(figure)
    layout = large.layout
    left, top = (2 * (side or 0) for side in (layout.margin.l, layout.margin.t))
    large.update_layout(
        font_size=WALL_PX,
        legend_font_size=WALL_PX,
        height=1.4 * (layout.height or 340),
        margin={"l": left, "t": top},
    )
    large.update_xaxes(tickfont_size=WALL_PX, title_font_size=WALL_PX)
    large.update_yaxes(tickfont_size=WALL_PX, title_font_size=WALL_PX)
    large.update_annotations(font_size=WALL_PX)
    for kind in ("scatter", "scatterternary"):
        large.update_traces(textfont_size=WALL_PX, marker_size=WALL_PX, selector={"type": kind})
    large.update_traces(textfont_size=WALL_PX, selector={"type": "bar"})
    bars = {"tickfont_size": WALL_PX, "title_font_size": WALL_PX}
    large.update_traces(marker_colorbar=bars, selector={"marker.showscale": True})
    return large


def filled(template: str, worked: Worked) -> str:
    """A question's sentence with its facts."""
    return template.format(**worked.facts)


def in_words(kind: Kind, value: Value, words: QuestionText, worked: Worked) -> str:
    """An answer as a person reads it."""
    if kind == "choice":
        return filled(words.options[str(value)], worked)
    if isinstance(value, tuple):
        return say("at_point", x=value[0], y=value[1])
    return f"{value:.4g} {words.unit}".strip()


_PROBLEM = "_lesson_problem"


def attempt(act: Callable[[], None], where: str = "") -> None:
    """For callbacks: do it; where it failed, `problems` says why in its place of that name."""
    try:
        act()
    except UserError as error:
        st.session_state[_PROBLEM] = (where, str(error))


def problems(where: str = "") -> None:
    """What the last `attempt` of this place came to, where it failed."""
    place, said = st.session_state.get(_PROBLEM, (None, ""))
    if place == where:
        del st.session_state[_PROBLEM]
        st.error(said, icon=":material/error:")
