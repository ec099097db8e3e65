"""The budget game: set d, w and r, see the cost, send a bid."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.figures import lesson as figures
from effnet_viz.figures.base import network_drawing
from effnet_viz.lesson import budget
from effnet_viz.lesson.budget import Bid
from effnet_viz.lesson.steps import BUDGETS
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.ui.lesson.place import Alone, Place
from effnet_viz.ui.lesson.wording import attempt, chart, say


def play(place: Place) -> None:
    """Both rounds; alone one chooses, in a room the teacher opens them."""
    names = list(BUDGETS)
    if isinstance(place, Alone):
        chosen = st.segmented_control(
            say("budget"),
            names,
            default=names[0],
            format_func=lambda name: say("times_cost", times=BUDGETS[name]),
            key="lesson_budget",
            required=True,
        )
        _round(place, str(chosen))
        return
    opened = [name for name in names if place.phase(name) != "hidden"]
    if not opened:
        st.markdown(say("bids_not_open"))
        return
    _round(place, opened[-1])


def _round(place: Place, name: str) -> None:
    limit = BUDGETS[name]
    alone, phase = isinstance(place, Alone), place.phase(name)
    st.subheader(say("bid_for", times=limit))
    st.markdown(say("bid_lead", slack=100 * budget.SLACK))
    controls, effect = st.columns([1, 1.6], gap="large")
    with controls:
        multipliers = _sliders(name, limit)
    try:
        bid = budget.bid(multipliers, limit)
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    with controls:
        _figures(bid, limit)
        open_for_bids = phase == "open" or alone
        st.button(
            say("send_bid"),
            key=f"lesson_bid_{name}",
            type="primary",
            icon=":material/send:",
            disabled=not (open_for_bids and bid.within(limit)),
            on_click=_send,
            args=(place, name),
        )
        if not open_for_bids:
            st.markdown(say("bids_closed"))
        elif not bid.within(limit):
            st.markdown(say("over_budget"))
        elif raw := place.answer(name):
            st.markdown(say("bid_sent", bid=_title(budget.read(raw))))
    with effect:
        _nearest(bid)
        chart(
            network_drawing(
                {"baseline": CLASSROOM_BASELINE, "compound": scale(CLASSROOM_BASELINE, multipliers)}
            ),
            "lesson_bid_drawing",
            say("bid_alt", bid=_title(multipliers), built=bid.built),
        )
    if not alone and phase == "revealed":
        picture(place.tally(name), limit)
    elif alone and (raw := place.answer(name)):
        picture({raw: 1}, limit)


def _sliders(name: str, limit: float) -> Multipliers:
    px = CLASSROOM_BASELINE.resolution_px
    most_px = round(px * (limit**0.5 + 0.2))
    st.slider(f"**d** · {say('depth')}", 1.0, limit + 0.5, 1.0, step=0.05, key=f"lesson_{name}_d")
    st.slider(
        f"**w** · {say('width')}", 1.0, limit**0.5 + 0.4, 1.0, step=0.05, key=f"lesson_{name}_w"
    )
    st.slider(f"**r** · {say('input_px')}", px, most_px, px, step=1, key=f"lesson_{name}_px")
    return _set(name)


def _set(name: str) -> Multipliers:
    """What the sliders stand at."""
    depth, width, px = (st.session_state[f"lesson_{name}_{part}"] for part in ("d", "w", "px"))
    return Multipliers(float(depth), float(width), int(px))


def _send(place: Place, name: str) -> None:
    """A callback: bid what the sliders stand at, where that keeps the budget."""

    def send() -> None:
        if not budget.bid(_set(name), BUDGETS[name]).within(BUDGETS[name]):
            raise UserError(say("over_budget"))
        place.send({name: budget.written(_set(name))})

    attempt(send)


def _figures(bid: Bid, limit: float) -> None:
    with st.container(horizontal=True):
        st.metric(
            say("built"),
            f"{bid.built:.2f}×",
            say("of_budget", times=limit),
            delta_color="off",
            delta_arrow="off",
            width=130,
        )
        st.metric(say("law"), f"{bid.law:.2f}×", width=130)


def _nearest(bid: Bid) -> None:
    point = bid.nearest
    st.markdown(
        say(
            "nearest",
            name=point.name,
            top1=point.top1,
            low=point.low,
            high=point.high,
            recipe=point.recipe,
            built=point.built,
            bid=_title(point.multipliers),
        )
    )
    st.markdown(say("exactly_there") if bid.apart < 0.005 else say("distance", apart=bid.apart))


def picture(counts: Iterable[str] | dict[str, int], limit: float) -> None:
    """The class's attempts on one picture, with the trained networks, and as a table."""
    placed = []
    for raw in counts:
        try:
            placed.append(budget.bid(budget.read(raw), limit))
        except UserError:
            continue
    if not placed:
        st.markdown(say("no_bids"))
        return
    trained = [(point, budget.bid(point.multipliers, limit)) for point in budget.trained(limit)]
    chart(
        figures.bids(placed, trained),
        f"lesson_bids_{limit:g}",
        say("bids_alt", count=len(placed)),
    )
    st.caption(say("bids_caption"))
    times = counts if isinstance(counts, dict) else {}
    rows = [
        {
            say("bid"): _title(bid.multipliers),
            say("bidders"): str(times.get(budget.written(bid.multipliers), 1)),
            say("built"): f"{bid.built:.2f}×",
            say("nearest_short"): bid.nearest.name,
            say("top1"): f"{bid.nearest.top1:.1f} %",
            say("apart"): f"{bid.apart:.2f}",
        }
        for bid in sorted(placed, key=lambda bid: -bid.nearest.top1)
    ]
    st.table(pd.DataFrame(rows).set_index(say("bid")), alt=say("bids_table"))


def _title(m: Multipliers) -> str:
    return f"d {m.depth:g}, w {m.width:g}, {m.resolution_px} px"
