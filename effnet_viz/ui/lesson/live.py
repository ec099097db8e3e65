"""The live part of each step: what is predicted first is shown once it is revealed."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import pandas as pd
import streamlit as st

from effnet_viz.evidence.family import steps_sentence
from effnet_viz.evidence.paper import tables
from effnet_viz.evidence.results import RUNTIME_TITLES
from effnet_viz.evidence.timing import example
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, network_drawing, si
from effnet_viz.lesson.more import LATER, Later, of_equal_cost
from effnet_viz.lesson.questions import Setting
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    RELEASED_VARIANTS,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import Coefficients, Multipliers, round_px, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    CLASSROOM_HALFWAY,
    CLASSROOM_ROLES,
    ROLES,
    Role,
    released_spec,
)
from effnet_viz.scaling.gap import rounding_ledger
from effnet_viz.scaling.study import study
from effnet_viz.ui.lesson import maps
from effnet_viz.ui.lesson.wording import chart, say

_LARGEST_PHI = 4.0


def why(_: Setting, revealed: bool) -> None:
    """A released network beside B0: size, cost, accuracy."""
    names = list(RELEASED_VARIANTS)[:8]
    variant = st.pills(
        say("released_network"),
        names,
        default=names[1],
        format_func=str.upper,
        key="lesson_variant",
        required=True,
        wrap=True,
    )
    spec, row = released_spec(str(variant)), tables.load().result(str(variant).upper())
    cost, base = network_cost(spec), network_cost(EFFICIENTNET_B0)
    # B4's figures are the first question's answer.
    shown = revealed or variant in ("b0", "b1")
    with st.container(horizontal=True):
        _metric(
            say("macs"), si(cost.macs) if shown else "?", f"{cost.macs / base.macs:.1f}×", shown
        )
        _metric(say("params"), si(cost.params), f"{cost.params / base.params:.1f}×")
        _metric(say("top1"), f"{row.top1} %" if shown else "?", say("paper_v1"), shown)
    if not shown:
        st.caption(say("predict_first"))
    _drawing("lesson_why_drawing", "compound", EFFICIENTNET_B0, spec)


def one(setting: Setting, revealed: bool) -> None:
    """One dimension of the classroom network at once, twice and four times its cost."""
    with st.container(horizontal=True, gap="medium"):
        role: Role = st.segmented_control(
            say("dimension"),
            ROLES[1:4],
            default="width",
            key="lesson_dimension",
            required=True,
        )
        times = st.segmented_control(
            say("cost"),
            (1, 2, 4),
            default=1,
            format_func=lambda n: f"{n}×",
            key="lesson_times",
            required=True,
        )
    members = {1: Multipliers(1, 1, 96), 2: CLASSROOM_HALFWAY[role], 4: CLASSROOM_ROLES[role]}
    spec = scale(CLASSROOM_BASELINE, members[int(times or 1)])
    result = setting.trained("baseline" if times == 1 else role, int(times or 1))
    hidden = (role, times) == ("depth", 4) and not revealed
    with st.container(horizontal=True):
        _metric(say("macs"), si(network_cost(spec).macs), f"{result.built:.2f}×")
        _metric(
            say("top1"),
            "?" if hidden else f"{result.top1:.1f} %",
            say("interval", low=result.low, high=result.high),
            not hidden,
        )
    if hidden:
        st.caption(say("predict_first"))
    _drawing("lesson_one_drawing", role, CLASSROOM_BASELINE, spec)
    st.caption(say("trained_here", count=result.val_n))
    if revealed:
        st.markdown(steps_sentence(setting.family))


def cost(setting: Setting, revealed: bool) -> None:
    """d, w and r of the network on screen: the law beside what is built."""
    base = setting.base
    depth = st.slider(f"**d** · {say('depth')}", 1.0, 4.0, 1.0, step=0.1, key="lesson_d")
    width = st.slider(f"**w** · {say('width')}", 1.0, 3.0, 1.5, step=0.1, key="lesson_w")
    ratio = st.slider(f"**r** · {say('resolution')}", 1.0, 3.0, 1.0, step=0.1, key="lesson_r")
    multipliers = Multipliers(depth, width, round_px(ratio * base.resolution_px))
    spec = scale(base, multipliers)
    built = network_cost(spec).macs / network_cost(base).macs
    with st.container(horizontal=True):
        _metric(
            say("law"), f"{multipliers.law_ratio(base.resolution_px):.2f}×" if revealed else "?",
            "d · w² · r²", revealed,
        )  # fmt: skip
        _metric(say("built"), f"{built:.2f}×" if revealed else "?", say("computed_here"), revealed)
    if not revealed:
        st.caption(say("predict_first"))
    _drawing("lesson_cost_drawing", "compound", base, spec)


def family(setting: Setting, revealed: bool) -> None:
    """φ from 0: the law, what is built, and where the released networks lie."""
    base = setting.base
    phi = st.slider("**φ**", 0.0, _LARGEST_PHI, 0.0, step=0.1, key="lesson_phi")
    px, macs = base.resolution_px, network_cost(base).macs
    result = study(base, Coefficients(phi))
    with st.container(horizontal=True):
        _metric(say("law"), f"{result.gap.law_ratio:.2f}×", "(α·β²·γ²)ᵠ")
        shown = revealed or phi == 0
        value = f"{result.gap.built_ratio:.2f}×" if shown else "?"
        _metric(say("built"), value, f"{result.multipliers.resolution_px} px", shown)
    if not shown:
        st.caption(say("predict_first"))
    phis = [n / 20 for n in range(round(20 * _LARGEST_PHI) + 1)]
    series = [
        figures.Series(say("law"), phis, [Coefficients(p).law_ratio for p in phis], dash="dash")
    ]
    if revealed:
        built = [
            network_cost(scale(base, Coefficients(p).multipliers(px))).macs / macs for p in phis
        ]
        series.append(
            figures.Series(say("built"), phis, built, ROLE_COLOURS["compound"], steps=True)
        )
    if shown:
        series.append(
            figures.Series(
                "φ", [phi], [result.gap.built_ratio], ROLE_COLOURS["width"], "markers", size=12,
                legend=False,
            )
        )  # fmt: skip
    chart(
        figures.plot(
            series,
            figures.Axis("φ", range=(0, _LARGEST_PHI)),
            figures.Axis(say("macs_in_baselines"), log=True, ticks=(1, 2, 4, 8, 16)),
            guides=_released(base) if revealed else (),
            height=330,
        ),
        "lesson_family_chart",
        say("family_alt", phi=phi, law=result.gap.law_ratio),
    )
    if revealed:
        _ledger(base, phi)


def clock(_: Setting, revealed: bool) -> None:
    """Four trained networks of equal cost and what they took, in either runtime."""
    runs = st.segmented_control(
        say("runtime"),
        ("torch", "engine"),
        default="torch",
        format_func=lambda run: RUNTIME_TITLES["torch" if run == "torch" else "openvino"],
        key="lesson_runtime",
        required=True,
    )
    rows = of_equal_cost(example(runs="engine" if runs == "engine" else "torch"))
    ms = [row.latency.median_ms for row in rows.values()]
    if revealed:
        chart(
            figures.bars(
                list(rows),
                {say("ms"): ms},
                figures.Axis(say("ms"), range=(0, 1.15 * max(ms))),
                colours=([ROLE_COLOURS[role] for role in ROLES[1:]],),
                texts=([f"{value:.1f}" for value in ms],),
                height=300,
            ),
            "lesson_clock_chart",
            say("clock_alt"),
        )
    table = [
        {
            say("trained"): role,
            say("macs"): si(row.macs),
            say("ms"): f"{row.latency.median_ms:.1f}" if revealed else "?",
        }
        for role, row in rows.items()
    ]
    st.table(pd.DataFrame(table).set_index(say("trained")), alt=say("clock_alt"))
    one = rows["depth"]
    where = one.latency.device, RUNTIME_TITLES[one.latency.runtime], one.date[:10]
    st.caption(
        say("measured_on", device=where[0], runtime=where[1], date=where[2])
        if revealed
        else say("predict_first")
    )


def later(_: Setting, revealed: bool) -> None:
    """What came after B0: one rule at a time, and how large it makes a network."""
    key = st.pills(
        say("came_after"),
        list(LATER),
        default=next(iter(LATER)),
        format_func=lambda name: LATER[name].title,
        key="lesson_later",
        required=True,
        wrap=True,
    )
    each = LATER[str(key)]
    if each.secret and not revealed:
        st.caption(say("predict_first"))
        return
    st.markdown(f"**{each.title}**: {say(_LATER_WORDS[each.key])}")
    _size(each)
    st.caption(f"{say('source')}: {each.source}")


_LATER_WORDS: MappingProxyType[str, str] = MappingProxyType(
    {
        "lite": "later_lite",
        "tiny": "later_tiny",
        "fast": "later_fast",
        "v2": "later_v2",
        "rs": "later_rs",
    }
)


def _size(each: Later) -> None:
    """Multiply-adds, parameters and input, built here or as they are printed."""
    macs: float
    params: float | None
    if each.spec is not None:
        cost = network_cost(each.spec)
        macs, params, px = cost.macs, cost.params, each.spec.resolution_px
    elif each.printed is not None:
        macs, params, px = each.printed
    else:
        return
    whence = say("computed_here" if each.spec is not None else "as_printed")
    with st.container(horizontal=True):
        times = macs / network_cost(EFFICIENTNET_B0).macs
        _metric(say("macs"), si(macs), say("times_b0", times=times))
        if params is not None:
            _metric(say("params"), si(params), whence)
        _metric(say("input_px"), str(px), whence)
    if each.spec is not None:
        _drawing("lesson_later_drawing", "compound", EFFICIENTNET_B0, each.spec)


def _released(base: ArchitectureSpec) -> list[figures.Guide]:
    """B1 to B4 as lines at their cost: they have no φ."""
    if base != EFFICIENTNET_B0:
        return []
    macs = network_cost(base).macs
    return [
        figures.Guide("y", network_cost(released_spec(name)).macs / macs, name.upper())
        for name in ("b1", "b2", "b3", "b4")
    ]


def _ledger(base: ArchitectureSpec, phi: float) -> None:
    rows = [
        {
            say("stage"): str(row.stage),
            say("blocks"): _rounded(row.exact_repeats, row.repeats),
            say("channels"): _rounded(row.exact_channels, row.channels),
        }
        for row in rounding_ledger(base, Coefficients(phi).multipliers(base.resolution_px))
    ]
    with st.expander(say("what_rounding_did")):
        st.table(pd.DataFrame(rows).set_index(say("stage")), alt=say("what_rounding_did"))


def _rounded(exact: float, built: int) -> str:
    return str(built) if abs(exact - built) < 0.005 else f"{exact:.2f} → **{built}**"


def _metric(label: str, value: str, beside: str, beside_shown: bool = True) -> None:
    st.metric(
        label,
        value,
        beside if beside_shown else None,
        delta_color="off",
        delta_arrow="off",
        width=150,
    )


def _drawing(key: str, role: Role, base: ArchitectureSpec, spec: ArchitectureSpec) -> None:
    chart(network_drawing({"baseline": base, role: spec}), key, _drawing_alt(base, spec))


def _drawing_alt(base: ArchitectureSpec, spec: ArchitectureSpec) -> str:
    parts = [
        say(
            "network_alt",
            blocks=sum(stage.repeats for stage in each.stages[1:-1]),
            channels=max(stage.out_channels for stage in each.stages[1:-1]),
            px=each.resolution_px,
        )
        for each in (base, spec)
    ]
    return say("drawing_alt", baseline=parts[0], scaled=parts[1])


#: What a step shows, by its key.
LIVE: MappingProxyType[str, Callable[[Setting, bool], None]] = MappingProxyType(
    {
        "why": why,
        "one": one,
        "cost": cost,
        "family": family,
        "look": maps.look,
        "clock": clock,
        "later": later,
    }
)
