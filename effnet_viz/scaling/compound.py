"""Scaling: the laws, the rounding rules, and the scaled architecture.

Source: Tan & Le 2019 (arXiv:1905.11946), section 3.3 for the law; the rounding rules are those of
the paper's original implementation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import VARIANTS, ArchitectureSpec, StageSpec

#: Limits inside which a scaled network still means something; far beyond anything trainable.
PHI_LIMIT = 20.0
COEFFICIENT_RANGE = (0.5, 4.0)
MULTIPLIER_LIMIT = 64.0
RESOLUTION_RANGE_PX = (8, 8000)

#: How far from a whole number, relative to it, floating point may leave a product that is one.
DUST = 1e-9

#: The paper's grid-search result at phi = 1 (v1 section 4).
PAPER_ALPHA, PAPER_BETA, PAPER_GAMMA = 1.2, 1.1, 1.15


@dataclass(frozen=True, slots=True)
class Multipliers:
    """What is applied to a baseline: depth and width factors, and an input size in pixels."""

    depth: float
    width: float
    resolution_px: int

    def law_ratio(self, baseline_px: int) -> float:
        """Relative MACs by the law, ``d · w² · r²`` with ``r = resolution_px / baseline_px``."""
        return self.depth * self.width**2 * (self.resolution_px / baseline_px) ** 2


class Law(Protocol):
    """A rule that says how large a network becomes: a frozen record of its knobs, in `LAWS`.

    ``law_ratio`` is the multiply-adds it promises, over the baseline's.
    """

    @property
    def law_ratio(self) -> float:
        """Relative MACs by the rule, before anything is rounded."""

    def exact_px(self, baseline_px: int) -> float:
        """The input size by the rule, before it becomes a whole number of pixels."""

    def multipliers(self, baseline_px: int) -> Multipliers:
        """What is applied to a baseline of ``baseline_px``. Raises UserError out of range."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Compound scaling by phi and per-step coefficients: ``d = α^φ``, ``w = β^φ``, ``r = γ^φ``."""

    phi: float
    alpha: float = PAPER_ALPHA
    beta: float = PAPER_BETA
    gamma: float = PAPER_GAMMA

    def __post_init__(self) -> None:
        _require("phi", self.phi, -PHI_LIMIT, PHI_LIMIT)
        for name in ("alpha", "beta", "gamma"):
            _require(name, getattr(self, name), *COEFFICIENT_RANGE)

    @property
    def constraint(self) -> float:
        """``α · β² · γ²``, which the paper keeps near 2."""
        return self.alpha * self.beta**2 * self.gamma**2

    @property
    def law_ratio(self) -> float:
        """Relative MACs the law predicts, ``(α · β² · γ²)^φ``."""
        return self.constraint**self.phi

    def exact_px(self, baseline_px: int) -> float:
        """``γ^φ`` times the baseline's input size."""
        return baseline_px * self.gamma**self.phi

    def multipliers(self, baseline_px: int) -> Multipliers:
        """The multipliers for a baseline of ``baseline_px``; the resolution is a whole pixel count.

        Raises UserError where the result is outside the limits of this module.
        """
        return checked_multipliers(
            self.alpha**self.phi,
            self.beta**self.phi,
            round_px(self.exact_px(baseline_px)),
        )


#: Every scaling law, by name: what makes it from its knobs, which have defaults or are required.
LAWS: MappingProxyType[str, Callable[..., Law]] = MappingProxyType(
    {
        "compound": Coefficients,
    }
)


def checked_multipliers(depth: float, width: float, resolution_px: float) -> Multipliers:
    """Multipliers from raw numbers, or UserError naming the one that is out of range."""
    _require("depth", depth, 1 / MULTIPLIER_LIMIT, MULTIPLIER_LIMIT)
    _require("width", width, 1 / MULTIPLIER_LIMIT, MULTIPLIER_LIMIT)
    _require("resolution_px", resolution_px, *RESOLUTION_RANGE_PX)
    if resolution_px != int(resolution_px):
        raise UserError(f"resolution_px must be a whole number of pixels, not {resolution_px}.")
    return Multipliers(depth, width, int(resolution_px))


def _require(name: str, value: float, low: float, high: float) -> None:
    try:
        inside = low <= value <= high  # false for NaN
    except TypeError:
        inside = False
    if not inside:
        raise UserError(f"{name} must be between {low:g} and {high:g}, not {value}.")


def undusted(product: float) -> float:
    """The whole number that a product is up to a relative 1e-9, else the product itself.

    Every product is passed through here before it is rounded: √2² is 2.0000000000000004 in floating
    point, and must not become 3 blocks.
    """
    nearest = math.floor(product + 0.5)
    return nearest if abs(product - nearest) <= DUST * nearest else product


def round_filters(channels: float, width: float = 1.0) -> int:
    """``channels · width`` snapped to a multiple of 8, at least 8 and 90 % of the product."""
    scaled = undusted(channels * width)
    snapped = max(8, int(scaled + 4) // 8 * 8)
    return snapped + 8 if snapped < undusted(0.9 * scaled) else snapped


def round_repeats(repeats: int, depth: float) -> int:
    """``ceil(depth · repeats)``: any depth above 1 doubles a one-block stage."""
    return math.ceil(undusted(depth * repeats))


def round_px(px: float) -> int:
    """The nearest whole number of pixels; a half goes to the even one, as in `round`."""
    return round(undusted(2 * px) / 2)


def scale(spec: ArchitectureSpec, multipliers: Multipliers) -> ArchitectureSpec:
    """A new spec with every width, repeat and the input size scaled and rounded.

    Width applies to stem, stages and head, depth to the stages between; fewer where the ends are
    fixed.
    Raises UserError where a multiplier is out of range or a stage would round to no channels.
    """
    depth, width, px = multipliers.depth, multipliers.width, multipliers.resolution_px
    checked_multipliers(depth, width, px)
    narrowest, number = min(
        (channels, number)
        for number, stage in enumerate(spec.stages, start=1)
        for channels in (stage.out_channels, stage.inner_channels)
        if channels and spec.is_widened(number)
    )
    if undusted(narrowest * width) < 4:
        raise UserError(
            f"width {width:g} leaves stage {number} of {spec.name} with {narrowest * width:.1f} "
            f"channels, which rounds to none; use at least {4 / narrowest:g}."
        )
    stages = tuple(
        _scale_stage(
            stage,
            depth if spec.is_deepened(number) else 1,
            width if spec.is_widened(number) else 1,
            spec.min_head_channels if number == len(spec.stages) else 0,
        )
        for number, stage in enumerate(spec.stages, start=1)
    )
    return replace(spec, stages=stages, resolution_px=px)


def _scale_stage(stage: StageSpec, depth: float, width: float, least: int) -> StageSpec:
    """The stage with at least ``least`` channels, which a head without channels does not heed."""

    def widened(channels: int) -> int:
        return round_filters(channels, width) if channels else 0

    return replace(
        stage,
        out_channels=stage.out_channels and max(least, widened(stage.out_channels)),
        inner_channels=widened(stage.inner_channels),
        repeats=round_repeats(stage.repeats, depth),
    )


def released(variant: str) -> Multipliers:
    """The published multipliers of a variant, its name in any case, the later ones included.

    Raises UserError, which lists the names, for any other.
    """
    try:
        row = VARIANTS[variant.lower()]
    except KeyError:
        raise UserError(
            f"There is no variant {variant!r}; choose one of {', '.join(VARIANTS)}."
        ) from None
    return Multipliers(row.depth, row.width, row.resolution_px)


def hold_constraint(
    alpha: float,
    beta: float,
    gamma: float,
    moved: str,
    target: float = 2.0,
    most: float = math.inf,
) -> tuple[float, float, float]:
    """α, β, γ with ``α·β²·γ² = target``: ``moved`` keeps its value, the other two share the rest.

    The other two keep their proportion in log-cost (both at 1 share evenly) and stay between 1 and
    ``most``; where ``moved`` alone overshoots the target, it is lowered to meet it, and where the
    other two cannot reach it, raised.
    """
    powers = {"alpha": 1, "beta": 2, "gamma": 2}
    if moved not in powers:
        raise UserError(f"moved must be alpha, beta or gamma, not {moved!r}.")
    logs = {
        name: power * math.log(max(1.0, value))
        for (name, power), value in zip(powers.items(), (alpha, beta, gamma), strict=True)
    }
    budget = math.log(target)
    room = {name: power * math.log(most) for name, power in powers.items()}
    one, other = (name for name in powers if name != moved)
    logs[moved] = min(max(logs[moved], budget - room[one] - room[other]), budget, room[moved])
    rest, share = budget - logs[moved], logs[one] + logs[other]
    wanted = rest * (logs[one] / share if share > 1e-12 else 0.5)
    logs[one] = min(max(wanted, rest - room[other]), room[one])
    logs[other] = rest - logs[one]
    a, b, c = (math.exp(logs[name] / power) for name, power in powers.items())
    return a, b, c
