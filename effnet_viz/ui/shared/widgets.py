"""Components that own widget state; pages call them and read plain values back."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ARCHITECTURES, VARIANTS
from effnet_viz.scaling.compound import (
    PAPER_ALPHA,
    PAPER_BETA,
    PAPER_GAMMA,
    Coefficients,
    Multipliers,
)
from effnet_viz.scaling.families import ROLES
from effnet_viz.scaling.sweep import COEFFICIENTS, Coefficient, moved_to, rescaled
from effnet_viz.ui.shared.state import (
    ARCHITECTURE_TITLES,
    DEVICE_TITLES,
    SCALE_BY_TITLES,
    SCALE_DEFAULTS,
    SCALE_RANGES,
    VARIANT_TITLES,
    option_of,
    role_multipliers,
    value_of,
)

#: α·β²·γ² while it is held, and what the paper calls it.
_HELD = "_held_product"
PAPERS_TARGET = 2.0
LOCK_HELP = (
    "By the law one step of φ multiplies the cost by α·β²·γ². Held, moving one coefficient moves "
    "the other two. The paper's 1.2, 1.1 and 1.15 make 1.92, which it calls about 2."
)
#: What sets some of the released variants apart.
LATER = "B8 and L2 were published after the paper, with other training; its tables end at B7."


def sidebar() -> None:
    """What every page shares: the device on which models run."""
    with st.sidebar:
        st.selectbox(
            "Run models on",
            list(DEVICE_TITLES),
            format_func=DEVICE_TITLES.__getitem__,
            key="device",
            bind="query-params",
            help="Automatic takes a GPU where there is one. Scale needs none: it computes.",
        )


def scale_controls() -> None:
    """φ, α, β, γ, or multipliers, or a released variant; values live under SCALE_DEFAULTS' keys.

    Every widget states its default, so that a link carries just what differs from it.
    """
    architecture = st.selectbox(
        "Baseline",
        list(ARCHITECTURES),
        index=list(ARCHITECTURES).index(str(SCALE_DEFAULTS["architecture"])),
        format_func=ARCHITECTURE_TITLES.__getitem__,
        key="architecture",
        bind="query-params",
        on_change=architecture_changed,
    )
    modes = list(SCALE_BY_TITLES)
    if architecture != "efficientnet_b0":
        modes.remove("released")
    by = st.segmented_control(
        "Scale by",
        modes,
        default=str(SCALE_DEFAULTS["by"]),
        format_func=SCALE_BY_TITLES.__getitem__,
        key="by",
        bind="query-params",
        required=True,
        width="stretch",
        help="φ: the paper's formula. d · w · r: the three multipliers themselves. "
        "B0-B7: the released table, which follows no single φ.",
    )
    if by == "multipliers":
        _multiplier_controls(ARCHITECTURES[architecture].resolution_px)
    elif by == "released":
        st.pills(
            "Released variant",
            list(VARIANTS),
            default=str(SCALE_DEFAULTS["variant"]),
            format_func=VARIANT_TITLES.__getitem__,
            wrap=True,
            key="variant",
            bind="query-params",
            required=True,
            help=LATER,
        )
    else:
        _formula_controls()


def architecture_changed() -> None:
    """Another baseline has another input size; the direct multipliers start from it again."""
    baseline = ARCHITECTURES[st.session_state["architecture"]]
    st.session_state["px"] = baseline.resolution_px
    st.session_state["depth"] = st.session_state["width"] = 1.0
    if st.session_state.get("by") == "released":
        st.session_state["by"] = "formula"


def _formula_controls() -> None:
    st.slider(
        "φ · how much to spend",
        *SCALE_RANGES["phi"],
        float(SCALE_DEFAULTS["phi"]),
        step=0.1,
        key="phi",
        bind="query-params",
    )
    product = coefficients_now().constraint
    st.toggle(
        lock_label(f"{product:.2f}"),
        bool(SCALE_DEFAULTS["lock"]),
        key="lock",
        bind="query-params",
        help=LOCK_HELP,
    )
    if is_locked():
        st.session_state.setdefault(_HELD, product)
    else:
        st.session_state.pop(_HELD, None)
    for name, symbol, what in (
        ("alpha", "α", "depth per step"),
        ("beta", "β", "width per step"),
        ("gamma", "γ", "resolution per step"),
    ):
        st.slider(
            f"{symbol} · {what}",
            *SCALE_RANGES[name],
            float(SCALE_DEFAULTS[name]),
            step=0.001,
            format="%.3f",
            key=name,
            bind="query-params",
            on_change=coefficient_moved,
            args=(name,),
        )
    with st.container(horizontal=True, key="coefficient_acts"):
        st.button("Make it exactly 2", on_click=make_two)
        st.button("Reset to the paper's values", on_click=reset_coefficients)


def lock_label(product: str) -> str:
    """What the lock holds, as its label says it."""
    return f"Hold α·β²·γ² at {product}"


def coefficients_now() -> Coefficients:
    """α, β and γ as they are set, with φ = 1; the paper's where a link says nonsense."""
    values = [value_of(name, float(SCALE_DEFAULTS[name])) for name in COEFFICIENTS]
    try:
        return Coefficients(1.0, *values)
    except UserError:
        return Coefficients(1.0)


def is_locked() -> bool:
    """Whether α·β²·γ² is held."""
    return value_of("lock", bool(SCALE_DEFAULTS["lock"]))


def held_product() -> float | None:
    """α·β²·γ² where it is held, else None."""
    if not is_locked():
        return None
    return float(st.session_state.get(_HELD, coefficients_now().constraint))


def is_papers() -> bool:
    """Whether α, β and γ are the paper's."""
    c = coefficients_now()
    return (c.alpha, c.beta, c.gamma) == (PAPER_ALPHA, PAPER_BETA, PAPER_GAMMA)


def coefficient_moved(moved: Coefficient) -> None:
    """After one coefficient moved: where the product is held, the other two follow."""
    held = held_product()
    if held is not None:
        c = coefficients_now()
        _set_coefficients(moved_to(c, moved, float(getattr(c, moved)), held))


def make_two() -> None:
    """α·β²·γ² = 2, every coefficient keeping its share of a step's cost."""
    st.session_state[_HELD] = PAPERS_TARGET
    _set_coefficients(rescaled(coefficients_now(), PAPERS_TARGET))


def reset_coefficients() -> None:
    """The paper's α, β and γ, held at their product."""
    paper = Coefficients(1.0)
    st.session_state[_HELD] = paper.constraint
    st.session_state["lock"] = True
    _set_coefficients(paper)


def _set_coefficients(values: Coefficients) -> None:
    for name in COEFFICIENTS:
        st.session_state[name] = getattr(values, name)


def _multiplier_controls(baseline_px: int) -> None:
    lit = role_now()
    if st.session_state.get("role_preset") != lit:
        st.session_state["role_preset"] = lit
    st.pills(
        "Scaled like the role",
        ROLES,
        wrap=True,
        key="role_preset",
        on_change=_role_chosen,
        help="The multipliers of the paper's table 7; for the classroom baseline, those of its "
        "trained family.",
    )
    bind: Literal["query-params"] = "query-params"
    st.slider("d · depth", *SCALE_RANGES["depth"], 1.0, step=0.01, key="depth", bind=bind)
    st.slider("w · width", *SCALE_RANGES["width"], 1.0, step=0.01, key="width", bind=bind)
    low, high = map(int, SCALE_RANGES["px"])
    st.slider("r · input size, px", low, high, baseline_px, key="px", bind=bind)


def role_now() -> str | None:
    """The role whose multipliers are set, if any."""
    name = option_of("architecture", ARCHITECTURE_TITLES, str(SCALE_DEFAULTS["architecture"]))
    baseline = ARCHITECTURES[name]
    now = Multipliers(
        value_of("depth", 1.0), value_of("width", 1.0), value_of("px", baseline.resolution_px)
    )
    return next((role for role in ROLES if role_multipliers(baseline, role) == now), None)


def _role_chosen() -> None:
    if st.session_state.get("role_preset"):
        set_role(st.session_state["role_preset"])


def set_role(role: str) -> None:
    """A role's multipliers into the sliders; an unknown role changes nothing."""
    if role not in ROLES:
        return
    name = option_of("architecture", ARCHITECTURE_TITLES, str(SCALE_DEFAULTS["architecture"]))
    multipliers = role_multipliers(ARCHITECTURES[name], role)
    st.session_state["depth"] = multipliers.depth
    st.session_state["width"] = multipliers.width
    st.session_state["px"] = multipliers.resolution_px
