"""Kinds of answers: read, compared with the true one, and matched with known mistakes.

A number is right within a share of the true one. A choice is right where it is the true option. A
point is right where it lies within a share of each axis; one axis may be fixed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from effnet_viz.errors import UserError

Kind = Literal["number", "choice", "point"]
Point = tuple[float, float]
Value = float | str | Point

#: How far a number may be from a known mistake and still be taken for it.
TRAP_TOLERANCE = 0.03


@dataclass(frozen=True, slots=True)
class Axes:
    """Where a point may be put: the ends of both axes, x logarithmic where ``log_x``.

    ``fixed_x`` is the x that every answer has, None where x is asked for too.
    """

    x_low: float
    x_high: float
    y_low: float
    y_high: float
    log_x: bool = False
    fixed_x: float | None = None

    def apart(self, one: Point, other: Point) -> tuple[float, float]:
        """How far two points are from each other, as shares of the two axes."""
        scale = math.log if self.log_x else float
        across = abs(scale(one[0]) - scale(other[0])) / (scale(self.x_high) - scale(self.x_low))
        up = abs(one[1] - other[1]) / (self.y_high - self.y_low)
        return across, up

    def holds(self, point: Point) -> bool:
        """Whether a point lies on the axes' area, and at the fixed x where there is one."""
        x, y = point
        at = self.fixed_x is None or math.isclose(x, self.fixed_x, rel_tol=1e-6)
        return at and self.x_low <= x <= self.x_high and self.y_low <= y <= self.y_high


@dataclass(frozen=True, slots=True)
class Worked:
    """A question worked out: the true answer and what its text speaks of.

    ``facts`` fill the text's placeholders. ``traps`` are well-known mistakes by name, for numbers;
    of a choice every wrong option is one. ``options`` are those of a choice, in order.
    """

    kind: Kind
    answer: Value
    facts: Mapping[str, float | str] = field(default_factory=lambda: MappingProxyType({}))
    traps: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    tolerance: float = 0.0
    options: tuple[str, ...] = ()
    axes: Axes | None = None

    def is_right(self, value: Value) -> bool:
        """Whether an answer counts as right."""
        if self.kind == "choice" or isinstance(value, str) or isinstance(self.answer, str):
            return value == self.answer
        if isinstance(value, tuple) and isinstance(self.answer, tuple):
            assert self.axes is not None
            return max(self.axes.apart(value, self.answer)) <= self.tolerance * (1 + 1e-9)
        if isinstance(value, tuple) or isinstance(self.answer, tuple):
            return False
        return abs(value - self.answer) <= self.tolerance * abs(self.answer) * (1 + 1e-9)

    def trap_of(self, value: Value) -> str | None:
        """The name of the known mistake behind a wrong answer; None for a right or unknown one."""
        if self.is_right(value) or isinstance(value, tuple):
            return None
        if isinstance(value, str):
            return value if value in self.options else None
        near = [
            (abs(value - wrong), name)
            for name, wrong in self.traps.items()
            if math.isclose(value, wrong, rel_tol=TRAP_TOLERANCE, abs_tol=1e-9)
        ]
        return min(near)[1] if near else None

    def read(self, raw: str) -> Value:
        """The answer that `written` wrote. Raises UserError where it is none to this question."""
        if self.kind == "choice":
            if raw in self.options:
                return raw
            raise UserError("Choose one of the options.")
        try:
            numbers = tuple(float(part) for part in raw.split(";"))
        except ValueError:
            numbers = ()
        wanted = 2 if self.kind == "point" else 1
        if len(numbers) != wanted or not all(map(math.isfinite, numbers)):
            raise UserError("Put a point first." if wanted == 2 else "Write a number first.")
        if len(numbers) == 1:
            return numbers[0]
        point = (numbers[0], numbers[1])
        if self.axes is None or not self.axes.holds(point):
            raise UserError("The point lies outside the picture; put it inside.")
        return point


def written(value: Value) -> str:
    """An answer as one short text; equal answers are equal texts, for the tally."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return ";".join(f"{part:.6g}" for part in value)
    return f"{value:.6g}"
