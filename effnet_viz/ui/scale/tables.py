"""The tables that the live picture is drawn from, computed once for everybody who asks."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from typing import cast

import streamlit as st

from effnet_viz.scaling import sweep
from effnet_viz.scaling.architectures import ARCHITECTURES
from effnet_viz.scaling.compound import Coefficients, Multipliers
from effnet_viz.ui.scale import words

#: Some hundred kilobytes each.
TABLES_KEPT = 128

#: Sliders of each way to scale; the first one's table is there from the start.
SLIDERS: dict[str, tuple[sweep.Slider, ...]] = {
    "formula": ("phi", "alpha", "beta", "gamma"),
    "multipliers": ("depth", "width", "px"),
    "released": ("variant",),
}


@dataclass(frozen=True, slots=True)
class TableKey:
    """What a table depends on: the slider and the values that stay where they are.

    ``start`` holds φ, α, β, γ or depth, width, px, with 0 for what the slider itself sets; ``held``
    is α·β²·γ² where the other coefficients follow.
    """

    architecture: str
    slider: sweep.Slider
    start: tuple[float, ...] = ()
    held: float | None = None

    @property
    def id(self) -> str:
        """A short name, the same for the same table."""
        return "|".join(str(value) for value in astuple(self))


def key_for(
    architecture: str,
    slider: sweep.Slider,
    coefficients: Coefficients | None,
    multipliers: Multipliers,
    held: float | None,
) -> TableKey:
    """The table of a slider around the current values."""
    if slider == "variant":
        return TableKey(architecture, slider)
    if coefficients is not None:
        c = coefficients
        values = {"phi": c.phi, "alpha": c.alpha, "beta": c.beta, "gamma": c.gamma}
        held = None if slider == "phi" else held
    else:
        m = multipliers
        values = {"depth": m.depth, "width": m.width, "px": m.resolution_px}
        held = None
    start = tuple(0 if name == slider else value for name, value in values.items())
    return TableKey(architecture, slider, start, held)


@st.cache_data(max_entries=TABLES_KEPT, show_spinner=False)
def table(key: TableKey) -> bytes:
    """Every position of a slider as JSON: a row of `words.position`, or the sentence of a limit."""
    base = ARCHITECTURES[key.architecture]
    moved: tuple[str, ...] = (key.slider,)
    found: sweep.Table
    if key.slider == "variant":
        found = sweep.released_table(base)
    elif key.slider in SLIDERS["multipliers"]:
        depth, width, px = key.start
        start = Multipliers(depth or 1.0, width or 1.0, int(px or base.resolution_px))
        found = sweep.multiplier_table(base, start, key.slider)
    else:
        phi, alpha, beta, gamma = key.start
        if key.slider == "phi":
            found = sweep.phi_table(base, alpha, beta, gamma)
        else:
            coefficients = Coefficients(phi, alpha or 1.0, beta or 1.0, gamma or 1.0)
            slider = cast(sweep.Coefficient, key.slider)
            found = sweep.coefficient_table(base, coefficients, slider, key.held)
            moved = (*sweep.COEFFICIENTS, "product") if key.held else (key.slider, "product")
    rows = [
        words.position(base, at, moved) if isinstance(at, sweep.Position) else at.sentence
        for at in found
    ]
    made = {"id": key.id, "slider": key.slider, "rows": rows}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


@st.cache_data(max_entries=TABLES_KEPT, show_spinner=False)
def curve(architecture: str, alpha: float, beta: float, gamma: float) -> words.Json:
    """The curve of cost against φ for these coefficients."""
    base = ARCHITECTURES[architecture]
    return words.curve(
        sweep.curve(base, alpha, beta, gamma),
        sweep.released_points(base, alpha, beta, gamma),
        f"{architecture}|{alpha}|{beta}|{gamma}",
    )
