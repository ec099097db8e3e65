"""``bench``: the Benchmark page's measurement on the command line."""

from __future__ import annotations

import os
from argparse import Namespace

from effnet_viz.cli.cost import DIRECT_OPTIONS, LAW_OPTIONS, scaled_network
from effnet_viz.cli.terminal import print_json, print_table, progress
from effnet_viz.engine.optimise import choose_device
from effnet_viz.engine.timing import models
from effnet_viz.errors import UserError
from effnet_viz.evidence.measured.verdicts import in_words, verdicts
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import (
    QUICK,
    Runs,
    Setup,
    alike,
    as_dict,
    custom_entry,
    find,
    title,
)
from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.families import ModelEntry, scaled_role


def run_bench(options: Namespace) -> None:
    """Measure the chosen models one after the other; all are checked before the first runs.

    Where several setups are asked for, a model is left out of those that this machine cannot run.
    """
    wanted: tuple[Runs, ...] = (
        ("engine", "torch") if options.runtime == "both" else (options.runtime,)
    )
    setups = [
        Setup(
            device=choose_device(options.device),
            threads=threads,
            batch_size=batch_size,
            repeats=options.repeats,
            runs=runs,
        )
        for threads in dict.fromkeys(map(_threads, options.threads))
        for batch_size in dict.fromkeys(options.batch_size)
        for runs in wanted
    ]
    rows = []
    work = _runnable(_entries(options), setups)
    for number, (entry, setup) in enumerate(work, start=1):

        def on_pass(done: int, passes: int, name: str = entry.name, number: int = number) -> None:
            progress(f"{name} ({number} of {len(work)}): pass {done + 1} of {passes}")

        rows.append(models.measure(entry, setup, on_pass))
    progress("")
    if options.json:
        print_json([as_dict(row) for row in rows])
        return
    _print(rows)


def _runnable(entries: list[ModelEntry], setups: list[Setup]) -> list[tuple[ModelEntry, Setup]]:
    """Every model in every setup in which it can be run. Raises UserError where one fits none."""
    found = []
    for entry in entries:
        fitting = []
        for setup in setups:
            try:
                models.check(entry, setup)
                fitting.append(setup)
            except UserError:
                if setup is setups[-1] and not fitting:
                    raise
        found += [(entry, setup) for setup in fitting]
    return found


def _threads(text: str) -> int:
    if text == "all":
        return os.cpu_count() or 1
    if not text.isdecimal() or len(text) > 4:
        raise UserError(f"--threads is a number or all, not {text!r}.")
    return int(text)


def _entries(options: Namespace) -> list[ModelEntry]:
    given = any(getattr(options, o) is not None for o in (*LAW_OPTIONS, *DIRECT_OPTIONS, "variant"))
    names = list(dict.fromkeys(options.model or (() if given else QUICK)))
    if given and "custom" not in names:
        names.append("custom")
    if "custom" in names and not given:
        raise UserError("Say what custom is: give --phi, or --depth, --width, --resolution-px.")
    return [_custom(options) if name == "custom" else find(name) for name in names]


def _custom(options: Namespace) -> ModelEntry:
    result = scaled_network(options)
    return custom_entry(result.scaled, scaled_role(result.base, result.multipliers))


def _print(rows: list[BenchmarkRow]) -> None:
    first = rows[0]
    print(first.latency.device + "; " + ", ".join(f"{name} {v}" for name, v in first.versions))
    print("Random weights: time does not depend on the weights.\n")
    header = (
        "model",
        "runtime",
        "threads",
        "batch",
        "px",
        "ms",
        "quartiles",
        "peak",
        "least",
        "MACs",
        "activations",
        "params",
    )
    print_table(
        header,
        [
            (
                title(row.model),
                RUNTIME_TITLES[row.latency.runtime],
                row.threads,
                row.batch_size,
                row.resolution_px,
                f"{row.latency.median_ms:.1f}",
                f"{row.latency.q1_ms:.1f}-{row.latency.q3_ms:.1f}",
                mebibytes(row.peak_memory_bytes) if row.peak_memory_bytes is not None else "?",
                mebibytes(row.least_memory_bytes),
                si(row.macs),
                si(row.activations),
                si(row.params),
            )
            for row in rows
        ],
    )
    print()
    for setup in dict.fromkeys(map(alike, rows)):
        of_it = tuple(row for row in rows if alike(row) == setup)
        said = verdicts(of_it)
        if said:
            print(f"{RUNTIME_TITLES[setup[-1]]}, {setup[1]} thread(s), batch {setup[2]}:")
        for each in said:
            print("  " + in_words(each).replace("**", ""))
