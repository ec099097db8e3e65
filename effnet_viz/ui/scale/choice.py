"""What the page shows: the controls' choice, or the last one that made a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling import sweep
from effnet_viz.scaling.architectures import ARCHITECTURES, ArchitectureSpec
from effnet_viz.scaling.compound import Coefficients, Multipliers
from effnet_viz.ui.shared.state import (
    ARCHITECTURE_TITLES,
    SCALE_BY_TITLES,
    SCALE_DEFAULTS,
    ScaleChoice,
    option_of,
    scale_choice,
    value_of,
)

_VALID = "_scale_valid"


@dataclass(frozen=True, slots=True)
class Shown:
    """A choice that makes a network, and its position.

    ``limit`` is empty unless the controls ask for what cannot be built; then ``choice`` is the last
    one that could, ``back`` the controls that lead to it, and ``asked_…`` what they are set to now.
    """

    choice: ScaleChoice
    position: sweep.Position
    limit: str = ""
    back: dict[str, Any] | None = None
    asked: ScaleChoice | None = None

    @property
    def architecture(self) -> ArchitectureSpec:
        """The baseline."""
        return self.choice.architecture

    @property
    def by(self) -> str:
        """How it is scaled: ``formula``, ``multipliers`` or ``released``."""
        return self.choice.by

    @property
    def variant(self) -> str | None:
        """The released variant, where it is one."""
        return self.choice.variant

    @property
    def coefficients(self) -> Coefficients | None:
        """φ and coefficients, where the choice has them."""
        return self.choice.coefficients

    @property
    def multipliers(self) -> Multipliers:
        """What is applied to the baseline."""
        return self.choice.multipliers

    @property
    def asked_coefficients(self) -> Coefficients | None:
        """φ and coefficients as the controls are set."""
        return (self.asked or self.choice).coefficients

    @property
    def asked_multipliers(self) -> Multipliers:
        """The multipliers as the controls are set."""
        return (self.asked or self.choice).multipliers

    @classmethod
    def of_session(cls) -> Shown:
        """The controls' choice; where it cannot be built, the last one that could."""
        try:
            choice = scale_choice()
            shown = cls(choice, _position(choice))
        except UserError as error:
            return _last_valid(str(error))
        st.session_state[_VALID] = choice
        return shown


def _position(choice: ScaleChoice) -> sweep.Position:
    at = sweep.position(choice.architecture, choice.multipliers, choice.coefficients)
    return replace(at, variant=choice.variant)


def _last_valid(reason: str) -> Shown:
    asked = _asked()
    last = st.session_state.get(_VALID)
    same = (
        isinstance(last, ScaleChoice)
        and last.architecture == asked.architecture
        and last.by == asked.by
    )
    choice = last if isinstance(last, ScaleChoice) and same else _nearest(asked)
    if asked.coefficients is not None:
        met = sweep.at_coefficients(asked.architecture, asked.coefficients)
        reason = met.sentence if isinstance(met, sweep.Limit) else reason
    c, m = choice.coefficients, choice.multipliers
    back: dict[str, Any]
    if c is not None:
        back = {"phi": c.phi, "alpha": c.alpha, "beta": c.beta, "gamma": c.gamma}
    else:
        back = {"depth": m.depth, "width": m.width, "px": m.resolution_px}
    return Shown(choice, _position(choice), reason, back, asked)


def _asked() -> ScaleChoice:
    """The controls as they are set, whether or not they make a network."""
    d = SCALE_DEFAULTS
    architecture = ARCHITECTURES[
        option_of("architecture", ARCHITECTURE_TITLES, str(d["architecture"]))
    ]
    by = option_of("by", SCALE_BY_TITLES, str(d["by"]))
    px = architecture.resolution_px
    if by == "multipliers":
        multipliers = Multipliers(
            value_of("depth", 1.0), value_of("width", 1.0), value_of("px", px)
        )
        return ScaleChoice(architecture, by, None, multipliers)
    phi, alpha, beta, gamma = (
        value_of(key, float(d[key])) for key in ("phi", "alpha", "beta", "gamma")
    )
    try:
        coefficients = Coefficients(phi, alpha, beta, gamma)
    except UserError:
        coefficients = Coefficients(1.0)
    return ScaleChoice(architecture, "formula", coefficients, Multipliers(1.0, 1.0, px))


def _nearest(asked: ScaleChoice) -> ScaleChoice:
    """For a link that asks for too much: the nearest φ that can be built, else the baseline."""
    base, c = asked.architecture, asked.coefficients
    if c is not None:
        built = [
            at
            for at in sweep.phi_table(base, c.alpha, c.beta, c.gamma)
            if isinstance(at, sweep.Position) and at.coefficients is not None
        ]
        near = min(built, key=lambda at: abs((at.coefficients or c).phi - c.phi))
        return ScaleChoice(base, asked.by, near.coefficients, near.multipliers)
    return ScaleChoice(base, asked.by, None, Multipliers(1.0, 1.0, base.resolution_px))
