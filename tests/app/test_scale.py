"""The Scale page: controls in, numbers out. Expected numbers are those of oracle/ and the paper."""

import subprocess
import sys

from tests.app.conftest import texts


def metric(app, label):
    return next(m for m in app.metric if m.label == label)


def stage_table(app):
    return next(t.value for t in app.table if "operator" in t.value.columns)


def test_opens_at_phi_one_with_a_guess_and_no_answer(open_page):
    app = open_page()
    assert app.slider(key="phi").value == 1.0
    assert metric(app, "Multiply-adds").value == "?"
    assert "1.92×" in app.pills(key="guess").label
    assert not app.table


def test_a_guess_reveals_the_built_cost_beside_b1_and_b2(open_page):
    app = open_page()
    app.pills(key="guess").select("1.9×").run()
    assert metric(app, "Multiply-adds").delta == "2.57×"
    assert metric(app, "Parameters").value == "9.11 M"
    assert "You guessed **1.9×**" in texts(app)
    assert "exactly B2's parameters" in texts(app)
    networks = next(t.value for t in app.table if "by law" in t.value.columns)
    assert list(networks["parameters"]) == ["9,109,994", "7,794,184", "9,109,994"]


def test_moving_phi_moves_the_stage_table(open_page):
    app = open_page(guess="Just show me")
    before = list(stage_table(app)["repeats"])
    app.slider(key="phi").set_value(4.0).run()
    assert not app.exception
    after = list(stage_table(app)["repeats"])
    assert before != after
    assert "**9**" in after[6]  # ceil(1.2^4 · 4) = ceil(8.29)
    assert "(8.29)" in after[6]


def test_the_lock_holds_the_constraint(open_page):
    app = open_page(guess="Just show me")
    app.slider(key="alpha").set_value(1.5).run()
    alpha, beta, gamma = (app.slider(key=k).value for k in ("alpha", "beta", "gamma"))
    assert alpha == 1.5
    assert abs(alpha * beta**2 * gamma**2 - 2) < 0.01


def test_without_the_lock_only_one_coefficient_moves(open_page):
    app = open_page(guess="Just show me")
    app.toggle(key="lock").set_value(False).run()
    app.slider(key="alpha").set_value(1.5).run()
    assert [app.slider(key=k).value for k in ("alpha", "beta", "gamma")] == [1.5, 1.1, 1.15]


def test_a_link_restores_the_view(open_page):
    app = open_page(by="B0-B7", variant="B7")
    assert app.pills(key="variant").value == "b7"
    assert metric(app, "Parameters").value == "66.3 M"
    assert metric(app, "Multiply-adds").value == "37.7 B"


def test_role_presets_set_the_papers_multipliers(open_page):
    app = open_page(by="d, w, r")
    app.pills(key="role_preset").select("width").run()
    assert app.slider(key="width").value == 2.0
    assert metric(app, "Parameters").value == "18.1 M"  # 18,122,720
    assert metric(app, "Multiply-adds").value == "1.45 B"


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


def test_impossible_width_is_one_sentence(open_page):
    app = open_page(architecture="Classroom baseline", by="d, w, r", width="0.3")
    assert any("rounds to none" in error.value for error in app.error)
    assert app.slider(key="width").value == 0.3


def test_scale_needs_no_torch():
    script = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "assert not app.exception and app.slider, app.exception\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
