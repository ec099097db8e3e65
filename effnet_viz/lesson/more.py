"""The questions of the optional steps, and the networks that came after the search for B0.

Times are those of the rows that a setting hands in, rewards and costs computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.paper import checks, tables
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.lesson.answers import Worked
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES, classroom_spec, lite_spec
from effnet_viz.scaling.layers import iter_blocks

MILLION = 1e6

#: Doubled in width or resolution, fourfold in depth: each is four times the cost by the law.
ALONE: MappingProxyType[str, Multipliers] = MappingProxyType(
    {
        "depth": Multipliers(4, 1, EFFICIENTNET_B0.resolution_px),
        "width": Multipliers(1, 2, EFFICIENTNET_B0.resolution_px),
        "resolution": Multipliers(1, 1, 2 * EFFICIENTNET_B0.resolution_px),
    }
)


def of_equal_cost(times: Sequence[BenchmarkRow]) -> Mapping[str, BenchmarkRow]:
    """The measured rows of the classroom's scaled networks, by role: all cost about the same.

    Raises ResourceError where one was not measured.
    """
    rows = {row.role: row for row in times if row.family == "classroom" and row.role in ROLES[1:]}
    if len(rows) < len(ROLES) - 1:
        raise ResourceError("The measured times are missing; download the project again.")
    return MappingProxyType({role: rows[role] for role in ROLES[1:]})


def slowest(times: Sequence[BenchmarkRow]) -> Worked:
    """Which of four networks of equal cost took longest."""
    rows = of_equal_cost(times)
    found = {role: row.latency.median_ms for role, row in rows.items()}
    macs = [row.macs for row in rows.values()]
    one = rows["depth"].latency
    return Worked(
        "choice",
        max(found, key=found.__getitem__),
        {
            **found,
            "apart": 100 * (max(macs) / min(macs) - 1),
            "millions": max(macs) / MILLION,
            "device": one.device,
            "runtime": RUNTIME_TITLES[one.runtime],
            "compound_blocks": _blocks("compound"),
            "depth_blocks": _blocks("depth"),
        },
        options=tuple(rows),
    )


def how_much_slower(times: Sequence[BenchmarkRow]) -> Worked:
    """The slowest of four networks of equal cost over the quickest."""
    rows = sorted(of_equal_cost(times).values(), key=lambda row: row.latency.median_ms)
    quick, slow = rows[0], rows[-1]
    ratio = slow.latency.median_ms / quick.latency.median_ms
    return Worked(
        "number",
        ratio,
        {
            "ratio": ratio,
            "slow": slow.role,
            "quick": quick.role,
            "slow_ms": slow.latency.median_ms,
            "quick_ms": quick.latency.median_ms,
            "slow_blocks": _blocks(slow.role),
            "quick_blocks": _blocks(quick.role),
            "runtime": RUNTIME_TITLES[slow.latency.runtime],
        },
        {"same": 1.0},
        tolerance=0.25,
    )


def _blocks(role: str) -> int:
    """Blocks of a classroom network, stem and head left out."""
    spec = classroom_spec(role)
    return sum(1 < block.stage < len(spec.stages) for block in iter_blocks(spec))


def reward_of_twice_the_cost() -> Worked:
    """By how many percent the search's score falls with twice the count and the same accuracy."""
    wanted = tables.load().search_objective
    once, twice = (
        checks.reward(1.0, times * wanted.target_macs, wanted.w, wanted.target_macs)
        for times in (1, 2)
    )
    lower = 100 * (1 - twice / once)
    facts: dict[str, float | str] = {
        "w": str(wanted.w).replace("-", "−"),
        "target": wanted.target_mmacs,
        "lower": lower,
        "factor": twice / once,
    }
    traps = {"half": 50.0, "exponent": 100 * abs(wanted.w)}
    return Worked("number", lower, facts, traps, tolerance=0.15)


@cache
def cheapest_in_activations() -> Worked:
    """Which dimension of B0 buys most multiply-adds for the activations that come with them."""
    base = network_cost(EFFICIENTNET_B0)
    facts: dict[str, float | str] = {}
    bought = {}
    for name, multipliers in ALONE.items():
        cost = network_cost(scale(EFFICIENTNET_B0, multipliers))
        macs, activations = cost.macs / base.macs, cost.activations / base.activations
        facts |= {f"{name}_macs": macs, f"{name}_act": activations}
        bought[name] = macs / activations
    return Worked("choice", max(bought, key=bought.__getitem__), facts, options=tuple(ALONE))


@dataclass(frozen=True, slots=True)
class Later:
    """Something that came after B0. ``spec`` is its network where this program builds it; else
    ``printed`` has its multiply-adds, parameters (None where none is printed) and input size.
    ``secret`` where it would answer a question."""

    key: str
    title: str
    source: str
    spec: ArchitectureSpec | None = None
    printed: tuple[float, float | None, int] | None = None
    secret: bool = False


def fast(ratio: float, strength: float = 0.8) -> Multipliers:
    """Fast scaling (arXiv:2103.06877) of B0 to ``ratio`` times the cost: mostly width. Its authors
    round otherwise than this program does."""
    return Multipliers(
        depth=ratio ** ((1 - strength) / 2),
        width=ratio ** (strength / 2),
        resolution_px=round(EFFICIENTNET_B0.resolution_px * ratio ** ((1 - strength) / 4)),
    )


#: What the last optional step shows, in this order.
LATER: MappingProxyType[str, Later] = MappingProxyType(
    {
        each.key: each
        for each in (
            Later(
                "lite",
                "Lite4",
                "tensorflow/tpu, models/official/efficientnet/lite",
                lite_spec("lite4"),
            ),
            Later("tiny", "TinyNet-E", "arXiv:2010.14819, 2020", printed=(24 * MILLION, None, 106)),
            Later(
                "fast",
                "Fast scaling",
                "arXiv:2103.06877, 2021",
                scale(EFFICIENTNET_B0, fast(4)),
                secret=True,
            ),
            Later(
                "v2",
                "V2-S",
                "arXiv:2104.00298, 2021; sizes: torchvision's record of its weights",
                printed=(8.366e9, 21_458_488, 384),
            ),
            Later("rs", "ResNet-RS", "arXiv:2103.07579, 2021"),
        )
    }
)
