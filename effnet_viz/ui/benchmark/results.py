"""What the Benchmark page shows of its measurements: verdict, charts, tables, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from effnet_viz.evidence import timing as bench_study
from effnet_viz.evidence.paper import tables
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import MODELS, PREDICTORS, Fit, Setup, title
from effnet_viz.figures import timing
from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.cost import inference_memory_bytes, network_cost
from effnet_viz.scaling.families import ModelEntry
from effnet_viz.ui.benchmark.views import ALL, Choice, measured_rows
from effnet_viz.ui.shared import parts


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows on screen, all of one device, thread count and batch size, best line first."""

    rows: tuple[BenchmarkRow, ...]
    fits: tuple[Fit, ...]
    is_example: bool


def shown_rows(choice: Choice) -> Shown:
    """This visit's rows of the chosen setup; the shipped example until there are any."""
    setup = choice.setup
    mine = [
        row
        for row in measured_rows()
        if (row.device, row.batch_size) == (setup.device, setup.batch_size)
        and setup.threads in (None, row.threads)
    ]
    if mine:
        return Shown(tuple(mine), tuple(bench_study.fits(mine)), is_example=False)
    rows = bench_study.example()
    many = [row for row in rows if row.threads > 1] if choice.where == ALL else []
    alike = many or [row for row in rows if row.threads == 1]
    return Shown(tuple(alike), tuple(bench_study.fits(alike)), is_example=True)


def charts(shown: Shown) -> None:
    """Time against each cost, and the sentence that says which predicts best."""
    _origin(shown)
    st.markdown(_verdict(shown))
    lines = {line.predictor: line for line in shown.fits}
    for column, predictor in zip(st.columns(3, gap="small"), PREDICTORS, strict=True):
        line = lines.get(predictor)
        with column:
            says = f"R² **{line.r2:.2f}**, slope {line.slope:.2f}" if line else "no fit yet"
            st.markdown(f"**Time and {PREDICTORS[predictor]}**  \n:small[{says}]")
            parts.chart(
                timing.time_against(shown.rows, predictor, line),
                alt=_chart_alt(shown.rows, PREDICTORS[predictor], line),
                key=f"bench_{predictor}",
            )
    st.caption(
        "Logarithmic axes. Dashed: the best line, time = a · cost^slope; slope 1 is time in "
        "proportion to the cost, R² the share of the spread in log(time) that the line explains. "
        "Bars: the middle half of the passes. Diamonds: B0-B7, squares: ResNets, star: the Scale "
        "page's network, circles: the classroom roles (grey baseline, blue depth, orange width, "
        "green resolution, purple compound). Multiply-adds are what the paper calls FLOPS."
    )


def _origin(shown: Shown) -> None:
    first = shown.rows[0]
    how = f"{_setup_words(first)}, {_versions(first)}"
    if shown.is_example:
        st.info(
            f"**An example, not your machine**: measured on {how}, on {first.date[:10]}. "
            "Press *Measure* for your own.",
            icon=":material/history:",
        )
    else:
        st.success(f"**Measured on this machine**: {how}.", icon=":material/timer:")
    noisy = bench_study.noisiest(shown.rows)
    if noisy is not None:
        st.warning(
            f"The machine was busy with other things: half of {title(noisy.model)}'s passes took "
            f"{noisy.latency.q1_ms:.3g} to {noisy.latency.q3_ms:.3g} ms, the others less or more. "
            "Measure again when it is quiet before you trust a small difference.",
            icon=":material/waves:",
        )


def _setup_words(row: BenchmarkRow) -> str:
    threads = "1 thread" if row.threads == 1 else f"{row.threads} threads"
    images = "1 image" if row.batch_size == 1 else f"{row.batch_size} images"
    return f"{row.latency.device}, {threads}, {images} at once"


def _versions(row: BenchmarkRow) -> str:
    known = dict(row.versions)
    return ", ".join(f"{name} {known[name]}" for name in ("torch", "torchvision") if name in known)


def _verdict(shown: Shown) -> str:
    if not shown.fits:
        return "Measure at least three models of different cost to see what predicts time."
    best, *others = shown.fits
    rest = ", ".join(f"{PREDICTORS[line.predictor]} {line.r2:.2f}" for line in others)
    where = "In the example" if shown.is_example else "Here"
    sentence = (
        f"{where} **{PREDICTORS[best.predictor]}** predict time best (R² {best.r2:.2f}; {rest}). "
        f"Even so that line is typically off by {best.typical_factor:.2f}×."
    )
    pair = bench_study.contradiction(shown.rows)
    if pair is not None:
        sentence += (
            f" **{title(pair.light.model)}** needs {pair.fewer_macs:.1f}× fewer multiply-adds than "
            f"**{title(pair.heavy.model)}** and takes {pair.longer:.1f}× as long."
        )
    equal = bench_study.same_cost(shown.rows)
    if equal is not None:
        slow, fast = equal.light, equal.heavy
        sentence += (
            f" **{title(slow.model)}** and **{title(fast.model)}** cost the same multiply-adds "
            f"({si(slow.macs, 2)} and {si(fast.macs, 2)}), yet {title(slow.model)} takes "
            f"{equal.longer:.1f}× as long."
        )
    return sentence


def _chart_alt(rows: Sequence[BenchmarkRow], cost: str, line: Fit | None) -> str:
    fitted = f"R² {line.r2:.2f}, slope {line.slope:.2f}. " if line else ""
    points = "; ".join(f"{title(row.model)} {row.latency.median_ms:.3g} ms" for row in rows)
    return f"Time of one pass against {cost}. {fitted}{points}."


def table(choice: Choice, shown: Shown) -> None:
    """Every row on screen, then what is chosen and not measured yet: cost is known without."""
    st.subheader("Cost and time")
    rows = [_measured_cells(row) for row in sorted(shown.rows, key=lambda row: row.macs)]
    there = {(row.model, row.macs) for row in shown.rows}
    for entry in choice.entries:
        if (entry.name, network_cost(entry.spec).macs) not in there:
            rows.append(_computed_cells(entry, choice.setup))
    cells = pd.DataFrame(rows).set_index("model").map(lambda cell: cell.replace(" ", "\u00a0"))
    st.table(cells, alt="Cost, time and memory of each model")
    st.caption(
        "Multiply-adds, activations and parameters of one image, and the least memory (weights and "
        "the largest layer's input and output, float32): computed here. Time of one pass: median "
        "(quartiles), batch norm folded, after two passes to warm up. Peak memory: what the "
        "process held beyond what it held before the model was made (on a GPU: what torch "
        "allocated); it counts the libraries' own buffers, and is missing where the system does "
        "not tell. Weights are random: time does not depend on them."
    )


def _measured_cells(row: BenchmarkRow) -> dict[str, str]:
    time = row.latency
    peak = row.peak_memory_bytes
    return {
        "model": f"**{title(row.model)}**",
        "time, ms": f"{time.median_ms:.1f} :small[({time.q1_ms:.1f}\u2011{time.q3_ms:.1f})]",
        "multiply-adds": si(row.macs),
        "activations": si(row.activations),
        "parameters": si(row.params),
        "input": f"{row.resolution_px} px",
        "images/s": f"{bench_study.images_per_second(row):.3g}",
        "peak memory": ":gray[missing]" if peak is None else mebibytes(peak),
        "least memory": mebibytes(row.least_memory_bytes),
    }


def _computed_cells(entry: ModelEntry, setup: Setup) -> dict[str, str]:
    cost = network_cost(entry.spec)
    not_yet = ":gray[not measured]"
    return {
        "model": f"**{title(entry.name)}**",
        "time, ms": not_yet,
        "multiply-adds": si(cost.macs),
        "activations": si(cost.activations),
        "parameters": si(cost.params),
        "input": f"{entry.spec.resolution_px} px",
        "images/s": not_yet,
        "peak memory": not_yet,
        "least memory": mebibytes(inference_memory_bytes(entry.spec, setup.batch_size)),
    }


def table_four(shown: Shown) -> None:
    """The paper's speedups beside those measured."""
    st.subheader("The paper's table 4, and here")
    printed = tables.load()
    slow, fast, gpipe, b7 = printed.latency
    ours = bench_study.speedup(shown.rows, "resnet152", "b1")
    heavy, light = (network_cost(MODELS[name].spec) for name in ("resnet152", "b1"))
    here = "in the example" if shown.is_example else "measured here"
    rows: list[dict[str, Cell]] = [
        {
            "pair": "ResNet-152 : B1",
            "printed seconds": f"{slow.seconds} : {fast.seconds}",
            "printed speedup": f"{fast.speedup}×",
            f"speedup {here}": ":gray[measure both]" if ours is None else ours,
            "fewer multiply-adds": heavy.macs / light.macs,
            "fewer activations": heavy.activations / light.activations,
            "fewer parameters": heavy.params / light.params,
        },
        {
            "pair": "GPipe : B7",
            "printed seconds": f"{gpipe.seconds} : {b7.seconds}",
            "printed speedup": f"{b7.speedup}×",
            f"speedup {here}": ":gray[not run]",
            "fewer multiply-adds": None,
            "fewer activations": None,
            "fewer parameters": 557e6 / network_cost(MODELS["b7"].spec).params,
        },
    ]
    parts.table(
        rows,
        name="table-4-here",
        alt="Printed and measured speedups",
        formats=dict.fromkeys(rows[0], parts.times),
    )
    st.markdown(
        "B1 has about 17 times fewer multiply-adds than ResNet-152, yet the paper's B1 is only 5.7 "
        "times faster. **GPipe's 557M-parameter model is not run**: torchvision does not have it, "
        f"and its weights alone would take {mebibytes(4 * 557e6)}."
    )
    st.caption(
        f"Printed: {printed.sources['latency']}. GPipe's 557 M parameters: the paper's table 2. "
        "Ratios of cost: computed here. Another processor and another library give other ratios."
    )


def take_away(choice: Choice, shown: Shown) -> None:
    """Everything measured in this visit as files, and the command that measures what is chosen."""
    st.subheader("Take it away")
    mine = measured_rows()
    rows, name = (mine, "benchmark") if mine else (shown.rows, "benchmark-example")
    what = "Measured in this visit" if mine else "The example"
    with st.container(horizontal=True):
        st.download_button(
            f"{what}, CSV",
            bench_study.as_csv(rows),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            f"{what}, JSON",
            bench_study.as_json(rows),
            file_name=f"{name}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
    st.code(_command(choice), language="bash", wrap_lines=True)


def _command(choice: Choice) -> str:
    """The command line for the choice; the Scale page's network has none."""
    words = ["python -m effnet_viz bench"]
    listed = [entry.name for entry in choice.entries if entry.name in MODELS]
    if listed:
        words += ["--model", *listed]
    if choice.where == ALL:
        words.append("--threads all")
    if choice.setup.device != "cpu":
        words.append(f"--device {choice.setup.device}")
    if choice.setup.batch_size > 1:
        words.append(f"--batch-size {choice.setup.batch_size}")
    return " ".join([*words, "--json"])
