"""What the trained family reached, in numbers and in words: the model card and the pages say the
same. From the shipped records; no torch here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev
from typing import Any

from effnet_viz.evidence import accuracy
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record, shipped_members
from effnet_viz.evidence.coarse import Blurred, CoarseRun
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import CLASSROOM_HALFWAY, ROLES

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
    ``val_n`` photos allow (every seed is measured on the same photos).
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


def family_results(folder: Path = CHECKPOINT_DIR) -> list[FamilyResult]:
    """What ships, in the order of `WANTED`. Raises UserError where a record is damaged."""
    base = network_cost(CLASSROOM_BASELINE).macs
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for member in shipped_members(folder):
        groups.setdefault((member.role, member.times), []).append(read_record(member.name, folder))
    found = []
    for role, times in WANTED:
        records = groups.get((role, times), [])
        if not records:
            continue
        seeds = tuple(float(record["val_top1"]) for record in records)
        top1, val_n = sum(seeds) / len(seeds), int(records[0]["val_n"])
        low, high = accuracy.interval(top1, val_n)
        built, epochs = records[0]["macs"] / base, int(records[0]["epochs"])
        found.append(FamilyResult(role, times, built, top1, low, high, seeds, val_n, epochs))
    return found


def missing(found: Sequence[FamilyResult]) -> list[str]:
    """What of `WANTED` does not ship, in words."""
    there = {(result.role, result.times) for result in found}
    return [f"{role} at {times}×" for role, times in WANTED if (role, times) not in there]


def baseline_of(found: Sequence[FamilyResult]) -> FamilyResult | None:
    """The baseline's result."""
    return next((result for result in found if result.role == "baseline"), None)


def _resolution(found: Sequence[FamilyResult]) -> FamilyResult | None:
    return next((r for r in found if (r.role, r.times) == ("resolution", 4)), None)


def ranked(found: Sequence[FamilyResult]) -> list[FamilyResult]:
    """The roles at four times the cost, the best first."""
    fours = [result for result in found if result.times == 4]
    return sorted(fours, key=lambda result: -result.top1)


def told_apart_by(found: Sequence[FamilyResult]) -> float:
    """Up to how many points two networks may differ by chance, 95 % of the time: chance among the
    photos, as if each had its own (they share them, so this is rather too much), and luck of the
    start, as far as the baseline's seeds show it; ``√(margin² + (1.96 √2 s)²)``."""
    best = max(found, key=lambda result: result.top1)
    spread = max((stdev(r.seeds) for r in found if len(r.seeds) > 1), default=0.0)
    photos = accuracy.margin(best.top1, best.val_n)
    return math.hypot(photos, accuracy.Z95 * math.sqrt(2) * spread)


def order_sentence(found: Sequence[FamilyResult]) -> str:
    """The roles by accuracy, and whether that is the paper's order; empty where none is trained."""
    order, base = ranked(found), baseline_of(found)
    if not order:
        return ""
    best, *others = order
    said = ", ".join(f"{result.role} {result.top1:.1f}" for result in order)
    sentence = f"At four times the baseline's cost, in percent: **{said}**"
    sentence += f"; the baseline has {base.top1:.1f}. " if base else ". "
    needed = told_apart_by(found)
    near = [r.role for r in others if best.top1 - r.top1 <= needed]
    apart = ""
    if near:
        apart = f", but {listed(near)} cannot be told from it"
    elif others:
        apart = (
            f", {best.top1 - others[0].top1:.1f} points before the next, a little more than chance "
            f"allows ({needed:.1f})"
            if best.top1 - others[0].top1 < 1.5 * needed
            else f", well beyond chance ({needed:.1f} points)"
        )
    if best.role == "compound":
        return f"{sentence}Compound scaling comes first, as in the paper{apart}."
    return f"{sentence}In the paper compound scaling comes first; here it is {best.role}{apart}."


def certainty_sentence(found: Sequence[FamilyResult]) -> str:
    """How much of a difference may be chance."""
    base = baseline_of(found)
    sentence = (
        f"Two equally good networks may differ by up to {told_apart_by(found):.1f} points by chance"
    )
    if base is None or len(base.seeds) < 2:
        return f"{sentence} among the photos; each was trained once, so luck comes on top."
    sentence += (
        f", among {base.val_n:,} photos and by luck of the start: {len(base.seeds)} seeds of the "
        f"baseline reach {min(base.seeds):.1f} to {max(base.seeds):.1f} %."
    )
    once = all(len(r.seeds) == 1 for r in found if r is not base)
    return f"{sentence} The scaled networks were trained once." if once else sentence


def steps_sentence(found: Sequence[FamilyResult]) -> str:
    """What the first and the second doubling of each dimension bought, and whether it flattens, as
    the paper's do (its section 3.2); empty where none is known at both."""
    base = baseline_of(found)
    at = {(result.role, result.times): result.top1 for result in found}
    steps = {
        role: (at[role, 2] - base.top1, at[role, 4] - at[role, 2])
        for role in CLASSROOM_HALFWAY
        if base and (role, 2) in at and (role, 4) in at
    }
    if not steps:
        return ""
    said = ", ".join(
        f"{role} {first:+.1f} and {second:+.1f}" for role, (first, second) in steps.items()
    )
    flatter = [role for role, (first, second) in steps.items() if second < first]
    verdict = (
        "and so does each here"
        if len(flatter) == len(steps)
        else f"here only {listed(flatter)} {'does' if len(flatter) == 1 else 'do'}"
        if flatter
        else "here none does: at so little cost no dimension has run out yet"
    )
    return (
        f"Points for the first and for the second doubling: {said}. In the paper each dimension "
        f"alone flattens, {verdict}. One step is uncertain by {told_apart_by(found):.1f} points."
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
    base, fine = baseline_of(found), _resolution(found)
    if base is None or fine is None or run is None:
        return None
    wanted = ("resolution", CLASSROOM_BASELINE.resolution_px, fine.epochs)
    if (run.role, run.detail_px, run.epochs) != wanted:
        return None
    return DetailOrWork(
        base,
        run,
        fine,
        work=run.val_top1 - base.top1,
        detail=fine.top1 - run.val_top1,
        needed=told_apart_by([base, fine]),
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
    """None where it was not measured, or the baseline or the resolution role does not ship."""
    base, fine = baseline_of(found), _resolution(found)
    wanted = ("resolution", CLASSROOM_BASELINE.resolution_px)
    row = next((r for r in rows if (r.model, r.detail_px) == wanted), None)
    if base is None or fine is None or row is None:
        return None
    return LessDetail(base, fine, row, told_apart_by([base, fine]))


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
