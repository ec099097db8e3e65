"""The method: the problem as something to solve, the two observations, scope and limits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from effnet_viz.evidence.paper.costs import Candidate, best_within, candidates, gain_per_doubling
from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.evidence.timing import example
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import ROLE_COLOURS, mebibytes, si
from effnet_viz.ui.shared.parts import BIND, chart, notice, table

BUDGETS_GMACS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0)
BUDGETS_MIB = (32, 48, 64, 96, 128, 192, 256, 512)
DEFAULT_GMACS, DEFAULT_MIB = 2.0, 256

DECIDED = (
    ("B0's operators, kernel sizes, channels and layers per stage", "architecture search, "
     "rewarded by ACC · (FLOPS/T)ʷ with T = 400 M", "v1 section 4"),
    ("α, β, γ = 1.2, 1.1, 1.15", "a small grid search on B0 at φ = 1", "v1 section 4"),
    ("one ratio for all stages", "assumed: every stage is scaled alike", "v1 section 3.1"),
    ("φ", "you: it is the budget", "v1 section 3.3"),
    ("B1 to B7's multipliers", "published as a table that follows no single φ",
     "original implementation"),
    ("multiples of 8, whole blocks, whole pixels", "rounding rules", "original implementation"),
)  # fmt: skip

GOOD_FOR = (
    "One small network is searched once; a whole family follows without another search.",
    "A budget becomes a single number, φ.",
    "It also helped networks it was not made for (table 3).",
    "Few parameters and multiply-adds for an accuracy: small downloads, phones, CPUs.",
)
FAILS = (
    "It counts multiply-adds, not time: depthwise convolutions are cheap to count and slow to run.",
    "Large inputs need much memory for activations, so training the largest variants is slow.",
    "Every stage grows alike, though stages cost and help differently.",
    "Coefficients found on B0 at φ = 1 are reused everywhere; a search on a large model might find "
    "better ones (v1 section 4).",
    "Part of the gain is the training recipe, AutoAugment and stochastic depth among it, which "
    "most networks in table 2 did not have (v5 section 5.2).",
)
AFTERWARDS = (
    ("EfficientNetV2", "2021", "Measures training time: plain convolutions in the early stages, "
     "later stages grow more, the input size is capped.", "arXiv:2104.00298"),
    ("Fast compound scaling", "2021", "Activations predict time on an accelerator better than "
     "FLOPS do; scales mostly width.", "arXiv:2103.06877"),
    ("ResNet-RS", "2021", "With a modern recipe, a scaled ResNet catches up; the best way to scale "
     "depends on the training, and resolution should grow more slowly.", "arXiv:2103.07579"),
    ("Train-test resolution (FixRes)", "2019", "A network judges best at inputs somewhat larger "
     "than it was trained at; run far from its own size it loses, so weights run at another size "
     "show what pixels cost, not what they buy.", "arXiv:1906.06423"),
    ("Vision transformers", "2020", "No stages and no convolutions: width, depth and patches scale "
     "instead, and data matters more than the balance.", "arXiv:2010.11929"),
)  # fmt: skip


def method(paper: Paper) -> None:
    """The whole section."""
    notice(
        "The paper does not ask for a better block. It fixes B0 and asks **how to spend a budget** "
        "on depth, width and resolution. It prints one network scaled in each dimension alone, all "
        "three at about one cost: only there can a budget compare them with the family."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        gmacs, mib = _budgets()
        st.latex(
            r"""\begin{gathered}\max_{d,\,w,\,r}\ \mathrm{Accuracy}(\mathcal N(d,w,r))\\
            \mathrm{memory}(\mathcal N)\le\text{target}\\
            \mathrm{MACs}(\mathcal N)\le\text{target}\end{gathered}"""
        )
        st.caption(
            "v1 equation 2: stage *i* repeats its operator d·L times, on maps of r·H × r·W with "
            "w·C channels. Operators never change."
        )
    rows = candidates(paper)
    best = best_within(rows, gmacs * 1e9, mib * 2**20)
    with effect:
        if best is None:
            st.warning(
                f"Nothing fits: B0 itself needs {si(rows[0].macs)} multiply-adds and "
                f"{mebibytes(rows[0].memory_bytes)}. Raise the budget.",
                icon=":material/block:",
            )
        else:
            st.markdown(
                f"Within {gmacs:g} B multiply-adds and {mib} MiB: **{best.name}**, "
                f"{best.top1} % top-1, {si(best.macs)} multiply-adds, at least "
                f"{mebibytes(best.memory_bytes)}{_measured_words(best)}."
            )
        _candidates_chart(rows, best, gmacs, mib)
    _candidates_table(rows, gmacs, mib)
    _observations(paper)
    _scope()


def _label(row: Candidate, best: Candidate | None) -> str:
    if row is best:
        return f"<b>{row.name}</b>"
    return row.name if row.role == "compound" else ""


def _budgets() -> tuple[float, int]:
    gmacs = st.select_slider(
        "Multiply-adds per image, billions",
        BUDGETS_GMACS,
        DEFAULT_GMACS,
        key="p_gmacs",
        bind=BIND,
    )
    mib = st.select_slider(
        "Least memory of one forward pass, MiB",
        BUDGETS_MIB,
        DEFAULT_MIB,
        key="p_mib",
        bind=BIND,
        help="By arithmetic: the weights, and the largest layer's input and output, float32. What "
        "a runtime takes is more: measured values stand in the table.",
    )
    return float(gmacs), int(mib)


def _fits(row: Candidate, gmacs: float, mib: int) -> bool:
    return row.fits(gmacs * 1e9, mib * 2**20)


def _candidates_chart(
    rows: tuple[Candidate, ...], best: Candidate | None, gmacs: float, mib: int
) -> None:
    series = []
    for role in ("compound", "depth", "width", "resolution"):
        group = [row for row in rows if row.role == role]
        series.append(
            figures.Series(
                "B0 to B7" if role == "compound" else f"{role} only",
                [row.macs / 1e9 for row in group],
                [row.top1 for row in group],
                ROLE_COLOURS[role],
                mode="lines+markers" if role == "compound" else "markers",
                width=1.2,
                size=11,
                symbol=[
                    figures.ROLE_SYMBOLS[role] + ("" if _fits(row, gmacs, mib) else "-open")
                    for row in group
                ],
                labels=[_label(row, best) for row in group],
                label_position="top left",
                hover=[
                    f"{row.name}: {row.top1} % (v1)<br>{si(row.macs)} MACs, "
                    f"at least {mebibytes(row.memory_bytes)} (computed here)"
                    for row in group
                ],
            )
        )
    chart(
        figures.plot(
            series,
            figures.Axis(
                "multiply-adds, billions (computed here)",
                log=True,
                range=(0.3, 50),
                ticks=figures.BILLIONS,
            ),
            figures.Axis("top-1, % (v1)", range=(75.5, 85.5)),
            guides=[figures.Guide("x", gmacs, "budget")],
            height=400,
        ),
        "p_method",
        "Accuracy against multiply-adds of the networks scaled from B0; "
        f"{best.name if best else 'none'} is the best that fits",
    )
    st.caption("Filled: fits both budgets. Hollow: does not.")


def _measured() -> dict[str, int]:
    """What one pass of a released network took when it was measured, in bytes, by its name."""
    return {
        row.model.upper(): row.peak_memory_bytes
        for row in example()
        if row.family == "imagenet" and row.batch_size == 1 and row.peak_memory_bytes
        and row.latency.runtime == "torch"
    }  # fmt: skip


def _measured_words(row: Candidate) -> str:
    took = _measured().get(row.name)
    return "" if took is None else f" (measured in plain PyTorch: {mebibytes(took)})"


def _candidates_table(rows: tuple[Candidate, ...], gmacs: float, mib: int) -> None:
    measured = _measured()
    with st.expander("The candidates as a table"):
        table(
            [
                {
                    "network": row.name,
                    "depth": row.multipliers.depth,
                    "width": row.multipliers.width,
                    "input, px": row.multipliers.resolution_px,
                    "multiply-adds": row.macs,
                    "least memory": row.memory_bytes,
                    "measured": measured.get(row.name),
                    "top-1, %": row.top1,
                    "fits": "yes" if _fits(row, gmacs, mib) else "no",
                    "source": f"accuracy: {row.source}; costs: computed here; measured: plain "
                    "PyTorch, CPU, one photo",
                }
                for row in rows
            ],
            name="candidates",
            alt="Networks scaled from B0, their cost and accuracy",
            formats={
                "multiply-adds": si,
                "least memory": mebibytes,
                "measured": mebibytes,
                "input, px": ".0f",
            },
        )


def _observations(paper: Paper) -> None:
    st.markdown("### The two observations")
    left, right = st.columns(2, gap="large")
    gains = gain_per_doubling(paper)
    with left:
        st.markdown(
            "**1. More of any dimension helps, and helps less and less.** Even with all three "
            f"balanced, a doubling bought {gains[0][1]:.1f} points at the start and "
            f"{gains[-1][1]:.1f} at the end. :small[(v1 section 3.2)]"
        )
        chart(
            figures.bars(
                [f"{variant.upper()}" for variant, _ in gains],
                {"gain": [gain for _, gain in gains]},
                figures.Axis("points per doubling"),
                colours=(figures.OURS,),
                texts=[[f"{gain:.1f}" for _, gain in gains]],
                height=260,
            ),
            "p_gains",
            "Points of top-1 gained per doubling of multiply-adds, falling from B1 to B7",
        )
        st.caption("Top-1: v1 table 2. Doublings of the multiply-adds: computed here.")
    with right:
        st.markdown(
            "**2. The three must be balanced.** At about the same printed cost, the compound model "
            "is two points ahead of every single dimension. :small[(v1 section 3.3)]"
        )
        models = paper.map_models
        chart(
            figures.bars(
                [row.role for row in models],
                {"top-1": [row.top1 for row in models]},
                figures.Axis("top-1, %", range=(75, 82.5)),
                colours=([ROLE_COLOURS[row.role] for row in models],),
                texts=[[f"{row.top1}" for row in models]],
                height=260,
            ),
            "p_balance",
            "Top-1 of the five models of table 7, compound ahead",
        )
        st.caption(
            f"{paper.sources['map_models']}. The axis starts at 75 %. *Table 7* above checks "
            "whether their cost really is the same."
        )


def _scope() -> None:
    st.markdown("### Who decided what")
    st.table(
        pd.DataFrame(DECIDED, columns=["what", "decided by", "source"]).set_index("what"),
        alt="What architecture search, grid search, rules and people decided",
    )
    left, right = st.columns(2, gap="large")
    left.markdown("### What it is good for\n" + "\n".join(f"- {line}" for line in GOOD_FOR))
    right.markdown("### Where it fails\n" + "\n".join(f"- {line}" for line in FAILS))
    st.markdown("### What came after")
    st.markdown(
        "\n".join(
            f"- **{work}** ({year}, {where}): {line}" for work, year, line, where in AFTERWARDS
        )
    )
