"""What the paper's networks cost when they are built by this project's scaling rules.

Multipliers move in steps of 0.01, resolutions in whole pixels: the built cost is a staircase, so
"the multiplier that costs 1.8 B" is a stretch of a step, or does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.evidence.paper.tables import MapModel, OtherNetwork, Paper, Printed, Transfer
from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    EFFICIENTNET_B0,
    RELEASED_VARIANTS,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import Coefficients, Multipliers, released, round_px, scale
from effnet_viz.scaling.cost import NetworkCost, inference_memory_bytes, network_cost
from effnet_viz.scaling.families import released_spec
from effnet_viz.scaling.layers import iter_blocks

Dimension = Literal["depth", "width", "resolution"]
DIMENSIONS: tuple[Dimension, ...] = ("depth", "width", "resolution")

#: The compound multipliers that the paper prints; used for the rows of table 3 that print none.
PRINTED_COMPOUND = (1.4, 1.2, 1.3)

STEP = 0.01
FIRST_VARIANT, LAST_VARIANT = "b0", "b7"


@lru_cache(maxsize=65536)
def macs_of(base: ArchitectureSpec, depth: float, width: float, px: int) -> int:
    """Multiply-adds of a scaled network. Raises UserError where it cannot be scaled."""
    return network_cost(scale(base, Multipliers(depth, width, px))).macs


def pixels(base: ArchitectureSpec, ratio: float) -> int:
    """The input size of a resolution multiplier, in whole pixels."""
    return round_px(base.resolution_px * ratio)


@dataclass(frozen=True, slots=True)
class RecomputedCost:
    """A printed cost beside the one computed here.

    ``assumed``: the paper prints no multipliers for this row, `PRINTED_COMPOUND` were used.
    ``agrees``: the computed figure rounds to the printed one. ``difference`` is relative to it.
    """

    name: str
    multipliers: Multipliers
    ratio: float
    assumed: bool
    printed_gmacs: Printed
    macs: int
    params: int

    @property
    def agrees(self) -> bool:
        """True where the computed cost prints as the paper's figure."""
        return self.printed_gmacs.agrees(self.macs / 1e9)

    @property
    def difference(self) -> float:
        """Computed over printed, minus one."""
        return self.macs / 1e9 / self.printed_gmacs - 1


def _recompute(
    name: str,
    base: ArchitectureSpec,
    multipliers: tuple[float | None, float | None, float | None],
    printed: Printed,
) -> RecomputedCost:
    assumed = None in multipliers
    depth, width, ratio = PRINTED_COMPOUND if assumed else (float(m or 0) for m in multipliers)
    chosen = Multipliers(depth, width, pixels(base, ratio))
    cost = network_cost(scale(base, chosen))
    return RecomputedCost(name, chosen, ratio, assumed, printed, cost.macs, cost.params)


def recompute_other(row: OtherNetwork) -> RecomputedCost:
    """A row of table 3."""
    base = ARCHITECTURES[row.architecture]
    return _recompute(row.model, base, (row.depth, row.width, row.resolution), row.gmacs)


def recompute_map_model(row: MapModel) -> RecomputedCost:
    """A row of table 7."""
    multipliers = (row.depth, row.width, row.resolution)
    return _recompute(row.role, EFFICIENTNET_B0, multipliers, row.gmacs)


def variant_cost(variant: str) -> NetworkCost:
    """The cost of ``b0`` to ``b7`` as released."""
    return network_cost(released_spec(variant))


def transfer_params(row: Transfer, classes: float) -> tuple[int, int]:
    """Parameters of the two EfficientNets of a row of table 5, with a classifier of ``classes``."""
    ours, best = (
        network_cost(replace(released_spec(name.lower()), num_classes=int(classes))).params
        for name in (row.ours_vs_public, row.ours_vs_best)
    )
    return ours, best


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of multipliers that build one and the same cost; both ends belong to it.

    For resolution the ends are pixels, else multipliers.
    """

    first: float
    last: float
    macs: int


@lru_cache(maxsize=64)
def staircase(
    base: ArchitectureSpec, dimension: Dimension, low: float, high: float
) -> tuple[Step, ...]:
    """Every step between two multipliers (two sizes in pixels for resolution)."""
    if dimension == "resolution":
        points = [float(px) for px in range(int(low), int(high) + 1)]
    else:
        points = [n * STEP for n in range(round(low / STEP), round(high / STEP) + 1)]
    steps: list[Step] = []
    for point in (round(p, 2) for p in points):
        macs = _macs_along(base, dimension, point)
        if steps and steps[-1].macs == macs:
            steps[-1] = replace(steps[-1], last=point)
        else:
            steps.append(Step(point, point, macs))
    return tuple(steps)


def _macs_along(base: ArchitectureSpec, dimension: Dimension, value: float) -> int:
    match dimension:
        case "depth":
            return macs_of(base, value, 1.0, base.resolution_px)
        case "width":
            return macs_of(base, 1.0, value, base.resolution_px)
        case _:
            return macs_of(base, 1.0, 1.0, int(value))


@dataclass(frozen=True, slots=True)
class Search:
    """The steps below and above a target, and the nearer of the two."""

    target_macs: float
    below: Step
    above: Step

    @property
    def nearest(self) -> Step:
        """The step whose cost is nearest to the target."""
        return min(self.below, self.above, key=lambda step: abs(step.macs - self.target_macs))

    def miss(self, step: Step) -> float:
        """How far a step is from the target, relative to it."""
        return step.macs / self.target_macs - 1


#: How far `find_multiplier` looks, in multipliers of the baseline.
SEARCH_LIMITS: dict[Dimension, float] = {"depth": 8.0, "width": 3.0, "resolution": 3.0}


def find_multiplier(base: ArchitectureSpec, dimension: Dimension, target_macs: float) -> Search:
    """The multipliers of one dimension that come nearest to a cost from below and from above.

    Raises UserError where the target lies outside what those multipliers can cost.
    """
    low, high = 1.0, SEARCH_LIMITS[dimension]
    if dimension == "resolution":
        low, high = base.resolution_px * low, base.resolution_px * high
    steps = staircase(base, dimension, low, high)
    below = [step for step in steps if step.macs <= target_macs]
    above = [step for step in steps if step.macs > target_macs]
    if not below or not above:
        raise UserError(
            f"No {dimension} between {low:g} and {high:g} costs {target_macs / 1e9:.2f} B; "
            f"choose between {steps[0].macs / 1e9:.2f} and {steps[-1].macs / 1e9:.2f} B."
        )
    return Search(target_macs, max(below, key=_macs), min(above, key=_macs))


def _macs(step: Step) -> int:
    return step.macs


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One network on a curve: its multiplier, the cost by the law and the built one, relative to
    the baseline."""

    multiplier: float
    law_ratio: float
    built_ratio: float


def one_dimension(
    base: ArchitectureSpec, dimension: Dimension, highest: float, points: int = 121
) -> tuple[CurvePoint, ...]:
    """The cost of scaling one dimension alone from 1 to ``highest``."""
    base_macs = macs_of(base, 1.0, 1.0, base.resolution_px)
    curve = []
    for index in range(points):
        m = round(1 + (highest - 1) * index / (points - 1), 2)
        value = pixels(base, m) if dimension == "resolution" else m
        law = m if dimension == "depth" else m**2
        curve.append(CurvePoint(m, law, _macs_along(base, dimension, value) / base_macs))
    return tuple(curve)


def width_curve(
    base: ArchitectureSpec, depth: float, px: int, highest: float = 3.0, points: int = 81
) -> tuple[tuple[float, int], ...]:
    """(width, multiply-adds) from width 0.5 up, at one depth and one input size."""
    widths = (round(0.5 + (highest - 0.5) * n / (points - 1), 3) for n in range(points))
    return tuple((width, macs_of(base, depth, width, px)) for width in widths)


def widest(base: ArchitectureSpec, depth: float, px: int, budget_macs: float) -> float | None:
    """The largest width multiplier, in steps of 0.01, that stays within a budget; None where not
    even the narrowest network that can be built does."""
    narrowest = 4 / min(stage.out_channels or 4096 for stage in base.stages)
    low, high = max(10, round(narrowest * 100 + 0.5)), 800
    if macs_of(base, depth, low * STEP, px) > budget_macs:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if macs_of(base, depth, round(middle * STEP, 2), px) <= budget_macs:
            low = middle
        else:
            high = middle - 1
    return round(low * STEP, 2)


def deepest(base: ArchitectureSpec, width: float, px: int, budget_macs: float) -> float | None:
    """The largest depth multiplier, in steps of 0.01, that stays within a budget; None where not
    even a quarter of the depth does."""
    low, high = 25, 3200
    if macs_of(base, low * STEP, width, px) > budget_macs:
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if macs_of(base, round(middle * STEP, 2), width, px) <= budget_macs:
            low = middle
        else:
            high = middle - 1
    return round(low * STEP, 2)


def largest_input(base: ArchitectureSpec, depth: float, width: float, budget_macs: float) -> int:
    """The largest input size in whole pixels that stays within a budget.

    Raises UserError where 32 px are too many already.
    """
    low, high = 32, 4096
    if macs_of(base, depth, width, low) > budget_macs:
        raise UserError(
            f"Depth {depth:g} and width {width:g} cost more than {budget_macs / 1e9:.2f} B even at "
            f"{low} px; choose less of them or a larger budget."
        )
    while low < high:
        middle = (low + high + 1) // 2
        if macs_of(base, depth, width, middle) <= budget_macs:
            low = middle
        else:
            high = middle - 1
    return low


@lru_cache(maxsize=256)
def equal_cost_contour(
    base: ArchitectureSpec, px: int, budget_macs: float, widths: tuple[float, ...]
) -> tuple[tuple[float, float], ...]:
    """(width, depth) pairs: for each width the deepest network within the budget at ``px``.

    Widths at which no network of at least depth 1 fits are left out.
    """
    pairs = ((width, deepest(base, width, px, budget_macs)) for width in widths)
    return tuple((width, depth) for width, depth in pairs if depth is not None and depth >= 1)


@dataclass(frozen=True, slots=True)
class SolvedPhi:
    """The φ that each published multiplier, and the built cost, would need on its own.

    ``by_width`` and ``by_depth`` are 0 where the variant keeps the baseline's.
    """

    variant: str
    by_depth: float
    by_width: float
    by_resolution: float
    by_macs: float


def solve_phi(variant: str) -> SolvedPhi:
    """Which φ a released variant would be, asked of each dimension separately."""
    row = RELEASED_VARIANTS[variant]
    law = Coefficients(phi=1.0)
    ratio = variant_cost(variant).macs / variant_cost(FIRST_VARIANT).macs
    return SolvedPhi(
        variant,
        by_depth=math.log(row.depth) / math.log(law.alpha),
        by_width=math.log(row.width) / math.log(law.beta),
        by_resolution=math.log(row.resolution_px / EFFICIENTNET_B0.resolution_px)
        / math.log(law.gamma),
        by_macs=math.log(ratio) / math.log(law.constraint),
    )


def convolution_layers(base: ArchitectureSpec, depth: float) -> int:
    """The layers a paper counts: the stem, one per block, and the head's 1×1 convolution."""
    scaled = scale(base, Multipliers(depth, 1.0, base.resolution_px))
    return sum(1 for _ in iter_blocks(scaled))


def gain_per_doubling(paper: Paper) -> tuple[tuple[str, float], ...]:
    """For each released variant after B0: points of printed top-1 (v1) gained per doubling of the
    computed multiply-adds since the variant before."""
    rows = paper.variant_accuracies
    gains = []
    for before, after in pairwise(rows):
        doublings = math.log2(variant_cost(after.variant).macs / variant_cost(before.variant).macs)
        gains.append((after.variant, (after.top1_v1 - before.top1_v1) / doublings))
    return tuple(gains)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A network scaled from B0 whose accuracy the paper prints, with its built cost."""

    name: str
    role: str
    multipliers: Multipliers
    top1: Printed
    macs: int
    memory_bytes: int
    source: str

    def fits(self, budget_macs: float, budget_bytes: float) -> bool:
        """True where neither budget is exceeded."""
        return self.macs <= budget_macs and self.memory_bytes <= budget_bytes


def candidates(paper: Paper) -> tuple[Candidate, ...]:
    """B0-B7 and table 7's single-dimension models, with v1's accuracies."""
    rows = [
        (row.variant.upper(), "compound", released(row.variant), row.top1_v1, "v1 table 2")
        for row in paper.variant_accuracies
    ]
    for model in paper.map_models:
        if model.role in DIMENSIONS:
            chosen = recompute_map_model(model).multipliers
            rows.append((f"{model.role} only", model.role, chosen, model.top1, "v1 table 7"))
    found = []
    for name, role, multipliers, top1, source in rows:
        spec = scale(EFFICIENTNET_B0, multipliers)
        memory = inference_memory_bytes(spec)
        macs = network_cost(spec).macs
        found.append(Candidate(name, role, multipliers, top1, macs, memory, source))
    return tuple(found)


def best_within(
    rows: Sequence[Candidate], budget_macs: float, budget_bytes: float
) -> Candidate | None:
    """The most accurate candidate that fits both budgets; None where none does."""
    fitting = [row for row in rows if row.fits(budget_macs, budget_bytes)]
    return max(fitting, key=lambda row: row.top1, default=None)
