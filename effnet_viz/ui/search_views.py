"""The sections of the Grid search page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st

from effnet_viz import paper, search_figures, search_records
from effnet_viz.architectures import CLASSROOM_BASELINE
from effnet_viz.cost import network_cost
from effnet_viz.families import ROLES
from effnet_viz.figures import si
from effnet_viz.paper import Cell
from effnet_viz.records import read_record, shipped_members
from effnet_viz.search_figures import Return, Spot
from effnet_viz.search_points import (
    DEFAULT_POINTS,
    TARGET,
    TOLERANCE,
    SearchPoint,
    built_shares,
    compound_from,
    search_points,
    staircase,
    title,
)
from effnet_viz.search_records import CurveRow, PointResult, SearchRow
from effnet_viz.study import study_coefficients
from effnet_viz.ui import model_views, scale_views, search_own
from effnet_viz.ui.paper_parts import chart, table, times

FLAT, BUILT, SPACE = "flat", "built", "space"
SURFACES: MappingProxyType[str, str] = MappingProxyType(
    {FLAT: "Flat", BUILT: "As built", SPACE: "3D"}
)
SHIPPED, OWN = "shipped", "own"
SOURCES: MappingProxyType[str, str] = MappingProxyType(
    {SHIPPED: "The shipped search", OWN: "Yours"}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """The search on screen: planned points without an accuracy, trained ones with."""

    spots: tuple[Spot, ...]
    ranked: tuple[PointResult, ...]
    curves: tuple[CurveRow, ...]
    is_own: bool

    @property
    def winner(self) -> str | None:
        """The name of the best trained point."""
        return self.ranked[0].point.name if self.ranked else None

    def result(self, name: str) -> PointResult | None:
        """What a point reached, None where it is not trained."""
        return next((r for r in self.ranked if r.point.name == name), None)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the controls say."""

    point: SearchPoint
    surface: str


def shown() -> Shown:
    """The chosen search: the visitor's own, where there is one, or the shipped one."""
    own = search_own.current()
    if own is not None:
        source = st.segmented_control(
            "Results", list(SOURCES), default=OWN, format_func=SOURCES.__getitem__,
            key="gs_source", required=True,
        )  # fmt: skip
        if source == OWN:
            return _shown(own.settings.search_points, own.rows, own.curves, is_own=True)
    rows = search_records.read_rows()
    points = [row.search_point() for row in rows] or list(search_points(DEFAULT_POINTS))
    return _shown(points, rows, search_records.read_curves(), is_own=False)


def _shown(
    points: Sequence[SearchPoint],
    rows: Sequence[SearchRow],
    curves: Sequence[CurveRow],
    is_own: bool,
) -> Shown:
    ranked = search_records.results(rows)
    reached = {result.point.name: result.held_out_top1 for result in ranked}
    so_far = {row.point: row.held_out_top1 for row in sorted(curves, key=lambda row: row.epoch)}
    spots = {
        point.name: Spot(
            point,
            reached.get(point.name, so_far.get(point.name) if is_own else None),
            done=point.name in reached or point.name not in so_far,
        )
        for point in points
    }
    trained = tuple(row for row in curves if row.point in spots)
    return Shown(tuple(spots.values()), tuple(ranked), trained, is_own)


def controls(found: Shown) -> Choice:
    """Which point, and how the surface is drawn."""
    by_name = {spot.point.name: spot.point for spot in found.spots}
    order = [result.point.name for result in found.ranked]
    names = order + [name for name in by_name if name not in order]
    clicked = st.session_state.pop("gs_clicked", None)
    if clicked in names:
        st.session_state["gs_point"] = clicked
    if st.session_state.get("gs_point", names[0]) not in names:
        st.session_state["gs_point"] = names[0]
    name = st.selectbox(
        "Point",
        names,
        format_func=lambda name: title(by_name[name]),
        key="gs_point",
        bind="query-params",
        help="Best first. Clicking a point in the flat drawing chooses it too.",
    )
    surface = st.segmented_control(
        "Surface",
        list(SURFACES),
        default=FLAT,
        format_func=SURFACES.__getitem__,
        key="gs_surface",
        bind="query-params",
        required=True,
        help="Flat: α·β²·γ² = 2 unrolled, each point where the law puts it. As built: where the "
        "multiply-adds of the built networks really went. 3D: the surface in α, β and γ.",
    )
    point = by_name[name]
    _facts(point, found.result(name))
    return Choice(point, surface or FLAT)


def _facts(point: SearchPoint, result: PointResult | None) -> None:
    with st.container(horizontal=True, gap="small"):
        if result is None:
            st.metric("Held-out top-1", "not trained")
        else:
            st.metric(
                "Held-out top-1",
                f"{result.held_out_top1:.1f} %",
                f"{result.low:.1f} to {result.high:.1f}",
                delta_color="off",
                delta_arrow="off",
                help=f"Measured on {result.rows[0].held_out_n:,} training photos held out for "
                "selection, with the 95 % interval those photos allow.",
            )
        st.metric(
            "Cost as built",
            times(point.built_ratio),
            f"law {times(point.law_ratio)}",
            delta_color="off",
            delta_arrow="off",
            help="Multiply-adds over the baseline's, computed here; below, what the law says.",
        )


def surface(found: Shown, choice: Choice) -> None:
    """The constraint surface with its points, and what it says in one sentence."""
    st.markdown(_verdict(found))
    chosen = choice.point.name
    if choice.surface == SPACE:
        figure = search_figures.surface(found.spots, chosen, found.winner)
        st.plotly_chart(figure, alt=_alt(found), config={"displayModeBar": False}, key="gs_space")
        st.caption(
            "The grey sheet is α·β²·γ² = 2. Points off it cost 2× all the same, because the "
            "network that is built is not the law's. Drag to turn; choose a point in the list."
        )
        return
    placed = None
    if choice.surface == BUILT:
        placed = {spot.point.name: built_shares(spot.point) for spot in found.spots}
    figure = search_figures.triangle(found.spots, chosen, found.winner, placed=placed)
    st.plotly_chart(
        figure,
        alt=_alt(found),
        config={"displayModeBar": False},
        on_select=_clicked,
        selection_mode="points",
        key=f"gs_{choice.surface}",
    )
    st.caption(_BUILT_CAPTION if choice.surface == BUILT else _FLAT_CAPTION)


_SYMBOLS = "Squares scale one dimension, diamonds two, circles all three; ring: chosen."
_FLAT_CAPTION = (
    "The surface α·β²·γ² = 2, laid flat: the nearer a corner, the more of the cost goes to it "
    "(ln α, 2 ln β, 2 ln γ over their sum). Equal shares stand side by side. " + _SYMBOLS
)
_BUILT_CAPTION = (
    "The same points where their multiply-adds really went. All mixtures crowd into one spot: any "
    "α above 1 buys a block in almost every stage, any γ above 1 a row in the last maps, and a β "
    "above 1.11 would double the narrow stages. " + _SYMBOLS
)


def _clicked() -> None:
    for key in ("gs_flat", "gs_built"):
        event: Any = st.session_state.get(key)
        points = event["selection"]["points"] if event else []
        if points and points[0].get("customdata"):
            st.session_state["gs_clicked"] = points[0]["customdata"][0]


def _verdict(found: Shown) -> str:
    if not found.ranked:
        if found.is_own:
            return "**Your search has begun.** Points fill as their networks learn."
        return (
            "**Not trained yet**: this copy of the project has no results of the search. These are "
            "the points it would train; *Run it yourself* trains some of them in minutes."
        )
    best, *others = found.ranked
    n = best.rows[0].held_out_n
    alike = search_records.within_noise(found.ranked)
    sentence = f"Best: **{title(best.point)}** with {best.held_out_top1:.1f} % on {n:,} photos. "
    if not others:
        return sentence
    if alike:
        sentence += (
            f"But **{len(alike)} of the other {len(others)}** lie inside its 95 % interval: this "
            "search cannot tell them from the best."
        )
    else:
        sentence += "No other point lies inside its 95 % interval."
    return sentence


def _alt(found: Shown) -> str:
    said = [
        f"{title(spot.point)} {'not trained' if spot.top1 is None else f'{spot.top1:.1f} %'}"
        for spot in found.spots
    ]
    return "Points of the search on the surface α·β²·γ² = 2: " + "; ".join(said) + "."


def details(found: Shown, choice: Choice) -> None:
    """The chosen point's cost, curve and stage table."""
    point = choice.point
    st.header(f"The chosen network: {title(point)}", divider="gray")
    cost, m = network_cost(point.spec), point.multipliers
    st.markdown(
        f"Depth × {m.depth:g}, width × {m.width:g}, {m.resolution_px} px: "
        f"**{si(cost.macs)}** multiply-adds, **{si(cost.params)}** parameters. {_on(point)}"
    )
    if found.curves:
        st.subheader("How it learned")
        figure = search_figures.curves(found.curves, point.name, found.winner)
        own = sorted(
            (row for row in found.curves if row.point == point.name),
            key=lambda row: (row.seed, row.epoch),
        )
        said = ", ".join(f"epoch {row.epoch} {row.held_out_top1:.1f} %" for row in own)
        left, right = st.columns([1.5, 1], gap="large")
        with left:
            chart(figure, "gs_curves", f"Held-out accuracy after every epoch: {said or 'none yet'}")
            st.caption("Thin grey: every other point.")
        with right:
            if own:
                table(
                    [_epoch_cells(row) for row in own],
                    name=f"search-curve-{point.name}",
                    alt="Loss and accuracy after every epoch",
                    formats={"training loss": ".3f", "held-out top-1, %": ".1f", "seconds": ".0f"},
                )
            else:
                st.caption("This point has no curve yet.")
    scale_views.stage_table(study_coefficients(CLASSROOM_BASELINE, point.coefficients))


def _epoch_cells(row: CurveRow) -> dict[str, Cell]:
    return {
        "epoch": str(row.epoch) if not row.seed else f"{row.epoch} (seed {row.seed})",
        "training loss": row.train_loss,
        "held-out top-1, %": row.held_out_top1,
        "seconds": row.seconds,
    }


def _on(point: SearchPoint) -> str:
    phi = compound_from(point)
    m = phi.multipliers(CLASSROOM_BASELINE.resolution_px)
    return (
        f"Step 2 would keep its α, β, γ and raise φ to **{phi.phi:g}** for 4× as built: depth × "
        f"{m.depth:.2f}, width × {m.width:.2f}, {m.resolution_px} px."
    )


def every_point(found: Shown) -> None:
    """All points with their intervals, as chart and table."""
    st.header("Every point, with what its photos allow to say", divider="gray")
    if found.ranked:
        n = found.ranked[0].rows[0].held_out_n
        error = (found.ranked[0].high - found.ranked[0].low) / 2
        st.markdown(
            f"{n:,} held-out photos leave each accuracy uncertain by **±{error:.1f} points**, and "
            "another seed would shift it again. The band is the best point's interval."
        )
        chart(
            search_figures.ranking(found.ranked, st.session_state.get("gs_point", "")),
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
            "α": ".2f", "β": ".2f", "γ": ".2f", "by the law": times, "as built": times,
            "parameters": si, "multiply-adds": si, "held-out top-1, %": ".1f", "seconds": ".0f",
        },
        missing=":gray[not trained]",
        hidden=("kind", "low, %", "high, %", "seeds"),
    )  # fmt: skip
    st.caption(_how(found))


def _cells(point: SearchPoint, result: PointResult | None) -> dict[str, Cell]:
    cost = network_cost(point.spec)
    interval = None if result is None else f"{result.low:.1f} to {result.high:.1f}"
    return {
        "point": title(point),
        "kind": point.kind,
        "α": point.alpha,
        "β": point.beta,
        "γ": point.gamma,
        "input": f"{point.spec.resolution_px} px",
        "multiply-adds": float(cost.macs),
        "parameters": float(cost.params),
        "by the law": point.law_ratio,
        "as built": point.built_ratio,
        "held-out top-1, %": None if result is None else result.held_out_top1,
        "95 % interval": interval,
        "low, %": None if result is None else result.low,
        "high, %": None if result is None else result.high,
        "seeds": None if result is None else float(len(result.rows)),
        "seconds": None if result is None else sum(row.seconds for row in result.rows),
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
            f"seed {row.seed}, accuracy after the last epoch on {row.held_out_n:,} other training "
            "photos; no validation photo was used to choose. Seconds are of this project's "
            "training machine, one thread, and depend on what else it did."
            if not found.is_own
            else f"Yours: {row.epochs} epochs on {row.train_n:,} photos, measured on "
            f"{row.held_out_n:,} others."
        )
    return text


def law(found: Shown, choice: Choice) -> None:
    """The law's 2× against what is built."""
    st.header("The law's 2× and the network that is built", divider="gray")
    mixtures = [spot.point for spot in found.spots if spot.point.kind == "mixture"]
    lowest = min(mixtures, key=lambda p: p.law_ratio) if mixtures else choice.point
    jump = next(built for value, _, built in staircase("width") if value > 1.12)
    st.markdown(
        "By the law every dimension is a ramp; as built it is **stairs**. One step of depth adds a "
        "block to almost every stage at once (1.42×); widths jump in eights, so the baseline's "
        f"8-channel stages double just above β = 1.11 ({jump:.2f}×); 97 px already need a seventh "
        f"row in the last map (1.31×). So {title(lowest)} costs {lowest.law_ratio:.2f}× by the law "
        f"and **{lowest.built_ratio:.2f}×** as built."
    )
    chart(
        search_figures.law_and_built(found.spots, choice.point.name),
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


def diminishing() -> None:
    """Accuracy at 1×, 2× and 4× for each dimension, from the shipped records."""
    st.header("What more of one dimension buys", divider="gray")
    found, missing = _returns()
    if len(found) > 1:
        st.markdown(_returns_verdict(found))
        chart(
            search_figures.returns(found),
            "gs_returns",
            "; ".join(f"{r.role} {r.times:.2f}×: {r.top1:.1f} %" for r in found),
        )
        rows: list[dict[str, Cell]] = [
            {
                "network": f"{r.role}",
                "as built": r.times,
                "validation top-1, %": r.top1,
                "95 % interval": f"{r.low:.1f} to {r.high:.1f}",
                "seeds": str(r.seeds),
            }
            for r in found
        ]
        table(
            rows, name="returns", alt="Validation accuracy of each dimension at 1×, 2× and 4×",
            formats={"as built": times, "validation top-1, %": ".1f"},
        )  # fmt: skip
    if missing:
        st.info(
            f"Not shipped with this copy: {', '.join(missing)}. Their points appear here once "
            "they are trained.",
            icon=":material/info:",
        )
    st.caption(
        "Source: the records of the shipped networks, read once on validation photos. They were "
        "trained longer than the search's points; the two accuracies are not comparable."
    )


def _returns() -> tuple[list[Return], list[str]]:
    base_macs = network_cost(CLASSROOM_BASELINE).macs
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for member in shipped_members():
        groups.setdefault((member.role, member.times), []).append(read_record(member.name))
    wanted = [("baseline", 1)] + [
        (role, count) for role in ROLES[1:] for count in (2, 4) if (role, count) != ("compound", 2)
    ]
    found = []
    for role, count in wanted:
        records = groups.get((role, count), [])
        if not records:
            continue
        top1 = sum(record["val_top1"] for record in records) / len(records)
        low, high = search_records.interval(top1, records[0]["val_n"])
        ratio = records[0]["macs"] / base_macs
        found.append(Return(role, ratio, top1, low, high, len(records)))
    missing = [f"{role} at {count}×" for role, count in wanted if (role, count) not in groups]
    return found, missing


def _returns_verdict(found: Sequence[Return]) -> str:
    base = next((r for r in found if r.role == "baseline"), None)
    fours = [r for r in found if r.role != "baseline" and r.times > 3]
    if base is None or not fours:
        return "The shipped networks so far:"
    gains = ", ".join(
        f"{r.role} {r.top1 - base.top1:+.1f}" for r in sorted(fours, key=lambda r: -r.top1)
    )
    return (
        f"Points of accuracy over the baseline's {base.top1:.1f} % at four times its cost: "
        f"**{gains}**. Where a line flattens from 2× to 4×, more of that dimension alone buys less."
    )


def the_paper() -> None:
    """What the paper found, and why ours may differ."""
    st.header("What the paper found, and why ours may differ", divider="gray")
    printed = paper.load().law
    theirs = SearchPoint(
        "paper", "mixture", float(printed.alpha), float(printed.beta), float(printed.gamma)
    )
    outcome = search_records.read_outcome()
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
        formats={"α": "g", "β": "g", "γ": "g", "by the law": times, "on our baseline": times},
    )
    st.markdown(
        f"""
- **Another baseline.** The paper searched on B0 at 224 px; ours starts at 96 px, where small things
  are a few pixels wide. Resolution may simply matter more here.
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


def _paper_cells(name: str, point: SearchPoint, source: str) -> dict[str, Cell]:
    return {
        "search": name,
        "α": point.alpha,
        "β": point.beta,
        "γ": point.gamma,
        "by the law": point.law_ratio,
        "on our baseline": point.built_ratio,
        "source": source,
    }


def show() -> None:
    """The whole page below its title."""
    left, right = st.columns([1, 2.6], gap="large")
    with left:
        found = shown()
        choice = controls(found)
        search_own.run_it_yourself()
    with right:
        surface(found, choice)
    with model_views.shown_errors():
        details(found, choice)
    every_point(found)
    law(found, choice)
    with model_views.shown_errors():
        diminishing()
    the_paper()
