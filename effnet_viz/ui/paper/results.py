"""Table 2, the three publications of the accuracies, and table 4."""

from __future__ import annotations

import streamlit as st

from effnet_viz.evidence.paper.checks import (
    compare,
    speedup_checks,
    table2_ratios,
    time_if_proportional,
)
from effnet_viz.evidence.paper.costs import variant_cost
from effnet_viz.evidence.paper.tables import Cell, ImageNetResult, Paper, Printed
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import si
from effnet_viz.ui.paper import top5
from effnet_viz.ui.shared.parts import (
    BIND,
    NO,
    YES,
    chart,
    link,
    notice,
    percent,
    points,
    source,
    table,
    times,
)

PARAMS, MACS = "parameters", "multiply-adds"
VERDICTS = {
    "same": YES,
    "rounding": ":gray-badge[within rounding]",
    "differs": ":orange-badge[impossible]",
}


def imagenet(paper: Paper) -> None:
    """Table 2."""
    notice(
        "Purple lies up and to the left of grey: the same accuracy for fewer parameters and fewer "
        "multiply-adds. Pick any two networks and read the trade."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    names = [row.short for row in paper.imagenet_results]
    with controls:
        first = st.selectbox("Network", names, names.index("B4"), key="p_first", bind=BIND)
        second = st.selectbox("against", names, names.index("NASNet-A"), key="p_second", bind=BIND)
        axis = st.segmented_control(
            "Across",
            (PARAMS, MACS),
            default=PARAMS,
            key="p_axis",
            bind=BIND,
            required=True,
            help="The area of a bubble is the other of the two.",
        )
        st.markdown(compare(paper.result(first), paper.result(second)) + " :small[(v1 table 2)]")
    with effect:
        _bubble_chart(paper, axis or PARAMS, (first, second))
    _table2(paper)
    _printed_beside_built(paper)


def _bubble_chart(paper: Paper, axis: str, picked: tuple[str, str]) -> None:
    across_params = axis == PARAMS
    points_ = []
    for row in paper.imagenet_results:
        if not across_params and row.gmacs is None:
            continue
        macs = "not printed" if row.gmacs is None else f"{row.gmacs} B"
        points_.append(
            figures.Bubble(
                row.short,
                row.params_millions if across_params else float(row.gmacs or 0),
                row.top1,
                row.gmacs if across_params else row.params_millions,
                row.leads,
                f"<b>{row.model}</b><br>top-1 {row.top1} %, top-5 {row.top5} %<br>"
                f"{row.params_millions} M parameters, {macs} multiply-adds<br>v1 table 2",
            )
        )
    x = (
        figures.Axis("parameters, millions", log=True, ticks=(5, 10, 20, 50, 100, 200, 500))
        if across_params
        else figures.Axis("multiply-adds, billions", log=True, ticks=figures.BILLIONS)
    )
    other = "multiply-adds" if across_params else "parameters"
    chart(
        figures.bubbles(points_, x, picked),
        "p_bubbles",
        f"Top-1 accuracy against {axis}, bubble area by {other}; EfficientNets lie above the rest",
    )
    gpipe = "its bubble is hollow" if across_params else "it is not drawn"
    st.caption(
        f"v1 table 2. Area: {other}. GPipe's multiply-adds are not printed: {gpipe}. "
        "The axis of accuracies does not start at 0."
    )


def _table2(paper: Paper) -> None:
    rows: list[dict[str, Cell]] = []
    for row in paper.imagenet_results:
        params, macs = table2_ratios(paper, row)
        rows.append(
            {
                "network": f"**{row.short}**" if row.leads else row.model,
                "top-1, %": row.top1,
                "top-5, %": row.top5,
                "params, M": row.params_millions,
                "× printed": row.params_ratio,
                "× recomputed": params.recomputed if params else 1.0,
                "check": VERDICTS[params.verdict] if params else "",
                "MACs, B": row.gmacs,
                "× printed ": row.macs_ratio,
                "× recomputed ": macs.recomputed if macs else None if row.gmacs is None else 1.0,
                "check ": VERDICTS[macs.verdict] if macs else "",
                "source": source("v1 table 2"),
            }
        )
    st.markdown("### Table 2, ratios recomputed")
    table(
        rows,
        name="table-2",
        alt="Table 2 of the paper with its ratios recomputed",
        formats={"× recomputed": ".2f", "× recomputed ": ".2f"},
    )
    st.caption(
        "Ratios are to the EfficientNet above, in bold. *Agrees*: the printed figures give the "
        "printed ratio. *Within rounding*: unrounded figures could. *Impossible*: none could."
    )


def _printed_beside_built(paper: Paper) -> None:
    st.markdown("### Its EfficientNets, printed beside built")
    rows: list[dict[str, Cell]] = []
    off = []
    for row in paper.imagenet_results:
        if not row.leads or row.gmacs is None:
            continue
        cost = variant_cost(row.short.lower())
        agrees = row.gmacs.agrees(cost.macs / 1e9)
        if not agrees:
            off.append(row.short)
        rows.append(
            {
                "network": row.short,
                "params, printed": f"{row.params_millions} M",
                "params, computed": cost.params,
                "params check": YES if row.params_millions.agrees(cost.params / 1e6) else NO,
                "MACs, printed": f"{row.gmacs} B",
                "MACs, computed": cost.macs,
                "MACs check": YES if agrees else NO,
                "difference": cost.macs / 1e9 / row.gmacs - 1,
                "source": source("v1 table 2"),
            }
        )
    st.markdown(
        f"Built by the released table, **{', '.join(off)}** do not cost what table 2 prints. "
        "Everything else on this page that says *computed here* uses the built costs."
    )
    table(
        rows,
        name="table-2-built",
        alt="Printed and computed parameters and multiply-adds of B0 to B7",
        formats={"params, computed": si, "MACs, computed": si, "difference": percent},
    )


def accuracies(paper: Paper) -> None:
    """v1 beside v5 beside torchvision; what top-1 and top-5 mean."""
    first, last = paper.variant_accuracies[0], paper.variant_accuracies[-1]
    notice(
        "One family, published three times, with accuracies that move: B0 changed by "
        f"**{points(first.top1_torchvision - first.top1_v1)}** from v1 to torchvision, B7 by "
        f"**{points(last.top1_torchvision - last.top1_v1)}**. "
        "A claim about a tenth of a point needs to say which one it means."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        measure = st.segmented_control(
            "Accuracy",
            ("top-1", "top-5"),
            default="top-1",
            key="p_measure",
            bind=BIND,
            required=True,
        )
        relative = st.toggle("Relative to v1", key="p_relative", bind=BIND)
        st.caption(
            "v1 and v5: table 2. torchvision: IMAGENET1K_V1 weights at its own preprocessing (B2 "
            "at 288 px, not 260), B0 to B4 ported by R. Wightman, B5 to B7 by L. Melas-Kyriazi: "
            "two ports, one line. B1's newer weights (V2, 79.8 %) come from another recipe and are "
            "left out."
        )
    top1 = measure != "top-5"
    with effect:
        _versions_chart(paper, top1, bool(relative))
    rows: list[dict[str, Cell]] = [
        {
            "variant": row.variant.upper(),
            "top-1 v1": row.top1_v1,
            "top-1 v5": row.top1_v5,
            "top-1 torchvision": row.top1_torchvision,
            "v5 minus v1": row.top1_v5 - row.top1_v1,
            "torchvision minus v1": row.top1_torchvision - row.top1_v1,
            "top-5 v1": row.top5_v1,
            "top-5 v5": row.top5_v5,
            "source": "v1 and v5 table 2; torchvision",
        }
        for row in paper.variant_accuracies
    ]
    table(
        rows,
        name="accuracies",
        alt="Accuracies of B0 to B7 in v1, v5 and torchvision, percent",
        formats={"v5 minus v1": "+.1f", "torchvision minus v1": "+.2f"},
    )
    top5.top1_and_top5(paper)


def _versions_chart(paper: Paper, top1: bool, relative: bool) -> None:
    rows = paper.variant_accuracies
    versions: dict[str, tuple[list[Printed], str, str]] = {
        "v1": ([r.top1_v1 if top1 else r.top5_v1 for r in rows], figures.THEIRS, "circle"),
        "v5": ([r.top1_v5 if top1 else r.top5_v5 for r in rows], figures.OURS, "diamond"),
    }
    if top1:
        torchvision = [row.top1_torchvision for row in rows]
        versions["torchvision"] = (torchvision, figures.AGREES, "square")
    start = versions["v1"][0]
    series = [
        figures.Series(
            name,
            list(range(len(rows))),
            [v - s if relative else v for v, s in zip(values, start, strict=True)],
            colour,
            mode="lines+markers",
            width=1,
            size=9,
            symbol=symbol,
            hover=[
                f"{row.variant.upper()}, {name}: {value} %"
                for row, value in zip(rows, values, strict=True)
            ],
        )
        for name, (values, colour, symbol) in versions.items()
    ]
    figure = figures.plot(
        series,
        figures.Axis(""),
        figures.Axis("points above v1" if relative else f"{'top-1' if top1 else 'top-5'}, %"),
        height=380,
    )
    figure.update_xaxes(
        tickvals=list(range(len(rows))), ticktext=[row.variant.upper() for row in rows]
    )
    chart(figure, "p_versions", "Accuracy of B0 to B7 in three publications")
    if not top1:
        st.caption("torchvision's top-5 is not among the printed tables: missing.")


def latency(paper: Paper) -> None:
    """Table 4."""
    pairs = ((paper.latency[0], paper.latency[1]), (paper.latency[2], paper.latency[3]))
    notice(
        "By the paper, 16 times fewer multiply-adds bought 5.7 times less time. Predict B1's time "
        "from its multiply-adds alone and you are off by almost three."
    )
    controls, effect = st.columns([1, 2.6], gap="large")
    with controls:
        basis = st.segmented_control(
            "If time followed …",
            (MACS, PARAMS),
            default=MACS,
            key="p_basis",
            bind=BIND,
            required=True,
        )
        for slow, fast in pairs:
            slow_row, fast_row = paper.result(slow.model), paper.result(fast.model)
            sizes = _sizes(slow_row, fast_row, basis or MACS)
            if sizes is None:
                st.markdown(f"{fast.model}: no prediction, {slow.model}'s MACs are not printed.")
                continue
            predicted = time_if_proportional(slow.seconds, *sizes)
            st.markdown(
                f"… {fast.model} would take **{predicted:.3g} s**, {slow.model}'s "
                f"{slow.seconds} s scaled down. Printed: **{fast.seconds} s**, "
                f"{fast.seconds / predicted:.1f}× as long."
            )
        link("pages/benchmark.py", "Measure it on this machine", ":material/timer:")
    with effect:
        names = [f"{slow.model} to {fast.model}" for slow, fast in pairs]
        fewer: dict[str, list[float | None]] = {"parameters": [], "multiply-adds": [], "time": []}
        for slow, fast in pairs:
            slow_row, fast_row = paper.result(slow.model), paper.result(fast.model)
            fewer["parameters"].append(slow_row.params_millions / fast_row.params_millions)
            fewer["multiply-adds"].append(
                slow_row.gmacs / fast_row.gmacs if slow_row.gmacs and fast_row.gmacs else None
            )
            fewer["time"].append(slow.seconds / fast.seconds)
        chart(
            figures.bars(
                names,
                fewer,
                figures.Axis("times fewer"),
                colours=(figures.faded(figures.THEIRS, 0.5), figures.THEIRS, figures.OURS),
                texts=[
                    ["" if v is None else f"{v:.1f}×" for v in values] for values in fewer.values()
                ],
                height=360,
            ),
            "p_latency",
            "How many times fewer parameters, multiply-adds and seconds the EfficientNets need",
        )
        st.caption(
            "Quotients of the figures in tables 2 and 4, computed here. GPipe's MACs are not "
            f"printed. Seconds: {paper.sources['latency']}."
        )
    checks = {check.name: check for check in speedup_checks(paper)}
    rows: list[dict[str, Cell]] = []
    for slow, fast in pairs:
        check = checks[f"{slow.model} to {fast.model}"]
        rows.append(
            {
                "pair": check.name,
                "top-1, %": f"{slow.top1} / {fast.top1}",
                "seconds": f"{slow.seconds} / {fast.seconds}",
                "speed-up, printed": f"{check.printed}×",
                "speed-up, recomputed": check.recomputed,
                "check": VERDICTS[check.verdict],
                "source": source("v1 table 4"),
            }
        )
    table(
        rows,
        name="table-4",
        alt="Table 4 of the paper with its speed-ups recomputed",
        formats={"speed-up, recomputed": times},
    )


def _sizes(slow: ImageNetResult, fast: ImageNetResult, basis: str) -> tuple[float, float] | None:
    if basis == PARAMS:
        return slow.params_millions, fast.params_millions
    if slow.gmacs is None or fast.gmacs is None:
        return None
    return slow.gmacs, fast.gmacs
