"""The sections of the Scale page: each takes a study and draws one thing."""

from __future__ import annotations

from functools import cache, lru_cache

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from effnet_viz.figures import base as figures
from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, VARIANTS
from effnet_viz.scaling.compound import released
from effnet_viz.scaling.cost import NetworkCost
from effnet_viz.scaling.gap import RatioGap
from effnet_viz.scaling.study import ScaleStudy, study
from effnet_viz.ui.scale.words import times
from effnet_viz.ui.shared import background_views, work
from effnet_viz.ui.shared.state import SCALE_BY_TITLES, VARIANT_TITLES, ScaleChoice
from effnet_viz.ui.shared.widgets import LATER

#: Drawings and tables are made once for everybody, those of so many networks kept: Streamlit checks
#: every value of a figure that comes as a dict, at every run.
KEPT = 256

PLAIN_CONTROLS, PLAIN_EFFECT = "scale_plain_controls", "scale_plain_effect"

#: The controls stay in reach. What the live picture replaces shows only where that does not run:
#: its script marks the page, and without the mark it appears after a moment.
_STYLE = f"""<style>
.st-key-{PLAIN_CONTROLS}, .st-key-{PLAIN_EFFECT} {{
  animation: scale-plain 0s 4s both;
}}
@keyframes scale-plain {{ from {{ visibility: hidden; }} to {{ visibility: visible; }} }}
.effnet-scale-live :is(.st-key-{PLAIN_CONTROLS}, .st-key-{PLAIN_EFFECT}) {{
  display: none;
}}
[data-testid="stColumn"]:has(.st-key-{PLAIN_CONTROLS}) {{
  position: sticky;
  top: 3.75rem;
  align-self: flex-start;
  max-height: calc(100vh - 4rem);
  overflow-y: auto;
  z-index: 5;
  margin: 0 -6px;
  padding: 0 6px;
}}
.st-key-scale_now {{
  position: absolute;
}}
@media (max-width: 1100px) {{
  [data-testid="stHorizontalBlock"]:has(.st-key-{PLAIN_CONTROLS}) {{
    gap: 0.75rem;
  }}
  [data-testid="stColumn"]:has(.st-key-{PLAIN_CONTROLS}) {{
    top: 3.5rem;
    margin: 0 -1rem;
    padding: 0 1rem;
  }}
}}
</style>"""


def style() -> None:
    """How the page's two columns stand."""
    st.html(_STYLE)


def neighbours(choice: ScaleChoice, result: ScaleStudy) -> None:
    """The built network beside the baseline and released variants."""
    if result.base.name != EFFICIENTNET_B0.name:
        return
    at_one = choice.coefficients is not None and choice.coefficients.phi == 1.0
    st.header(
        "Why B1 is not φ = 1" if at_one else f"{choice.name} beside {SCALE_BY_TITLES['released']}"
    )
    beside = st.pills(
        "Released variants beside it",
        list(VARIANTS),
        selection_mode="multi",
        default=["b1", "b2"],
        format_func=VARIANT_TITLES.__getitem__,
        help=LATER,
        key="beside",
        bind="query-params",
    )
    rows = [_row(f":violet-background[**{choice.name}**]", result)]
    rows += [_released_row(variant) for variant in beside]
    st.table(pd.DataFrame(rows).set_index("network"), alt="This network beside released variants")
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
    st.caption(
        f"Multipliers of {SCALE_BY_TITLES['released']}: the original implementation. "
        "All costs: computed here."
    )


@cache
def _released_row(variant: str) -> dict[str, str]:
    return _row(variant.upper(), study(EFFICIENTNET_B0, released(variant)))


def _row(name: str, result: ScaleStudy) -> dict[str, str]:
    m = result.multipliers
    return {
        "network": name,
        "depth d": f"{m.depth:.3g}",
        "width w": f"{m.width:.3g}",
        "input": f"{m.resolution_px} px",
        "parameters": f"{result.cost.params:,}",
        "multiply-adds": si(result.cost.macs),
        "by law": times(result.gap.law_ratio),
        "as built": times(result.gap.built_ratio),
    }


def gap(result: ScaleStudy) -> None:
    """The law against the built network, split into causes."""
    law, built = times(result.gap.law_ratio), times(result.gap.built_ratio)
    st.header(f"From the law's {law} to {built} as built")
    st.plotly_chart(
        _gap_figure(result.gap),
        alt="Waterfall from the law's ratio to the built ratio; the table below has the numbers",
        config={"displayModeBar": False},
        key="gap",
    )
    with st.expander("What each cause is", expanded=False):
        st.table(
            _causes(result.gap),
            alt="Causes of the gap between the law and the built network",
        )
        st.caption(
            "Computed here by switching one rounding on after the other (repeats, channels, "
            "pixels); another order would share their interaction differently."
        )


@lru_cache(maxsize=KEPT)
def _gap_figure(gap: RatioGap) -> go.Figure:
    return go.Figure(figures.gap_waterfall(gap))


@lru_cache(maxsize=KEPT)
def _causes(gap: RatioGap) -> pd.DataFrame:
    rows = [
        {"cause": c.name, "× baseline": figures.signed(c.share, 3), "why": c.explanation}
        for c in gap.causes
    ]
    return pd.DataFrame(rows).set_index("cause")


def where_macs_go(result: ScaleStudy) -> None:
    """Each stage's share of the multiply-adds."""
    st.header("Where the multiply-adds go")
    shares = [(row.macs / result.cost.macs, row.stage, row.operator) for row in result.cost.stages]
    share, stage, operator = max(shares)
    st.markdown(f"Stage {stage} ({operator}) takes the most: **{100 * share:.0f} %** of the total.")
    st.plotly_chart(
        _shares_figure(result.base_cost, result.cost),
        alt="Share of the multiply-adds per stage, baseline and scaled: "
        + ", ".join(f"stage {n} {100 * s:.0f} %" for s, n, _ in shares),
        config={"displayModeBar": False},
        key="shares",
    )


@lru_cache(maxsize=KEPT)
def _shares_figure(base: NetworkCost, scaled: NetworkCost) -> go.Figure:
    return go.Figure(figures.stage_share_bars(base, scaled))


def take_away(choice: ScaleChoice, result: ScaleStudy, recipe: str, as_json: str) -> None:
    """The Python that builds it, the table as files, and the network itself."""
    st.header("Take it away")
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
    _network_as_files(choice, result)


def _network_as_files(choice: ScaleChoice, result: ScaleStudy) -> None:
    title = f"{result.base.title}, {choice.name}"
    made = background_views.result_of(
        "export",
        choice,
        "Make the network's files",
        lambda: work.export_job(result, title),
        icon=":material/deployed_code:",
        hint="A Python file that stands alone and the weights (safetensors): trained ones where "
        "there are any, else grown from a trained baseline, else untrained.",
        most=1,
    )
    if made is None:
        return
    st.download_button(
        f"Network, ZIP, {len(made.data) / 2**20:.0f} MB",
        made.data,
        file_name=f"{result.base.name}-{result.multipliers.resolution_px}px.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(f"Weights: {made.weights}. Run network.py beside weights.safetensors.")
