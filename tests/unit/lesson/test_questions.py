"""Answers are computed, right ones count as right, and every known mistake is told apart."""

import math
import re
from dataclasses import replace

import pytest

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.paper import tables
from effnet_viz.lesson.answers import written
from effnet_viz.lesson.questions import QUESTIONS, Setting, shipped
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    EFFICIENTNET_B0,
    EFFICIENTNET_LITE0,
    RESNET_50,
)

NETWORKS = list(ARCHITECTURES.values())


def work(key: str, base=EFFICIENTNET_B0):
    return QUESTIONS[key].work(shipped(base))


@pytest.mark.parametrize("base", NETWORKS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("key", QUESTIONS)
def test_the_truth_is_right_and_known_mistakes_are_not(key, base):
    worked = work(key, base)
    assert worked.kind == QUESTIONS[key].kind
    assert worked.is_right(worked.answer)
    assert worked.is_right(worked.read(written(worked.answer)))
    assert worked.trap_of(worked.answer) is None
    for name, value in worked.traps.items():
        assert not worked.is_right(value), name
        assert worked.trap_of(value) == name
    for option in worked.options:
        assert (worked.trap_of(option) is None) == (option == worked.answer)
    if worked.axes is not None:
        assert worked.axes.holds(worked.answer)


def test_costs_are_those_of_the_oracle():
    """Multiply-adds that torch's flop counter gives for torchvision's modules."""
    macs = {"b0": 385_814_752, "wide": 1_449_961_280, "b4": 4_393_771_024}
    assert work("flops").facts["macs"] * 1e6 == pytest.approx(macs["b0"])
    assert work("double_width").answer == pytest.approx(macs["wide"] / macs["b0"], rel=1e-3)
    assert work("b4").answer == pytest.approx((macs["b4"] / 1e9, 82.6))


def test_answers_by_hand():
    assert work("flops").answer == "macs"
    assert work("pixels").answer == 1
    assert work("power").answer == math.ceil(1.2**2 * 4) == 6
    assert work("power").traps == {"power": math.ceil(2**1.2 * 4), "once": math.ceil(1.2 * 4)}
    assert work("triple").answer == "paper"
    assert work("mbconv").answer == 6 * 192
    assert {work("width", base).answer for base in NETWORKS} == {"channels"}
    lite = work("width", EFFICIENTNET_LITE0).facts  # stem and head stay
    assert (lite["doubled"], lite["stages"]) == (7, 9)
    assert (lite["first"], lite["narrow"], lite["wide"]) == (2, 16, 32)
    assert work("index").answer == "none"
    assert work("phi_one").answer[1] == pytest.approx(2.57, abs=0.005)
    assert work("double_both").answer == pytest.approx(16, rel=0.12)


def test_the_network_on_screen_gives_the_answer():
    ratios = {base.name: work("double_width", base).answer for base in NETWORKS}
    assert len(set(ratios.values())) == len(NETWORKS)
    assert work("power", RESNET_50).answer == math.ceil(1.44 * 6)


def test_what_the_page_hands_in_is_used():
    rows = shipped().times
    slower = replace(rows[0].latency, median_ms=100.0)
    handed = tuple(
        replace(row, latency=replace(slower, median_ms=50.0 if row.model == "b0" else 100.0))
        for row in rows
    )
    assert QUESTIONS["time"].work(replace(shipped(), times=handed)).answer == 2


def test_a_role_points_as_often_as_its_seeds_do_on_average():
    attention = shipped().attention
    facts = QUESTIONS["maps"].work(shipped()).facts
    for role in ("depth", "width", "resolution", "compound"):
        seeds = [
            row.value
            for row in attention
            if row.model.partition("-seed")[0] == role
            and (row.weights, row.measure, row.compared_with) == ("trained", "pointing", "")
        ]
        assert facts[role] == pytest.approx(sum(seeds) / len(seeds))


def test_a_missing_record_is_one_sentence():
    for key in ("maps", "time", "depth_alone"):
        with pytest.raises(ResourceError, match="missing"):
            QUESTIONS[key].work(Setting())


def test_every_popular_misreading_is_a_question():
    corrected = sorted(q.misreading for q in QUESTIONS.values() if q.misreading)
    assert corrected == sorted(m.key for m in tables.load().misreadings)


def test_points_are_measured_on_their_axes():
    worked = work("b4")
    assert worked.axes is not None
    macs, top1 = worked.answer
    assert worked.is_right((macs * 1.6, top1 + 1.1))
    assert not worked.is_right((macs * 1.8, top1))  # a tenth of ln(40 / 0.2) is a factor of 1.70
    assert not worked.is_right((macs, top1 - 1.3))


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("double_width", "four"), ("double_width", "nan"), ("double_width", "1;2"),
        ("double_width", ""), ("flops", "Macs"), ("flops", ""), ("b4", "4"), ("b4", "4;1000"),
        ("b4", "inf;80"), ("phi_one", "0.5;2"),
    ],
)  # fmt: skip
def test_no_answer_is_one_sentence(key, raw):
    with pytest.raises(UserError) as refused:
        work(key).read(raw)
    assert re.fullmatch(r"[A-Z][^\n]+\.", str(refused.value))
