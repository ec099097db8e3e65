"""What the trained family reached: the records, in numbers and in words."""

import math
import shutil
from dataclasses import replace

import pytest

from effnet_viz.evidence import accuracy, family
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record, write_record
from effnet_viz.evidence.coarse import Blurred, CoarseRun
from effnet_viz.evidence.family import FamilyResult
from effnet_viz.evidence.seeds.hits import hits_folder, read_hits, write_hits

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


def test_another_seed_is_taken_as_it_is_dropped_in(tmp_path):
    """With its hits it is compared photo by photo and tells of luck; without, as if alone."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name, source in (("width", "width"), ("width-seed1", "width"), ("depth", "depth")):
        for suffix in (".json", ".safetensors"):
            shutil.copy(CHECKPOINT_DIR / f"{source}{suffix}", folder / f"{name}{suffix}")
    kept = {
        name: read_hits(name, read_record(name)["sha256"], hits_folder())
        for name in ("width", "depth")
    }
    for hits in kept.values():
        write_hits(hits, hits_folder(folder))
    alone = {r.role: r for r in family.family_results(folder)}
    assert (len(alone["width"].hits), len(alone["depth"].hits)) == (0, 1)
    write_hits(replace(kept["width"], model="width-seed1"), hits_folder(folder))
    found = {r.role: r for r in family.family_results(folder)}
    assert found["width"].hits == (kept["width"].bits,) * 2
    (pair,) = family.pairs(list(found.values()))
    (wider,) = family.pairs(list(alone.values()))
    assert pair.by.photos.variance < wider.by.photos.variance
    said = family.certainty_sentence(list(found.values()))
    assert "counted photo by photo, with luck of the start: 2 seeds of the width role reach" in said
    said = family.certainty_sentence(list(alone.values()))
    assert "photo by photo where hits are kept, else as if each had photos of its own" in said


def with_hits(role: str, right: range, times: int = 4) -> FamilyResult:
    """One network that is right on these photos of a thousand."""
    bits = sum(1 << photo for photo in right)
    top1 = len(right) / 10
    return FamilyResult(role, times, float(times), top1, 0, 100, (top1,), 1000, 30, (bits,))


def test_without_hits_chance_is_as_if_each_had_its_own_photos():
    """Variances of 0.87 · 0.13 and 0.86 · 0.14 over 3423 photos: 1.96 √0.682 is 1.619 points. Of
    seeds that deviate by 0.4, three against one, 4/3 · 0.16 more. With ten pairs Student's t is
    that of 0.5 %: 2.810, and of the seeds' two degrees of freedom 14.089."""
    fine = FOUND[4]
    alone = family.difference([fine, FOUND[5]], (1, FOUND[5]), (-1, fine))
    assert alone.half() == pytest.approx(1.619, abs=1e-3)
    photos = 1e4 * (0.81 * 0.19 + 0.87 * 0.13) / N
    luck = 0.16 * 4 / 3
    expected = (photos * 2.8094 + luck * 14.089) / math.sqrt(photos + luck)
    found = family.difference(FOUND, (1, fine), (-1, BASELINE))
    assert found.half(0.05 / 10) == pytest.approx(expected, abs=1e-3)


def test_on_the_same_photos_less_is_needed():
    """860 and 840 right: with 20 photos between them a paired difference, else chance."""
    one, other = with_hits("resolution", range(860)), with_hits("compound", range(840))
    assert family.difference([one, other], (1, one), (-1, other)).half() < 1
    apart = [replace(one, hits=()), replace(other, hits=())]
    assert family.difference(apart, (1, apart[0]), (-1, apart[1])).half() > 3
    (pair,) = family.pairs([other, one])
    assert (pair.better, pair.worse, pair.apart) == (one, other, True)
    assert "2.0 points before the next (+1.1 to +2.9), beyond chance" in family.order_sentence(
        [one, other]
    )
    (pair,) = family.pairs(apart)
    assert not pair.apart


def test_every_two_roles_are_judged_together():
    found = [with_hits("baseline", range(810), 1), with_hits("depth", range(820))]
    assert family.pairs(found)[0].apart
    found += [with_hits("width", range(826)), with_hits("compound", range(86, 916))]
    judged = {(p.better.role, p.worse.role): p.apart for p in family.pairs(found)}
    assert len(judged) == 6
    assert judged["width", "baseline"]
    assert not judged["compound", "width"]  # 90 photos against 86
    said = family.certainty_sentence(found)
    assert "photo by photo; each was trained once, so luck of the start comes on top." in said
    assert "not to be told apart: compound and width" in said


def test_the_order_is_said_and_what_cannot_be_told_apart():
    said = family.order_sentence(FOUND)
    assert "**resolution 87.0, compound 86.0, width 84.0, depth 82.5**" in said
    assert "here it is resolution, but compound, width and depth cannot be told from it." in said
    clear = [BASELINE, result("depth", 82.5), result("compound", 90.0)]
    said = family.order_sentence(clear)
    assert "first, as in the paper, 7.5 points before the next (+" in said
    assert said.endswith("beyond chance.")
    assert family.order_sentence([BASELINE]) == ""
    assert family.order_sentence([result("width", 84.0)]).endswith("here it is width.")


def test_each_doubling_is_said_where_both_are_known():
    said = family.steps_sentence(FOUND)
    assert "second doubling: depth +1.0 and +0.5. In the paper" in said
    assert "here the second step is the smaller one for depth (-0.5 points, " in said
    assert "which may be chance" in said
    width = [result("width", 81.5, times=2)]
    assert "width +0.5 and +2.5" in family.steps_sentence([*FOUND, *width])
    alone = [BASELINE, *width, result("width", 84.0)]
    assert "here none does" in family.steps_sentence(alone)
    assert family.steps_sentence([BASELINE, result("width", 84.0)]) == ""


def test_a_dimension_flattens_where_the_photos_say_so():
    found = [
        with_hits("baseline", range(700), 1),
        with_hits("depth", range(800), 2),
        with_hits("depth", range(810)),
    ]
    said = family.steps_sentence(found)
    assert "depth +10.0 and +1.0" in said
    assert "here, beyond chance, depth (-9.0 points, " in said


def test_certainty_names_the_seeds():
    said = family.certainty_sentence(FOUND)
    assert "3 seeds of the baseline reach 80.6 to 81.4 %, and the rest, trained once" in said
    assert "the same 3,423 photos; differences are counted as if each had photos of its own" in said
    assert "each was trained once" in family.certainty_sentence([result("baseline", 81.0, times=1)])
    assert family.certainty_sentence([]) == ""


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


def test_the_run_was_trained_once_whatever_the_seeds_of_the_role():
    """Luck of one start and of a third, not of two thirds: more seeds of the role do not tell what
    another seed of the run would have reached."""
    often = replace(FOUND[4], seeds=(86.6, 87.0, 87.4))
    found = [often if r.role == "resolution" else r for r in FOUND]
    parts = family.detail_or_work(found, run(84.0))
    once = replace(often, top1=84.0, seeds=(84.0,))
    wanted = family.difference(found, (1, once), (-1, BASELINE)).half()
    assert parts.needed == pytest.approx(wanted)
    assert wanted > family.difference(found, (1, often), (-1, BASELINE)).half()


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


def test_less_detail_is_the_mean_of_every_seed_of_the_role():
    rows = [Blurred("resolution", 192, 96, 78.7, N), Blurred("resolution-seed1", 192, 96, 77.1, N)]
    twice = [replace(r, seeds=(r.top1, r.top1)) if r.role == "resolution" else r for r in FOUND]
    parts = family.less_detail(twice, rows)
    assert parts.blurred.val_top1 == pytest.approx(77.9)
    assert family.less_detail(twice, rows[:1]) is None


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
