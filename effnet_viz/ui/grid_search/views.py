"""The Grid search page's controls, its surface, and the chosen point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from types import MappingProxyType
from typing import Any

import streamlit as st

from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import (
    DEFAULT_POINTS,
    SearchPoint,
    built_shares,
    compound_from,
    search_points,
    title,
)
from effnet_viz.evidence.search.records import CurveRow, PointResult, SearchRow
from effnet_viz.figures import search, search_surface
from effnet_viz.figures.base import si
from effnet_viz.figures.search_surface import Spot
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.study import study
from effnet_viz.ui.grid_search import own as search_own
from effnet_viz.ui.scale import fallback
from effnet_viz.ui.shared.parts import chart, table

TOP1 = "held-out top-1, %"
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

    @property
    def noise(self) -> float | None:
        """How many points two networks as good as the best may differ by chance."""
        return records.margin(self.ranked) if self.ranked else None

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
    rows = records.read_rows()
    points = {point.name: point for point in search_points(DEFAULT_POINTS)}
    points |= {row.point: row.search_point() for row in rows}
    return _shown(list(points.values()), rows, records.read_curves(), is_own=False)


def _shown(
    points: Sequence[SearchPoint],
    rows: Sequence[SearchRow],
    curves: Sequence[CurveRow],
    is_own: bool,
) -> Shown:
    ranked = records.results(rows)
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
    _facts(next(spot for spot in found.spots if spot.point.name == name), found.result(name))
    return Choice(point, surface or FLAT)


def _facts(spot: Spot, result: PointResult | None) -> None:
    point = spot.point
    with st.container(horizontal=True, gap="small"):
        if result is None:
            st.metric(
                "Held-out top-1",
                "not trained" if spot.top1 is None else f"{spot.top1:.1f} % so far",
            )
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
            f"{point.built_ratio:.2f}×",
            f"law {point.law_ratio:.2f}×",
            delta_color="off",
            delta_arrow="off",
            help="Multiply-adds over the baseline's, computed here; below, what the law says.",
        )


def surface(found: Shown, choice: Choice) -> None:
    """The constraint surface with its points, and what it says in one sentence."""
    st.markdown(_verdict(found))
    chosen = choice.point.name
    if choice.surface == SPACE:
        figure = search_surface.surface(found.spots, chosen, found.winner, found.noise)
        st.plotly_chart(figure, alt=_alt(found), config={"displayModeBar": False}, key="gs_space")
        st.caption(
            "The grey sheet is α·β²·γ² = 2. Points off it cost 2× all the same, because the "
            "network that is built is not the law's. Drag to turn; choose a point in the list."
        )
        return
    placed = None
    if choice.surface == BUILT:
        placed = {spot.point.name: built_shares(spot.point) for spot in found.spots}
    figure = search_surface.triangle(
        found.spots, chosen, found.winner, placed=placed, noise=found.noise
    )
    key = f"gs_{choice.surface}_{chosen}"  # anew for each point: clicking it again chooses it again
    st.plotly_chart(
        figure,
        alt=_alt(found),
        config={"displayModeBar": False},
        on_select=partial(_clicked, key),
        selection_mode="points",
        key=key,
    )
    st.caption(_BUILT_CAPTION if choice.surface == BUILT else _FLAT_CAPTION)


_SYMBOLS = (
    "Squares scale one dimension, diamonds two, circles all three; ring: chosen. Green: cannot be "
    "told from the best; blue: clearly behind."
)
_FLAT_CAPTION = (
    "The surface α·β²·γ² = 2, laid flat: the nearer a corner, the more of the cost goes to it "
    "(ln α, 2 ln β, 2 ln γ over their sum). Equal shares stand side by side. " + _SYMBOLS
)
_BUILT_CAPTION = (
    "The same points where their multiply-adds really went. All mixtures crowd into one spot: any "
    "α above 1 buys a block in almost every stage, any γ above 1 a row in the last maps, and a β "
    "above 1.11 would double the narrow stages. " + _SYMBOLS
)


def _clicked(key: str) -> None:
    event: Any = st.session_state.get(key)
    points = event["selection"]["points"] if event else []
    if points and points[0].get("customdata"):
        st.session_state["gs_clicked"] = points[0]["customdata"][0]


def _verdict(found: Shown) -> str:
    if not found.ranked:
        if found.is_own:
            if st.session_state.get("gs_job") is None:
                return "**No point was finished.** Filled points are as far as they came."
            return (
                "**Your search has begun.** Points fill as their networks learn; an orange edge "
                "means: still training."
            )
        return (
            "**Not trained yet**: this copy of the project has no results of the search. These are "
            "the points it would train; *Run it yourself* trains some of them in minutes."
        )
    best, *others = found.ranked
    n = best.rows[0].held_out_n
    alike = records.within_noise(found.ranked)
    sentence = ""
    if len(found.ranked) < len(found.spots):
        sentence = f"{len(found.ranked)} of {len(found.spots)} points are trained. "
    sentence += f"Best: **{title(best.point)}** with {best.held_out_top1:.1f} % on {n:,} photos. "
    if not others:
        return sentence
    seeds = " and so few seeds" if records.trained_again(found.ranked) else ""
    needed = f"with so many photos{seeds}, two networks must differ by {found.noise:.1f} "
    if len(alike) == len(others):
        return f"{sentence}But **none of the others** can be told from it: {needed}points."
    if alike:
        return (
            f"{sentence}But **{len(alike)} of the other {len(others)}** cannot be told from it: "
            f"{needed}points."
        )
    return f"{sentence}All others are clearly behind: {needed}points to be told apart."


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
        figure = search.curves(found.curves, point.name, found.winner)
        own = [_epoch(*each) for each in records.by_epoch(found.curves, point.name).items()]
        said = ", ".join(f"epoch {row['epoch']} {row[TOP1]:.1f} %" for row in own)
        left, right = st.columns([1.5, 1], gap="large")
        with left:
            chart(figure, "gs_curves", f"Held-out accuracy after every epoch: {said or 'none yet'}")
            seeds = len({row.seed for row in found.curves if row.point == point.name})
            means = f"Means of {seeds} seeds. " if seeds > 1 else ""
            st.caption(f"{means}Thin grey: every other point.")
        with right:
            if own:
                table(
                    own,
                    name=f"search-curve-{point.name}",
                    alt="Loss and accuracy after every epoch",
                    formats={"training loss": ".3f", TOP1: ".1f", "seconds": ".0f"},
                    hidden=("each seed's loss", "each seed, %"),
                )
            else:
                st.caption("This point has no curve yet.")
    fallback.stage_table(study(CLASSROOM_BASELINE, point.coefficients))


def _epoch(number: int, seeds: Sequence[CurveRow]) -> dict[str, Cell]:
    return {
        "epoch": str(number),
        "training loss": fmean(row.train_loss for row in seeds),
        TOP1: fmean(row.held_out_top1 for row in seeds),
        "seconds": fmean(row.seconds for row in seeds),
        "each seed's loss": ", ".join(f"{row.train_loss:.3f}" for row in seeds),
        "each seed, %": ", ".join(f"{row.held_out_top1:.1f}" for row in seeds),
    }


def _on(point: SearchPoint) -> str:
    phi = compound_from(point)
    m = phi.multipliers(CLASSROOM_BASELINE.resolution_px)
    return (
        f"Step 2 would keep its α, β, γ and raise φ to **{phi.phi:g}** for 4× as built: depth × "
        f"{m.depth:.2f}, width × {m.width:.2f}, {m.resolution_px} px."
    )


def first_screen() -> tuple[Shown, Choice]:
    """Controls beside the surface."""
    left, right = st.columns([1, 2.6], gap="large")
    with left:
        found = shown()
        choice = controls(found)
        search_own.run_it_yourself()
    with right:
        surface(found, choice)
    return found, choice
