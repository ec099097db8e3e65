"""The sections of the Scale page: each takes a study and draws one thing."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.figures import base as figures
from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, RELEASED_VARIANTS
from effnet_viz.scaling.compound import released
from effnet_viz.scaling.study import ScaleStudy, study
from effnet_viz.ui.shared.state import SCALE_DEFAULTS, ScaleChoice

GUESSES = ("1.5×", "1.9×", "2.6×", "3.5×")
SKIP = "Just show me"


def guess_first(result: ScaleStudy) -> bool:
    """Ask for a guess of the built cost; true once the answer may be shown.

    Only the page as it opens asks: whoever moves a control or follows a link has begun already.
    """
    untouched = all(
        st.session_state.get(key, default) == default
        for key, default in SCALE_DEFAULTS.items()
        if key != "variant"
    ) and not any(key in st.query_params for key in SCALE_DEFAULTS)
    guess = st.session_state.get("guess", st.query_params.get("guess"))
    if guess is None and not untouched:
        return True
    law, built = result.gap.law_ratio, result.gap.built_ratio
    if guess is None:
        with st.container(border=True):
            st.pills(
                f"**Guess first.** At φ = 1 the law promises **{law:.2f}×** the multiply-adds of "
                "the baseline. What does the network cost once it is really built?",
                (*GUESSES, SKIP),
                key="guess",
                bind="query-params",
            )
        return False
    if untouched:
        verdict = "" if guess == SKIP else f"You guessed **{guess}**. "
        closest = min(GUESSES, key=lambda g: abs(float(g[:-1]) - built))
        if guess == closest:
            verdict = f"**{guess} is right.** "
        st.info(
            f"{verdict}The law says {law:.2f}×, the built network costs **{built:.2f}×**. "
            "Most of the gap is rounding: blocks come whole, and so do pixels. "
            "*Why B1 is not φ = 1* is below.",
            icon=":material/lightbulb:",
        )
    return True


def headline(result: ScaleStudy, revealed: bool) -> None:
    """The totals of the scaled network, each beside the baseline's."""
    cost, base = result.cost, result.base_cost
    rows = (
        (
            "Multiply-adds",
            si(cost.macs) if revealed else "?",
            f"{result.gap.built_ratio:.2f}×" if revealed else f"{result.gap.law_ratio:.2f}× by law",
            "Multiply-adds for one image (MACs). The paper calls them FLOPS.",
        ),
        ("Parameters", si(cost.params), f"{cost.params / base.params:.2f}×", "Computed here."),
        (
            "Activations",
            si(cost.activations),
            f"{cost.activations / base.activations:.2f}×",
            "Elements output by convolutions and linear layers, for one image. Computed here.",
        ),
        (
            "Memory",
            mebibytes(result.memory),
            f"{result.memory / result.base_memory:.2f}×",
            "Least float32 memory of one forward pass: weights and the largest layer's input and "
            "output. Computed here.",
        ),
        (
            "Sees",
            f"{cost.receptive_field_px} px",
            f"of {result.multipliers.resolution_px} px",
            "Theoretical receptive field of the convolution path, in input pixels. "
            "Squeeze-and-excitation makes the true one global.",
        ),
    )
    with st.container(horizontal=True, gap="small", key="headline"):
        for label, value, delta, why in rows:
            st.metric(
                label, value, delta, delta_color="off", delta_arrow="off", help=why, width=118
            )


def drawing_alt(result: ScaleStudy) -> str:
    """The drawing in words."""
    parts = []
    for role, spec in result.by_role.items():
        blocks = sum(stage.repeats for stage in spec.stages[1:-1])
        widest = max(stage.out_channels for stage in spec.stages[1:-1])
        parts.append(f"{role}: {blocks} blocks, up to {widest} channels, {spec.resolution_px} px")
    return "Five networks drawn to one scale. " + "; ".join(parts) + "."


def neighbours(choice: ScaleChoice, result: ScaleStudy) -> None:
    """The built network beside the baseline and released variants."""
    if result.base.name != EFFICIENTNET_B0.name:
        return
    st.subheader("Why B1 is not φ = 1")
    beside = st.pills(
        "Released variants beside it",
        list(RELEASED_VARIANTS),
        selection_mode="multi",
        default=["b1", "b2"],
        format_func=str.upper,
        key="beside",
        bind="query-params",
    )
    rows = [_row(f":violet-background[**{choice.name}**]", result)]
    rows += [_row(v.upper(), study(result.base, released(v))) for v in beside]
    st.table(pd.DataFrame(rows).set_index("network"), alt="This network beside released variants")
    at_one = choice.coefficients is not None and choice.coefficients.phi == 1.0
    same_as_b2 = result.cost.params == 9_109_994
    sentence = (
        "The released table follows no single φ: its multipliers were rounded by hand, and B1 "
        "keeps width 1."
    )
    if at_one and same_as_b2:
        sentence = (
            "φ = 1 has **exactly B2's parameters** (9,109,994): d = 1.2 and w = 1.1 are B2's "
            "multipliers, at 258 px instead of 260. " + sentence
        )
    st.markdown(sentence)
    st.caption("Multipliers of B0-B7: the original implementation. All costs: computed here.")


def _row(name: str, result: ScaleStudy) -> dict[str, str]:
    m = result.multipliers
    return {
        "network": name,
        "depth d": f"{m.depth:.3g}",
        "width w": f"{m.width:.3g}",
        "input": f"{m.resolution_px} px",
        "parameters": f"{result.cost.params:,}",
        "multiply-adds": si(result.cost.macs),
        "by law": f"{result.gap.law_ratio:.2f}×",
        "as built": f"{result.gap.built_ratio:.2f}×",
    }


def gap(result: ScaleStudy) -> None:
    """The law against the built network, split into causes."""
    st.subheader("From the law to the built network")
    st.plotly_chart(
        figures.gap_waterfall(result.gap),
        alt="Waterfall from the law's ratio to the built ratio; the table below has the numbers",
        config={"displayModeBar": False},
        key="gap",
    )
    with st.expander("What each cause is", expanded=False):
        st.table(
            pd.DataFrame(
                [
                    {"cause": c.name, "× baseline": f"{c.share:+.3f}", "why": c.explanation}
                    for c in result.gap.causes
                ]
            ).set_index("cause"),
            alt="Causes of the gap between the law and the built network",
        )
        st.caption(
            "Computed here by switching one rounding on after the other (repeats, channels, "
            "pixels); another order would share their interaction differently."
        )


def stage_table(result: ScaleStudy) -> None:
    """Base → scaled per stage; changed cells are marked, with what rounding did."""
    st.subheader("Stage by stage")
    rows = []
    for before, after, ledger in zip(
        result.base_cost.stages, result.cost.stages, result.ledger, strict=True
    ):
        rows.append(
            {
                "stage": str(after.stage),
                "operator": after.operator,
                "input": _change(f"{before.in_resolution_px}", f"{after.in_resolution_px} px"),
                "channels": _change(str(before.out_channels), str(after.out_channels))
                + _exact(ledger.exact_channels, ledger.channels),
                "repeats": _change(str(before.repeats), str(after.repeats))
                + _exact(ledger.exact_repeats, ledger.repeats),
                "parameters": si(after.params),
                "multiply-adds": f"{si(after.macs)} ({after.macs / before.macs:.2f}×)",
                "receptive field": f"{after.receptive_field_px} px",
            }
        )
    st.table(pd.DataFrame(rows).set_index("stage"), alt="Stage table, baseline to scaled")
    st.caption(
        "Marked cells changed. In brackets: the exact value before rounding; repeats round up, "
        "channels snap to a multiple of 8. Computed here."
    )


def _change(before: str, after: str) -> str:
    if before == after.removesuffix(" px"):
        return after
    return f"{before} → :violet-background[**{after}**]"


def _exact(exact: float, built: int) -> str:
    return "" if not built or abs(exact - built) < 0.005 else f" :small[({exact:.2f})]"


def where_macs_go(result: ScaleStudy) -> None:
    """Each stage's share of the multiply-adds."""
    st.subheader("Where the multiply-adds go")
    shares = [(row.macs / result.cost.macs, row.stage, row.operator) for row in result.cost.stages]
    share, stage, operator = max(shares)
    st.markdown(f"Stage {stage} ({operator}) takes the most: **{100 * share:.0f} %** of the total.")
    st.plotly_chart(
        figures.stage_share_bars(result.base_cost, result.cost),
        alt="Share of the multiply-adds per stage, baseline and scaled: "
        + ", ".join(f"stage {n} {100 * s:.0f} %" for s, n, _ in shares),
        config={"displayModeBar": False},
        key="shares",
    )


def take_away(result: ScaleStudy, recipe: str, as_json: str) -> None:
    """The Python that builds it, and the table as files."""
    st.subheader("Take it away")
    st.code(recipe, language="python")
    with st.container(horizontal=True):
        name = f"{result.base.name}-{result.multipliers.resolution_px}px"
        st.download_button(
            "Stage table, CSV",
            result.as_csv(),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Everything, JSON",
            as_json,
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
