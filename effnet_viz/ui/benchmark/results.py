"""What the Benchmark page shows of its measurements: verdict, charts, tables, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from effnet_viz.evidence import timing as bench_study
from effnet_viz.evidence.measured import budget, runtimes, verdicts
from effnet_viz.evidence.paper import tables
from effnet_viz.evidence.paper.tables import Cell
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import MODELS, PREDICTORS, Fit, Setup, title
from effnet_viz.figures import timing
from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.cost import inference_memory_bytes, network_cost
from effnet_viz.scaling.families import ModelEntry
from effnet_viz.ui.benchmark import within
from effnet_viz.ui.benchmark.views import ALL, BOTH, ENGINE, Choice, measured_rows
from effnet_viz.ui.shared import parts

NOT_MEASURED = ":gray[not measured]"


@dataclass(frozen=True, slots=True)
class Shown:
    """The rows on screen, all of one device, thread count, batch size and runtime; ``other`` are
    those of the other runtime, ``behind`` the visit's own the example."""

    rows: tuple[BenchmarkRow, ...]
    fits: tuple[Fit, ...]
    is_example: bool
    other: tuple[BenchmarkRow, ...] = ()
    behind: tuple[BenchmarkRow, ...] = ()

    @property
    def runtime(self) -> str:
        """Its name on screen."""
        return RUNTIME_TITLES[self.rows[0].latency.runtime]


def shown_rows(choice: Choice) -> Shown:
    """This visit's rows of the chosen setup; the shipped example until there are any."""
    setup = choice.setup
    mine: dict[bool, list[BenchmarkRow]] = {True: [], False: []}
    for row in measured_rows():
        if (row.device, row.batch_size) == (setup.device, setup.batch_size) and setup.threads in (
            None,
            row.threads,
        ):
            mine[row.latency.runtime == "torch"].append(row)
    plain = setup.runs == "torch"
    example, other = (
        bench_study.example(
            device=setup.device.partition(":")[0],
            many_threads=choice.where == ALL,
            batch_size=setup.batch_size,
            runs=runs,
        )
        for runs in (setup.runs, "engine" if plain else "torch")
    )
    rows = mine[plain] or (mine[not plain] if choice.runtime == BOTH else [])
    if rows:
        fits = tuple(bench_study.fits(rows))
        there = () if rows is mine[not plain] else tuple(mine[not plain])
        return Shown(tuple(rows), fits, is_example=False, other=there, behind=example)
    if bench_study.alike(other[0])[:-1] != bench_study.alike(example[0])[:-1] or other == example:
        other = ()
    return Shown(example, tuple(bench_study.fits(example)), is_example=True, other=other)


def charts(shown: Shown) -> None:
    """What the times say, and time against each cost."""
    _origin(shown)
    changed = runtimes.change(shown.rows, shown.other)
    st.markdown(f"{_pairs(shown)} {runtimes.in_words(changed) if changed else ''}".strip())
    lines = {line.predictor: line for line in shown.fits}
    for column, predictor in zip(st.columns(3, gap="small"), PREDICTORS, strict=True):
        line = lines.get(predictor)
        with column:
            says = "no line under six models"
            if line:
                says = f"typically off by **{line.typical_factor:.2f}×**, slope {line.slope:.2f}"
            st.markdown(f"**Time and {PREDICTORS[predictor]}**  \n:small[{shown.runtime}, {says}]")
            parts.chart(
                timing.time_against(shown.rows, predictor, line, shown.behind),
                alt=_chart_alt(shown.rows, PREDICTORS[predictor], line),
                key=f"bench_{predictor}",
            )
    st.markdown(_verdicts(shown))
    grey = "".join(
        f" Small and grey: the example ({_setup_words(row)})." for row in shown.behind[:1]
    )
    st.caption(
        "Logarithmic axes. Dashed: the line through all models, time = a · cost^slope; slope 1 is "
        "time in proportion. Bars: the middle half of the passes. Diamonds: B0-B7, squares: "
        "ResNets, star: the Scale page's network, circles: the classroom networks by role." + grey
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
    runtime = RUNTIME_TITLES[row.latency.runtime]
    return f"{row.latency.device}, {threads}, {images} at once, in {runtime}"


def _versions(row: BenchmarkRow) -> str:
    known = dict(row.versions)
    names = ("openvino",) if row.latency.runtime == "openvino" else ("torch", "torchvision")
    return ", ".join(f"{name} {known[name]}" for name in names if name in known)


def _pairs(shown: Shown) -> str:
    """The pairs that contradict multiply-adds most."""
    sentences = []
    equal = bench_study.same_cost(shown.rows)
    if equal is not None:
        slow, fast = equal.light, equal.heavy
        sentences.append(
            f"**{title(slow.model)}** and **{title(fast.model)}** cost the same multiply-adds "
            f"({si(slow.macs, 2)} and {si(fast.macs, 2)}), yet {title(slow.model)} takes "
            f"**{equal.longer:.1f}×** as long in {shown.runtime}."
        )
    pair = bench_study.contradiction(shown.rows)
    if pair is not None:
        sentences.append(
            f"**{title(pair.light.model)}** needs {pair.fewer_macs:.1f}× fewer multiply-adds than "
            f"**{title(pair.heavy.model)}** and takes {pair.longer:.1f}× as long."
        )
    return " ".join(sentences)


def _verdicts(shown: Shown) -> str:
    """How well each cost predicts time, family by family and across."""
    said = verdicts.verdicts(shown.rows)
    if not said:
        return "Measure at least six models of different cost to see what predicts time."
    return "\n".join(f"- {verdicts.in_words(each)}" for each in said) + (
        "\n\n:small[:gray[Told apart only where 95 % of 400 resamplings of the models agree.]]"
    )


def _chart_alt(rows: Sequence[BenchmarkRow], cost: str, line: Fit | None) -> str:
    fitted = (
        f"Typically off by {line.typical_factor:.2f}×, slope {line.slope:.2f}. " if line else ""
    )
    points = "; ".join(f"{title(row.model)} {row.latency.median_ms:.3g} ms" for row in rows)
    return f"Time of one pass against {cost}. {fitted}{points}."


def table(choice: Choice, shown: Shown) -> None:
    """Every row on screen, then what is chosen and not measured yet: cost is known without."""
    st.header("Cost and time")
    there = {(row.model, row.macs): row for row in shown.other}
    columns = [shown.runtime, *(RUNTIME_TITLES[row.latency.runtime] for row in shown.other[:1])]
    rows = []
    for row in sorted(shown.rows, key=lambda row: row.macs):
        other = there.get((row.model, row.macs))
        times = [_time(row), NOT_MEASURED if other is None else _time(other)]
        rows.append(_cells(row, columns, times))
    known = {(row.model, row.macs) for row in shown.rows}
    for entry in choice.entries:
        if (entry.name, network_cost(entry.spec).macs) not in known:
            rows.append(_computed_cells(entry, choice.setup, columns))
    cells = pd.DataFrame(rows).set_index("model").map(lambda cell: cell.replace(" ", "\u00a0"))
    st.table(cells, alt="Cost, time and memory of each model")
    memory = f" (in {shown.runtime})" if shown.other else ""
    st.caption(
        "Top-1: the paper's v1 table 2 (ImageNet); Imagenette's ten classes: mean over the seeds "
        "that ship, measured by this project. Multiply-adds (the paper's FLOPS), activations and "
        "parameters of one image, and the least memory (weights and the largest layer's input and "
        "output, float32): computed here. Time of one pass: median (quartiles), after two passes "
        f"to warm up. Images/s and peak memory{memory}: measured; the peak is what the process "
        "held beyond what it held before the model was made (on a GPU: what torch allocated), the "
        "libraries' own buffers with it, and is missing where the system does not tell. Weights "
        "are random: time does not depend on them."
    )


def _time(row: BenchmarkRow) -> str:
    time = row.latency
    return f"{time.median_ms:.1f} :small[({time.q1_ms:.1f}\u2011{time.q3_ms:.1f})]"


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cells(row: BenchmarkRow, columns: Sequence[str], times: Sequence[str]) -> dict[str, str]:
    peak = row.peak_memory_bytes
    return {
        "model": f"**{title(row.model)}**",
        "top-1": within.accuracy(budget.known(row.family, row.model)),
        **{f"{name}, ms": time for name, time in zip(columns, times, strict=False)},
        "multiply-adds": si(row.macs),
        "activations": si(row.activations),
        "parameters": si(row.params),
        "input": f"{row.resolution_px} px",
        "images/s": _rate(bench_study.images_per_second(row)),
        "peak memory": ":gray[missing]" if peak is None else mebibytes(peak),
        "least memory": mebibytes(row.least_memory_bytes),
    }


def _computed_cells(entry: ModelEntry, setup: Setup, columns: Sequence[str]) -> dict[str, str]:
    cost = network_cost(entry.spec)
    return {
        "model": f"**{title(entry.name)}**",
        "top-1": within.accuracy(budget.known(entry.family, entry.name)),
        **{f"{name}, ms": NOT_MEASURED for name in columns},
        "multiply-adds": si(cost.macs),
        "activations": si(cost.activations),
        "parameters": si(cost.params),
        "input": f"{entry.spec.resolution_px} px",
        "images/s": NOT_MEASURED,
        "peak memory": NOT_MEASURED,
        "least memory": mebibytes(inference_memory_bytes(entry.spec, setup.batch_size)),
    }


def table_four(shown: Shown) -> None:
    """The paper's speedups beside those measured."""
    st.header("The paper's table 4, and here")
    printed = tables.load()
    slow, fast, gpipe, b7 = printed.latency
    ours = bench_study.speedup(shown.rows, "resnet152", "b1")
    heavy, light = (network_cost(MODELS[name].spec) for name in ("resnet152", "b1"))
    where = "in the example" if shown.is_example else "measured here"
    here = f"{where}, {shown.runtime}"
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
    st.header("Take it away")
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
    if choice.runtime != ENGINE:
        words.append(f"--runtime {choice.runtime}")
    if choice.setup.batch_size > 1:
        words.append(f"--batch-size {choice.setup.batch_size}")
    return " ".join([*words, "--json"])
