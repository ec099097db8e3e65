"""On one photo: do roles look elsewhere than the baseline by more than seeds do?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from effnet_viz.evidence.family import listed


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike a role's maps of one photo are to the baseline's: rank correlations, -1 to 1.

    ``to_baseline``: of every network of the role with every one of the baseline. ``own``: between
    the role's own seeds, empty where only one ships.
    """

    role: str
    to_baseline: tuple[float, ...]
    own: tuple[float, ...] = ()

    def is_beyond(self, floor: float) -> bool:
        """Whether even its most baseline-like pair is less alike than the baseline's seeds, which
        are alike by ``floor`` at least."""
        return bool(self.to_baseline) and max(self.to_baseline) < floor

    def is_elsewhere(self, floor: float) -> bool:
        """Whether that pair is less alike than the role's own seeds, too."""
        return self.is_beyond(floor) and max(self.to_baseline) < min(self.own, default=1)


def on_this_photo(seeds: Sequence[float], roles: Sequence[Likeness]) -> str:
    """Which roles look elsewhere, in a sentence; ``seeds``: rank correlations between the
    baseline's. Empty where there is nothing to compare."""
    roles = [role for role in roles if role.to_baseline]
    if not seeds or not roles:
        return ""
    floor = min(seeds)
    between = f"its own seeds differ from one another (ρ {floor:.2f} to {max(seeds):.2f})"
    elsewhere = [role.role for role in roles if role.is_elsewhere(floor)]
    restless = [role for role in roles if role.is_beyond(floor) and role.role not in elsewhere]
    others = [role.role for role in roles if not role.is_beyond(floor)]
    own = [f"{role.role} (ρ {min(role.own):.2f})" for role in restless]
    if not elsewhere:
        so_do = f", or those of {listed(own)} do" if own else ""
        return f"On this photo no role differs from the baseline by more than {between}{so_do}."
    look = "looks" if len(elsewhere) == 1 else "look"
    rest = f"; the seeds of {listed(own)} differ as much" if own else ""
    rest += f"; {listed(others)} {'does' if len(others) == 1 else 'do'} not" if others else ""
    return (
        f"On this photo **{listed(elsewhere)}** {look} elsewhere than the baseline, by more than "
        f"{between}{rest}."
    )
