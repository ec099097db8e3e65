"""Why a built network does not cost what the law says: the gap, split into its causes.

The law ``d · w² · r²`` describes a stack of equal, plain convolutions. Here a network is scaled
three more times, with one kind of rounding switched on after the other, and the differences in
MACs are the causes. The causes add up to the gap exactly. Their order is fixed (repeats, channels,
pixels); another order would share the interaction between them differently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.compound import (
    Multipliers,
    round_filters,
    round_repeats,
    scale,
    undusted,
)
from effnet_viz.scaling.cost import layer_cost, network_cost, total
from effnet_viz.scaling.layers import Block, expand_relaxed


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of the gap; ``share`` is in multiples of the baseline's MACs, of either sign."""

    name: str
    share: float
    explanation: str


@dataclass(frozen=True, slots=True)
class RatioGap:
    """The law's ratio, the built ratio, and causes with ``law + sum(shares) == built``."""

    law_ratio: float
    built_ratio: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class StageRounding:
    """What rounding did to one stage: exact values beside the built ones."""

    stage: int
    exact_repeats: float
    repeats: int
    exact_channels: float
    channels: int


def explain_gap(
    base: ArchitectureSpec,
    multipliers: Multipliers,
    law_ratio: float,
    exact_px: float | None = None,
) -> RatioGap:
    """The gap between ``law_ratio`` and the MACs of the built network over the baseline's.

    ``exact_px`` is the input size before it became a whole number, where that is known.
    """
    depth, width = multipliers.depth, multipliers.width
    px = multipliers.resolution_px if exact_px is None else undusted(exact_px)
    base_macs = network_cost(base).macs
    built_macs = network_cost(scale(base, multipliers)).macs

    ideal = expand_relaxed(_relaxed(base, depth, width, px))
    before = _by_kind(expand_relaxed(base))
    after = _by_kind(ideal)
    drift = {kind: (after[kind] - law_ratio * before[kind]) / base_macs for kind in before}

    whole_repeats = _macs(base, depth, width, px, repeats=True)
    whole_channels = _macs(base, depth, width, px, repeats=True, channels=True)
    ideal_macs = total(ideal).macs
    causes = (
        Cause(
            "Stem and head",
            drift["ends"],
            "They are never repeated, and the classifier does not see resolution."
            + (" Here they are not widened either." if base.fixed_ends else ""),
        ),
        Cause(
            "Depthwise and SE",
            drift["thin"],
            "A depthwise convolution grows with w, not w²; squeeze-and-excitation ignores r.",
        ),
        Cause(
            "First blocks",
            drift["pointwise"],
            "Depth repeats the ordinary block of a stage; its first block stays one, and costs "
            "something else." + (" Here two stages are never repeated." if base.fixed_ends else ""),
        ),
        Cause(
            "Whole blocks",
            (whole_repeats - ideal_macs) / base_macs,
            "Repeats are rounded up: a one-block stage doubles for any depth above 1.",
        ),
        Cause(
            "Channels in eights",
            (whole_channels - whole_repeats) / base_macs,
            "Every width snaps to a multiple of 8, and is kept above 90 % of the exact value.",
        ),
        Cause(
            "Whole pixels",
            (built_macs - whole_channels) / base_macs,
            "Each stride-2 step rounds an odd map up, so a size just above a multiple of 32 pays "
            "for a whole extra row and column.",
        ),
    )
    return RatioGap(law_ratio, built_macs / base_macs, causes)


def rounding_ledger(base: ArchitectureSpec, multipliers: Multipliers) -> tuple[StageRounding, ...]:
    """Per stage: exact repeats and channels (``d · L``, ``w · c``) beside the built ones."""
    depth, width = multipliers.depth, multipliers.width
    rows = []
    for number, (before, after) in enumerate(
        zip(base.stages, scale(base, multipliers).stages, strict=True), start=1
    ):
        d = depth if base.is_deepened(number) else 1
        w = width if base.is_widened(number) else 1
        rows.append(
            StageRounding(
                stage=number,
                exact_repeats=undusted(d * before.repeats),
                repeats=after.repeats,
                exact_channels=undusted(w * before.out_channels),
                channels=after.out_channels,
            )
        )
    return tuple(rows)


def _relaxed(
    base: ArchitectureSpec,
    depth: float,
    width: float,
    px: float,
    repeats: bool = False,
    channels: bool = False,
) -> ArchitectureSpec:
    """The scaled spec with real-valued sizes, except those that ``repeats``/``channels`` round."""
    stages = []
    for number, stage in enumerate(base.stages, start=1):
        d = depth if base.is_deepened(number) else 1
        w = width if base.is_widened(number) else 1
        floor = base.min_head_channels if channels and stage.operator == "conv_head" else 0
        blocks = round_repeats(stage.repeats, d) if repeats else undusted(d * stage.repeats)
        out = _width(stage.out_channels, w, channels)
        inner = _width(stage.inner_channels, w, channels)
        stages.append(
            replace(
                stage,
                repeats=blocks,  # type: ignore[arg-type]
                out_channels=max(floor, out),  # type: ignore[arg-type]  # real on purpose
                inner_channels=inner,  # type: ignore[arg-type]
            )
        )
    return replace(base, stages=tuple(stages), resolution_px=px)  # type: ignore[arg-type]


def _width(channels: int, width: float, whole: bool) -> float:
    return round_filters(channels, width) if whole and channels else undusted(channels * width)


def _macs(base: ArchitectureSpec, depth: float, width: float, px: float, **rounded: bool) -> float:
    return total(expand_relaxed(_relaxed(base, depth, width, px, **rounded))).macs


def _by_kind(blocks: Iterable[Block]) -> dict[str, float]:
    """MACs of stem and head, of depthwise and SE layers, and of the other convolutions."""
    macs = {"ends": 0.0, "thin": 0.0, "pointwise": 0.0}
    for block in blocks:
        for layer in block.layers:
            if layer.name in ("conv", "linear"):
                kind = "ends"
            elif layer.groups != 1 or layer.branch == "se":
                kind = "thin"
            else:
                kind = "pointwise"
            macs[kind] += block.count * layer_cost(layer).macs
    return macs
