"""Do two seeds of one network look at the same places? And two roles?

Maps of the last stage are compared by the order of their values (Spearman's rank correlation), all
on the cells of the baseline's map, the coarsest of the family, where they lie on the photo: a finer
grid alone would change the figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from effnet_viz.evidence.family import listed
from effnet_viz.evidence.seeds.tables import read_rows, write_rows
from effnet_viz.evidence.splits import RESULTS_DIR

AGREEMENT_FILE = RESULTS_DIR / "classroom-agreement.json"


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """How alike the maps of two roles are, or, where ``one`` is ``other``, of seeds of one role.

    ``mean``: the rank correlation, -1 to 1, over ``count`` photos and all ``pairs`` of networks,
    with its 95 % interval over photos. ``elsewhere``: the same of maps of different photos, which
    is what habit alone makes alike. ``over_seeds``: ``mean`` less that of seeds of these roles (the
    mean of both, or of the one that has several), on the same photos, with its interval; 0 for
    seeds themselves, None where neither role has several.
    """

    one: str
    other: str
    pairs: int
    mean: float
    low: float
    high: float
    elsewhere: float
    over_seeds: float | None
    over_seeds_low: float | None
    over_seeds_high: float | None
    count: int

    @property
    def same_role(self) -> bool:
        """Whether these are seeds of one role."""
        return self.one == self.other


def write_agreement(rows: Sequence[AgreementRow], path: Path = AGREEMENT_FILE) -> None:
    """Write the table in one step."""
    write_rows(rows, path)


def read_agreement(path: Path = AGREEMENT_FILE) -> tuple[AgreementRow, ...]:
    """The shipped table: first seeds of one role, then pairs of roles in their order; empty where
    none ships. Raises UserError where it is damaged."""
    return read_rows(AgreementRow, path)


def of_seeds(rows: Sequence[AgreementRow]) -> list[AgreementRow]:
    """The rows of seeds of one role."""
    return [row for row in rows if row.same_role]


def of_roles(rows: Sequence[AgreementRow]) -> list[AgreementRow]:
    """The rows of two roles, the most alike first."""
    return sorted((row for row in rows if not row.same_role), key=lambda row: -row.mean)


def agreement_sentence(rows: Sequence[AgreementRow]) -> str:
    """What the table says in words; empty without one."""
    seeds, roles = of_seeds(rows), of_roles(rows)
    known = [row for row in roles if row.over_seeds_high is not None]
    if not seeds or not known:
        return ""
    same = ", ".join(f"{row.one} {row.mean:.2f} ({row.low:.2f} to {row.high:.2f})" for row in seeds)
    mean = sum(row.mean for row in roles) / len(roles)
    habit = sum(row.elsewhere for row in rows) / len(rows)
    most, least = roles[0], roles[-1]
    less = [f"{row.one} and {row.other}" for row in known if (row.over_seeds_high or 0) < 0]
    meaning = (
        f"{len(less)} agree{'s' if len(less) == 1 else ''} less than the seeds do, beyond chance "
        f"among the photos: {'; '.join(less)}"
        if less
        else "**none agrees less** than the seeds do, beyond chance among the photos. So where two "
        "networks look on one photo differs by luck of the start as much as by scaling; only "
        "figures over many photos speak of scaling"
    )
    return (
        f"Maps of two seeds of one role agree with rank correlation: {same}; maps of different "
        f"photos, by habit alone, {habit:.2f}. Maps of two roles: **{mean:.2f}** on average, from "
        f"{least.mean:.2f} ({least.one} and {least.other}) to {most.mean:.2f} ({most.one} and "
        f"{most.other}). Of the {len(known)} pairs with a role of several seeds, {meaning}."
    )


@cache
def shipped_floor() -> str:
    """`floor_sentence` of the shipped table, read once: Compare says it whenever it is drawn."""
    return floor_sentence(read_agreement())


def floor_sentence(rows: Sequence[AgreementRow]) -> str:
    """With what a correlation of two maps is to be compared, in a sentence; empty without seeds."""
    seeds, roles = of_seeds(rows), of_roles(rows)
    if not seeds or not roles:
        return ""
    same = listed([f"{row.one} {row.mean:.2f}" for row in seeds])
    mean = sum(row.mean for row in roles) / len(roles)
    count = seeds[0].count
    return f"Mean over {count} photos, two seeds of one role: {same}; two roles: {mean:.2f}."
