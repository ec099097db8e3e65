"""Positions in words and texts: every number that the Scale page shows live is written here."""

from __future__ import annotations

from typing import Any

from effnet_viz.figures.base import mebibytes, si
from effnet_viz.scaling.architectures import LATER_VARIANTS, ArchitectureSpec
from effnet_viz.scaling.compound import Coefficients, Multipliers
from effnet_viz.scaling.cost import NetworkCost
from effnet_viz.scaling.families import ROLES
from effnet_viz.scaling.sweep import CurvePoint, Position, ReleasedPoint

Json = dict[str, Any]

DIMENSIONS = ("depth", "width", "resolution")


def times(value: float) -> str:
    """A ratio with three digits: ``0.25×``, ``2.57×``, ``97.8×``, ``1,250×``."""
    return f"{value:.2f}×" if value < 10 else f"{value:.1f}×" if value < 100 else f"{value:,.0f}×"


def fixed(value: float) -> str:
    """A coefficient with its three digits."""
    return f"{value:.3f}"


def plain(value: float) -> str:
    """A value as short as it is: ``1``, ``1.3``, ``0.25``."""
    return f"{round(value, 3):g}"


def texts(
    coefficients: Coefficients | None, multipliers: Multipliers | None, variant: str | None
) -> dict[str, str]:
    """What stands beside each slider, and α·β²·γ²."""
    found = {}
    if coefficients is not None:
        c = coefficients
        found = {
            "phi": plain(c.phi),
            "alpha": fixed(c.alpha),
            "beta": fixed(c.beta),
            "gamma": fixed(c.gamma),
            "product": f"{c.constraint:.2f}",
        }
    elif variant is not None:
        found = {"variant": variant}
    elif multipliers is not None:
        found = {
            "depth": plain(multipliers.depth),
            "width": plain(multipliers.width),
            "px": str(multipliers.resolution_px),
        }
    return found


def name_of(position: Position) -> str:
    """How the page calls a position's network: ``φ = 1``, ``B4``, ``d 4, w 1, 224 px``."""
    m = position.multipliers
    if position.coefficients is not None:
        return f"φ = {plain(position.coefficients.phi)}"
    if position.variant is not None:
        return position.variant.upper()
    return f"d {plain(m.depth)}, w {plain(m.width)}, {m.resolution_px} px"


def baseline(base: ArchitectureSpec, cost: NetworkCost) -> Json:
    """The baseline's rows: ``r`` blocks, ``c`` channels, ``m`` map side after each stage."""
    return {
        "title": base.name,
        "r": [row.repeats for row in cost.stages],
        "c": [row.out_channels for row in cost.stages],
        "m": [row.out_resolution_px for row in cost.stages],
        "stages": [[str(row.stage), row.operator] for row in cost.stages],
        "h": [si(row.macs) for row in cost.stages],
    }


def position(base: ArchitectureSpec, at: Position, moved: tuple[str, ...] = ()) -> Json:
    """One row of a table: shapes as numbers, everything else as the text that is shown.

    ``v`` the texts of what ``moved``; ``x`` φ; ``q`` per role: what it has, its multiply-adds, the
    ratio; ``k`` totals beside the baseline's; ``s`` per stage: parameters, multiply-adds, ratio,
    exact channels and repeats where rounding changed them; ``h`` a stage's multiply-adds where one
    dimension is scaled alone; ``y`` the law's and the built ratio, for the curve; ``say`` in words.
    """
    first, last = at.costs[0], at.costs[-1]
    said = texts(at.coefficients, at.multipliers, at.variant)
    built, macs = times(at.built_ratio), si(last.macs)
    name = name_of(at)
    return {
        "v": {key: text for key, text in said.items() if key in moved},
        "name": name,
        "x": at.coefficients.phi if at.coefficients is not None else None,
        "r": [row.repeats for row in last.stages],
        "c": [row.out_channels for row in last.stages],
        "m": [row.out_resolution_px for row in last.stages],
        "law": times(at.law_ratio),
        "built": built,
        "y": [_short(at.law_ratio), _short(at.built_ratio)],
        "q": [
            [_facts(role, base, at, cost), si(cost.macs), times(cost.macs / first.macs)]
            for role, cost in zip(ROLES, at.costs, strict=True)
        ],
        "k": totals(at),
        "s": [
            [
                si(row.params),
                si(row.macs),
                times(row.macs / before.macs),
                _exact(rounding.exact_channels, rounding.channels),
                _exact(rounding.exact_repeats, rounding.repeats),
            ]
            for row, before, rounding in zip(last.stages, first.stages, at.ledger, strict=True)
        ],
        "h": [[si(row.macs) for row in cost.stages] for cost in at.costs[1:4]],
        "say": f"{macs.replace(' M', ' million').replace(' B', ' billion')} multiply-adds, "
        f"{built.replace('×', ' times')} the baseline",
    }


def totals(at: Position) -> list[list[str]]:
    """Multiply-adds, parameters, activations, memory, receptive field; each beside a reference."""
    first, last = at.costs[0], at.costs[-1]
    return [
        [si(last.macs), times(at.built_ratio)],
        [si(last.params), times(last.params / first.params)],
        [si(last.activations), times(last.activations / first.activations)],
        [mebibytes(at.memory), times(at.memory / at.base_memory)],
        [f"{last.receptive_field_px:,} px", f"of {at.multipliers.resolution_px} px"],
    ]


def _facts(role: str, base: ArchitectureSpec, at: Position, cost: NetworkCost) -> str:
    """What a row of the drawing is: blocks and pixels, or the one thing it scales."""
    blocks = sum(row.repeats for row in cost.stages[1:-1])
    m = at.multipliers
    match role:
        case "depth":
            return f"{blocks} blocks"
        case "width":
            return f"channels × {m.width:.3g}"
        case "resolution":
            return f"{m.resolution_px} px"
        case "baseline":
            return f"{blocks} blocks, {base.resolution_px} px"
    return f"{blocks} blocks, {m.resolution_px} px"


def _exact(exact: float, built: int) -> str:
    """The value before rounding in brackets, where rounding changed it."""
    return "" if not built or abs(exact - built) < 0.005 else f"({exact:.2f})"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _when(variant: str) -> str:
    return ", published later" if variant in LATER_VARIANTS else ""


def drawing_alt(base: ArchitectureSpec, at: Position) -> str:
    """The drawing in words."""
    parts = []
    for role, cost in zip(ROLES, at.costs, strict=True):
        inner = cost.stages[1:-1]
        px = at.multipliers.resolution_px if role in ("resolution", "compound") else None
        parts.append(
            f"{role}: {sum(row.repeats for row in inner)} blocks, "
            f"up to {max(row.out_channels for row in inner)} channels, "
            f"{px or base.resolution_px} px"
        )
    return f"Five networks drawn to one scale, at {name_of(at)}. " + "; ".join(parts) + "."


def curve(points: tuple[CurvePoint, ...], released: tuple[ReleasedPoint, ...], key: str) -> Json:
    """The curve of cost against φ: numbers to place, texts to read."""
    built = [p.built_ratio for p in points if p.built_ratio]
    return {
        "id": key,
        "law": [_short(p.law_ratio) for p in points],
        "built": [_short(p.built_ratio) if p.built_ratio else None for p in points],
        "released": [
            [
                point.variant.upper(),
                _short(point.phi),
                _short(point.built_ratio),
                f"{point.variant.upper()}{_when(point.variant)}: law {times(point.law_ratio)}, "
                f"built {times(point.built_ratio)}; placed at φ = {point.phi:.1f}, where the law "
                "costs as much",
            ]
            for point in released
        ],
        "alt": f"Cost against φ, from {points[0].phi:g} to {points[-1].phi:g}: the law runs from "
        f"{times(points[0].law_ratio)} to {times(points[-1].law_ratio)}, the built networks from "
        f"{times(built[0])} to {times(built[-1])}.",
    }
