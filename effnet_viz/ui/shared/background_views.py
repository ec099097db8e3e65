"""Work in the background on a page: a button, then progress with time left and a way to stop."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from effnet_viz.engine.jobs.background import Background
from effnet_viz.errors import UserError
from effnet_viz.ui.shared import parts, pressed, work

POLL_SECONDS = 1.0
RESULTS_KEPT = 24


def result_of(
    slot: str,
    request: Hashable,
    label: str,
    start: Callable[[], Background[Any]],
    *,
    icon: str,
    disabled: bool = False,
    hint: str = "",
    most: int = RESULTS_KEPT,
) -> Any:
    """What was made for this ``request`` in this visit, else None: then there is the button that
    starts it, or the progress of what runs in this ``slot``.

    One thing runs in a slot at a time. The last ``most`` results are kept for the visit, so a
    choice that was made before costs nothing; a failure is one sentence, and the button is there
    again.
    """
    kept: dict[Hashable, Any] = st.session_state.setdefault(f"kept_{slot}", {})

    def begin() -> None:
        if running is not None or request in kept:
            return
        st.session_state[f"problem_{slot}"] = ""
        try:
            job = start()
        except UserError as error:
            st.session_state[f"problem_{slot}"] = str(error)
            return
        st.session_state[f"job_{slot}"] = (request, job)
        job.start()

    running = _running(slot)
    if running is not None and running[1].standing().finished:
        _collect(slot, kept, *running, most)
        running = None
    pressed.act_if_pressed(f"start_{slot}", begin)
    running = _running(slot)
    if request in kept:
        return kept[request]
    if running is not None:
        work.visits_work(running[1].number, running[1])
        if running[0] != request:
            st.caption("This is still at work on what you chose before.")
        _watch(running[1], slot)
        return None
    if problem := st.session_state.get(f"problem_{slot}"):
        st.error(problem, icon=":material/error:")
    if st.session_state.pop(f"cancelled_{slot}", False):
        st.info("Cancelled; everything else is as it was.", icon=":material/info:")

    pressed.button(label, f"start_{slot}", icon=icon, disabled=disabled, hint=hint)
    return None


def _running(slot: str) -> tuple[Hashable, Background[Any]] | None:
    found: tuple[Hashable, Background[Any]] | None = st.session_state.get(f"job_{slot}")
    return found


def _collect(
    slot: str, kept: dict[Hashable, Any], request: Hashable, job: Background[Any], most: int
) -> None:
    st.session_state[f"job_{slot}"] = None
    st.session_state[f"problem_{slot}"] = job.failure
    if job.result is not None:
        kept[request] = job.result
        while len(kept) > most:
            kept.pop(next(iter(kept)))
    elif job.should_stop():
        st.session_state[f"cancelled_{slot}"] = True
    work.visits_work.clear(job.number, job)  # the visit keeps the result, and may delete it


@parts.ticking(POLL_SECONDS)
def _watch(job: Background[Any], slot: str) -> None:
    """Progress, time left and a way to stop; draws the page anew when it is done."""
    standing = job.standing()
    if standing.finished:
        st.rerun()
    st.progress(standing.share, text=standing.in_words())
    st.button(
        "Cancel", key=f"cancel_{slot}", on_click=_cancel, args=(slot, job.number),
        icon=":material/stop:",
    )  # fmt: skip
    if standing.cancelled:
        st.caption("Stopping after this step.")


def _cancel(slot: str, number: int) -> None:
    """Stop this work, if the slot still holds it. Streamlit keeps a button's arguments until the
    visit ends, and so would keep what the work made."""
    running = _running(slot)
    if running is not None and running[1].number == number:
        running[1].cancel()
