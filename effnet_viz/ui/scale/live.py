"""The live part of the page: a component that redraws as a slider moves, and what it tells Python.

It draws the controls in one column and the picture in another, from tables that the server computes
once; nothing is sent while a slider is held. On release the native widgets take the values, so that
links, other pages and a page without scripts have them too.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from effnet_viz.scaling import sweep
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    EFFICIENTNET_B0,
    LATER_VARIANTS,
    VARIANTS,
)
from effnet_viz.scaling.families import ROLES
from effnet_viz.ui.frame.hidden import hidden as hidden_by_link
from effnet_viz.ui.scale import guess, tables, words
from effnet_viz.ui.scale.choice import Shown
from effnet_viz.ui.shared import widgets
from effnet_viz.ui.shared.state import ARCHITECTURE_TITLES, SCALE_BY_TITLES, SCALE_RANGES

_FOLDER = Path(__file__).parent / "component"
_SCRIPTS = ("state", "dom", "drawing", "picture", "curve", "controls", "main")
_CONTROLS, _PICTURE, _NOW = "scale_live", "scale_picture", "scale_now"
_TOUCHED, _SEQ, _LIMIT = "_scale_touched", "_scale_seq", "_scale_limit"

LABELS = {
    "phi": ("φ", "how much to spend"),
    "alpha": ("α", "depth per step"),
    "beta": ("β", "width per step"),
    "gamma": ("γ", "resolution per step"),
    "depth": ("d", "depth"),
    "width": ("w", "width"),
    "px": ("r", "input size, px"),
}
TOTALS = ("Multiply-adds", "Parameters", "Activations", "Memory", "Sees")
#: What each total is, in the order of `words.totals`.
WHY = (
    "Multiply-adds for one image (MACs). The paper calls them FLOPS. Computed here.",
    "Weights, biases and batch-norm scale and shift. Computed here.",
    "Elements output by convolutions and linear layers, for one image. Computed here.",
    "Least float32 memory of one forward pass: weights and the largest layer's input and output. "
    "Computed here.",
    "Theoretical receptive field of the convolution path, in input pixels. "
    "Squeeze-and-excitation makes the true one global.",
)
NOTE = (
    "A slab is a block's output: as high and as wide as its map, as long as it has channels. "
    "Bright is what the baseline has not; the head is not drawn.",
    "In brackets: before rounding up to whole blocks, and to channels in eights.",
    "Computed here.",
)
#: What the button under the drawing says: how map sides are drawn, and what a click does.
SCALES = ("Map sides as square roots: draw linear", "Map sides linear: draw as square roots")


@cache
def _source(*names: str) -> str:
    return "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)


def _part(name: str, *styles: str) -> Any:
    return st.components.v2.component(
        f"effnet_viz_{name}",
        html=f'<div class="root {name}"></div>',
        css=_source("look.css", *styles),
        js=_source(*(f"{script}.js" for script in _SCRIPTS)),
    )


_controls = _part("controls", "controls.css", "slider.css", "curve.css")
_picture = _part("picture", "picture.css")
_now = st.components.v2.component("effnet_viz_now", js=_source("now.js"))


def controls() -> None:
    """The sliders; what they are set to comes with `now`, so these bytes never change."""
    _controls(key=_CONTROLS, data=_spec(), on_moved_change=_moved)


@cache
def _spec() -> dict[str, Any]:
    return {
        "architectures": list(ARCHITECTURE_TITLES.items()),
        "modes": list(SCALE_BY_TITLES.items()),
        "roles": list(ROLES),
        "variants": list(VARIANTS),
        "later": list(LATER_VARIANTS),
        "laterHelp": widgets.LATER,
        "sliders": {
            key: {"label": label, "what": what, "at": sweep.STEPS[key]}  # type: ignore[index]
            for key, (label, what) in LABELS.items()
        },
        "decades": [_decade(power) for power in range(-4, 9)],
        "totals": TOTALS,
        "why": WHY,
        "note": NOTE,
        "scales": SCALES,
        "lockHelp": widgets.LOCK_HELP,
    }


def _decade(power: int) -> str:
    return f"{10**power:,}×" if power >= 0 else words.plain(10.0**power) + "×"


def picture() -> None:
    """The totals, the drawing and the stage table, with the touched slider's table.

    A fragment: asking for another slider's table re-runs nothing else.
    """
    _picture_part()


@st.fragment
def _picture_part() -> None:
    key = _touched_key(Shown.of_session())
    _picture(key=_PICTURE, data=tables.table(key), on_touched_change=_touch)


def _touched_key(shown: Shown) -> tables.TableKey:
    """The table on the page: the slider's that was touched last, else the first one's."""
    key = st.session_state.get(_TOUCHED)
    sliders = tables.SLIDERS[shown.by]
    if key is None or key.architecture != shown.architecture.name or key.slider not in sliders:
        key = _key(shown, sliders[0])
    return key


def _key(shown: Shown, slider: sweep.Slider) -> tables.TableKey:
    return tables.key_for(
        shown.architecture.name,
        slider,
        shown.coefficients,
        shown.multipliers,
        widgets.held_product(),
    )


def _touch() -> None:
    """A hand is on a slider: its table is wanted."""
    slider = (st.session_state[_PICTURE].get("touched") or {}).get("key")
    shown = Shown.of_session()
    if slider in tables.SLIDERS[shown.by]:
        st.session_state[_TOUCHED] = _key(shown, slider)


def now(shown: Shown, hidden: bool) -> None:
    """The server's word: values, their exact row, the curve, the limit, the question."""
    base, at = shown.architecture, shown.position
    touched = st.session_state.get(_TOUCHED)
    sliders = list(tables.SLIDERS[shown.by])
    keys = {slider: _key(shown, slider).id for slider in sliders}
    if touched is not None and touched.slider in keys:
        keys[touched.slider] = touched.id
    c = shown.asked_coefficients
    said = words.texts(c, shown.asked_multipliers, shown.variant)
    product = said.get("product", "")
    data = {
        "seq": st.session_state.get(_SEQ, 0),
        "architecture": base.name,
        "by": shown.by,
        "released": base == EFFICIENTNET_B0,
        "texts": said | {"lock": widgets.lock_label(product)},
        "tables": keys,
        "row": words.position(base, at),
        "base": words.baseline(base, at.costs[0]),
        "alt": words.drawing_alt(base, at),
        "lock": widgets.is_locked(),
        "two": product == "2.00",
        "paper": widgets.is_papers(),
        "role": widgets.role_now(),
        "curve": tables.curve(base.name, c.alpha, c.beta, c.gamma) if c is not None else None,
        "limit": _limit(shown),
        "hidden": hidden,
        "away": hidden_by_link("scale"),
        "guess": {
            "question": guess.question(at),
            "choices": [*guess.GUESSES, guess.SKIP],
            "answer": guess.answer(at),
        }
        if hidden or guess.is_untouched()
        else None,
    }
    _now(key=_NOW, data=data, height=1)


def _limit(shown: Shown) -> dict[str, Any] | None:
    if shown.limit:
        back = {"text": f"Back to {words.name_of(shown.position)}", "set": shown.back}
        return {"sentence": shown.limit, "back": back}
    sentence = st.session_state.get(_LIMIT)
    return {"sentence": sentence, "back": None} if sentence else None


def _moved() -> None:
    """What the component says, in order; what was heard before is told again, and skipped."""
    for change in (st.session_state[_CONTROLS].get("moved") or {}).get("changes", ()):
        seq = int(change.get("seq", 0))
        if seq > int(st.session_state.get(_SEQ, 0)):
            st.session_state[_SEQ] = seq
            _apply(change)


def _apply(change: dict[str, Any]) -> None:
    """A slider was let go, a value typed, a choice made."""
    state = st.session_state
    act, values = change.get("act"), change.get("set") or {}
    state[_LIMIT] = change.get("limit") if act == "slide" else None
    touched = getattr(state.get(_TOUCHED), "slider", None)
    if act != "slide" or change.get("key") != touched:
        state.pop(_TOUCHED, None)
    match act:
        case "slide" | "type":
            _set(values)
        case "choose":
            _choose(values)
        case "lock":
            state["lock"] = bool(change.get("lock"))
        case "two":
            widgets.make_two()
        case "reset":
            widgets.reset_coefficients()
        case "role":
            widgets.set_role(str(change.get("role")))
        case "guess":
            guess.remember(str(change.get("guess")))


def _set(values: dict[str, Any]) -> None:
    """Values into the native widgets. One coefficient by itself moves the others that are held."""
    if values.get("variant") in VARIANTS:
        st.session_state["variant"] = values["variant"]
    numbers = {
        key: min(max(float(value), SCALE_RANGES[key][0]), SCALE_RANGES[key][1])
        for key, value in values.items()
        if key in SCALE_RANGES and isinstance(value, int | float) and math.isfinite(value)
    }
    for key, value in numbers.items():
        st.session_state[key] = round(value) if key == "px" else round(value, 3)
    moved = [key for key in sweep.COEFFICIENTS if key in numbers]
    if len(moved) == 1:
        widgets.coefficient_moved(moved[0])


def _choose(values: dict[str, Any]) -> None:
    state = st.session_state
    if values.get("by") in SCALE_BY_TITLES:
        state["by"] = values["by"]
    if values.get("architecture") in ARCHITECTURES:
        state["architecture"] = values["architecture"]
        widgets.architecture_changed()
