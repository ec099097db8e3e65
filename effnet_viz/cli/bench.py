"""``bench``: the Benchmark page's measurement on the command line."""

from __future__ import annotations

import os
from argparse import Namespace

from effnet_viz.cli.cost import DIRECT_OPTIONS, LAW_OPTIONS, scaled_network
from effnet_viz.cli.terminal import print_json, print_table, progress
from effnet_viz.engine.inference import choose_device
from effnet_viz.engine.timing import models
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import (
    PREDICTORS,
    QUICK,
    Runs,
    Setup,
    as_dict,
    by_runtime,
    custom_entry,
    find,
    fits,
    title,
)
from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.families import ModelEntry, scaled_role


def run_bench(options: Namespace) -> None:
    """Measure the chosen models one after the other; all are checked before the first runs."""
    wanted: tuple[Runs, ...] = (
        ("engine", "torch") if options.runtime == "both" else (options.runtime,)
    )
    setups = [
        Setup(
            device=choose_device(options.device),
            threads=_threads(options.threads),
            batch_size=options.batch_size,
            repeats=options.repeats,
            runs=runs,
        )
        for runs in wanted
    ]
    entries = _entries(options)
    for entry in entries:
        models.check(entry, setups[0])
    rows = []
    work = [(entry, setup) for entry in entries for setup in setups]
    for number, (entry, setup) in enumerate(work, start=1):

        def on_pass(done: int, passes: int, name: str = entry.name, number: int = number) -> None:
            progress(f"{name} ({number} of {len(work)}): pass {done + 1} of {passes}")

        rows.append(models.measure(entry, setup, on_pass))
    progress("")
    if options.json:
        print_json([as_dict(row) for row in rows])
        return
    _print(rows)


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
    print(
        f"{first.latency.device}, {first.threads} thread{'s' if first.threads != 1 else ''}, "
        f"batch {first.batch_size}; " + ", ".join(f"{name} {v}" for name, v in first.versions)
    )
    print("Random weights: time does not depend on the weights.\n")
    header = (
        "model",
        "runtime",
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
    for runtime, of_it in by_runtime(rows).items():
        for line in fits(of_it):
            print(
                f"{RUNTIME_TITLES[runtime]}, time against {PREDICTORS[line.predictor]}: "
                f"R² {line.r2:.2f}, slope {line.slope:.2f}, "
                f"typically off by {line.typical_factor:.2f}×"
            )
