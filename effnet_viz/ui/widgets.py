"""Components that own widget state; pages call them and read plain values back."""

from __future__ import annotations

import streamlit as st

from effnet_viz.architectures import ARCHITECTURES, RELEASED_VARIANTS
from effnet_viz.families import ROLES
from effnet_viz.scaling import hold_constraint
from effnet_viz.ui.state import SCALE_DEFAULTS, role_multipliers

ARCHITECTURE_TITLES = {
    "efficientnet_b0": "EfficientNet-B0",
    "mobilenet_v1": "MobileNetV1",
    "mobilenet_v2": "MobileNetV2",
    "resnet_50": "ResNet-50",
    "classroom": "Classroom baseline (small, trained here)",
}
SCALE_BY_TITLES = {"formula": "φ", "multipliers": "d · w · r", "released": "B0-B7"}
DEVICE_TITLES = {"auto": "Automatic", "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Apple)"}


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
    """φ, α, β, γ, or multipliers, or a released variant; values live under SCALE_DEFAULTS' keys."""
    _seed_defaults()
    architecture = st.selectbox(
        "Baseline",
        list(ARCHITECTURES),
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
        format_func=SCALE_BY_TITLES.__getitem__,
        key="by",
        bind="query-params",
        required=True,
        width="stretch",
        help="φ: the paper's formula. d · w · r: the three multipliers themselves. "
        "B0-B7: the released table, which follows no single φ.",
    )
    if by == "multipliers":
        _multiplier_controls()
    elif by == "released":
        st.pills(
            "Released variant",
            list(RELEASED_VARIANTS),
            format_func=str.upper,
            key="variant",
            bind="query-params",
            required=True,
        )
    else:
        _formula_controls()


def _seed_defaults() -> None:
    for key, value in SCALE_DEFAULTS.items():
        if key not in st.session_state and key not in st.query_params:
            st.session_state[key] = value


def _architecture_changed() -> None:
    """Another baseline has another input size; the direct multipliers start from it again."""
    baseline = ARCHITECTURES[st.session_state["architecture"]]
    st.session_state["px"] = baseline.resolution_px
    st.session_state["depth"] = st.session_state["width"] = 1.0
    if st.session_state.get("by") == "released":
        st.session_state["by"] = "formula"


def _formula_controls() -> None:
    st.slider("**φ** · how much to spend", -3.0, 8.0, step=0.1, key="phi", bind="query-params")
    st.toggle(
        "Keep α·β²·γ² = 2",
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


def _multiplier_controls() -> None:
    st.pills(
        "Scaled like the role",
        ROLES,
        key="role_preset",
        on_change=_role_chosen,
        help="The multipliers of the paper's table 7; for the classroom baseline, those of its "
        "trained family.",
    )
    st.slider("**d** · depth", 0.1, 8.0, step=0.01, key="depth", bind="query-params")
    st.slider("**w** · width", 0.25, 5.0, step=0.01, key="width", bind="query-params")
    st.slider("**r** · input size, px", 32, 1024, step=1, key="px", bind="query-params")


def _role_chosen() -> None:
    role = st.session_state.get("role_preset")
    if role:
        baseline = ARCHITECTURES[st.session_state["architecture"]]
        multipliers = role_multipliers(baseline, role)
        st.session_state["depth"] = multipliers.depth
        st.session_state["width"] = multipliers.width
        st.session_state["px"] = multipliers.resolution_px
