"""What the trained family reached, in numbers and in words: the model card and the pages say the
same. From the shipped records; no torch here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from effnet_viz.evidence import accuracy
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record, shipped_members
from effnet_viz.evidence.coarse import Blurred, CoarseRun
from effnet_viz.evidence.seeds import paired
from effnet_viz.evidence.seeds.hits import hits_folder, read_hits
from effnet_viz.evidence.seeds.paired import NO_LUCK, Difference, Part
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import CLASSROOM_HALFWAY, ROLES, classroom_member

#: (role, times) of everything the family means to have.
WANTED = (
    ("baseline", 1),
    *((role, times) for role in ROLES[1:] for times in (2, 4)
      if times == 4 or role in CLASSROOM_HALFWAY),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """One network of the family, all its seeds together.

    ``times``: the cost aimed at, in baselines; ``built``: the cost as built. ``top1``: validation
    accuracy in percent, the mean of ``seeds``, with the 95 % interval ``low`` to ``high`` that
    ``val_n`` photos allow (every seed is measured on the same photos). ``hits``: a bit a photo for
    each seed (`effnet_viz.evidence.seeds.hits`); empty where they are not kept of every seed.
    """

    role: str
    times: int
    built: float
    top1: float
    low: float
    high: float
    seeds: tuple[float, ...]
    val_n: int
    epochs: int
    hits: tuple[int, ...] = ()


def family_results(folder: Path = CHECKPOINT_DIR) -> list[FamilyResult]:
    """What ships, in the order of `WANTED`. Raises UserError where a record is damaged."""
    base = network_cost(CLASSROOM_BASELINE).macs
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for member in shipped_members(folder):
        record = read_record(member.name, folder)
        kept = read_hits(member.name, record["sha256"], hits_folder(folder))
        record["hits"] = kept.bits if kept and kept.count == record["val_n"] else None
        groups.setdefault((member.role, member.times), []).append(record)
    found = []
    for role, times in WANTED:
        records = groups.get((role, times), [])
        if not records:
            continue
        seeds = tuple(float(record["val_top1"]) for record in records)
        top1, val_n = sum(seeds) / len(seeds), int(records[0]["val_n"])
        low, high = accuracy.interval(top1, val_n)
        built, epochs = records[0]["macs"] / base, int(records[0]["epochs"])
        hits = tuple(record["hits"] for record in records if record["hits"] is not None)
        hits = hits if len(hits) == len(records) else ()
        found.append(FamilyResult(role, times, built, top1, low, high, seeds, val_n, epochs, hits))
    return found


def missing(found: Sequence[FamilyResult]) -> list[str]:
    """What of `WANTED` does not ship, in words."""
    there = {(result.role, result.times) for result in found}
    return [f"{role} at {times}×" for role, times in WANTED if (role, times) not in there]


def by_role(found: Sequence[FamilyResult]) -> dict[str, FamilyResult]:
    """The baseline and the roles at four times its cost, those that ship."""
    return {result.role: result for result in found if result.times != 2}


def baseline_of(found: Sequence[FamilyResult]) -> FamilyResult | None:
    """The baseline's result."""
    return by_role(found).get("baseline")


def ranked(found: Sequence[FamilyResult]) -> list[FamilyResult]:
    """The roles at four times the cost, the best first."""
    fours = [result for result in found if result.times == 4]
    return sorted(fours, key=lambda result: -result.top1)


def difference(found: Sequence[FamilyResult], *terms: tuple[float, FamilyResult]) -> Difference:
    """A sum of weighted accuracies, by default a difference, with its uncertainty.

    Chance among the photos is counted photo by photo; where hits are not kept, as if each network
    had its own photos, which is rather too much. Luck of the start is that of all of ``found`` that
    were trained several times.
    """
    one_seed = paired.between_seeds([result.seeds for result in found])
    luck = paired.combined([(weight, result.seeds) for weight, result in terms], one_seed)
    count = terms[0][1].val_n
    if all(result.hits for _, result in terms):
        return paired.contrast([(weight, result.hits) for weight, result in terms], count, luck)
    points = sum(weight * result.top1 for weight, result in terms)
    variance = sum(
        (weight * accuracy.standard_error(result.top1, count)) ** 2 for weight, result in terms
    )
    return Difference(points, Part(variance, count - 1), luck or NO_LUCK)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two roles and their difference; ``apart``: is it beyond chance, all pairs together?"""

    better: FamilyResult
    worse: FamilyResult
    by: Difference
    apart: bool


def pairs(found: Sequence[FamilyResult]) -> list[Pair]:
    """Every two of the baseline and the roles at four times its cost, the best first."""
    base, order = baseline_of(found), ranked(found)
    if base is not None:
        order = sorted([*order, base], key=lambda result: -result.top1)
    every = list(combinations(order, 2))
    differences = [difference(found, (1, one), (-1, other)) for one, other in every]
    return [
        Pair(one, other, by, apart)
        for (one, other), by, apart in zip(
            every, differences, paired.apart(differences), strict=True
        )
    ]


def order_sentence(found: Sequence[FamilyResult]) -> str:
    """The roles by accuracy, and whether that is the paper's order; empty where none is trained."""
    order, base = ranked(found), baseline_of(found)
    if not order:
        return ""
    best, *others = order
    said = ", ".join(f"{result.role} {result.top1:.1f}" for result in order)
    sentence = f"At four times the baseline's cost, in percent: **{said}**"
    sentence += f"; the baseline has {base.top1:.1f}. " if base else ". "
    leads = [pair for pair in pairs(found) if pair.better is best and pair.worse in others]
    near = [pair.worse.role for pair in leads if not pair.apart]
    apart = ""
    if near:
        apart = f", but {listed(near)} cannot be told from it"
    elif leads:
        apart = (
            f", {leads[0].by.points:.1f} points before the next ({_interval(leads[0].by)}), beyond "
            "chance"
        )
    if best.role == "compound":
        return f"{sentence}Compound scaling comes first, as in the paper{apart}."
    return f"{sentence}In the paper compound scaling comes first; here it is {best.role}{apart}."


def _interval(by: Difference) -> str:
    return f"{by.low:+.1f} to {by.high:+.1f}"


def certainty_sentence(found: Sequence[FamilyResult]) -> str:
    """How chance was counted, and which roles differ beyond it."""
    if not found:
        return ""
    kept = [bool(result.hits) for result in found]
    how = f"All networks saw the same {found[0].val_n:,} photos; differences are counted "
    how += (
        "photo by photo"
        if all(kept)
        else "photo by photo where hits are kept, else as if each had photos of its own"
        if any(kept)
        else "as if each had photos of its own"
    )
    several = [result for result in found if len(result.seeds) > 1]
    if several:
        reach = ", ".join(
            f"{len(r.seeds)} seeds of the {_name(r)} reach {min(r.seeds):.1f} to "
            f"{max(r.seeds):.1f} %"
            for r in several
        )
        once = ", and the rest, trained once, are taken to vary as much"
        how += f", with luck of the start: {reach}{once if len(several) < len(found) else ''}."
    else:
        how += "; each was trained once, so luck of the start comes on top."
    every = pairs(found)
    if not every:
        return how
    near = [f"{pair.better.role} and {pair.worse.role}" for pair in every if not pair.apart]
    if not near:
        return f"{how} **All {len(every)} pairs** of roles differ beyond chance."
    apart = len(every) - len(near)
    return (
        f"{how} Of {len(every)} pairs of roles **{apart} differ{'s' if apart == 1 else ''} beyond "
        "chance** (at most 5 % that any such verdict is wrong); not to be told apart: "
        f"{'; '.join(near)}."
    )


def _name(result: FamilyResult) -> str:
    which = result.role if result.role == "baseline" else f"{result.role} role"
    return f"{which} at 2×" if result.times == 2 else which


def steps_sentence(found: Sequence[FamilyResult]) -> str:
    """What the first and the second doubling of each dimension bought, and whether it flattens, as
    the paper's do (its section 3.2); empty where none is known at both."""
    base = baseline_of(found)
    at = {(result.role, result.times): result for result in found}
    known = [r for r in CLASSROOM_HALFWAY if base and (r, 2) in at and (r, 4) in at]
    if base is None or not known:
        return ""
    steps, bends = [], []
    for role in known:
        half, full = at[role, 2], at[role, 4]
        first = difference(found, (1, half), (-1, base))
        second = difference(found, (1, full), (-1, half))
        bends.append(difference(found, (1, full), (-2, half), (1, base)))
        steps.append((first, second))
    said = ", ".join(
        f"{role} {first.points:+.1f} and {second.points:+.1f}"
        for role, (first, second) in zip(known, steps, strict=True)
    )
    flatter = {
        role: (f"{role} ({bend.points:+.1f} points, {_interval(bend)})", apart)
        for role, bend, apart in zip(known, bends, paired.apart(bends), strict=True)
        if bend.points < 0
    }
    sure = [said for said, apart in flatter.values() if apart]
    seen = [said for said, _ in flatter.values()]
    verdict = (
        f"here, beyond chance, {listed(sure)}"
        if sure
        else f"here the second step is the smaller one for {listed(seen)}, which may be chance "
        "with every dimension counted"
        if flatter
        else "here none does: at so little cost no dimension has run out yet"
    )
    widest = max(step.half() for pair in steps for step in pair)
    return (
        f"Points for the first and for the second doubling: {said}. In the paper each dimension "
        f"alone flattens, {verdict}. One step is uncertain by up to {widest:.1f} points."
    )


def step_two_sentence(outcome: Mapping[str, Any] | None) -> str:
    """Which coefficients the compound role has, and why; empty where the search did not end."""
    if not outcome or not outcome.get("best_mixture"):
        return ""
    winner, mixture = outcome["winner"], outcome["best_mixture"]
    compound = mixture["compound"]
    which = (
        "the search's winner"
        if winner["point"] == mixture["point"]
        else f"the search's best true mixture, because its winner, {winner['point']} alone, scaled "
        f"on is the {winner['point']} role itself"
        if winner["kind"] == "corner"
        else f"the search's best true mixture; its winner, {winner['point']}, leaves one dimension "
        "alone"
    )
    return (
        f"Step 2: the compound role is {which}: α {mixture['alpha']:g}, β {mixture['beta']:g}, "
        f"γ {mixture['gamma']:g} with **φ = {compound['phi']:g}**, which builds "
        f"{compound['built_ratio']:.2f}× (by the law {compound['law_ratio']:.2f}×)."
    )


def _unpaired(found: Sequence[FamilyResult], one: FamilyResult, other: FamilyResult) -> float:
    """How many points must lie between such two and a network of whose hits nothing is kept."""
    terms = ((1, replace(one, hits=())), (-1, replace(other, hits=())))
    return difference(found, *terms).half()


@dataclass(frozen=True, slots=True)
class DetailOrWork:
    """The resolution role's gain over the baseline, taken apart, in points: ``work`` is what the
    larger grid buys on a picture with no more detail, ``detail`` what the detail adds;
    ``needed`` is what two networks must differ by."""

    baseline: FamilyResult
    coarse: CoarseRun
    resolution: FamilyResult
    work: float
    detail: float
    needed: float


def detail_or_work(found: Sequence[FamilyResult], run: CoarseRun | None) -> DetailOrWork | None:
    """None where the baseline or the resolution role does not ship, or where there is no run of
    that role's network on the baseline's pixels for the same number of epochs."""
    base, fine = baseline_of(found), by_role(found).get("resolution")
    if base is None or fine is None or run is None:
        return None
    wanted = ("resolution", CLASSROOM_BASELINE.resolution_px, fine.epochs)
    if (run.role, run.detail_px, run.epochs) != wanted:
        return None
    once = replace(fine, top1=run.val_top1, seeds=(run.val_top1,))
    return DetailOrWork(
        base,
        run,
        fine,
        work=run.val_top1 - base.top1,
        detail=fine.top1 - run.val_top1,
        needed=max(_unpaired(found, once, base), _unpaired(found, fine, once)),
    )


def detail_sentence(parts: DetailOrWork) -> str:
    """What the run says, in words."""
    seen, top1 = parts.coarse.detail_px, parts.coarse.val_top1
    gain = parts.resolution.top1 - parts.baseline.top1
    begun = (
        f"**Trained** on pictures shrunk to {seen} px and enlarged again, the same network reaches "
        f"{top1:.1f} %"
    )
    chance = f"differences up to {parts.needed:.1f} points may be chance"
    if gain <= parts.needed:
        return f"{begun}; the whole gain of {gain:.1f} points is too small to take apart: {chance}."
    if parts.work < -parts.needed:
        return f"{begun}, less than the baseline: without the detail the work does harm ({chance})."
    if parts.work <= parts.needed:
        whose = "the **detail** is what pays; the work alone is not to be told from none"
    elif parts.detail <= parts.needed:
        whose = "the **work** is what pays; the detail adds nothing beyond chance"
    else:
        whose = "both pay"
    return (
        f"{begun}: of the {gain:.1f} points over the baseline {parts.work:.1f} came with the work "
        f"and {parts.detail:.1f} with the detail, so {whose} ({chance})."
    )


@dataclass(frozen=True, slots=True)
class LessDetail:
    """The resolution role shown no more detail than the baseline sees."""

    baseline: FamilyResult
    resolution: FamilyResult
    blurred: Blurred
    needed: float


def less_detail(found: Sequence[FamilyResult], rows: Sequence[Blurred]) -> LessDetail | None:
    """The mean over the resolution role's seeds. None where one of them was not measured, or the
    baseline or the role does not ship."""
    base, fine = baseline_of(found), by_role(found).get("resolution")
    if base is None or fine is None:
        return None
    wanted = (fine.role, fine.times, CLASSROOM_BASELINE.resolution_px)
    members = ((classroom_member(row.model), row) for row in rows)
    seeds = [row for each, row in members if (each.role, each.times, row.detail_px) == wanted]
    if len(seeds) < len(fine.seeds):
        return None
    mean = sum(row.val_top1 for row in seeds) / len(seeds)
    return LessDetail(base, fine, replace(seeds[0], val_top1=mean), _unpaired(found, fine, base))


def less_detail_sentence(parts: LessDetail) -> str:
    """What the network does without the detail, in words."""
    row, base, fine = parts.blurred, parts.baseline, parts.resolution
    over = row.val_top1 - base.top1
    beside = (
        f"below the baseline's {base.top1:.1f} %"
        if over < -parts.needed
        else f"still above the baseline's {base.top1:.1f} %"
        if over > parts.needed
        else f"not to be told from the baseline's {base.top1:.1f} %"
    )
    meaning = (
        "What it learned at its own size rests on detail that the baseline never sees"
        if fine.top1 - row.val_top1 > parts.needed
        else "It hardly needs the detail"
    )
    return (
        f"At {row.resolution_px} px a network sees detail that {row.detail_px} px cannot hold, "
        f"**and** it does {fine.built:.0f} times the work. Shown photos shrunk to {row.detail_px} "
        f"px and enlarged again, the resolution role goes from {fine.top1:.1f} to "
        f"**{row.val_top1:.1f} %**, {beside}. {meaning}; it was never trained on such pictures, so "
        "this is not what the work alone could have learned."
    )


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
