"""What changes when the same networks run in another runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import same_cost, title


@dataclass(frozen=True, slots=True)
class Change:
    """The same networks in two runtimes: ``least`` and ``most`` are (here, there) of the network
    whose time changes least and most, going from one runtime to the other."""

    models: int
    least: tuple[BenchmarkRow, BenchmarkRow]
    most: tuple[BenchmarkRow, BenchmarkRow]
    equal: tuple[float, float] | None
    slow: str = ""
    fast: str = ""


def ratio(pair: tuple[BenchmarkRow, BenchmarkRow]) -> float:
    """How many times as long the second takes."""
    return pair[1].latency.median_ms / pair[0].latency.median_ms


def change(here: Sequence[BenchmarkRow], there: Sequence[BenchmarkRow]) -> Change | None:
    """What the networks measured in both runtimes say; None with fewer than two of them.

    ``equal`` is the ratio of times, here and there, of the two networks of equal multiply-adds that
    differ most here.
    """
    others = {(row.model, row.macs): row for row in there}
    pairs = [(row, others[row.model, row.macs]) for row in here if (row.model, row.macs) in others]
    if len(pairs) < 2:
        return None
    ordered = sorted(pairs, key=ratio)
    found = Change(len(pairs), ordered[0], ordered[-1], None)
    tied = same_cost([row for row, _ in pairs])
    if tied is None:
        return found
    again = {row.model: other.latency.median_ms for row, other in pairs}
    slow, fast = tied.light.model, tied.heavy.model
    equal = (tied.longer, again[slow] / again[fast])
    return Change(found.models, found.least, found.most, equal, slow, fast)


def in_words(found: Change) -> str:
    """The change as one sentence."""
    here, there = (RUNTIME_TITLES[row.latency.runtime] for row in found.least)
    low, high = (
        f"**{ratio(pair):.2g}×** ({title(pair[0].model)})" for pair in (found.least, found.most)
    )
    sentence = f"The same multiply-adds take {low} to {high} as long in {there} as in {here}"
    if found.equal is None:
        return f"{sentence}."
    return (
        f"{sentence}; {title(found.slow)} takes {found.equal[1]:.1f}× as long as "
        f"{title(found.fast)} in {there}, {found.equal[0]:.1f}× in {here}."
    )
