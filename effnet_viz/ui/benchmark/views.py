"""The Benchmark page's controls: what to measure and how, and the measurement under way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import streamlit as st

from effnet_viz.engine.jobs.background import time_left
from effnet_viz.engine.jobs.timing import Job, Progress
from effnet_viz.evidence.results import BenchmarkRow, Runtime
from effnet_viz.evidence.timing import (
    MAX_BATCH,
    MODELS,
    QUICK,
    Runs,
    Setup,
    custom_entry,
    title,
)
from effnet_viz.scaling.families import ModelEntry, scaled_role
from effnet_viz.ui.shared import cache, model_views, parts, pressed, work
from effnet_viz.ui.shared.links import carried_scale_choice

BUTTON = "bench_measure"
SCALE = "custom"
ONE, ALL, GPU = "one", "all", "gpu"
WHERE_TITLES: MappingProxyType[str, str] = MappingProxyType(
    {ONE: "CPU, 1 thread", ALL: "CPU, all threads", GPU: "GPU"}
)
BATCHES = (1, 2, 4, 8, 16, MAX_BATCH)
ENGINE, PLAIN, BOTH = "engine", "torch", "both"
RUNTIME_CHOICES: MappingProxyType[str, str] = MappingProxyType(
    {ENGINE: "Engine", PLAIN: "PyTorch", BOTH: "Both"}
)
_RUNS: MappingProxyType[str, tuple[Runs, ...]] = MappingProxyType(
    {ENGINE: ("engine",), PLAIN: ("torch",), BOTH: ("engine", "torch")}
)
POLL_SECONDS = 1.0

#: Rows of this visit, by model and setup.
Key = tuple[str, int, str, int, int, Runtime]
Rows = dict[Key, BenchmarkRow]

#: The name in a link of what a visit has measured.
KEPT = "bench_kept"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the controls say."""

    entries: tuple[ModelEntry, ...]
    where: str
    setups: tuple[Setup, ...]

    @property
    def setup(self) -> Setup:
        """The first: they differ in the runtime alone."""
        return self.setups[0]

    @property
    def runtime(self) -> str:
        """``engine``, ``torch`` or ``both``."""
        return BOTH if len(self.setups) > 1 else self.setup.runs


def controls() -> Choice:
    """Which models, where, and how many images at once."""
    options = dict(MODELS)
    titles = {name: title(name) for name in options}
    with model_views.shown_errors():
        options[SCALE] = _scale_entry()
        titles[SCALE] = options[SCALE].name
    names = st.pills(
        "Models to measure",
        list(options),
        selection_mode="multi",
        default=list(QUICK),
        format_func=titles.__getitem__,
        key="bench_models",
        bind="query-params",
        wrap=True,
        help="The charts follow once they are measured. Random weights: time does not depend on "
        "them, so nothing is downloaded.",
    )
    runtime = st.segmented_control(
        "Runtime",
        list(RUNTIME_CHOICES),
        default=ENGINE,
        format_func=RUNTIME_CHOICES.__getitem__,
        key="bench_runtime",
        bind="query-params",
        required=True,
        help="Engine: as this app runs a network, by OpenVINO on a CPU where it is installed, else "
        "by PyTorch with batch norms folded into the convolutions. PyTorch: the module as built.",
    )
    accelerator = cache.accelerator()
    places = [ONE, ALL] + ([GPU] if accelerator else [])
    where = st.segmented_control(
        "Measure on",
        places,
        default=ONE,
        format_func=WHERE_TITLES.__getitem__,
        key="bench_on",
        bind="query-params",
        required=True,
        help="The paper measured on one CPU core. This page does not follow the sidebar's device. "
        + ("" if accelerator else "PyTorch finds no GPU on this machine."),
    )
    batch = st.select_slider(
        "Images at once (batch)", BATCHES, value=1, key="bench_batch", bind="query-params"
    )
    where = where or ONE
    setups = tuple(
        Setup(
            device=accelerator or "cpu" if where == GPU else "cpu",
            threads={ONE: 1, ALL: os.cpu_count() or 1}.get(where),
            batch_size=int(batch),
            runs=runs,
        )
        for runs in _RUNS[runtime or ENGINE]
    )
    return Choice(tuple(options[name] for name in names), where, setups)


def _scale_entry() -> ModelEntry:
    """The Scale page's network. Raises UserError where it cannot be scaled."""
    choice = carried_scale_choice()
    role = scaled_role(choice.architecture, choice.multipliers)
    return custom_entry(choice.study().scaled, role, f"Scale: {choice.name}")


def measuring(choice: Choice) -> None:
    """The button, or the progress of what it started."""
    _take_up()
    pressed.act_if_pressed(BUTTON, partial(_start, choice))
    job: Job | None = st.session_state.get("bench_job")
    if job is not None:
        work.visits_benchmark(job.number, job)
        now = job.progress()
        _collect(job)
        if not now.finished:
            _watch(job, len(job.rows) + len(job.failures))
            return
        st.session_state["bench_failures"] = job.failures
        st.session_state["bench_cancelled"] = now.cancelled
        st.session_state["bench_job"] = None
    pressed.button(
        "Measure",
        BUTTON,
        type="primary",
        icon=":material/timer:",
        disabled=not choice.entries,
        width="stretch",
    )
    if not choice.entries:
        st.caption("Choose at least one model.")
    _say_failures(st.session_state.get("bench_failures", ()))
    if st.session_state.get("bench_cancelled"):
        st.info("Cancelled; what was measured before is kept.", icon=":material/info:")


def _start(choice: Choice) -> None:
    if not choice.entries or st.session_state.get("bench_job") is not None:
        return
    st.session_state["bench_failures"] = ()
    st.session_state["bench_cancelled"] = False
    job = Job(choice.entries, *choice.setups)
    rows: Rows = st.session_state.setdefault("bench_rows", {})
    work.keep(KEPT, (rows, job))
    st.session_state["bench_job"] = job
    job.start()


def _take_up() -> None:
    """After a reload: what the visit of this link has measured, and what it still measures."""
    found: tuple[Rows, Job] | None = work.taken_up(KEPT)
    if found is None:
        return
    rows, job = found
    st.session_state["bench_rows"] = dict(rows)
    _collect(job)
    if not job.progress().finished:
        st.session_state["bench_job"] = job


def _say_failures(failures: Sequence[str]) -> None:
    for failure in failures:
        st.error(failure, icon=":material/block:")


@parts.ticking(POLL_SECONDS)
def _watch(job: Job, known: int) -> None:
    """Progress, time left and a way to stop; draws the page anew when a model is done."""
    now = job.progress()
    if now.finished or len(job.rows) + len(job.failures) > known:
        st.rerun()
    st.progress(now.share, text=_progress_text(now))
    st.button("Cancel", icon=":material/stop:", on_click=job.cancel, width="stretch")
    _say_failures(job.failures)


def _progress_text(now: Progress) -> str:
    if now.waiting:
        return "Waiting: another measurement is running, and two would slow each other"
    if now.starting:
        return "Starting a process of its own, so that nothing else disturbs the clock"
    if now.models_done == now.models:
        return "All measured; ending the process"
    left = "time left: not known yet"
    if now.seconds_left is not None:
        left = time_left(now.seconds_left)
    return f"{title(now.model)} ({now.models_done + 1} of {now.models}), {left}"


def _key(row: BenchmarkRow) -> Key:
    return row.model, row.macs, row.device, row.threads, row.batch_size, row.latency.runtime


def _collect(job: Job) -> None:
    kept: Rows = st.session_state.setdefault("bench_rows", {})
    kept.update((_key(row), row) for row in job.rows)


def measured_rows() -> tuple[BenchmarkRow, ...]:
    """Everything measured in this visit, the latest of each model and setup."""
    kept: Rows = st.session_state.get("bench_rows", {})
    return tuple(kept.values())
