"""The Anatomy page: what is opened, and the numbers it shows. Expected numbers are those of the
unit tests' oracles and of counting by hand."""

import re

import pytest

from effnet_viz.ui.anatomy.sections import SECTIONS
from tests.app.conftest import texts

PAGE = "pages/anatomy.py"


def table(app, column):
    return next(t.value for t in app.table if column in t.value.columns)


def headings(app):
    return [h.value for h in app.header]


def test_opens_on_the_costliest_stage_of_the_scale_page_s_network(open_page):
    app = open_page(PAGE)
    assert "EfficientNet-B0, φ = 1" in texts(app)
    assert app.pills(key="a_stage").value == 7
    assert headings(app)[0] == "Stage 7, blocks 2-5: MBConv6 k5x5"
    assert "Skip: stride 1" in texts(app)
    operations = table(app, "what it does")
    assert list(operations.index)[-1] == "**The block**"
    assert operations["multiply-adds"].iloc[-1] == "**44,709,600**"


def test_another_network_on_scale_is_another_network_here(open_page):
    app = open_page(phi="2")
    app.switch_page(PAGE).run()
    assert "EfficientNet-B0, φ = 2" in texts(app)
    assert not app.exception


def test_opening_a_first_block_says_why_it_has_no_skip(open_page):
    app = open_page(PAGE, phi="0")
    app.pills(key="a_stage").select(4).run()
    app.segmented_control(key="a_block").select("first").run()
    assert headings(app)[0] == "Stage 4, block 1: MBConv6 k5x5"
    assert "stride 2 shrinks the map (56 → 28 px) and the channels change (24 → 40)" in texts(app)
    drawing = next(m.value for m in app.markdown if "<svg" in m.value)
    assert "144×28×28" in drawing
    assert "no skip" in drawing
    assert "Add the skip" not in " ".join(table(app, "what it does").index)


def test_the_comparison_works_its_ratio_with_the_numbers(open_page):
    app = open_page(PAGE, phi="0", a_stage="6", a_section="Other blocks")
    ratio = table(app, "with the numbers")
    assert next(iter(ratio["with the numbers"])) == "6/5²"
    shown = [float(re.sub(r"[*]", "", cell)) for cell in ratio["="]]
    assert shown[-1] == pytest.approx(0.5342)
    assert sum(shown[:-1]) == pytest.approx(shown[-1], abs=2e-4)
    others = table(app, "channels filtered")
    assert list(others["multiply-adds"]) == [
        "32,833,920", "61,465,600", "5,070,912", f"{(2 * 112 * 672 + 25 * 672**2) * 196:,}",
    ]  # fmt: skip
    assert "costs **0.53×** the multiply-adds of a plain 5×5" in texts(app)


def test_a_3x3_block_is_not_said_to_be_cheaper(open_page):
    app = open_page(PAGE, phi="0", a_stage="5", a_section="Other blocks")
    assert "costs **1.41×**" in texts(app)
    assert "What it buys with more" in texts(app)


def test_doubling_the_width_is_worked_out(open_page):
    app = open_page(PAGE, a_section="Twice as wide")
    assert "Why doubling the width costs 3.76×, not 4×" in headings(app)
    assert "4 · 0.879 + 2 · 0.121 = **3.758**" in texts(app)
    growth = table(app, "grow with")
    assert growth["adds to the total"].iloc[-1] == "**3.758×**"
    assert growth.loc["**depthwise\u00a0convolutions**", "at w = 2"] == "2.00×"
    app.slider(key="a_w").set_value(1.1).run()
    assert "channels snap to multiples of 8" in texts(app)
    assert "at w = 1.1" in table(app, "grow with").columns


def test_receptive_field_per_stage(open_page):
    app = open_page(PAGE, phi="0", a_section="How far it sees")
    fields = table(app, "one position sees")
    assert list(fields["one position sees"])[-1] == "851\u00a0×\u00a0851\u00a0px"
    assert "from **stage 6** on" in texts(app)
    assert "Squeeze-and-excitation averages whole maps" in texts(app)


def test_only_networks_with_squeeze_and_excitation_speak_of_it(open_page):
    app = open_page(PAGE, architecture="ResNet-50", phi="0")
    for section in SECTIONS:
        app.pills(key="a_section").select(section).run()
        assert not app.exception, section
        said = [element.value for element in (*app.main.markdown, *app.main.caption)]
        assert "queeze-and-excitation" not in " ".join(said)  # the glossary beside the page has it


@pytest.mark.parametrize(
    ("architecture", "stages", "says"),
    [
        ("MobileNetV1", 7, "separable convolution"),
        ("MobileNetV2", 9, "inverted residual"),
        ("ResNet-50", 6, "against a plain convolution and mbconv"),
        ("Classroom baseline", 9, "MBConv6"),
    ],
)
def test_every_stage_of_every_architecture_opens(open_page, architecture, stages, says):
    app = open_page(PAGE, architecture=architecture, a_section="Other blocks")
    assert says.lower() in "\n".join([texts(app), *headings(app)]).lower()
    for stage in range(1, stages + 1):
        app.pills(key="a_stage").select(stage).run()
        assert not app.exception, stage
    assert "so there is nothing to set beside it" in texts(app)


def test_a_stage_that_the_next_network_lacks_is_forgotten(open_page):
    app = open_page(PAGE, a_stage="9")
    assert app.pills(key="a_stage").value == 9
    app.switch_page("pages/scale.py").run()
    app.selectbox(key="architecture").select("resnet_50").run()
    app.switch_page(PAGE).run()
    assert not app.exception
    assert app.pills(key="a_stage").value in range(1, 7)


def test_nonsense_in_the_link_never_breaks_the_page(open_page):
    for query in (
        {"a_stage": "99"}, {"a_stage": "x"}, {"a_block": "third"}, {"a_w": "1000"}, {"a_w": "nan"},
        {"a_stage": "9", "architecture": "ResNet-50"}, {"photo": "../../etc/passwd"},
    ):  # fmt: skip
        app = open_page(PAGE, **query)
        assert app.title[0].value == "What is inside a block?", query


def test_an_impossible_network_is_one_sentence_with_a_way_out(open_page):
    app = open_page(PAGE, architecture="Classroom baseline", by="d, w, r", width="0.3")
    assert any("rounds to none" in error.value for error in app.error)
    assert not app.table
