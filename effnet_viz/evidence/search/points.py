"""Which networks the small grid search trains, by arithmetic alone, and how its winner grows.

Step 1 of the paper (Tan & Le 2019, section 3.3) fixes φ = 1 and looks for α, β, γ ≥ 1 with
α·β²·γ² ≈ 2. On a small baseline whole blocks, channels in eights and whole pixels move the cost far
from the law, so the condition here is on the network that is built: its multiply-adds within
`TOLERANCE` of `TARGET` times the baseline's. The law's value stands beside it.

The points are those of a grid of α, β and γ in steps of `STEP`. Many points of the grid build the
same network. Of those that step 2 can scale on (see `compound_from`), the one whose law is nearest
`TARGET` stands for all of them; where there is none, the network is left out.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Literal

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE, ArchitectureSpec
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import NetworkCost, network_cost
from effnet_viz.scaling.families import Role

Kind = Literal["corner", "pair", "mixture"]

#: Built multiply-adds in baselines, and how far from it a point may be.
TARGET, TOLERANCE = 2.0, 0.10
STEP = 0.05
#: The largest α, β and γ of the grid: what the law gives a dimension scaled alone, plus 10 %.
LARGEST = (2.2, 1.5, 1.5)

#: What ``search`` trains unless told otherwise: three corners and nine mixtures, briefly.
DEFAULT_POINTS, SEARCH_EPOCHS = 12, 8

#: Step 2 of the paper: the winner's α, β, γ with φ for this many baselines, as built.
COMPOUND_TARGET, COMPOUND_TOLERANCE = 4.0, 0.05


@dataclass(frozen=True, slots=True)
class SearchPoint:
    """One point of the search, φ = 1 on ``base``.

    ``kind``: ``corner`` scales one dimension, ``pair`` two, ``mixture`` all three; every dimension
    scaled changes the built network.
    """

    name: str
    kind: Kind
    alpha: float
    beta: float
    gamma: float
    base: ArchitectureSpec = CLASSROOM_BASELINE

    @property
    def coefficients(self) -> Coefficients:
        """α, β, γ at φ = 1."""
        return Coefficients(1.0, self.alpha, self.beta, self.gamma)

    @property
    def multipliers(self) -> Multipliers:
        """What the coefficients apply to the baseline."""
        return self.coefficients.multipliers(self.base.resolution_px)

    @property
    def spec(self) -> ArchitectureSpec:
        """The network that is built and trained."""
        return scale(self.base, self.multipliers)

    @property
    def law_ratio(self) -> float:
        """``α · β² · γ²``: the multiply-adds in baselines, by the law."""
        return self.coefficients.law_ratio

    @property
    def built_ratio(self) -> float:
        """The multiply-adds in baselines, as built."""
        return _cost(self.spec).macs / _cost(self.base).macs

    @property
    def role(self) -> Role:
        """The dimension a corner scales; ``compound`` for every other point."""
        return dimensions(self)[0] if self.kind == "corner" else "compound"


@cache
def _cost(spec: ArchitectureSpec) -> NetworkCost:
    return network_cost(spec)


def dimensions(point: SearchPoint) -> tuple[Role, ...]:
    """The dimensions in which the built network differs from the baseline."""
    spec, base = point.spec, point.base
    pairs = list(zip(spec.stages, base.stages, strict=True))
    found: list[Role] = []
    if any(new.repeats != old.repeats for new, old in pairs):
        found.append("depth")
    if any(new.out_channels != old.out_channels for new, old in pairs):
        found.append("width")
    if spec.resolution_px != base.resolution_px:
        found.append("resolution")
    return tuple(found)


def shares(alpha: float, beta: float, gamma: float) -> tuple[float, float, float]:
    """What depth, width and resolution have of the law's cost: ``ln α``, ``2 ln β`` and ``2 ln γ``
    over their sum. On the law's surface α·β²·γ² = 2 they say which point it is; at α = β = γ = 1
    there is nothing to share (ZeroDivisionError)."""
    depth, width, resolution = math.log(alpha), 2 * math.log(beta), 2 * math.log(gamma)
    whole = depth + width + resolution
    return depth / whole, width / whole, resolution / whole


def search_points(
    count: int | None = None, base: ArchitectureSpec = CLASSROOM_BASELINE
) -> tuple[SearchPoint, ...]:
    """The first ``count`` points (None: all): corners, then mixtures, then pairs.

    A corner is the network nearest `TARGET` that scales one dimension. Mixtures and pairs are all
    that the grid has, each next one as far as possible (in log-cost) from those of its kind before
    it, so that any beginning is spread over the surface. Raises UserError where there are fewer.
    """
    points = _all_points(base)
    if count is not None and not 1 <= count <= len(points):
        raise UserError(f"The grid has {len(points)} points; ask for 1 to {len(points)}.")
    return points[:count]


@cache
def _all_points(base: ArchitectureSpec) -> tuple[SearchPoint, ...]:
    alike: dict[ArchitectureSpec, list[SearchPoint]] = {}
    for alpha, beta, gamma in product(*map(_steps, LARGEST)):
        point = _point(alpha, beta, gamma, base)
        if point is not None and abs(point.built_ratio - TARGET) <= TOLERANCE * TARGET:
            alike.setdefault(point.spec, []).append(point)
    points = [point for point in map(_representative, alike.values()) if point is not None]
    corners = [
        min(
            (p for p in points if p.kind == "corner" and p.role == role),
            key=lambda p: abs(p.built_ratio - TARGET),
        )
        for role in ("depth", "width", "resolution")
    ]
    return (
        *corners,
        *_spread([p for p in points if p.kind == "mixture"]),
        *_spread([p for p in points if p.kind == "pair"]),
    )


def _steps(largest: float) -> list[float]:
    return [round(1 + STEP * n, 2) for n in range(round((largest - 1) / STEP) + 1)]


def _point(alpha: float, beta: float, gamma: float, base: ArchitectureSpec) -> SearchPoint | None:
    """The grid's point, None where a coefficient above 1 changes nothing in the built network."""
    meant = [value > 1 for value in (alpha, beta, gamma)]
    if not any(meant) or alpha * beta**2 * gamma**2 > 1.5 * TARGET:
        return None
    kinds: tuple[Kind, ...] = ("corner", "pair", "mixture")
    name = f"a{alpha:.2f}-b{beta:.2f}-g{gamma:.2f}"
    point = SearchPoint(name, kinds[sum(meant) - 1], alpha, beta, gamma, base)
    scaled = dimensions(point)
    if len(scaled) != sum(meant):
        return None
    return replace(point, name=scaled[0]) if point.kind == "corner" else point


def _representative(alike: list[SearchPoint]) -> SearchPoint | None:
    for point in sorted(alike, key=_off_target):
        try:
            compound_from(point)
        except UserError:
            continue
        return point
    return None


def _off_target(point: SearchPoint) -> float:
    return abs(point.law_ratio - TARGET)


def _spread(points: list[SearchPoint]) -> list[SearchPoint]:
    """Farthest first, beginning with the law's nearest to `TARGET`."""
    left = sorted(points, key=lambda p: (_off_target(p), p.name))
    chosen: list[SearchPoint] = left[:1]
    left = left[1:]
    while left:
        following = max(left, key=lambda p: min(_distance(p, other) for other in chosen))
        chosen.append(following)
        left.remove(following)
    return chosen


def _distance(one: SearchPoint, other: SearchPoint) -> float:
    return math.hypot(
        math.log(one.alpha / other.alpha),
        2 * math.log(one.beta / other.beta),
        2 * math.log(one.gamma / other.gamma),
    )


def compound_from(point: SearchPoint, target: float = COMPOUND_TARGET) -> Coefficients:
    """Step 2: the point's α, β, γ with the φ (in hundredths) that builds nearest ``target``
    baselines; of equals the one whose law is nearest.

    Raises UserError where none builds within `COMPOUND_TOLERANCE`.
    """
    baseline = _cost(point.base).macs

    def built(phi: float) -> float:
        multipliers = Coefficients(phi, point.alpha, point.beta, point.gamma).multipliers(
            point.base.resolution_px
        )
        return _cost(scale(point.base, multipliers)).macs / baseline

    by_law = math.log(target) / math.log(point.law_ratio)
    phis = [n / 100 for n in range(1, round(200 * by_law))]
    above = bisect_left(phis, target, key=built)  # the cost never falls as φ grows
    ratio = min((built(phi) for phi in phis[above - 1 : above + 1]), key=lambda r: abs(r - target))
    equals = phis[bisect_left(phis, ratio, key=built) : bisect_right(phis, ratio, key=built)]
    phi = min(equals, key=lambda value: abs(value - by_law))
    if abs(built(phi) - target) > COMPOUND_TOLERANCE * target:
        raise UserError(
            f"No φ scales {point.name} to within {COMPOUND_TOLERANCE:.0%} of {target:g} times the "
            f"baseline; the nearest, {phi:g}, builds {built(phi):.2f} times."
        )
    return Coefficients(phi, point.alpha, point.beta, point.gamma)


def title(point: SearchPoint) -> str:
    """How a page calls the point."""
    if point.kind == "corner":
        return f"{point.role} only"
    return f"α {point.alpha:g}, β {point.beta:g}, γ {point.gamma:g}"


def built_shares(point: SearchPoint) -> tuple[float, float, float]:
    """What depth, width and resolution have of the cost as built: the logarithms of what each
    costs on its own, over their sum."""
    logs = []
    for alone in (
        replace(point, beta=1.0, gamma=1.0),
        replace(point, alpha=1.0, gamma=1.0),
        replace(point, alpha=1.0, beta=1.0),
    ):
        logs.append(math.log(alone.built_ratio))
    depth, width, resolution = logs
    whole = depth + width + resolution
    return depth / whole, width / whole, resolution / whole


@cache
def staircase(
    role: Role, largest: float = 2.5, base: ArchitectureSpec = CLASSROOM_BASELINE
) -> tuple[tuple[float, float, float], ...]:
    """(multiplier, law's ratio, built ratio) as one dimension grows until the law says ``largest``.

    Raises KeyError for a role that is not one dimension.
    """
    power = {"depth": 1, "width": 2, "resolution": 2}[role]
    place = ("depth", "width", "resolution").index(role)
    steps = []
    for n in range(151):
        law = largest ** (n / 150)
        value = law ** (1 / power)
        alpha, beta, gamma = (value if i == place else 1.0 for i in range(3))
        point = SearchPoint(role, "corner", alpha, beta, gamma, base)
        steps.append((value, law, point.built_ratio))
    return tuple(steps)
