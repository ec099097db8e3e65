"""What every position of a slider builds and costs: tables that are computed once, then looked up.

A position is a whole choice (all sliders, one of them moved) with the costs of five networks: the
baseline, each dimension scaled alone, and all together. A position that makes no network is a
`Limit`, which says why in one sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    VARIANTS,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import (
    MULTIPLIER_LIMIT,
    RESOLUTION_RANGE_PX,
    Coefficients,
    Multipliers,
    hold_constraint,
    released,
    scale,
)
from effnet_viz.scaling.cost import NetworkCost, inference_memory_bytes, network_cost
from effnet_viz.scaling.gap import StageRounding, rounding_ledger

Slider = Literal["phi", "alpha", "beta", "gamma", "depth", "width", "px", "variant"]
Coefficient = Literal["alpha", "beta", "gamma"]
COEFFICIENTS: tuple[Coefficient, ...] = ("alpha", "beta", "gamma")


def _steps(low: float, high: float, step: float) -> tuple[float, ...]:
    count = round((high - low) / step)
    return tuple(round(low + i * step, 4) for i in range(count + 1))


#: The positions of each slider: 111 of φ, 101 of a coefficient, round values of the multipliers.
STEPS: MappingProxyType[Slider, tuple[float, ...]] = MappingProxyType(
    {
        "phi": _steps(-3, 8, 0.1),
        "alpha": _steps(1, 2, 0.01),
        "beta": _steps(1, 2, 0.01),
        "gamma": _steps(1, 2, 0.01),
        "depth": _steps(0.1, 2, 0.05) + _steps(2.1, 8, 0.1),
        "width": _steps(0.25, 5, 0.05),
        "px": _steps(32, 1024, 8),
        "variant": tuple(float(i) for i in range(len(VARIANTS))),
    }
)


@dataclass(frozen=True, slots=True)
class Position:
    """One choice built: ``costs`` are those of the five roles in their order, compound last.

    ``law_ratio`` is ``(α·β²·γ²)^φ`` where there are coefficients, else ``d · w² · r²``; ``memory``
    is the least float32 memory of one forward pass, of the compound network and of the baseline, in
    bytes.
    """

    coefficients: Coefficients | None
    multipliers: Multipliers
    law_ratio: float
    costs: tuple[NetworkCost, NetworkCost, NetworkCost, NetworkCost, NetworkCost]
    memory: int
    base_memory: int
    ledger: tuple[StageRounding, ...]
    variant: str | None = None

    @property
    def built_ratio(self) -> float:
        """Multiply-adds of the compound network over the baseline's."""
        return self.costs[-1].macs / self.costs[0].macs


@dataclass(frozen=True, slots=True)
class Limit:
    """A choice that makes no network; ``sentence`` says which limit it meets."""

    coefficients: Coefficients | None
    multipliers: Multipliers | None
    sentence: str


Table = tuple[Position | Limit, ...]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Cost over the baseline's at one φ, by the law and as built; None where nothing is built."""

    phi: float
    law_ratio: float
    built_ratio: float | None


@dataclass(frozen=True, slots=True)
class ReleasedPoint:
    """A released variant on the curve's axis: ``phi`` is where the law costs ``d · w² · r²``."""

    variant: str
    phi: float
    law_ratio: float
    built_ratio: float


def position(
    base: ArchitectureSpec, multipliers: Multipliers, coefficients: Coefficients | None = None
) -> Position:
    """The five networks of one choice. Raises UserError where it cannot be scaled."""
    m, px = multipliers, base.resolution_px
    compound = scale(base, m)
    law = m.law_ratio(px) if coefficients is None else coefficients.law_ratio
    return Position(
        coefficients,
        m,
        law,
        (
            network_cost(base),
            network_cost(scale(base, Multipliers(m.depth, 1, px))),
            network_cost(scale(base, Multipliers(1, m.width, px))),
            network_cost(replace(base, resolution_px=m.resolution_px)),
            network_cost(compound),
        ),
        inference_memory_bytes(compound),
        inference_memory_bytes(base),
        rounding_ledger(base, m),
    )


def at_coefficients(base: ArchitectureSpec, coefficients: Coefficients) -> Position | Limit:
    """`position` for φ and coefficients, or the limit they meet."""
    try:
        return position(base, coefficients.multipliers(base.resolution_px), coefficients)
    except UserError as error:
        return Limit(coefficients, None, _sentence(base, coefficients) or str(error))


def at_multipliers(base: ArchitectureSpec, multipliers: Multipliers) -> Position | Limit:
    """`position` for multipliers, or the limit they meet."""
    try:
        return position(base, multipliers)
    except UserError as error:
        return Limit(None, multipliers, str(error))


def _sentence(base: ArchitectureSpec, c: Coefficients) -> str:
    """Which multiplier leaves its range, in words; empty where it is another limit."""
    low_px, high_px = RESOLUTION_RANGE_PX
    for name, value, low, high, unit in (
        ("depth", c.alpha**c.phi, 1 / MULTIPLIER_LIMIT, MULTIPLIER_LIMIT, "×"),
        ("width", c.beta**c.phi, 1 / MULTIPLIER_LIMIT, MULTIPLIER_LIMIT, "×"),
        ("input size", base.resolution_px * c.gamma**c.phi, low_px, high_px, " px"),
    ):
        if not low <= value <= high:
            end = f"ends at {high:g}" if value > high else f"begins at {low:.3g}"
            asked = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
            return f"φ = {c.phi:g} makes the {name} {asked}{unit}; it {end}{unit} here."
    return ""


def phi_table(base: ArchitectureSpec, alpha: float, beta: float, gamma: float) -> Table:
    """Every position of φ with these coefficients."""
    return tuple(
        at_coefficients(base, Coefficients(phi, alpha, beta, gamma)) for phi in STEPS["phi"]
    )


def coefficient_table(
    base: ArchitectureSpec, start: Coefficients, moved: Coefficient, held: float | None = None
) -> Table:
    """Every position of one coefficient; with ``held`` the other two keep α·β²·γ² at it."""
    return tuple(
        at_coefficients(base, moved_to(start, moved, value, held)) for value in STEPS[moved]
    )


def moved_to(
    start: Coefficients, moved: Coefficient, value: float, held: float | None = None
) -> Coefficients:
    """``start`` with one coefficient set; with ``held`` the others keep α·β²·γ² at it, as far as
    their sliders go; there the moved one stops.

    Rounded to the three digits that the page's sliders have.
    """
    changed = replace(start, **{moved: value})
    if held is None:
        return changed
    alpha, beta, gamma = (
        round(v, 3)
        for v in hold_constraint(
            changed.alpha, changed.beta, changed.gamma, moved, held, most=STEPS[moved][-1]
        )
    )
    return replace(start, alpha=alpha, beta=beta, gamma=gamma)


def multiplier_table(base: ArchitectureSpec, start: Multipliers, moved: Slider) -> Table:
    """Every position of ``depth``, ``width`` or ``px``, the other two as in ``start``."""
    found: list[Position | Limit] = []
    for value in STEPS[moved]:
        if moved == "px":
            multipliers = replace(start, resolution_px=int(value))
        else:
            multipliers = Multipliers(
                value if moved == "depth" else start.depth,
                value if moved == "width" else start.width,
                start.resolution_px,
            )
        found.append(at_multipliers(base, multipliers))
    return tuple(found)


def released_table(base: ArchitectureSpec) -> Table:
    """The released variants in order, those published later last."""
    return tuple(
        replace(position(base, released(variant)), variant=variant) for variant in VARIANTS
    )


def rescaled(coefficients: Coefficients, product: float) -> Coefficients:
    """Coefficients with another α·β²·γ², each keeping its share of the cost of one step.

    Where all three are 1 there is no share to keep; then they spend evenly.
    """
    now = math.log(max(coefficients.constraint, 1.0))
    if now < 1e-9:
        even = product ** (1 / 3)
        values = (even, math.sqrt(even), math.sqrt(even))
    else:
        power = math.log(product) / now
        c = coefficients
        values = (c.alpha**power, c.beta**power, c.gamma**power)
    beta, gamma = (round(max(1.0, value), 3) for value in values[1:])
    alpha = round(max(1.0, product / (beta * gamma) ** 2), 3)
    return replace(coefficients, alpha=alpha, beta=beta, gamma=gamma)


def curve(
    base: ArchitectureSpec, alpha: float, beta: float, gamma: float
) -> tuple[CurvePoint, ...]:
    """Cost against φ, by the law and as built, at every position of φ."""
    points = []
    base_macs = network_cost(base).macs
    for phi in STEPS["phi"]:
        c = Coefficients(phi, alpha, beta, gamma)
        try:
            built = network_cost(scale(base, c.multipliers(base.resolution_px))).macs / base_macs
        except UserError:
            built = None
        points.append(CurvePoint(phi, c.law_ratio, built))
    return tuple(points)


def released_points(
    base: ArchitectureSpec, alpha: float, beta: float, gamma: float
) -> tuple[ReleasedPoint, ...]:
    """The released variants placed on the curve of these coefficients; none for other baselines
    than B0's, and none where φ costs nothing."""
    product = Coefficients(1.0, alpha, beta, gamma).constraint
    if base.name != EFFICIENTNET_B0.name or product < 1.01:
        return ()
    base_macs, points = network_cost(base).macs, []
    for variant in VARIANTS:
        multipliers = released(variant)
        law = multipliers.law_ratio(base.resolution_px)
        built = network_cost(scale(base, multipliers)).macs / base_macs
        points.append(ReleasedPoint(variant, math.log(law) / math.log(product), law, built))
    return tuple(points)
