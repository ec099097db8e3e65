"""What the trained family reached: the records, in numbers and in words."""

import shutil
from dataclasses import replace

import pytest

from effnet_viz.evidence import accuracy, family
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record, write_record
from effnet_viz.evidence.coarse import Blurred, CoarseRun
from effnet_viz.evidence.family import FamilyResult

N = 3423


def result(role: str, top1: float, times: int = 4, seeds: tuple[float, ...] = ()) -> FamilyResult:
    low, high = accuracy.interval(top1, N)
    return FamilyResult(role, times, float(times), top1, low, high, seeds or (top1,), N, 30)


BASELINE = result("baseline", 81.0, times=1, seeds=(81.0, 80.6, 81.4))
FOUND = [
    BASELINE,
    result("depth", 82.0, times=2),
    result("depth", 82.5),
    result("width", 84.0),
    result("resolution", 87.0),
    result("compound", 86.0),
]


def run(top1: float, epochs: int = 30) -> CoarseRun:
    return CoarseRun(
        "resolution", 192, 96, 65977120, epochs, 0, top1, top1, N, {}, [], "train", "2026-01-01"
    )


def test_the_shipped_family_is_that_of_its_records():
    found = {(r.role, r.times): r for r in family.family_results()}
    for role in ("depth", "width", "resolution", "compound"):
        record = read_record(role)
        assert found[role, 4].seeds[0] == record["val_top1"]
        assert found[role, 4].built == pytest.approx(4, rel=0.05)
    assert found["baseline", 1].built == 1


def test_seeds_of_one_network_are_averaged(tmp_path):
    for suffix in (".json", ".safetensors"):
        shutil.copy(CHECKPOINT_DIR / f"baseline{suffix}", tmp_path)
        shutil.copy(CHECKPOINT_DIR / f"baseline{suffix}", tmp_path / f"baseline-seed1{suffix}")
    record = read_record("baseline", tmp_path)
    write_record({**record, "seed": 1, "val_top1": 50.0}, tmp_path, "baseline-seed1")
    (found,) = family.family_results(tmp_path)
    assert found.seeds == (record["val_top1"], 50.0)
    assert found.top1 == pytest.approx((record["val_top1"] + 50) / 2)
    assert "compound at 4×" in family.missing([found])
    assert len(family.missing([found])) == 7


def test_chance_is_that_of_photos_and_seeds_together():
    """1.96 √(2 · 0.87 · 0.13 / 3423) is 1.593 points; the seeds' deviation of 0.4 adds 1.109."""
    assert family.told_apart_by([FOUND[4]]) == pytest.approx(1.593, abs=1e-3)
    assert family.told_apart_by(FOUND) == pytest.approx(1.941, abs=1e-3)


def test_the_order_is_said_and_what_cannot_be_told_apart():
    said = family.order_sentence(FOUND)
    assert "**resolution 87.0, compound 86.0, width 84.0, depth 82.5**" in said
    assert "here it is resolution, but compound cannot be told from it." in said
    clear = [BASELINE, result("depth", 82.5), result("compound", 86.0)]
    said = family.order_sentence(clear)
    assert "first, as in the paper, well beyond chance (2.0 points)." in said
    close = [BASELINE, result("depth", 83.9), result("width", 86.0)]
    assert "2.1 points before the next, a little more" in family.order_sentence(close)
    assert family.order_sentence([BASELINE]) == ""
    assert family.order_sentence([result("width", 84.0)]).endswith("here it is width.")


def test_each_doubling_is_said_where_both_are_known():
    said = family.steps_sentence(FOUND)
    assert "second doubling: depth +1.0 and +0.5. In the paper" in said
    assert "and so does each here" in said
    width = [result("width", 81.5, times=2)]
    assert "width +0.5 and +2.5" in family.steps_sentence([*FOUND, *width])
    assert "here only depth does" in family.steps_sentence([*FOUND, *width])
    alone = [BASELINE, *width, result("width", 84.0)]
    assert "here none does" in family.steps_sentence(alone)
    assert family.steps_sentence([BASELINE, result("width", 84.0)]) == ""


def test_certainty_names_the_seeds():
    assert "3 seeds of the baseline reach 80.6 to 81.4 %" in family.certainty_sentence(FOUND)
    assert "each was trained once" in family.certainty_sentence([result("baseline", 81.0, times=1)])


@pytest.mark.parametrize(
    ("coarse", "verdict"),
    [
        (81.5, "the **detail** is what pays"),
        (86.8, "the **work** is what pays"),
        (84.0, "so both pay"),
        (78.0, "less than the baseline: without the detail the work does harm"),
    ],
)
def test_the_gain_is_taken_apart(coarse, verdict):
    parts = family.detail_or_work(FOUND, run(coarse))
    assert parts.work + parts.detail == pytest.approx(6.0)
    assert parts.work == pytest.approx(coarse - 81.0)
    assert verdict in family.detail_sentence(parts)


def test_a_small_gain_is_nobodys():
    small = [BASELINE, result("resolution", 82.5)]
    parts = family.detail_or_work(small, run(81.7))
    assert "too small to take apart" in family.detail_sentence(parts)


@pytest.mark.parametrize(
    ("top1", "words"),
    [
        (70.0, "below the baseline's 81.0 %. What it learned at its own size rests on detail"),
        (81.5, "not to be told from the baseline's 81.0 %. What it learned"),
        (84.0, "still above the baseline's 81.0 %. What it learned"),
        (86.5, "still above the baseline's 81.0 %. It hardly needs the detail"),
    ],
)
def test_less_detail_is_set_beside_the_baseline(top1, words):
    row = Blurred("resolution", 192, 96, top1, N)
    parts = family.less_detail(FOUND, [replace(row, model="compound"), row])
    assert words in family.less_detail_sentence(parts)
    assert family.less_detail(FOUND, []) is None
    assert family.less_detail(FOUND, [replace(row, detail_px=48)]) is None
    assert family.less_detail(FOUND[:3], [row]) is None


def test_runs_of_another_length_are_not_compared():
    assert family.detail_or_work(FOUND, run(84.0, epochs=8)) is None
    assert family.detail_or_work(FOUND, replace(run(84.0), detail_px=48)) is None
    assert family.detail_or_work(FOUND, replace(run(84.0), role="compound")) is None
    assert family.detail_or_work(FOUND, None) is None
    assert family.detail_or_work(FOUND[:3], run(84.0)) is None


def test_step_two_says_which_mixture_and_why():
    compound = {"phi": 2.0, "built_ratio": 4.01, "law_ratio": 3.5}
    mixture = {"point": "a", "alpha": 1.3, "beta": 1.05, "gamma": 1.15, "compound": compound}
    corner = mixture | {"point": "resolution", "kind": "corner"}
    said = family.step_two_sentence({"winner": corner, "best_mixture": mixture})
    assert "its winner, resolution alone, scaled on is the resolution role itself" in said
    assert "**φ = 2**, which builds 4.01× (by the law 3.50×)" in said
    first = family.step_two_sentence({"winner": mixture, "best_mixture": mixture})
    assert "is the search's winner: α 1.3" in first
    assert family.step_two_sentence(None) == ""
