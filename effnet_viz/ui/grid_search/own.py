"""Run it yourself: a search of minutes in the background, kept for the visit and over a reload."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from effnet_viz.engine.jobs import search
from effnet_viz.engine.jobs.background import time_left
from effnet_viz.engine.jobs.search import Job, Progress, Settings
from effnet_viz.engine.training.imagenette import (
    DATA_VARIABLE,
    checked_folder,
    data_folder,
    may_name_folder,
)
from effnet_viz.errors import UserError
from effnet_viz.evidence.search.points import title
from effnet_viz.evidence.search.records import CurveRow, SearchRow
from effnet_viz.ui.shared import parts, work
from effnet_viz.ui.shared.cache import unique
from effnet_viz.ui.shared.photos import fetch_button

POLL_SECONDS = 2.0

#: The name in a link of what a visit has searched.
KEPT = "gs_kept"


@dataclass(frozen=True, slots=True)
class Own:
    """What this visit's search has so far."""

    settings: Settings
    rows: list[SearchRow]
    curves: list[CurveRow]


def current() -> Own | None:
    """This visit's search, running or ended; None where none was started."""
    taken: tuple[Job, str] | None = work.taken_up(KEPT)
    if taken is not None:
        st.session_state["gs_job"], st.session_state["gs_watcher"] = taken
    job: Job | None = st.session_state.get("gs_job")
    if job is not None:
        rows, curves = job.results()
        st.session_state["gs_own"] = Own(job.settings, rows, curves)
    own: Own | None = st.session_state.get("gs_own")
    return own


def run_it_yourself() -> None:
    """The button, or the progress of what it started."""
    job: Job | None = st.session_state.get("gs_job")
    told = st.session_state.get("gs_ended") or st.session_state.get("gs_problem")
    with st.expander(
        "Run it yourself", icon=":material/model_training:", expanded=bool(job or told)
    ):
        if job is not None:
            now = job.progress()
            if not now.finished:
                _watch(job, len(job.results()[1]))
                return
            st.session_state["gs_ended"] = now
            st.session_state["gs_job"] = None
        _offer()
        ended: Progress | None = st.session_state.get("gs_ended")
        if ended is not None and ended.failure:
            st.error(f"{ended.failure} What was trained before is kept.", icon=":material/block:")
        elif ended is not None and ended.cancelled:
            st.info("Cancelled; what was trained before is kept.", icon=":material/info:")
        if problem := st.session_state.get("gs_problem"):
            st.error(problem, icon=":material/error:")


def _offer() -> None:
    try:
        folder = data_folder() or _named_folder()
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    if folder is None:
        _offer_photos()
        return
    settings = Settings(folder)
    held = round(10 * settings.per_class * settings.held_out)
    trained = 10 * settings.per_class - held
    seed = st.number_input(
        "Seed", 0, 999, 0, key="gs_seed", bind="query-params",
        help="Another seed, other random weights, crops and order: see how far the points move.",
    )  # fmt: skip
    settings = Settings(folder, seed=int(seed))
    st.button(
        "Train six points",
        type="primary",
        icon=":material/model_training:",
        on_click=_start,
        args=(folder,),
        width="stretch",
    )
    st.caption(
        f"Three corners and three mixtures, {settings.epochs} epochs on {trained:,} photos: about "
        "3 to 5 minutes on two laptop cores. It shows how a search works and how noisy it is "
        f"(±{196 * math.sqrt(0.25 / held):.0f} points with {held} photos to measure on); it cannot "
        "say which way of scaling is best."
    )


def _named_folder() -> Path | None:
    """The folder a visitor names, where this server lets them."""
    if not may_name_folder():
        return None
    named = st.text_input(
        "Folder of Imagenette on this machine", key="gs_folder", placeholder="it holds train/"
    )
    return checked_folder(named.strip()) if named.strip() else None


def _offer_photos() -> None:
    st.markdown("Training needs photos, and none are here: fetch Imagenette once (about 340 MB).")
    fetch_button("gs_fetch", width="stretch")
    if not may_name_folder():
        st.markdown("Or start the app with the folder that holds its `train/`:")
        st.code(f"{DATA_VARIABLE}=/path/to/imagenette2-320 make run", language="bash")


def _start(folder: Path) -> None:
    """A callback: the seed is what stands in its field now, not when the button was drawn."""
    settings = Settings(folder, seed=int(st.session_state["gs_seed"]))
    st.session_state["gs_ended"] = None
    st.session_state["gs_problem"] = None
    st.session_state["gs_source"] = "own"
    watcher = unique()
    try:
        job = search.start(settings, watcher)
    except UserError as error:
        st.session_state["gs_problem"] = str(error)
        return
    st.session_state["gs_job"], st.session_state["gs_watcher"] = job, watcher
    work.keep(KEPT, (job, watcher))


def _cancel(job: Job) -> None:
    """A callback: this visit waits no more, whether or not others do."""
    job.cancel(st.session_state["gs_watcher"])
    st.session_state["gs_ended"] = replace(job.progress(), cancelled=True)
    st.session_state["gs_job"] = None


@parts.ticking(POLL_SECONDS)
def _watch(job: Job, known: int) -> None:
    """Progress, time left and a way to stop; draws the page anew after every epoch."""
    now = job.progress()
    rows, curves = job.results()
    if now.finished or len(curves) > known:
        st.rerun()
    st.progress(now.share, text=_progress_text(now))
    at_work = sorted(
        {row.point for row in curves if row.point not in {done.point for done in rows}}
    )
    names = {point.name: title(point) for point in job.settings.search_points}
    if at_work:
        st.caption("At work: " + "; ".join(names[name] for name in at_work))
    st.button("Cancel", icon=":material/stop:", on_click=_cancel, args=(job,), width="stretch")


def _progress_text(now: Progress) -> str:
    if now.seconds_left is None:
        return "Reading photos and starting"
    return f"{now.points_done} of {now.points} points done, {time_left(now.seconds_left)}"
