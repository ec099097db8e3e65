"""What the Grid search page shows below its surface: every point, the stairs of rounding, and the
paper."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.coarse import read_blurred
from effnet_viz.evidence.family import FamilyResult, less_detail, step_two_sentence
from effnet_viz.evidence.paper import tables
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import (
    TARGET,
    TOLERANCE,
    SearchPoint,
    compound_from,
    staircase,
    title,
)
from effnet_viz.evidence.search.records import PointResult
from effnet_viz.figures import search
from effnet_viz.figures.base import si
from effnet_viz.scaling.cost import network_cost
from effnet_viz.ui.grid_search.views import Choice, Shown
from effnet_viz.ui.shared.parts import chart, table


def ratio(value: float) -> str:
    """A cost in baselines."""
    return f"{value:.2f}×"


def every_point(found: Shown) -> None:
    """All points with their intervals, as chart and table."""
    st.header("Every point, with what its photos allow to say", divider="gray")
    if found.ranked:
        best = found.ranked[0]
        st.markdown(
            f"{best.rows[0].held_out_n:,} held-out photos leave each accuracy uncertain by about "
            f"**±{(best.high - best.low) / 2:.1f} points** (the bars, 95 %). What lies in the grey "
            f"band is too near the best to be told apart. {_luck(found)}"
        )
        chart(
            search.ranking(found.ranked, st.session_state.get("gs_point", "")),
            "gs_ranking",
            "; ".join(
                f"{title(r.point)} {r.held_out_top1:.1f} % ({r.low:.1f} to {r.high:.1f})"
                for r in found.ranked
            ),
        )
    rows: list[dict[str, Cell]] = []
    place = {result.point.name: n for n, result in enumerate(found.ranked)}
    for spot in sorted(found.spots, key=lambda s: place.get(s.point.name, len(place))):
        rows.append(_cells(spot.point, found.result(spot.point.name)))
    table(
        rows,
        name="grid-search" if not found.is_own else "grid-search-own",
        alt="Points of the search: coefficients, cost by the law and as built, accuracy",
        formats={
            "by the law": ratio, "as built": ratio,
            "parameters": si, "multiply-adds": si, "held-out top-1, %": ".1f", "seconds": ".0f",
        },
        missing=":gray[not trained]",
        hidden=("kind", "α", "β", "γ", "low, %", "high, %", "each seed, %"),
    )  # fmt: skip
    st.caption(_how(found))


def _luck(found: Shown) -> str:
    """What other seeds did to the best, or would do."""
    again = records.trained_again(found.ranked)
    if again is None:
        return (
            "Another seed would shift every point again, and the best of many noisy numbers is "
            "probably a lucky one."
        )
    lower = again.change < 0
    return (
        f"From other seeds, {len(again.points)} points came out **{abs(again.change):.1f} points "
        f"{'lower' if lower else 'higher'}** on average"
        + (": the best of many noisy numbers are lucky ones. " if lower else ". ")
        + f"The band counts that luck too; one point's seeds differ by {again.between_seeds:.1f} "
        "points (standard deviation)."
    )


def _cells(point: SearchPoint, result: PointResult | None) -> dict[str, Cell]:
    cost = network_cost(point.spec)
    interval = None if result is None else f"{result.low:.1f} to {result.high:.1f}"
    own = {"depth": f" (α {point.alpha:g})", "width": f" (β {point.beta:g})",
           "resolution": f" (γ {point.gamma:g})"}  # fmt: skip
    return {
        "point": title(point) + own.get(point.role, ""),
        "held-out top-1, %": None if result is None else result.held_out_top1,
        "95 % interval": interval,
        "as built": point.built_ratio,
        "by the law": point.law_ratio,
        "multiply-adds": float(cost.macs),
        "parameters": float(cost.params),
        "input": f"{point.spec.resolution_px} px",
        "seconds": None if result is None else sum(row.seconds for row in result.rows),
        "kind": point.kind,
        "α": point.alpha,
        "β": point.beta,
        "γ": point.gamma,
        "low, %": None if result is None else result.low,
        "high, %": None if result is None else result.high,
        "each seed, %": None
        if result is None
        else ", ".join(f"{row.held_out_top1:.1f}" for row in result.rows),
    }


def _how(found: Shown) -> str:
    text = (
        f"A grid of α, β and γ in steps of 0.05. Kept: what builds within {TOLERANCE:.0%} of "
        f"{TARGET:g} times the baseline; of those that build the same network the one nearest the "
        "law's 2×. Costs: computed here. "
    )
    if found.ranked:
        row = found.ranked[0].rows[0]
        text += (
            f"Every point: {row.epochs} epochs on {row.train_n:,} of Imagenette's training photos, "
            f"seed {row.seed}{_other_seeds(found)}, accuracy after the last epoch on "
            f"{row.held_out_n:,} other training photos; no validation photo was used to choose. "
            "Seconds are of this project's training machine, one thread, and depend on what else "
            "it did."
            if not found.is_own
            else f"Yours: {row.epochs} epochs on {row.train_n:,} photos, measured on "
            f"{row.held_out_n:,} others."
        )
    return text


def _other_seeds(found: Shown) -> str:
    again = records.trained_again(found.ranked)
    if again is None:
        return ""
    seeds = sorted({row.seed for result in found.ranked for row in result.rows})
    named = " and ".join(", ".join(map(str, seeds[1:])).rsplit(", ", 1))
    return f" (the {len(again.points)} best of it also {named}; then the mean counts)"


def law(found: Shown, choice: Choice) -> None:
    """The law's 2× against what is built."""
    st.header("The law's 2× and the network that is built", divider="gray")
    mixtures = [spot.point for spot in found.spots if spot.point.kind == "mixture"]
    lowest = min(mixtures, key=lambda p: p.law_ratio) if mixtures else choice.point
    jump = next(built for value, _, built in staircase("width") if value > 1.12)
    deeper = SearchPoint("deeper", "corner", 1.05, 1, 1).built_ratio
    larger = SearchPoint("larger", "corner", 1, 1, 97 / 96).built_ratio
    st.markdown(
        "By the law every dimension is a ramp; as built it is **stairs**. Any α above 1 adds a "
        f"block to every stage of the body at once ({ratio(deeper)}); widths come in eights, so "
        f"the baseline's 8-channel stages double just above β = 1.11 ({ratio(jump)}); and 97 px "
        f"already need a seventh row in the last maps ({ratio(larger)}). So {title(lowest)} costs "
        f"{ratio(lowest.law_ratio)} by the law and **{ratio(lowest.built_ratio)}** as built."
    )
    chart(
        search.law_and_built(found.spots, choice.point.name),
        "gs_law",
        "Cost as built against the law: "
        + "; ".join(
            f"{title(s.point)} law {s.point.law_ratio:.2f}, built {s.point.built_ratio:.2f}"
            for s in found.spots
        ),
    )
    st.caption(
        "The grey band is what the search accepts: within 10 % of 2× as built. The numbers are in "
        "the table above. Computed here."
    )


def the_paper(family: Sequence[FamilyResult]) -> None:
    """What the paper found, and why ours may differ."""
    st.header("What the paper found, and why ours may differ", divider="gray")
    printed = tables.load().law
    theirs = SearchPoint(
        "paper", "mixture", float(printed.alpha), float(printed.beta), float(printed.gamma)
    )
    outcome = records.read_outcome()
    rows: list[dict[str, Cell]] = [_paper_cells("the paper, on B0", theirs, printed.source)]
    if outcome:
        for name, key in (("here: best", "winner"), ("here: best mixture", "best_mixture")):
            best = outcome.get(key)
            if best:
                point = SearchPoint(key, best["kind"], best["alpha"], best["beta"], best["gamma"])
                rows.append(_paper_cells(name, point, "this project's search"))
    table(
        rows,
        name="search-paper",
        alt="The paper's coefficients beside this project's",
        formats={
            "α": "g",
            "β": "g",
            "γ": "g",
            "by the law": ratio,
            "on our baseline": ratio,
            "φ for 4× as built": ".2f",
        },
        missing=":gray[none]",
    )
    st.markdown(step_two_sentence(outcome))
    st.markdown(
        f"""
- **Another baseline.** The paper searched on B0 at 224 px; ours starts at 96 px, where small things
  are a few pixels wide. {_resolution_matters(family)}
- **Rounding.** α, β, γ = {theirs.alpha:g}, {theirs.beta:g}, {theirs.gamma:g} builds
  {theirs.built_ratio:.2f}× on our baseline, just outside the 10 %. Whole blocks and channels in
  eights leave few true mixtures, and none with β above 1.11.
- **A short schedule.** Few epochs favour networks that learn fast, not those that end best.
- **Noise.** The paper prints no interval and one winner; with some 900 photos, differences below
  about four points say little.
"""
    )
    st.caption(
        f"The paper's coefficients: {printed.source}. It prints neither its grid nor its losers."
    )


def _resolution_matters(family: Sequence[FamilyResult]) -> str:
    if less_detail(family, read_blurred()):
        return "What resolution brings at so few pixels is taken apart above."
    return "Resolution may simply matter more here."


def _paper_cells(name: str, point: SearchPoint, source: str) -> dict[str, Cell]:
    try:
        phi: float | None = compound_from(point).phi
    except UserError:
        phi = None
    return {
        "search": name,
        "α": point.alpha,
        "β": point.beta,
        "γ": point.gamma,
        "by the law": point.law_ratio,
        "on our baseline": point.built_ratio,
        "φ for 4× as built": phi,
        "source": source,
    }
