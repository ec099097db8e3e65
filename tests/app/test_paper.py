"""The Paper page: every section, slip and misreading opens, answers its control and downloads."""

import csv
import io
import json

import pytest
import streamlit as st
import torchvision

from effnet_viz.evidence.paper.costs import recompute_map_model
from effnet_viz.evidence.paper.tables import load
from effnet_viz.evidence.results import Latency, Prediction, TopClass
from effnet_viz.evidence.timing import example
from effnet_viz.ui.paper.claims_true import true_claims
from effnet_viz.ui.paper.misreadings import NOT_SO
from effnet_viz.ui.paper.views import SECTIONS
from tests.app.conftest import texts

PAGE = "pages/paper.py"
PAPER = load()


@pytest.fixture
def downloads(monkeypatch) -> dict[str, str]:
    """What each CSV button offers, by file name."""
    offered: dict[str, str] = {}
    real = st.download_button

    def spy(label, data, file_name=None, **options):
        offered[file_name] = data
        return real(label, data, file_name, **options)

    monkeypatch.setattr(st, "download_button", spy)
    return offered


def metric(app, label):
    return next(m for m in app.metric if m.label == label)


def pushable(app, prefix):
    """Keys of the controls whose key starts so."""
    kinds = (
        app.slider, app.select_slider, app.selectbox, app.radio, app.toggle, app.pills,
        app.segmented_control, app.number_input,
    )  # fmt: skip
    return {w.key for kind in kinds for w in kind if (w.key or "").startswith(prefix)}


def table_with(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


def test_every_section_opens_with_a_sentence_a_chart_a_source_and_a_control(open_page, downloads):
    app = open_page(PAGE)
    for name, (heading, _) in SECTIONS.items():
        downloads.clear()
        app.pills(key="p_section").select(name).run()
        assert not app.exception, (name, app.exception)
        assert not app.error, name
        assert app.header[0].value == heading
        assert len(app.markdown[1].value) > 60, name
        if name == "Misreadings":
            decide(app, "power", NOT_SO)
        assert app.get("plotly_chart"), name
        assert any("source" in t.value.columns for t in app.table), name
        assert pushable(app, "p_") > {"p_section"}, name
        assert downloads, name
        for text in downloads.values():
            rows = list(csv.DictReader(io.StringIO(text)))
            assert rows
            assert all(row["source"] for row in rows), name
            assert ":small[" not in text
            assert "-badge[" not in text


def test_charts_and_tables_have_alternative_text(open_page):
    app = open_page(PAGE)
    for name in SECTIONS:
        app.pills(key="p_section").select(name).run()
        for element in [*app.get("plotly_chart"), *app.table]:
            assert element.proto.alt.strip(), name


def test_the_budget_decides_the_best_model(open_page):
    app = open_page(PAGE)
    assert "**B3**, 81.1 % top-1" in texts(app)
    app.select_slider(key="p_gmacs").set_value(10.0).run()
    assert "**B4**, 82.6 % top-1" in texts(app)
    app.select_slider(key="p_mib").set_value(48).run()
    assert "**B2**, 79.8 % top-1" in texts(app)
    app.select_slider(key="p_mib").set_value(32).run()
    assert "**B0**, 76.3 % top-1" in texts(app)


def test_table_2_compares_any_two_and_flags_the_impossible_ratio(open_page, downloads):
    app = open_page(PAGE, p_section="Table 2")
    assert "**B4** has 0.21× the parameters of **NASNet-A**" in texts(app)
    app.selectbox(key="p_first").select("ResNet-152").run()
    app.selectbox(key="p_second").select("B1").run()
    assert "**ResNet-152** has 7.7× the parameters of **B1**" in texts(app)
    ratios = table_with(app, "× recomputed ")
    assert "impossible" in ratios.loc["PNASNet", "check "]
    assert ratios.loc["PNASNet", "× recomputed "] == "5.48"
    assert "not printed" in ratios.loc["GPipe", "MACs, B"]
    built = table_with(app, "MACs, computed")
    assert built.loc["B4", "MACs, computed"] == "4.39 B"
    assert "differs" in built.loc["B4", "MACs check"]
    rows = list(csv.DictReader(io.StringIO(downloads["table-2.csv"])))
    assert [row["network"] for row in rows[:2]] == ["B0", "ResNet-50"]
    assert rows[3]["MACs, B"] == "0.70"


def test_table_3_sliders_follow_the_row_and_hit_or_miss_its_cost(open_page):
    app = open_page(PAGE, p_section="Table 3")
    assert metric(app, "Computed here, 224 px").value == "14.6 B"
    app.selectbox(key="p_row").select("MobileNetV2 by width").run()
    assert not app.exception
    assert [app.slider(key=f"p_row_{k}").value for k in "dwr"] == [1.0, 2.0, 1.0]
    assert metric(app, "Computed here, 224 px").value == "1.14 B"
    assert any("print as the paper's figure" in s.value for s in app.success)
    app.slider(key="p_row_w").set_value(2.5).run()
    assert not app.success


def test_table_7_finds_the_multipliers_or_says_there_are_none(open_page):
    app = open_page(PAGE, p_section="Table 7", p_target="1.83 B, the released B3")
    assert "depth **4.34 to 4.5** costs 1.83 B" in texts(app)
    assert not app.info
    app.segmented_control(key="p_dimension").select("resolution").run()
    assert "**479 to 480 px** costs 1.76 B" in texts(app)
    assert "**481 to 482 px** costs 1.90 B" in texts(app)
    assert any("Nothing lands within 3 %" in i.value for i in app.info)
    table = table_with(app, "params, computed")
    assert table.loc["width", "costs 1.83 B at"] == "2.23"


def test_the_reward_winner_moves_with_w_and_not_with_t(open_page):
    app = open_page(PAGE, p_section="Reward")
    assert metric(app, "Best reward").value == "EfficientNet-B0"
    app.select_slider(key="p_T").set_value(1600).run()
    assert metric(app, "Best reward").value == "EfficientNet-B0"
    app.slider(key="p_w").set_value(0.0).run()
    assert metric(app, "Best reward").value == "EfficientNet-B7"


def test_equal_cost_gives_what_is_left_for_resolution(open_page):
    app = open_page(PAGE, p_section="Equal cost")
    assert metric(app, "is left for r").value == "272 px"
    app.slider(key="p_eq_d").set_value(4.0).run()
    assert "overspend" in texts(app)


def test_width_is_what_a_budget_leaves(open_page):
    app = open_page(PAGE, p_section="Figure 4")
    widest = table_with(app, "layers")["widest within 4×"]
    assert list(widest) == ["2.09", "1.44", "1.48", "1.03"]
    app.slider(key="p_f4_d").set_value(4.0).run()
    app.slider(key="p_f4_r").set_value(2.5).run()
    assert not app.exception


def test_one_dimension_on_every_network(open_page):
    app = open_page(PAGE, p_section="Figure 3")
    assert "built **2.03×**" in texts(app)
    assert "built **3.76×**" in texts(app)
    for name in ("mobilenet_v1", "resnet_50", "classroom"):
        app.selectbox(key="p_network").select(name).run()
        assert not app.exception, name
    family = table_with(app, "standard error")
    assert list(family.index) == ["baseline", "depth", "width", "resolution", "compound"]


def test_missing_measurements_show_as_missing(open_page, monkeypatch, tmp_path):
    monkeypatch.setattr("effnet_viz.ui.paper.dimensions.family_results", _no_record)
    app = open_page(PAGE, p_section="Figure 3")
    family = table_with(app, "standard error")
    assert all("missing" in cell for cell in family["top-1, %"])


def _no_record():
    from effnet_viz.errors import ResourceError

    raise ResourceError("a record is damaged")


def test_transfer_sentence_follows_data_set_and_opponent(open_page):
    app = open_page(PAGE, p_section="Tables 5, 6", p_dataset="Flowers")
    assert "**B5** against Inception-v4: +0.0 points" in texts(app)
    app.segmented_control(key="p_against").select("best reported").run()
    assert "**B7** against DAT: +1.1 points" in texts(app)
    assert "Parameters not printed: Stanford Cars, Flowers, FGVC Aircraft" in texts(app)
    assert "**4.66×** (printed 4.7×)" in texts(app)


def test_latency_prediction_from_macs_is_off_by_almost_three(open_page):
    app = open_page(PAGE, p_section="Table 4")
    assert "would take **0.0353 s**" in texts(app)
    assert "2.8× as long" in texts(app)
    app.segmented_control(key="p_basis").select("parameters").run()
    assert "EfficientNet-B7 would take" in texts(app)


def test_top_1_and_top_5_are_worked_without_a_prediction(open_page):
    app = open_page(PAGE, p_section="Accuracies")
    assert "11,850 wrong" in texts(app)
    assert "3,400 by the second" in texts(app)
    app.segmented_control(key="p_measure").select("top-5").run()
    assert "missing" in texts(app)


def test_top_1_and_top_5_judge_the_visitors_own_prediction(open_page):
    labels = ("church", "gas pump", "tench", "golf ball", "parachute")
    latency = Latency(1.0, 0.9, 1.1, 5, 1, "CPU", 1, "2.15")
    prediction = Prediction(
        "classroom", "baseline", "baseline", "shipped", True, "cpu", 96, latency,
        tuple(TopClass(label, i, 0.5 / (i + 1)) for i, label in enumerate(labels)),
    )  # fmt: skip
    app = open_page(PAGE)
    app.session_state["last_predictions"] = {"baseline": prediction}
    app.pills(key="p_section").select("Accuracies").run()
    assert not app.exception
    for truth, top1, top5 in (
        ("church", "right", "right"), ("tench", "wrong", "right"),
        ("none of these", "wrong", "wrong"),
    ):  # fmt: skip
        app.selectbox(key="p_truth").select(truth).run()
        row = table_with(app, "second to fifth").loc["baseline"]
        assert (top1 in row["top-1"], top5 in row["top-5"]) == (True, True), truth


def test_every_slip_has_something_to_push(open_page):
    app = open_page(PAGE, p_section="Slips")
    for slip in PAPER.slips:
        app.radio(key="p_slip").set_value(slip.key).run()
        assert not app.exception, (slip.key, app.exception)
        assert not app.error, slip.key
        assert pushable(app, "p_s_"), slip.key


def test_no_rounding_reaches_pnasnets_ratio(open_page):
    app = open_page(PAGE, p_section="Slips")
    app.slider(key="p_s_pnas_0").set_value(23.5).run()
    app.slider(key="p_s_pnas_1").set_value(4.15).run()
    assert metric(app, "Ratio").value == "5.66×"
    app.radio(key="p_slip").set_value("five_of_eight").run()
    assert "**5 of 8**" in texts(app)
    app.toggle(key="p_s_ties").set_value(False).run()
    assert "**3 of 8**" in texts(app)
    app.radio(key="p_slip").set_value("latency").run()
    app.segmented_control(key="p_s_latency").select("v5").run()
    assert "B7 leads GPipe by **+0.0 points**" in texts(app)
    app.radio(key="p_slip").set_value("stage6").run()
    assert metric(app, "B0's multiply-adds").value == "516 M"


def test_every_misreading_has_a_counterexample_to_push(open_page):
    app = open_page(PAGE, p_section="Misreadings")
    for misreading in PAPER.misreadings:
        app.radio(key="p_claim").set_value(misreading.key).run()
        assert misreading.truth not in texts(app), "the answer comes after the verdict"
        assert not pushable(app, "p_c_"), misreading.key
        decide(app, misreading.key, NOT_SO)
        assert not app.exception, (misreading.key, app.exception)
        assert pushable(app, "p_c_"), misreading.key
        assert misreading.truth in texts(app)
        assert "you are right" in texts(app)


def decide(app, key, verdict):
    app.pills(key=f"p_verdict_{key}").select(verdict).run()


def test_true_statements_stand_among_the_misreadings(open_page):
    app = open_page(PAGE, p_section="Misreadings")
    claims = app.radio(key="p_claim").options
    true = {claim.key: claim for claim in true_claims(PAPER)}
    assert len(claims) == len(PAPER.misreadings) + len(true)
    for key, claim in true.items():
        app.radio(key="p_claim").set_value(key).run()
        decide(app, key, NOT_SO)
        assert "look again" in texts(app)
        assert claim.truth in texts(app)


def test_true_statements_are_true_by_torchvision_and_by_hand():
    product, b1_width, b2_params, ten_times = true_claims(PAPER)
    assert f"{1.2 * 1.1**2 * 1.15**2:.4f}" == "1.9203"
    assert "1.9203" in product.truth
    b0, b1 = torchvision.models.efficientnet_b0(), torchvision.models.efficientnet_b1()
    assert [stage[-1].out_channels for stage in b0.features[1:-1]] == [
        stage[-1].out_channels for stage in b1.features[1:-1]
    ]
    assert b1_width.key == "b1_width"
    b2 = torchvision.models.efficientnet_b2()
    assert f"{sum(p.numel() for p in b2.parameters()):,}" in b2_params.truth
    assert "10." in ten_times.truth


def test_counterexamples_answer_their_control(open_page):
    app = open_page(PAGE, p_section="Misreadings")
    decide(app, "power", NOT_SO)
    assert "no blocks at all" in texts(app)
    app.slider(key="p_c_power").set_value(1.0).run()
    assert "αᵠ gives **1.2×**" in texts(app)
    app.radio(key="p_claim").set_value("coefficients").run()
    decide(app, "coefficients", NOT_SO)
    assert any("The engine refuses: gamma" in e.value for e in app.error)
    app.number_input(key="p_c_px_gamma").set_value(1.15).run()
    assert not app.error
    assert "shrink" in texts(app)
    app.radio(key="p_claim").set_value("mbconv").run()
    decide(app, "mbconv", NOT_SO)
    app.slider(key="p_c_stage").set_value(2).run()
    assert any("single block" in i.value for i in app.info)
    app.radio(key="p_claim").set_value("maps").run()
    decide(app, "maps", NOT_SO)
    assert "at least **22 %**" in texts(app)


def test_a_link_restores_section_and_controls(open_page):
    app = open_page(PAGE, p_section="Table 7", p_dimension="width")
    assert app.header[0].value == "Table 7: the models behind the maps"
    assert "width **2.23** costs 1.84 B" in texts(app)


def test_the_accuracies_say_whose_weights_torchvision_publishes(open_page):
    app = open_page(PAGE, p_section="Accuracies")
    said = " ".join(caption.value for caption in app.caption)
    assert "B0 to B4 ported by R. Wightman, B5 to B7 by L. Melas-Kyriazi" in said
    weights = torchvision.models
    for variant in range(8):
        url = getattr(weights, f"EfficientNet_B{variant}_Weights").IMAGENET1K_V1.url
        assert ("rwightman" if variant < 5 else "lukemelas") in url
    again = weights.EfficientNet_B1_Weights.IMAGENET1K_V2.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert f"V2, {again:.1f} %" in said


def test_one_network_has_one_cost_on_the_page(open_page):
    """Table 7's networks stand at what they cost as built, on both charts that show them."""
    for section in ("Method", "Figure 3"):
        app = open_page(PAGE, p_section=section)
        charts = [json.loads(each.proto.spec) for each in app.get("plotly_chart")]
        at = {
            trace["name"]: [round(x, 3) for x in trace["x"]]
            for chart in charts
            for trace in chart["data"]
            if trace.get("name", "").endswith(" only")
        }
        built = {
            f"{row.role} only": [round(recompute_map_model(row).macs / 1e9, 3)]
            for row in PAPER.map_models
            if row.role in ("depth", "width", "resolution")
        }
        assert at == built, section


def test_a_memory_budget_is_called_least_and_stands_beside_what_was_measured(open_page):
    app = open_page(PAGE, p_section="Method", p_gmacs="5.0", p_mib="128")
    assert "at least" in texts(app)
    peak = {row.model: row.peak_memory_bytes for row in example() if row.batch_size == 1}
    assert f"measured in plain PyTorch: {peak['b4'] / 2**20:.0f} MiB" in texts(app)


def test_nonsense_in_the_link_never_breaks_the_page(open_page):
    for query in (
        {"p_section": "Table 99"}, {"p_section": "Slips", "p_slip": "x"},
        {"p_section": "Misreadings", "p_claim": "<b>"}, {"p_gmacs": "nan"},
        {"p_section": "Table 3", "p_row": "VGG", "p_row_d": "-4"},
        {"p_section": "Reward", "p_w": "7", "p_T": "0"},
        {"p_section": "Equal cost", "p_eq_budget": "1e9"},
    ):  # fmt: skip
        app = open_page(PAGE, **query)
        assert app.header[0].value
