"""The test before and after, and what was gained."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from effnet_viz.lesson.answers import Worked, written
from effnet_viz.lesson.export import pairs
from effnet_viz.lesson.gain import Gain, class_gain, item_gains, normalised
from effnet_viz.lesson.items import ITEMS, MOMENTS, Moment, asked, form_of, marks
from effnet_viz.lesson.room import Vote
from effnet_viz.ui.lesson.place import Alone, Place
from effnet_viz.ui.lesson.wording import attempt, say, text

_MISSING = "_lesson_test_missing"


def questions_of(moment: Moment) -> tuple[str, ...]:
    """The names under which a room keeps this test."""
    return tuple(asked(item, moment) for item in ITEMS)


def sheet(place: Place, moment: Moment) -> None:
    """The eight items on one sheet, as the test's phase wants it."""
    phase = place.phase(asked(next(iter(ITEMS)), moment))
    taken = own_answers(place, moment)
    if phase == "hidden":
        st.markdown(say("test_not_open"))
    elif phase == "open":
        _form(place, moment, taken)
    else:
        st.markdown(say("test_done", count=len(taken)))


def own_answers(place: Place, moment: Moment) -> dict[str, str]:
    """What this visitor has answered, by item."""
    found = {item: place.answer(asked(item, moment)) for item in ITEMS}
    return {item: raw for item, raw in found.items() if raw is not None}


def _form(place: Place, moment: Moment, taken: dict[str, str]) -> None:
    form = form_of(place.seat, moment)
    alone = isinstance(place, Alone)
    if taken and not alone:
        st.success(say("test_sent"), icon=":material/check:")
    with st.form(f"lesson_test_{moment}", border=True):
        for number, (key, item) in enumerate(ITEMS.items(), start=1):
            _item(key, number, item.work(form), moment, form, taken.get(key))
        st.form_submit_button(
            say("send_all"),
            type="primary",
            icon=":material/send:",
            key=f"lesson_send_{moment}",
            on_click=_send,
            args=(place, moment),
        )
    if missing := st.session_state.pop(_MISSING, None):
        st.warning(say("test_incomplete", count=missing), icon=":material/info:")


def _send(place: Place, moment: Moment) -> None:
    """A callback: all eight, or a word about those that are missing."""
    answers = {}
    for key in ITEMS:
        value = st.session_state.get(f"lt_{moment}_{key}")
        if value is not None:
            answers[asked(key, moment)] = written(value)
    if len(answers) < len(ITEMS):
        st.session_state[_MISSING] = len(ITEMS) - len(answers)
    else:
        attempt(lambda: place.send(answers))


def _item(
    key: str, number: int, worked: Worked, moment: Moment, form: str, before: str | None
) -> None:
    words = text().items[key]
    label = f"**{number}.** " + words.prompts[form].format(**worked.facts)
    name = f"lt_{moment}_{key}"
    if worked.kind == "choice":
        st.radio(
            label,
            worked.options,
            index=worked.options.index(before) if before in worked.options else None,
            format_func=lambda option: words.options[option].format(**worked.facts),
            key=name,
        )
        return
    st.number_input(
        label,
        value=float(before) if before else None,
        min_value=0.0,
        max_value=1e6,
        format="%.6g",
        key=name,
        placeholder=say("your_number", unit=words.unit),
        width=240,
    )


def own_gain(place: Place) -> None:
    """One person's two tests, item by item, and the gain; nothing before both are done."""
    done = [
        marks(taken, form_of(place.seat, moment))
        for moment in MOMENTS
        if (taken := own_answers(place, moment))
        and place.phase(asked(next(iter(ITEMS)), moment)) != "open"
    ]
    if len(done) < len(MOMENTS):
        return
    before, after = done
    st.subheader(say("your_gain"))
    gain = normalised(sum(before) / len(before), sum(after) / len(after))
    with st.container(horizontal=True):
        st.metric(say("right_before"), f"{sum(before)} / {len(before)}", width=150)
        st.metric(say("right_after"), f"{sum(after)} / {len(after)}", width=150)
        st.metric(say("gain"), "–" if gain is None else f"{gain:.2f}", width=150)
    st.caption(say("gain_alone"))
    rows = [
        {
            say("item"): _title(key),
            say("before"): say("yes") if one else say("no"),
            say("after"): say("yes") if two else say("no"),
            say("rule"): text().items[key].reveal.format(**ITEMS[key].work("a").facts),
        }
        for key, one, two in zip(ITEMS, before, after, strict=True)
    ]
    st.table(pd.DataFrame(rows).set_index(say("item")), alt=say("your_gain"))


def class_gains(votes: Sequence[Vote]) -> None:
    """Every item's gain and the class's, with intervals, for the teacher."""
    taken = pairs(votes)
    whole = class_gain(taken)
    st.subheader(say("class_gain"))
    if whole is None:
        st.markdown(say("nobody_took_both"))
        return
    with st.container(horizontal=True):
        st.metric(say("took_both"), whole.n, width=150)
        st.metric(say("right_before"), f"{100 * whole.before:.0f} %", width=150)
        st.metric(say("right_after"), f"{100 * whole.after:.0f} %", width=150)
        st.metric(say("gain"), _gain(whole), width=240)
    rows = [
        {
            say("item"): _title(key),
            say("before"): f"{100 * gain.before:.0f} %",
            say("after"): f"{100 * gain.after:.0f} %",
            say("gain_with_interval"): _gain(gain),
        }
        for key, gain in item_gains(taken).items()
    ]
    st.table(pd.DataFrame(rows).set_index(say("item")), alt=say("class_gain"))
    st.caption(say("gain_method"))


def _gain(gain: Gain) -> str:
    if gain.gain is None:
        return say("no_room")
    if gain.low is None or gain.high is None:
        return f"{gain.gain:.2f}"
    return f"{gain.gain:.2f} ({gain.low:.2f}–{gain.high:.2f})"


def _title(key: str) -> str:
    return say(f"item_{key}")
