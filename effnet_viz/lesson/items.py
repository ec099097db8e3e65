"""The test before and after: eight items in two parallel forms, A and B.

The forms ask the same things with other numbers. Half of a class gets A before and B after, the
other half B before and A after, so that a harder form cannot pass for a gain. Every answer is
computed here, as for the questions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.evidence import accuracy
from effnet_viz.lesson.answers import Kind, Value, Worked
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import (
    Coefficients,
    Multipliers,
    round_px,
    round_repeats,
    scale,
)

Form = Literal["a", "b"]
Moment = Literal["before", "after"]
FORMS: tuple[Form, Form] = ("a", "b")
MOMENTS: tuple[Moment, Moment] = ("before", "after")


@dataclass(frozen=True, slots=True)
class Item:
    """One item; its words are under its key, with the numbers of a form filled in."""

    key: str
    kind: Kind
    work: Callable[[Form], Worked]


def _of(form: Form, a: Mapping[str, float], b: Mapping[str, float]) -> Mapping[str, float]:
    return a if form == "a" else b


def _count(form: Form) -> Worked:
    facts = _of(form, {"printed": 0.39}, {"printed": 4.2})
    return Worked("choice", "macs", facts, options=("speed", "macs", "params", "bytes"))


def _exponent(form: Form) -> Worked:
    facts = _of(form, {"alpha": 1.2, "phi": 3}, {"alpha": 1.3, "phi": 2})
    alpha, phi = facts["alpha"], facts["phi"]
    depth = Coefficients(phi, alpha).multipliers(EFFICIENTNET_B0.resolution_px).depth
    traps = {"product": alpha * phi, "power": phi**alpha}
    return Worked("number", depth, facts, traps, tolerance=0.015)


def _law(depth: float, width: float, resolution: float) -> float:
    base = EFFICIENTNET_B0.resolution_px
    return Multipliers(depth, width, round_px(resolution * base)).law_ratio(base)


def _width(form: Form) -> Worked:
    facts = _of(form, {"w": 2}, {"w": 3})
    answer = _law(1, facts["w"], 1)
    return Worked("number", answer, facts, {"linear": facts["w"]}, tolerance=0.06)


def _both(form: Form) -> Worked:
    facts = _of(form, {"w": 2, "r": 2}, {"w": 2, "r": 3})
    w, r = facts["w"], facts["r"]
    traps = {"linear": w * r, "added": w**2 + r**2}
    return Worked("number", _law(1, w, r), facts, traps, tolerance=0.06)


def _blocks(form: Form) -> Worked:
    facts = _of(form, {"blocks": 3, "d": 1.1}, {"blocks": 2, "d": 1.2})
    built = round_repeats(int(facts["blocks"]), facts["d"])
    return Worked("number", float(built), facts, {"nearest": facts["blocks"]}, tolerance=0.001)


def _dimension(form: Form) -> Worked:
    """Which multiplier changes the input (A), and which the channels (B)?"""
    base = EFFICIENTNET_B0
    alone = {
        "depth": Multipliers(2, 1, base.resolution_px),
        "width": Multipliers(1, 2, base.resolution_px),
        "resolution": Multipliers(1, 1, 2 * base.resolution_px),
    }

    def changes(name: str) -> bool:
        built = scale(base, alone[name])
        if form == "a":
            return built.resolution_px != base.resolution_px
        return built.stages[0].out_channels != base.stages[0].out_channels

    answer = next(name for name in alone if changes(name))
    return Worked("choice", answer, options=tuple(alone))


def _constraint(form: Form) -> Worked:
    """The only triple of ratios of at least 1 with a product within a tenth of 2."""
    triples = {
        "a": {"one": (1.2, 1.1, 1.15), "two": (2.0, 2.0, 2.0), "three": (0.8, 1.2, 1.3)},
        "b": {"one": (2.0, 1.5, 1.5), "two": (0.9, 1.25, 1.2), "three": (1.4, 1.1, 1.08)},
    }[form]
    facts = {
        f"{option}_{name}": value
        for option, triple in triples.items()
        for name, value in zip(("alpha", "beta", "gamma"), triple, strict=True)
    }
    answer = next(
        option
        for option, (a, b, c) in triples.items()
        if min(a, b, c) >= 1 and math.isclose(a * b**2 * c**2, 2, rel_tol=0.1)
    )
    return Worked("choice", answer, facts, options=tuple(triples))


def _chance(form: Form) -> Worked:
    """Two accuracies on so many photos, against what chance allows."""
    facts = _of(
        form, {"one": 81, "other": 82, "photos": 400}, {"one": 90, "other": 91, "photos": 500}
    )
    needed = accuracy.margin(facts["other"], int(facts["photos"]))
    apart = facts["other"] - facts["one"] > needed
    return Worked(
        "choice", "better" if apart else "chance", {**facts, "needed": needed},
        options=("better", "chance", "worse"),
    )  # fmt: skip


#: The eight items, in the order in which they are asked.
ITEMS: MappingProxyType[str, Item] = MappingProxyType(
    {
        item.key: item
        for item in (
            Item("count", "choice", _count),
            Item("exponent", "number", _exponent),
            Item("width_cost", "number", _width),
            Item("both_cost", "number", _both),
            Item("blocks", "number", _blocks),
            Item("dimension", "choice", _dimension),
            Item("constraint", "choice", _constraint),
            Item("chance", "choice", _chance),
        )
    }
)


def form_of(seat: int, moment: Moment) -> Form:
    """The form a seat gets: odd seats A before and B after, even seats the other way round."""
    first = seat % 2 == 1
    return "a" if first == (moment == "before") else "b"


def asked(item: str, moment: Moment) -> str:
    """The name under which a room keeps an item's answers, e.g. ``before.blocks``."""
    return f"{moment}.{item}"


def mark(item: str, form: Form, raw: str) -> bool:
    """Whether an answer, as `effnet_viz.lesson.answers.written` wrote it, is right."""
    worked = ITEMS[item].work(form)
    try:
        value: Value = worked.read(raw)
    except UserError:
        return False
    return worked.is_right(value)


def marks(answers: Mapping[str, str], form: Form) -> tuple[bool, ...]:
    """Right or wrong for each of the eight, by item; what was left out is wrong."""
    return tuple(mark(item, form, answers.get(item, "")) for item in ITEMS)


def complete(answers: Sequence[str] | Mapping[str, str]) -> bool:
    """Whether all eight are there."""
    return all(item in answers for item in ITEMS)
