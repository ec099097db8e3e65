"""One question: its widget, then what was true and why."""

from __future__ import annotations

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.figures import lesson as figures
from effnet_viz.lesson.answers import Axes, Point, Value, Worked, written
from effnet_viz.lesson.questions import QUESTIONS, Setting
from effnet_viz.lesson.text import OTHER, QuestionText
from effnet_viz.ui.lesson import tally
from effnet_viz.ui.lesson.place import Alone, Place
from effnet_viz.ui.lesson.wording import attempt, chart, filled, in_words, problems, say, text

#: So high that its sliders and their button stand on the first screen too.
PICTURE_PX = 215

#: Steps of a point's slider across, and a step of the one up, where that is coarse enough.
STEPS = 60
COARSE = 0.1


def question(place: Place, key: str, setting: Setting) -> None:
    """A question as its phase wants it: waiting, open, locked, or revealed."""
    words = text().questions[key]
    try:
        worked = QUESTIONS[key].work(setting)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    phase, raw = place.phase(key), place.answer(key)
    if phase == "hidden":
        st.markdown(say("not_asked_yet"))
        return
    st.markdown(filled(words.prompt, worked))
    own = _own(worked, raw)
    if phase == "open":
        _ask(place, key, words, worked, setting, own)
    elif phase == "locked":
        st.markdown(_said(own, words, worked) + " " + say("locked_wait"))
    else:
        _reveal(place, key, words, worked, setting, own)


def _own(worked: Worked, raw: str | None) -> Value | None:
    try:
        return None if raw is None else worked.read(raw)
    except UserError:
        return None


def _said(own: Value | None, words: QuestionText, worked: Worked) -> str:
    if own is None:
        return say("no_answer")
    return say("you_said", answer=in_words(worked.kind, own, words, worked))


def _ask(
    place: Place,
    key: str,
    words: QuestionText,
    worked: Worked,
    setting: Setting,
    own: Value | None,
) -> None:
    alone = isinstance(place, Alone)
    value = _widget(key, words, worked, setting, own)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            say("lock_mine") if alone else say("send"),
            key=f"lb_{key}",
            type="primary",
            icon=":material/lock:" if alone else ":material/send:",
            on_click=_send,
            args=(place, key, worked),
        )
        if not alone and own is not None and (value is None or written(value) == written(own)):
            st.markdown(say("sent"))
    problems(key)


def _send(place: Place, key: str, worked: Worked) -> None:
    """A callback: what stands in the widget now.

    The button is never disabled: a number counts as written only once the field is left, and the
    key that leaves it would pass over a disabled button.
    """
    state = st.session_state
    if worked.kind == "point":
        assert worked.axes is not None
        x = worked.axes.fixed_x
        value: Value | None = (
            float(state[f"lx_{key}"] if x is None else x),
            float(state[f"ly_{key}"]),
        )
    else:
        value = state[f"lq_{key}"]

    def send() -> None:
        raw = "" if value is None else written(value)
        place.send({key: written(worked.read(raw))})

    attempt(send, key)


def _widget(
    key: str, words: QuestionText, worked: Worked, setting: Setting, own: Value | None
) -> Value | None:
    label = filled(words.prompt, worked)
    if worked.kind == "choice":
        return st.radio(
            label,
            worked.options,
            index=worked.options.index(str(own)) if own is not None else None,
            format_func=lambda option: filled(words.options[option], worked),
            key=f"lq_{key}",
            label_visibility="collapsed",
        )
    if worked.kind == "number":
        return st.number_input(
            label,
            value=float(own) if isinstance(own, float) else None,
            min_value=0.0,
            max_value=1e6,
            key=f"lq_{key}",
            label_visibility="collapsed",
            placeholder=say("your_number", unit=words.unit),
            format="%.6g",
            width=240,
        )
    assert worked.axes is not None
    return _point(key, words, worked, worked.axes, setting, own)


def _point(
    key: str,
    words: QuestionText,
    worked: Worked,
    axes: Axes,
    setting: Setting,
    own: Value | None,
) -> Point:
    """A point by two sliders, or by a click on the picture, which moves them."""
    xs, ys = _ticks(axes)
    x_key, y_key = f"lx_{key}", f"ly_{key}"
    start = own if isinstance(own, tuple) else (float(xs[len(xs) // 2]), float(ys[len(ys) // 2]))
    st.session_state.setdefault(x_key, _nearest(xs, start[0]))
    st.session_state.setdefault(y_key, _nearest(ys, start[1]))
    picture = st.container()
    x = axes.fixed_x
    across, up = (
        (st.container(), st.container())
        if x is not None
        else st.columns(2, vertical_alignment="bottom")
    )
    if x is None:
        x = float(across.select_slider(filled(words.x, worked), xs, key=x_key))
    y = float(up.select_slider(filled(words.y, worked), ys, key=y_key))
    point = (x, y)

    def clicked() -> None:
        met = st.session_state[f"lc_{key}"]["selection"]["points"]
        place = met[0].get("customdata") if met else None
        if place:
            if axes.fixed_x is None:
                st.session_state[x_key] = _nearest(xs, float(place[0]))
            st.session_state[y_key] = _nearest(ys, float(place[1]))

    with picture:
        st.plotly_chart(
            figures.points(
                axes,
                (filled(words.x, worked), filled(words.y, worked)),
                tally.known(key, setting),
                own=point,
                names=(say("your_point"), "", ""),
                line=tally.guide(key),
                clickable=True,
            ).update_layout(height=PICTURE_PX),
            key=f"lc_{key}",
            alt=_alt(key, setting) + " " + say("your_point_at", x=point[0], y=point[1]),
            config={"displayModeBar": False},
            on_select=clicked,
            selection_mode="points",
        )
    return point


def _alt(key: str, setting: Setting) -> str:
    given = "; ".join(
        f"{known.name}: {known.at[0]:.3g}, {known.at[1]:.3g}" for known in tally.known(key, setting)
    )
    return say("given_points", points=given)


def _ticks(axes: Axes) -> tuple[list[str], list[str]]:
    """Where a point's sliders can stand, along both axes, as they show it."""
    height = axes.y_high - axes.y_low
    step = COARSE if height > 100 * COARSE / 2 else COARSE / 2
    ys = [f"{axes.y_low + step * n:.4g}" for n in range(round(height / step) + 1)]
    low, high = axes.x_low, axes.x_high
    if axes.log_x:
        return [f"{low * (high / low) ** (n / STEPS):.3g}" for n in range(STEPS + 1)], ys
    return [f"{low + (high - low) * n / STEPS:.3g}" for n in range(STEPS + 1)], ys


def _nearest(ticks: list[str], value: float) -> str:
    return min(ticks, key=lambda tick: abs(float(tick) - value))


def _reveal(
    place: Place,
    key: str,
    words: QuestionText,
    worked: Worked,
    setting: Setting,
    own: Value | None,
) -> None:
    """Right or not, the truth, why the common wrong answer is wrong, and what to tell others."""
    truth = filled(words.reveal, worked)
    if own is None:
        st.info(f"{say('no_answer')} {truth}", icon=":material/lightbulb:")
    elif worked.is_right(own):
        st.success(f"{_said(own, words, worked)} {say('right')} {truth}", icon=":material/check:")
    else:
        st.warning(f"{_said(own, words, worked)} {say('not_so')} {truth}", icon=":material/close:")
    wrong = _why(own, words, worked)
    if wrong:
        st.markdown(wrong)
    if not isinstance(place, Alone):
        tally.show(key, place.tally(key), words, worked, setting, revealed=True, own=own)
    elif worked.kind == "point":
        _on_the_picture(key, words, worked, setting, own)
    st.markdown(f"**{say('neighbour')}**")
    if isinstance(place, Alone):
        st.text_area(
            say("neighbour"),
            key=f"ln_{key}",
            label_visibility="collapsed",
            placeholder=say("one_sentence"),
            height=68,
            max_chars=300,
        )
    with st.expander(say("one_way")):
        st.markdown(words.tell)


def _why(own: Value | None, words: QuestionText, worked: Worked) -> str:
    """Why an own wrong answer is wrong; else why the most common one is."""
    if own is not None and not worked.is_right(own):
        trap = worked.trap_of(own)
        return filled(words.why.get(trap or OTHER, words.why.get(OTHER, "")), worked)
    wrong = [name for name in words.why if name != worked.answer]
    if not wrong:
        return ""
    name = wrong[0]
    value = worked.traps.get(name)
    if worked.kind == "choice":
        said = filled(words.options[name], worked)
    elif value is not None:
        said = f"{value:.4g} {words.unit}".strip()
    else:
        return filled(words.why[name], worked)
    return say("common_mistake", answer=said) + " " + filled(words.why[name], worked)


def _on_the_picture(
    key: str, words: QuestionText, worked: Worked, setting: Setting, own: Value | None
) -> None:
    assert worked.axes is not None
    assert isinstance(worked.answer, tuple)
    x, y = worked.answer
    chart(
        figures.points(
            worked.axes,
            (filled(words.x, worked), filled(words.y, worked)),
            tally.known(key, setting),
            own=own if isinstance(own, tuple) else None,
            truth=worked.answer,
            names=(say("your_point"), "", say("the_truth")),
            line=tally.guide(key),
        ),
        f"lr_{key}",
        _alt(key, setting) + " " + say("true_point_at", x=x, y=y),
    )
