"""The keys of shared state and what they mean; every key is also the name in the link.

Widgets own their values (``bind="query-params"``). A page that needs the value of a widget on
another page reads it here: from the session, else from the link, else the default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ARCHITECTURES, VARIANTS, ArchitectureSpec
from effnet_viz.scaling.compound import (
    Coefficients,
    Multipliers,
    checked_multipliers,
    released,
    round_px,
)
from effnet_viz.scaling.families import CLASSROOM_ROLES, ROLES
from effnet_viz.scaling.study import ScaleStudy, study

ScaleBy = Literal["formula", "multipliers", "released"]
T = TypeVar("T", int, float, str, bool, str | float | int | bool)

#: The Scale page's controls and the values it opens with.
SCALE_DEFAULTS: MappingProxyType[str, str | float | int | bool] = MappingProxyType(
    {
        "architecture": "efficientnet_b0",
        "by": "formula",
        "phi": 1.0,
        "alpha": 1.2,
        "beta": 1.1,
        "gamma": 1.15,
        "lock": True,
        "depth": 1.0,
        "width": 1.0,
        "variant": "b1",
    }
)

#: How far the Scale page's sliders go.
SCALE_RANGES: MappingProxyType[str, tuple[float, float]] = MappingProxyType(
    {
        "phi": (-3.0, 8.0),
        "alpha": (1.0, 2.0),
        "beta": (1.0, 2.0),
        "gamma": (1.0, 2.0),
        "depth": (0.1, 8.0),
        "width": (0.25, 5.0),
        "px": (32, 1024),
    }
)

#: How options are called on screen; a link carries these names.
ARCHITECTURE_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {name: spec.title for name, spec in ARCHITECTURES.items()}
)
SCALE_BY_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {"formula": "φ", "multipliers": "d, w, r", "released": "B0-B7"}
)
VARIANT_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {variant: variant.upper() for variant in VARIANTS}
)
DEVICE_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA GPU", "mps": "Apple GPU"}
)

#: Table 7 of the paper: the multipliers of its activation-map models, for any baseline.
PAPER_ROLES: MappingProxyType[str, tuple[float, float, float]] = MappingProxyType(
    {
        "depth": (4.0, 1.0, 1.0),
        "width": (1.0, 2.0, 1.0),
        "resolution": (1.0, 1.0, 2.0),
        "compound": (1.4, 1.2, 1.3),
    }
)


def option_of(key: str, titles: Mapping[str, str], default: str) -> str:
    """A shared choice among titled options, from the session (option) or the link (title)."""
    raw = st.session_state.get(key, st.query_params.get(key))
    by_title = {title: option for option, title in titles.items()}
    option = by_title.get(str(raw), raw)
    return option if option in titles else default


def value_of(key: str, default: T) -> T:
    """A shared value: the session's, else the link's, else the default; bad values are ignored."""
    raw = st.session_state.get(key, st.query_params.get(key))
    if raw is None:
        return default
    try:
        value: Any = str(raw).lower() == "true" if isinstance(default, bool) else type(default)(raw)
    except (TypeError, ValueError):
        return default
    return value


@dataclass(frozen=True, slots=True)
class ScaleChoice:
    """What the Scale page's controls say, ready for one engine call."""

    architecture: ArchitectureSpec
    by: str
    coefficients: Coefficients | None
    multipliers: Multipliers
    variant: str | None = None

    def study(self) -> ScaleStudy:
        """The account of this choice, the same for everybody. Raises UserError where it cannot be
        scaled."""
        return _study_of(self)

    @property
    def name(self) -> str:
        """How pages call the model, e.g. ``φ = 1``, ``B4`` or ``d 4, w 1, 224 px``."""
        if self.coefficients is not None:
            return f"φ = {self.coefficients.phi:g}"
        if self.variant is not None:
            return self.variant.upper()
        m = self.multipliers
        return f"d {m.depth:g}, w {m.width:g}, {m.resolution_px} px"


@lru_cache(maxsize=512)
def _study_of(choice: ScaleChoice) -> ScaleStudy:
    if choice.variant is not None:
        return study(choice.architecture, variant=choice.variant)
    return study(choice.architecture, choice.coefficients or choice.multipliers)


def scale_choice() -> ScaleChoice:
    """The Scale page's choice, from any page. Raises UserError where its values make no network."""
    d = SCALE_DEFAULTS
    architecture = ARCHITECTURES[
        option_of("architecture", ARCHITECTURE_TITLES, str(d["architecture"]))
    ]
    by = option_of("by", SCALE_BY_TITLES, str(d["by"]))
    if by == "released" and architecture.name == "efficientnet_b0":
        variant = option_of("variant", VARIANT_TITLES, str(d["variant"]))
        return ScaleChoice(architecture, by, None, released(variant), variant)
    if by == "multipliers":
        multipliers = checked_multipliers(
            value_of("depth", 1.0),
            value_of("width", 1.0),
            value_of("px", architecture.resolution_px),
        )
        return ScaleChoice(architecture, by, None, multipliers)
    coefficients = Coefficients(
        *(value_of(key, float(d[key])) for key in ("phi", "alpha", "beta", "gamma"))
    )
    multipliers = coefficients.multipliers(architecture.resolution_px)
    return ScaleChoice(architecture, "formula", coefficients, multipliers)


def role_multipliers(architecture: ArchitectureSpec, role: str) -> Multipliers:
    """A role's multipliers on a baseline: the classroom family's own, else the paper's table 7."""
    if role not in ROLES:
        raise UserError(f"There is no role {role!r}; choose one of {', '.join(ROLES)}.")
    if architecture.name == "classroom":
        return next(m for known, m in CLASSROOM_ROLES.items() if known == role)
    depth, width, ratio = PAPER_ROLES.get(role, (1.0, 1.0, 1.0))
    return Multipliers(depth, width, round_px(ratio * architecture.resolution_px))
