"""Components that own widget state; pages call them and read plain values back."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from effnet_viz.scaling.architectures import ARCHITECTURES, RELEASED_VARIANTS
from effnet_viz.scaling.compound import hold_constraint
from effnet_viz.scaling.families import ROLES
from effnet_viz.ui.shared.state import (
    ARCHITECTURE_TITLES,
    DEVICE_TITLES,
    SCALE_BY_TITLES,
    SCALE_DEFAULTS,
    role_multipliers,
)


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
        on_change=_architecture_changed,
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
            list(RELEASED_VARIANTS),
            default=str(SCALE_DEFAULTS["variant"]),
            format_func=str.upper,
            wrap=True,
            key="variant",
            bind="query-params",
            required=True,
        )
    else:
        _formula_controls()


def _architecture_changed() -> None:
    """Another baseline has another input size; the direct multipliers start from it again."""
    baseline = ARCHITECTURES[st.session_state["architecture"]]
    st.session_state["px"] = baseline.resolution_px
    st.session_state["depth"] = st.session_state["width"] = 1.0
    if st.session_state.get("by") == "released":
        st.session_state["by"] = "formula"


def _formula_controls() -> None:
    st.slider(
        "**φ** · how much to spend",
        -3.0,
        8.0,
        float(SCALE_DEFAULTS["phi"]),
        step=0.1,
        key="phi",
        bind="query-params",
    )
    st.toggle(
        "Keep α·β²·γ² = 2",
        bool(SCALE_DEFAULTS["lock"]),
        key="lock",
        bind="query-params",
        help="The paper's constraint: one step of φ doubles the cost by the law. Moving one "
        "coefficient moves the other two.",
    )
    for name, symbol, what in (
        ("alpha", "α", "depth per step"),
        ("beta", "β", "width per step"),
        ("gamma", "γ", "resolution per step"),
    ):
        st.slider(
            f"**{symbol}** · {what}",
            1.0,
            2.0,
            float(SCALE_DEFAULTS[name]),
            step=0.001,
            format="%.3f",
            key=name,
            bind="query-params",
            on_change=_coefficient_moved,
            args=(name,),
        )


def _coefficient_moved(moved: str) -> None:
    if not st.session_state["lock"]:
        return
    names = ("alpha", "beta", "gamma")
    alpha, beta, gamma = (float(st.session_state[name]) for name in names)
    values = hold_constraint(alpha, beta, gamma, moved)
    for name, value in zip(names, values, strict=True):
        st.session_state[name] = round(value, 3)


def _multiplier_controls(baseline_px: int) -> None:
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
    st.slider("**d** · depth", 0.1, 8.0, 1.0, step=0.01, key="depth", bind=bind)
    st.slider("**w** · width", 0.25, 5.0, 1.0, step=0.01, key="width", bind=bind)
    st.slider("**r** · input size, px", 32, 1024, baseline_px, key="px", bind=bind)


def _role_chosen() -> None:
    role = st.session_state.get("role_preset")
    if role:
        baseline = ARCHITECTURES[st.session_state["architecture"]]
        multipliers = role_multipliers(baseline, role)
        st.session_state["depth"] = multipliers.depth
        st.session_state["width"] = multipliers.width
        st.session_state["px"] = multipliers.resolution_px
