"""Tables 5 and 6: what the EfficientNets carry over to other data sets."""

from __future__ import annotations

import math

import streamlit as st

from effnet_viz.evidence.accuracy import standard_error
from effnet_viz.evidence.paper.checks import geo_mean, transfer_ratios
from effnet_viz.evidence.paper.claims import outcomes_against_best
from effnet_viz.evidence.paper.costs import transfer_params
from effnet_viz.evidence.paper.tables import Cell, Paper, Transfer
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import si
from effnet_viz.ui.paper.results import VERDICTS
from effnet_viz.ui.shared.parts import BIND, Format, chart, notice, points, source, table

PUBLIC, BEST = "public model", "best reported"


def transfer(paper: Paper) -> None:
    """The whole section."""
    outcomes = [outcome for _, _, outcome in outcomes_against_best(paper)]
    notice(
        "Every line runs left, to fewer parameters at about the same accuracy. Against the best "
        f"reported results it is {outcomes.count('wins')} wins, {outcomes.count('ties')} ties and "
        f"{outcomes.count('loses')} losses."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    datasets = [row.dataset for row in paper.transfer]
    with controls:
        against = st.segmented_control(
            "Against the …",
            (PUBLIC, BEST),
            default=PUBLIC,
            key="p_against",
            bind=BIND,
            required=True,
        )
        chosen = st.selectbox(
            "Data set", datasets, datasets.index("Food-101"), key="p_dataset", bind=BIND
        )
        row = next(row for row in paper.transfer if row.dataset == chosen)
        public = against != BEST
        _sentence(paper, row, public)
    with effect:
        pairs = [pair for row in paper.transfer if (pair := _pair(row, public))]
        chart(
            figures.transfer_pairs(pairs, chosen),
            "p_transfer",
            f"Accuracy against parameters on {len(pairs)} data sets, from the {against} to an "
            "EfficientNet; every arrow points to fewer parameters",
        )
        left_out = [row.dataset for row in paper.transfer if not _pair(row, public)]
        st.caption(
            "Points: v1 table 5 (the idea of the paper's figure 6, with printed numbers only)."
            + (f" Parameters not printed: {', '.join(left_out)}." if left_out else "")
        )
    _table5(paper)
    _table6(paper)


def _pair(row: Transfer, public: bool) -> figures.Pair | None:
    if public:
        their, acc, params = row.public_model, row.public_acc, row.public_params_m
        ours, our_acc, our_params = row.ours_vs_public, row.ours_acc, row.ours_params_m
    else:
        if row.best_params_m is None or row.ours_best_params_m is None:
            return None
        their, acc, params = row.best_model, row.best_acc, row.best_params_m
        ours, our_acc, our_params = row.ours_vs_best, row.ours_best_acc, row.ours_best_params_m
    return figures.Pair(
        row.dataset,
        params,
        acc,
        our_params,
        our_acc,
        f"{row.dataset}: {their}, {acc} %, {params} M (v1 table 5)",
        f"{row.dataset}: {ours}, {our_acc} %, {our_params} M (v1 table 5)",
    )


def _sentence(paper: Paper, row: Transfer, public: bool) -> None:
    dataset = next(d for d in paper.transfer_datasets if d.dataset == row.dataset)
    if public:
        margin = row.ours_acc - row.public_acc
        text = (
            f"**{row.ours_vs_public}** against {row.public_model}: {points(margin)} "
            f"({row.ours_acc} % against {row.public_acc} %) with {row.ours_params_m} M parameters "
            f"instead of {row.public_params_m} M."
        )
        ours, theirs = row.ours_acc, row.public_acc
    else:
        margin = row.ours_best_acc - row.best_acc
        text = (
            f"**{row.ours_vs_best}** against {row.best_model}: {points(margin)} "
            f"({row.ours_best_acc} % against {row.best_acc} %)"
            + (
                f" with {row.ours_best_params_m} M parameters instead of {row.best_params_m} M."
                if row.ours_best_params_m
                else "; parameters are not printed."
            )
        )
        ours, theirs = row.ours_best_acc, row.best_acc
    st.markdown(text)
    error = math.hypot(*(standard_error(each, dataset.test) for each in (ours, theirs)))
    verdict = "more" if abs(margin) > 2 * error else "less"
    st.markdown(
        f"With {int(dataset.test):,} test photos the difference of the two has a standard error of "
        f"**{error:.2f} points**, were each measured on photos of its own: the margin is {verdict} "
        "than two of them."
    )


def _table5(paper: Paper) -> None:
    classes = {d.dataset: d.classes for d in paper.transfer_datasets}
    public_rows: list[dict[str, Cell]] = []
    best_rows: list[dict[str, Cell]] = []
    for row in paper.transfer:
        public, best = transfer_ratios(row)
        ours, ours_best = transfer_params(row, classes[row.dataset])
        public_rows.append(
            {
                "data set": row.dataset,
                "public model": row.public_model,
                "accuracy, %": row.public_acc,
                "params, M": row.public_params_m,
                "EfficientNet": row.ours_vs_public,
                "its accuracy, %": row.ours_acc,
                "its params, M": row.ours_params_m,
                "params, computed": ours,
                "× printed": row.ratio,
                "× recomputed": public.recomputed,
                "check": VERDICTS[public.verdict],
                "source": source("v1 table 5"),
            }
        )
        best_rows.append(
            {
                "data set": row.dataset,
                "best reported": row.best_model,
                "accuracy, %": row.best_acc,
                "params, M": row.best_params_m,
                "EfficientNet": row.ours_vs_best,
                "its accuracy, %": row.ours_best_acc,
                "its params, M": row.ours_best_params_m,
                "params, computed": ours_best,
                "× printed": row.ratio_best,
                "× recomputed": best.recomputed if best else None,
                "check": VERDICTS[best.verdict] if best else "",
                "source": source("v1 table 5"),
            }
        )
    formats: dict[str, Format] = {"params, computed": si, "× recomputed": ".2f"}
    st.markdown("### Table 5, against public models")
    table(public_rows, name="table-5-public", alt="Table 5, public models", formats=formats)
    st.markdown("### Table 5, against the best reported results")
    table(best_rows, name="table-5-best", alt="Table 5, best reported results", formats=formats)
    again = geo_mean(transfer_ratios(row)[0].recomputed for row in paper.transfer)
    best_ratios = [row.ratio_best for row in paper.transfer if row.ratio_best is not None]
    st.markdown(
        "Geometric means of the printed ratios: "
        f"**{geo_mean(row.ratio for row in paper.transfer):.2f}×** (printed "
        f"{paper.geo_mean_public}×) and **{geo_mean(best_ratios):.2f}×** (printed "
        f"{paper.geo_mean_best}×). With the recomputed ratios the first is **{again:.2f}×**: the "
        "Pets row is wrong."
    )
    st.caption(
        "Params, computed: built here with a classifier of that data set's classes. The paper "
        "prints them without a classifier, sometimes cut off rather than rounded."
    )


def _table6(paper: Paper) -> None:
    accuracies = {row.dataset: row.ours_best_acc for row in paper.transfer}
    rows: list[dict[str, Cell]] = [
        {
            "data set": row.dataset,
            "train": row.train,
            "test": row.test,
            "classes": row.classes,
            "train photos per class": row.train / row.classes,
            "EfficientNet's best, %": accuracies[row.dataset],
            "its standard error, points": standard_error(accuracies[row.dataset], row.test),
            "source": source("v1 table 6"),
        }
        for row in paper.transfer_datasets
    ]
    st.markdown("### Table 6")
    table(
        rows,
        name="table-6",
        alt="Table 6 of the paper: data sets with their photos and classes",
        formats={"train photos per class": ".0f", "its standard error, points": ".2f"},
    )
    st.caption(
        "Computed here: photos per class, and the standard error of the best EfficientNet's "
        "accuracy in table 5, from the number of test photos alone. The Pets test set has 3,669 "
        "photos; the paper prints 3,369."
    )
