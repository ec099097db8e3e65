"""The Scale page without its script: controls in, numbers out. Expected numbers are those of
oracle/ and the paper."""

import json

import pytest

from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import Coefficients
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.study import study
from effnet_viz.ui.scale import live, tables
from tests.app.conftest import texts


def metric(app, label):
    return next(m for m in app.metric if m.label == label)


def stage_table(app):
    return next(t.value for t in app.table if "operator" in t.value.columns)


def linked(app):
    """The answer in the link: a text or, of what is not set here, a list of one."""
    value = app.query_params["guess"]
    return value if isinstance(value, str) else value[0]


def test_opens_at_phi_one_with_a_guess_and_every_number_but_the_answer(open_page):
    app = open_page()
    assert app.slider(key="phi").value == 1.0
    assert metric(app, "Multiply-adds").value == "?"
    assert "1.92×" in app.pills(key="guess_pills").label
    assert metric(app, "Parameters").value == "9.11 M"
    assert len(stage_table(app)) == 9


def test_a_guess_reveals_the_built_cost_beside_b1_and_b2(open_page):
    app = open_page()
    app.pills(key="guess_pills").select("1.9×").run()
    assert metric(app, "Multiply-adds").delta == "2.57×"
    assert "You guessed 1.9×" in texts(app)
    assert "exactly B2's parameters" in texts(app)
    networks = next(t.value for t in app.table if "by law" in t.value.columns)
    assert list(networks["parameters"]) == ["9,109,994", "7,794,184", "9,109,994"]


def test_the_guess_is_asked_once_a_visit_and_answered_with_what_was_guessed(open_page):
    app = open_page()
    app.pills(key="guess_pills").select("3.5×").run()
    for phi in (1.1, 1.0):
        app.slider(key="phi").set_value(phi).run()
        assert metric(app, "Multiply-adds").value != "?"
    assert "You guessed 3.5×" in texts(app)
    reloaded = open_page(guess=linked(app))
    assert metric(reloaded, "Multiply-adds").value == "993 M"
    assert "You guessed 3.5×" in texts(reloaded)


def test_whoever_moves_first_is_not_asked_later(open_page):
    app = open_page()
    for phi in (1.1, 1.0):
        app.slider(key="phi").set_value(phi).run()
    assert metric(app, "Multiply-adds").value == "993 M"
    assert not any(pills.key == "guess_pills" for pills in app.pills)
    assert linked(app) == "Just show me"


def test_moving_phi_moves_the_stage_table_and_the_headings(open_page):
    app = open_page(guess="Just show me")
    before = list(stage_table(app)["repeats"])
    assert "Why B1 is not φ = 1" in [heading.value for heading in app.header]
    app.slider(key="phi").set_value(4.0).run()
    assert not app.exception
    after = list(stage_table(app)["repeats"])
    assert before != after
    assert "**9**" in after[6]  # ceil(1.2^4 · 4) = ceil(8.29)
    assert "(8.29)" in after[6]
    assert "φ = 4 beside B0-B7" in [heading.value for heading in app.header]


def coefficients(app):
    return [app.slider(key=key).value for key in ("alpha", "beta", "gamma")]


def product(app):
    alpha, beta, gamma = coefficients(app)
    return alpha * beta**2 * gamma**2


def test_the_lock_holds_the_product_where_it_is(open_page):
    app = open_page(guess="Just show me")
    assert app.toggle(key="lock").label == "Hold α·β²·γ² at 1.92"
    for alpha in (1.201, 1.5, 1.0, 1.3):
        app.slider(key="alpha").set_value(alpha).run()
        assert coefficients(app)[0] == alpha
        assert product(app) == pytest.approx(1.2 * 1.1**2 * 1.15**2, abs=0.005)


def test_one_step_of_the_lock_stays_near_the_papers_values(open_page):
    app = open_page(guess="Just show me")
    app.slider(key="alpha").set_value(1.201).run()
    assert coefficients(app) == pytest.approx([1.201, 1.1, 1.15], abs=0.001)


def test_exactly_two_is_a_choice_and_the_papers_values_come_back(open_page):
    app = open_page(guess="Just show me")
    press = {button.label: button for button in app.button}
    press["Make it exactly 2"].click().run()
    assert product(app) == pytest.approx(2, abs=0.001)
    app.slider(key="gamma").set_value(1.0).run()
    assert product(app) == pytest.approx(2, abs=0.005)
    {button.label: button for button in app.button}["Reset to the paper's values"].click().run()
    assert coefficients(app) == [1.2, 1.1, 1.15]
    assert app.toggle(key="lock").label == "Hold α·β²·γ² at 1.92"


def test_a_held_product_that_the_others_cannot_reach_stops_the_one_that_moves(open_page):
    """α·β²·γ² = 6.35 with β = 2: with β at 1 α and γ would have to leave their sliders."""
    app = open_page(beta="2", guess="Just show me")
    held = product(app)
    app.slider(key="beta").set_value(1.0).run()
    assert not app.exception
    assert max(coefficients(app)) <= 2
    assert product(app) == pytest.approx(held, abs=0.01)


def test_without_the_lock_only_one_coefficient_moves(open_page):
    app = open_page(guess="Just show me")
    app.toggle(key="lock").set_value(False).run()
    app.slider(key="alpha").set_value(1.5).run()
    assert coefficients(app) == [1.5, 1.1, 1.15]
    app.toggle(key="lock").set_value(True).run()
    assert app.toggle(key="lock").label == "Hold α·β²·γ² at 2.40"


def test_a_link_restores_the_view(open_page):
    app = open_page(by="B0-B7", variant="B7")
    assert app.pills(key="variant").value == "b7"
    assert metric(app, "Parameters").value == "66.3 M"
    assert metric(app, "Multiply-adds").value == "37.7 B"


@pytest.mark.parametrize(("variant", "params"), [("B8", "87.4 M"), ("L2", "480 M")])
def test_the_variants_published_later_are_on_the_page_and_marked(open_page, variant, params):
    app = open_page(by="B0-B7", variant=variant)
    assert app.pills(key="variant").value == variant.lower()
    assert "published after the paper" in app.pills(key="variant").help
    assert metric(app, "Parameters").value == params
    assert live._spec()["later"] == ["b8", "l2"]
    app.pills(key="beside").set_value(["b8", "l2"]).run()
    assert not app.exception
    networks = next(t.value for t in app.table if "by law" in t.value.columns)
    assert list(networks["parameters"])[1:] == ["87,413,142", "480,309,308"]


def test_role_presets_set_the_papers_multipliers_and_do_not_stay_lit(open_page):
    app = open_page(by="d, w, r")
    app.pills(key="role_preset").select("width").run()
    assert app.slider(key="width").value == 2.0
    assert app.pills(key="role_preset").value == "width"
    assert metric(app, "Parameters").value == "18.1 M"  # 18,122,720
    assert metric(app, "Multiply-adds").value == "1.45 B"
    app.slider(key="depth").set_value(1.5).run()
    assert app.pills(key="role_preset").value is None


def test_every_architecture_opens(open_page):
    for name in ("MobileNetV1", "MobileNetV2", "ResNet-50", "Classroom baseline"):
        app = open_page(architecture=name, phi="0")
        assert metric(app, "Multiply-adds").delta == "1.00×", name


def test_changing_the_baseline_starts_direct_multipliers_from_its_size(open_page):
    app = open_page(by="d, w, r", px="448", depth="4")
    app.selectbox(key="architecture").select("classroom").run()
    assert not app.exception
    assert app.slider(key="px").value == 96
    assert app.slider(key="depth").value == 1.0


def test_nonsense_in_the_link_never_breaks_the_page(open_page):
    for query in (
        {"phi": "999"}, {"phi": "nan"}, {"alpha": "x"}, {"by": "magic"}, {"px": "100000000"},
        {"architecture": "vgg"}, {"variant": "b9", "by": "released"}, {"width": "-1"},
        {"guess": "<script>"}, {"beside": "b99"},
    ):  # fmt: skip
        app = open_page(**query)
        assert app.title[0].value
        assert metric(app, "Parameters").value


def test_a_limit_keeps_the_last_network_and_leads_back(open_page):
    app = open_page(lock="false", alpha="2.0", phi="5")
    before = metric(app, "Multiply-adds").value
    app.slider(key="phi").set_value(7.0).run()
    assert metric(app, "Multiply-adds").value == before
    assert "φ = 7 makes the depth 128×; it ends at 64× here." in texts(app)
    next(button for button in app.button if button.label == "Back to φ = 5").click().run()
    assert app.slider(key="phi").value == 5.0
    assert not app.warning


def test_a_link_beyond_a_limit_shows_the_nearest_network(open_page):
    app = open_page(lock="false", alpha="2.0", phi="8")
    assert "Shown: φ = 6" in texts(app)  # 2⁶ = 64


def test_impossible_width_is_one_sentence(open_page):
    app = open_page(architecture="Classroom baseline", by="d, w, r", width="0.3")
    assert "rounds to none" in app.warning[0].value
    assert app.slider(key="width").value == 0.3
    assert metric(app, "Multiply-adds").delta == "1.00×"


def test_a_rounded_cause_is_never_minus_zero(open_page):
    app = open_page(phi="0")
    causes = next(t.value for t in app.table if "× baseline" in t.value.columns)
    assert set(causes["× baseline"]) == {"+0.000"}


def rows(key):
    return json.loads(tables.table(key))["rows"]


@pytest.mark.parametrize("phi", [-3, -0.7, 0, 1, 2.4, 8])
def test_what_the_picture_is_drawn_from_is_what_the_study_says(phi):
    result = study(EFFICIENTNET_B0, Coefficients(phi))
    key = tables.key_for("efficientnet_b0", "phi", Coefficients(1), result.multipliers, None)
    row = rows(key)[round((phi + 3) * 10)]
    assert row["v"] == {"phi": f"{phi:g}"}
    assert row["r"] == [stage.repeats for stage in result.cost.stages]
    assert row["c"] == [stage.out_channels for stage in result.cost.stages]
    assert row["m"] == [stage.out_resolution_px for stage in result.cost.stages]
    assert row["y"] == pytest.approx([result.gap.law_ratio, result.gap.built_ratio], rel=1e-3)
    for (_, macs, ratio), spec in zip(row["q"], result.by_role.values(), strict=True):
        cost = network_cost(spec)
        assert macs == live.words.si(cost.macs)
        assert ratio == live.words.times(cost.macs / result.base_cost.macs)
    assert [stage[1] for stage in row["s"]] == [
        live.words.si(stage.macs) for stage in result.cost.stages
    ]


def test_tables_are_small_enough_to_send():
    for slider in ("phi", "alpha", "beta", "gamma"):
        key = tables.key_for(
            "efficientnet_b0", slider, Coefficients(1), Coefficients(1).multipliers(224), 1.92
        )
        table = tables.table(key)
        assert len(json.loads(table)["rows"]) == (111 if slider == "phi" else 101)
        assert len(table) <= 200_000


def test_the_component_is_complete_in_its_files():
    sources = {path.name: path.read_text("utf-8") for path in live._FOLDER.iterdir()}
    for name, text in sources.items():
        assert len(text.splitlines()) < 300, name
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), name
    assert {f"{script}.js" for script in live._SCRIPTS} | {"now.js"} == {
        name for name in sources if name.endswith(".js")
    }
