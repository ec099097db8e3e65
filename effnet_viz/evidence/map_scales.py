"""How the values of a map become shades: three scales that mean the same in every network.

Raw maxima of different networks are in different units, so one shared maximum would compare nothing
and is not offered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from types import MappingProxyType

from effnet_viz.evidence.results import CamResult

OWN, MASS, RANK = "own", "mass", "rank"


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale's name on screen and what equal shades mean under it."""

    title: str
    what: str


SCALES: MappingProxyType[str, Scale] = MappingProxyType(
    {
        OWN: Scale("Own maximum", "A shade is a share of the map's own largest value."),
        MASS: Scale(
            "Share of the map",
            "Cells as bright as the middle shade, or brighter, hold half of the map's sum, in "
            "every network.",
        ),
        RANK: Scale(
            "Rank of the place",
            "Half of all cells are darker than the middle shade, in every network.",
        ),
    }
)


def shades(raw: Sequence[Sequence[float]], scale: str) -> tuple[tuple[float, ...], ...]:
    """The shades, 0-1, of a map's rows of values ≥ 0; all 0 where the map is.

    ``own``: value / maximum. ``mass``: 1 minus the share of the map's sum that larger cells
    hold. ``rank``: the share of cells that are smaller. Equal values have equal shades.
    """
    values = [value for row in raw for value in row]
    top = max(values)
    if top <= 0:
        return tuple(tuple(0.0 for _ in row) for row in raw)
    if scale == OWN:
        return tuple(tuple(value / top for value in row) for row in raw)
    ordered = sorted(values, reverse=scale == MASS)
    if scale == MASS:
        whole = sum(ordered)
        before = [0.0, *accumulate(ordered)][:-1]
        of = {v: 1 - b / whole for v, b in reversed(list(zip(ordered, before, strict=True)))}
    else:
        places = max(1, len(ordered) - 1)
        of = {v: at / places for at, v in reversed(list(enumerate(ordered)))}
    return tuple(tuple(max(0.0, of[value]) if value > 0 else 0.0 for value in row) for row in raw)


def rescaled(result: CamResult, scale: str) -> CamResult:
    """The same map with shades for values, to be painted; ``own`` changes nothing."""
    if scale == OWN or not result.evidence:
        return result
    return replace(result, raw=shades(result.raw, scale), raw_max=1.0)
