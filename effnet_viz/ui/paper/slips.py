"""The paper's slips: numbers that disagree, each with something to push."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import streamlit as st

from effnet_viz.evidence.paper.checks import all_ratios, check_ratio
from effnet_viz.evidence.paper.claims import (
    b4_gain,
    compound_gain,
    figure4_network,
    implied_numerator,
    largest_mac_ratios,
    latency_margin,
    outcomes_against_best,
    photos_right,
    public_geo_mean,
    stage6_at,
)
from effnet_viz.evidence.paper.tables import Cell, Paper, Slip
from effnet_viz.figures import paper as figures
from effnet_viz.figures.base import si
from effnet_viz.scaling.cost import network_cost
from effnet_viz.ui.paper.results import VERDICTS
from effnet_viz.ui.shared.parts import BIND, chart, notice, points, table


def slips(paper: Paper) -> None:
    """The whole section."""
    checks = all_ratios(paper)
    impossible = [check for check in checks if check.verdict == "differs"]
    notice(
        f"A careful paper, and still: {len(impossible)} of its {len(checks)} ratios cannot be "
        "right, and some numbers stand in two versions. None of them changes its main conclusion. "
        "Pick one and push."
    )
    titles = {slip.key: slip.title for slip in paper.slips}
    menu, effect = st.columns([1, 2], gap="large")
    with menu:
        key = st.radio(
            "Slip", list(titles), format_func=titles.__getitem__, key="p_slip", bind=BIND
        )
    slip = paper.slip(key or next(iter(titles)))
    with effect, st.container(border=True):
        st.markdown(f"### {slip.title}")
        st.markdown(
            "Printed: "
            + ", ".join(f"**{value}** :small[({where})]" for value, where in slip.printed)
        )
        COUNTEREXAMPLES[slip.key](paper, slip)
    _ratios(paper)
    table(
        [
            {
                "slip": slip.title,
                "printed": " / ".join(str(value) for value, _ in slip.printed),
                "source": " / ".join(where for _, where in slip.printed),
            }
            for slip in paper.slips
        ],
        name="slips",
        alt="The paper's slips with the numbers that disagree",
    )


def _ratios(paper: Paper) -> None:
    st.markdown("### Every ratio it prints, checked")
    checks = all_ratios(paper)
    everything = st.toggle(f"Show all {len(checks)}", key="p_all_ratios", bind=BIND)
    shown = [check for check in checks if everything or check.verdict != "same"]
    chart(
        figures.ratio_checks(shown),
        "p_ratios",
        "Printed ratios against what rounding allows; PNASNet and Pets lie outside",
    )
    st.caption(
        "Bar: every quotient of figures that print as the paper's two. Mark: the printed ratio. "
        + ("" if everything else f"The other {len(checks) - len(shown)} agree to the digit. ")
        + "Tables 2, 4 and 5 of v1; recomputed here."
    )
    with st.expander("All ratios as a table"):
        rows: list[dict[str, Cell]] = [
            {
                "ratio": check.name,
                "printed": check.printed,
                "recomputed": check.recomputed,
                "at least": check.low,
                "at most": check.high,
                "check": VERDICTS[check.verdict],
                "source": "v1 tables 2, 4, 5; recomputed here",
            }
            for check in checks
        ]
        table(rows, name="ratios", alt="Every printed ratio and what rounding allows")


def _resnet50(paper: Paper, slip: Slip) -> None:
    values = {f"{value} % ({where})": value for value, where in slip.printed}
    chosen = st.segmented_control(
        "Take", list(values), default=next(iter(values)), key="p_s_resnet", required=True
    )
    gain = b4_gain(paper, values[chosen or next(iter(values))])
    st.markdown(
        f"B4 ({paper.result('B4').top1} %, v1 table 2) then beats ResNet-50 by "
        f"**{points(gain)}** at similar multiply-adds. The introduction's headline gain uses the "
        "first figure, the table the second."
    )


def _millions(paper: Paper, slip: Slip) -> None:
    b4, b7 = paper.result("B4"), paper.result("B7")
    choices = {
        f"{where.partition(',')[0]} {value} M": (value, where) for value, where in slip.printed
    }
    chosen = st.segmented_control(
        "Take", list(choices), default=next(iter(choices)), key="p_s_millions", required=True
    )
    value, where = choices[chosen or next(iter(choices))]
    first = b4 if where.startswith("SENet") else b7
    printed = paper.result("SENet" if first is b4 else "GPipe").params_ratio
    check = check_ratio(where, printed, value, first.params_millions)
    st.markdown(
        f"{value} M over {first.short}'s {first.params_millions} M is **{check.recomputed:.2f}×**; "
        f"table 2 prints {printed}×: {VERDICTS[check.verdict]}. For SENet only 146 gives it to the "
        "digit; for GPipe both do."
    )


def _pnasnet(paper: Paper, _slip: Slip) -> None:
    row, b4 = paper.result("PNASNet"), paper.result("B4")
    if row.gmacs is None or b4.gmacs is None or row.macs_ratio is None:
        return
    _push_ratio(
        ("PNASNet's multiply-adds, B", *row.gmacs.range, float(row.gmacs)),
        ("B4's multiply-adds, B", *b4.gmacs.range, float(b4.gmacs)),
        row.macs_ratio,
        "p_s_pnas",
    )
    needed = implied_numerator(row.macs_ratio, b4.gmacs)
    st.caption(
        f"For {row.macs_ratio}× PNASNet would need {needed:.1f} B. The same 23 B of AmoebaNet-A "
        "are printed as 5.5×. Sliders reach what prints as 23 and 4.2."
    )


def _pets_ratio(paper: Paper, _slip: Slip) -> None:
    row = next(row for row in paper.transfer if row.dataset == "Oxford-IIIT Pets")
    quotient = _push_ratio(
        ("ResNet-152's parameters, M", *row.public_params_m.range, float(row.public_params_m)),
        ("B4's parameters, M", *row.ours_params_m.range, float(row.ours_params_m)),
        row.ratio,
        "p_s_pets",
    )
    st.markdown(
        f"With your {quotient:.2f}× instead of {row.ratio}× the table's geometric mean falls from "
        f"{public_geo_mean(paper, row.ratio):.2f}× to **{public_geo_mean(paper, quotient):.2f}×** "
        f"(printed: {paper.geo_mean_public}×)."
    )


def _push_ratio(
    over: tuple[str, float, float, float],
    under: tuple[str, float, float, float],
    printed: float,
    key: str,
) -> float:
    """Two sliders within what prints as the figures; the quotient, never the printed ratio."""
    values = []
    for index, (label, low, high, value) in enumerate((over, under)):
        step = (high - low) / 20
        values.append(
            st.slider(label, low, high, value, step=step, format="%.3g", key=f"{key}_{index}")
        )
    quotient = values[0] / values[1]
    st.metric(
        "Ratio", f"{quotient:.2f}×", f"{printed}× printed", delta_color="off", delta_arrow="off"
    )
    return quotient


def _caption(paper: Paper, slip: Slip) -> None:
    ranking = largest_mac_ratios(paper)
    names = [name for name, _ in ranking]
    chosen = st.select_slider(
        "Network, by its MAC ratio", names[:8][::-1], "ResNet-152", key="p_s_caption"
    )
    ratio = dict(ranking)[chosen]
    claim = slip.printed[0][0]
    verdict = "more than" if ratio > claim else "the same as" if ratio == claim else "less than"
    st.markdown(
        f"{chosen} needs **{ratio}×** the multiply-adds of its EfficientNet, {verdict} "
        f"the caption's {claim}×. The caption undersells."
    )
    chart(
        figures.bars(
            names[:8],
            {"ratio": [ratio for _, ratio in ranking[:8]]},
            figures.Axis("× multiply-adds (v1 table 2)"),
            colours=([figures.DIFFERS if r > claim else figures.THEIRS for _, r in ranking[:8]],),
            texts=[[f"{r}×" for _, r in ranking[:8]]],
            height=280,
        ),
        "p_s_caption_chart",
        "The largest MAC ratios of table 2; two exceed 16",
    )


def _five_of_eight(paper: Paper, _slip: Slip) -> None:
    ties = st.toggle("A tie counts as state of the art", True, key="p_s_ties")
    outcomes = outcomes_against_best(paper)
    counted = [o for _, _, o in outcomes if o == "wins" or (ties and o == "ties")]
    st.markdown(f"State of the art on **{len(counted)} of {len(outcomes)}** data sets.")
    colour = {"wins": figures.AGREES, "ties": figures.THEIRS, "loses": figures.DIFFERS}
    chart(
        figures.bars(
            [name for name, _, _ in outcomes],
            {"margin": [margin for _, margin, _ in outcomes]},
            figures.Axis("points over the best reported"),
            colours=([colour[o] for _, _, o in outcomes],),
            texts=[[f"{margin:+.1f}" for _, margin, _ in outcomes]],
            height=300,
        ),
        "p_s_margins",
        "Margins over the best reported results: three wins, two ties, three losses",
    )
    st.caption("v1 table 5, best reported results.")


def _latency(paper: Paper, _slip: Slip) -> None:
    version = st.segmented_control(
        "Accuracies of", ("v1", "v5"), default="v1", key="p_s_latency", required=True
    )
    b1, b7 = latency_margin(paper, "v5" if version == "v5" else "v1")
    st.markdown(
        f"B1 leads ResNet-152 by **{points(b1)}**, B7 leads GPipe by **{points(b7)}**. With v5's "
        "own accuracies, B7 no longer beats GPipe: it equals it."
    )


def _figure4(_paper: Paper, slip: Slip) -> None:
    caption, text, px, layers = (value for value, _ in slip.printed)
    ratio = st.segmented_control(
        "r", (str(caption), str(text)), default=str(caption), key="p_s_f4", required=True
    )
    width = st.slider("w", 0.5, 2.0, 1.0, step=0.1, key="p_s_f4_w")
    network = figure4_network(2.0, float(ratio or caption), width)
    st.markdown(
        f"d = 2, r = {ratio}, w = {width:g}: **{network.px} px**, **{network.layers} layers**, "
        f"**{si(network.macs)}** multiply-adds (computed here). The caption's {px} px are neither "
        f"r = {caption} nor r = {text} of 224, and twice 18 is {layers}, but stem and head are not "
        "repeated."
    )


def _pets_photos(paper: Paper, slip: Slip) -> None:
    accuracy = st.slider("Accuracy, %", 90.0, 99.0, 95.4, step=0.1, key="p_s_pets_acc")
    train = next(d.train for d in paper.transfer_datasets if d.dataset == "Oxford-IIIT Pets")
    for count, where in slip.printed:
        right, error = photos_right(accuracy, count)
        st.markdown(
            f"- {count} photos ({where}): {right:,} right, {count - right:,.0f} wrong; standard "
            f"error {error:.2f} points; {train + count:,.0f} photos with the training set."
        )
    st.markdown("The data set has 7,349 photos, which only 3,669 gives. The accuracy hardly cares.")


def _stage6(paper: Paper, _slip: Slip) -> None:
    px = st.segmented_control(
        "Stage 6 works at",
        (28, 14),
        default=28,
        format_func=lambda v: f"{v} px",
        key="p_s_stage6",
        required=True,
    )
    cost = network_cost(stage6_at(px or 28))
    printed = paper.result("B0").gmacs
    stage = cost.stages[5]
    st.metric(
        "B0's multiply-adds",
        si(cost.macs),
        f"{printed} B printed, v1 table 2",
        delta_color="off",
        delta_arrow="off",
        help="Computed here.",
    )
    st.markdown(
        f"Stage 6 alone then costs {si(stage.macs)} at {stage.in_resolution_px} px in. Only 14 px "
        "gives table 2's cost, so table 1 of v1 is wrong; v5 prints 14."
    )


def _table7(paper: Paper, slip: Slip) -> None:
    values = {f"{value} % ({where})": value for value, where in slip.printed}
    chosen = st.segmented_control(
        "Take",
        list(values),
        default=next(iter(values)),
        key="p_s_table7",
        required=True,
        wrap=True,
    )
    gain = compound_gain(paper, values[chosen or next(iter(values))])
    st.markdown(
        f"Compound scaling (81.1 %, table 7) then gains **{points(gain)}** over the baseline. The "
        "comparison among the scaled models does not move."
    )


COUNTEREXAMPLES: MappingProxyType[str, Callable[[Paper, Slip], None]] = MappingProxyType(
    {
        "resnet50": _resnet50,
        "millions": _millions,
        "pnasnet": _pnasnet,
        "caption": _caption,
        "pets_ratio": _pets_ratio,
        "five_of_eight": _five_of_eight,
        "latency": _latency,
        "figure4": _figure4,
        "pets_photos": _pets_photos,
        "stage6": _stage6,
        "table7_baseline": _table7,
    }
)
