"""The class's answers to one question, as they come in and once revealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.family import baseline_of
from effnet_viz.evidence.paper import tables
from effnet_viz.figures import lesson as figures
from effnet_viz.lesson.answers import Point, Value, Worked
from effnet_viz.lesson.questions import Setting
from effnet_viz.lesson.text import QuestionText
from effnet_viz.scaling.compound import Coefficients
from effnet_viz.ui.lesson.wording import chart, filled, in_words, say

#: Answers that are shown one by one; the rest is counted together.
MOST_ROWS = 8


def show(
    key: str,
    counts: Mapping[str, int],
    words: QuestionText,
    worked: Worked,
    setting: Setting,
    revealed: bool,
    own: Value | None = None,
) -> None:
    """How many gave each answer; the true one is marked once ``revealed``, and an ``own`` point."""
    read = _read(counts, worked)
    total = sum(count for _, count in read)
    st.markdown(say("answers_in", count=total))
    if not total and not (revealed and worked.kind == "point"):
        return
    if worked.kind == "point":
        _points(key, read, words, worked, setting, revealed, own)
        return
    rows = read
    if worked.kind == "choice":
        rows = [(o, sum(c for v, c in read if v == o)) for o in worked.options]
    for value, count in rows[:MOST_ROWS]:
        mark = ":material/check: " if revealed and worked.is_right(value) else ""
        label = in_words(worked.kind, value, words, worked)
        st.progress(count / total, text=f"{mark}{label}: **{count}**")
    if rest := sum(count for _, count in rows[MOST_ROWS:]):
        st.progress(rest / total, text=say("other_answers", count=rest))


def _read(counts: Mapping[str, int], worked: Worked) -> list[tuple[Value, int]]:
    """Answers with their counts, the most frequent first; what is none is left out."""
    found: list[tuple[Value, int]] = []
    for raw, count in counts.items():
        try:
            found.append((worked.read(raw), count))
        except UserError:
            continue
    return sorted(found, key=lambda pair: (-pair[1], str(pair[0])))


def _points(
    key: str,
    read: Sequence[tuple[Value, int]],
    words: QuestionText,
    worked: Worked,
    setting: Setting,
    revealed: bool,
    own: Value | None,
) -> None:
    assert worked.axes is not None
    placed: list[Point] = [
        value for value, count in read for _ in range(count) if isinstance(value, tuple)
    ]
    truth = worked.answer if revealed and isinstance(worked.answer, tuple) else None
    mine = own if isinstance(own, tuple) else None
    near = sum(worked.is_right(point) for point in placed)
    said = say("points_near", near=near, count=len(placed)) if revealed else ""
    chart(
        figures.points(
            worked.axes,
            (filled(words.x, worked), filled(words.y, worked)),
            known(key, setting),
            own=mine,
            truth=truth,
            others=placed,
            names=(say("your_point"), say("the_class"), say("the_truth")),
            line=guide(key),
        ),
        f"lt_{key}",
        say("points_alt", count=len(placed)) + " " + said,
    )
    if said:
        st.caption(said)


def known(key: str, setting: Setting) -> list[figures.Known]:
    """The points that a question gives."""
    if key == "b4":
        paper = tables.load()
        rows = [paper.result(name) for name in ("B0", "B1", "ResNet-50", "ResNet-152")]
        return [
            figures.Known((float(row.gmacs), float(row.top1)), row.short)
            for row in rows
            if row.gmacs is not None
        ]
    if key == "depth_alone":
        base = baseline_of(setting.family)
        return [figures.Known((base.built, base.top1), "baseline")] if base else []
    if key == "phi_one":
        return [figures.Known((0.0, 1.0), "φ = 0")]
    return []


def guide(key: str) -> list[Point]:
    """The dashed line that a question gives: the law."""
    if key != "phi_one":
        return []
    law = Coefficients(1.0).law_ratio
    return [(n / 10, law ** (n / 10)) for n in range(21)]
