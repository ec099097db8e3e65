"""How far the paper's printed numbers agree with each other, and what follows from them alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

from effnet_viz.evidence.paper.tables import ImageNetResult, Paper, Printed, Transfer

Verdict = Literal["same", "rounding", "differs"]


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """A printed ratio beside the quotient of the printed figures it comes from.

    ``low`` and ``high`` bound the quotient over everything that prints as those figures. Verdict:
    ``same`` where the quotient rounds to the printed ratio, ``rounding`` where unrounded figures
    could give it, ``differs`` where none could.
    """

    name: str
    printed: Printed
    recomputed: float
    low: float
    high: float
    verdict: Verdict


def check_ratio(name: str, printed: Printed, over: Printed, under: Printed) -> RatioCheck:
    """``printed`` against ``over / under``."""
    low, high = over.range[0] / under.range[1], over.range[1] / under.range[0]
    quotient = over / under
    verdict: Verdict = "differs"
    if printed.agrees(quotient):
        verdict = "same"
    elif low <= printed.range[1] and printed.range[0] <= high:
        verdict = "rounding"
    return RatioCheck(name, printed, quotient, low, high, verdict)


def leader(paper: Paper, row: ImageNetResult) -> ImageNetResult:
    """The EfficientNet to which table 2 compares a row."""
    return paper.result(row.group.upper())


def table2_ratios(paper: Paper, row: ImageNetResult) -> tuple[RatioCheck | None, RatioCheck | None]:
    """Parameter and MAC ratios of a row of table 2 to its group's EfficientNet; None where the row
    is that EfficientNet, or where the paper prints no figure."""
    first = leader(paper, row)
    if row is first:
        return None, None
    params = check_ratio(
        f"{row.model}: parameters", row.params_ratio, row.params_millions, first.params_millions
    )
    if row.gmacs is None or row.macs_ratio is None or first.gmacs is None:
        return params, None
    macs = check_ratio(f"{row.model}: multiply-adds", row.macs_ratio, row.gmacs, first.gmacs)
    return params, macs


def transfer_ratios(row: Transfer) -> tuple[RatioCheck, RatioCheck | None]:
    """Table 5's two parameter ratios; None where the paper prints no figure."""
    public = check_ratio(
        f"{row.dataset}: public", row.ratio, row.public_params_m, row.ours_params_m
    )
    if row.ratio_best is None or row.best_params_m is None or row.ours_best_params_m is None:
        return public, None
    best = check_ratio(
        f"{row.dataset}: best", row.ratio_best, row.best_params_m, row.ours_best_params_m
    )
    return public, best


def speedup_checks(paper: Paper) -> tuple[RatioCheck, ...]:
    """Table 4's speed-ups against its own seconds."""
    return tuple(
        check_ratio(f"{slow.model} to {fast.model}", fast.speedup, slow.seconds, fast.seconds)
        for slow, fast in zip(paper.latency[::2], paper.latency[1::2], strict=True)
        if fast.speedup is not None
    )


def all_ratios(paper: Paper) -> tuple[RatioCheck, ...]:
    """Every ratio that tables 2, 4 and 5 print, checked."""
    checks: list[RatioCheck | None] = []
    for result in paper.imagenet_results:
        checks += table2_ratios(paper, result)
    checks += speedup_checks(paper)
    for row in paper.transfer:
        checks += transfer_ratios(row)
    return tuple(check for check in checks if check is not None)


def geo_mean(values: Iterable[float]) -> float:
    """The geometric mean: the n-th root of the product."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs))


def reward(top1: float, macs: float, w: float, target_macs: float) -> float:
    """The search objective ``ACC · (FLOPS / T)^w``, accuracy in percent."""
    return float(top1 * (macs / target_macs) ** w)


def iso_reward(level: float, macs: float, w: float, target_macs: float) -> float:
    """The accuracy that a network of ``macs`` needs for a reward of ``level``."""
    return float(level * (macs / target_macs) ** -w)


def indifferent_w(top1: float, macs: float, better_top1: float, more_macs: float) -> float:
    """The exponent at which two networks have the same reward, whatever the target T."""
    return -math.log(better_top1 / top1) / math.log(more_macs / macs)


def ranked(paper: Paper, w: float, target_macs: float) -> tuple[tuple[float, ImageNetResult], ...]:
    """Table 2's networks whose MACs are printed, with their reward, best first."""
    scored = [
        (reward(row.top1, row.gmacs * 1e9, w, target_macs), row)
        for row in paper.imagenet_results
        if row.gmacs is not None
    ]
    return tuple(sorted(scored, key=lambda pair: -pair[0]))


class Switch(NamedTuple):
    """Two neighbouring EfficientNets, and the exponent at which their rewards are equal."""

    before: ImageNetResult
    after: ImageNetResult
    macs_ratio: float
    w: float


def switches(paper: Paper) -> tuple[Switch, ...]:
    """From each EfficientNet of table 2 to the next one."""
    variants = [row for row in paper.imagenet_results if row.leads]
    found = []
    for before, after in pairwise(variants):
        if before.gmacs is not None and after.gmacs is not None:
            w = indifferent_w(before.top1, before.gmacs, after.top1, after.gmacs)
            found.append(Switch(before, after, after.gmacs / before.gmacs, w))
    return tuple(found)


def time_if_proportional(seconds: float, size: float, other_size: float) -> float:
    """The seconds another network would take if time were proportional to a size."""
    return seconds * other_size / size


def compare(first: ImageNetResult, second: ImageNetResult) -> str:
    """Two rows of table 2 in one sentence."""
    parts = [
        f"**{first.short}** has {_share(first.params_millions, second.params_millions)} "
        f"the parameters of **{second.short}** "
        f"({first.params_millions} M against {second.params_millions} M)"
    ]
    if first.gmacs is None or second.gmacs is None:
        missing = first if first.gmacs is None else second
        parts.append(f"{missing.short}'s multiply-adds are not printed")
    else:
        parts.append(
            f"uses {_share(first.gmacs, second.gmacs)} its multiply-adds "
            f"({first.gmacs} B against {second.gmacs} B)"
        )
    margin = first.top1 - second.top1
    verdict = (
        "at the same top-1 accuracy"
        if abs(margin) < 0.05
        else f"at {abs(margin):.1f} points {'more' if margin > 0 else 'less'} top-1"
    )
    return f"{parts[0]}; {parts[1]}, {verdict} ({first.top1} % against {second.top1} %)."


def _share(first: float, second: float) -> str:
    """The quotient with as many digits as help to weigh it."""
    share = first / second
    return f"{share:.2f}×" if share < 1 else f"{share:.1f}×" if share < 10 else f"{share:.0f}×"
