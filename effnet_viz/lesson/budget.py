"""The budget game: what multipliers cost once built, and the nearest trained network.

Bids are for the classroom baseline, from which networks were really trained: for twice its cost the
points of the grid search, for four times the family. Accuracies are compared within one recipe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.family import family_results
from effnet_viz.evidence.search.points import title
from effnet_viz.evidence.search.records import read_rows, results
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE
from effnet_viz.scaling.compound import Multipliers, checked_multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import CLASSROOM_HALFWAY, CLASSROOM_ROLES, ROLES, Role

#: How far above the budget a bid may build; the trained networks keep within it too.
SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Trained:
    """A network that was trained: its multipliers, its built cost in baselines, and its accuracy in
    percent with the 95 % interval that its photos allow. ``recipe`` says how and on what."""

    name: str
    multipliers: Multipliers
    built: float
    top1: float
    low: float
    high: float
    recipe: str


@dataclass(frozen=True, slots=True)
class Bid:
    """Multipliers worked out. ``law`` and ``built`` are costs in baselines; ``apart`` is how far
    the nearest trained network is, in doublings of cost; ``shares`` are what depth, width and
    resolution have of the law's cost (None where nothing was scaled)."""

    multipliers: Multipliers
    law: float
    built: float
    nearest: Trained
    apart: float
    shares: tuple[float, float, float] | None

    def within(self, budget: float) -> bool:
        """Whether the bid keeps the budget, in baselines."""
        return self.built <= budget * (1 + SLACK)


@cache
def trained(budget: float) -> tuple[Trained, ...]:
    """What was trained for a budget with one recipe. Raises UserError where records are damaged."""
    found = _searched() if budget == 2 else _family()
    if not found:
        raise ResourceError(
            "The records of the trained networks are missing; download the project again."
        )
    return found


def bid(multipliers: Multipliers, budget: float) -> Bid:
    """Multipliers worked out for a budget. Raises UserError where they make no network."""
    spec, base = scale(CLASSROOM_BASELINE, multipliers), CLASSROOM_BASELINE
    nearest = min(trained(budget), key=lambda point: apart(multipliers, point.multipliers))
    return Bid(
        multipliers,
        multipliers.law_ratio(base.resolution_px),
        network_cost(spec).macs / network_cost(base).macs,
        nearest,
        apart(multipliers, nearest.multipliers),
        _shares(multipliers),
    )


def apart(one: Multipliers, other: Multipliers) -> float:
    """The distance of two choices, in doublings of cost by the law: ``log₂ d``, ``2 log₂ w`` and
    ``2 log₂ r`` are the axes."""
    return math.dist(_doublings(one), _doublings(other))


def written(multipliers: Multipliers) -> str:
    """A bid as a room keeps it."""
    m = multipliers
    return f"{m.depth:.6g};{m.width:.6g};{m.resolution_px}"


def read(raw: str) -> Multipliers:
    """The bid that `written` wrote. Raises UserError for anything else."""
    try:
        depth, width, px = (float(part) for part in raw.split(";"))
    except ValueError:
        raise UserError("A bid has a depth, a width and an input size.") from None
    return checked_multipliers(depth, width, px)


def _doublings(m: Multipliers) -> tuple[float, float, float]:
    ratio = m.resolution_px / CLASSROOM_BASELINE.resolution_px
    return math.log2(m.depth), 2 * math.log2(m.width), 2 * math.log2(ratio)


def _shares(multipliers: Multipliers) -> tuple[float, float, float] | None:
    depth, width, resolution = (max(0.0, part) for part in _doublings(multipliers))
    whole = depth + width + resolution
    return (depth / whole, width / whole, resolution / whole) if whole else None


def _searched() -> tuple[Trained, ...]:
    return tuple(
        Trained(
            title(result.point),
            result.point.multipliers,
            result.point.built_ratio,
            result.held_out_top1,
            result.low,
            result.high,
            f"{result.rows[0].epochs} epochs, {result.rows[0].held_out_n} held-out photos",
        )
        for result in results(read_rows())
    )


def _family() -> tuple[Trained, ...]:
    return tuple(
        Trained(
            result.role if result.times != 2 else f"{result.role} 2×",
            (CLASSROOM_HALFWAY if result.times == 2 else CLASSROOM_ROLES)[_role(result.role)],
            result.built,
            result.top1,
            result.low,
            result.high,
            f"{result.epochs} epochs, {result.val_n:,} validation photos",
        )
        for result in family_results()
    )


def _role(name: str) -> Role:
    return next(role for role in ROLES if role == name)
