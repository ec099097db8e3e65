"""What can be computed about the paper's slips and about popular misreadings of it.

One small function per claim; each returns plain numbers from the printed tables or from the cost
arithmetic, so that a screen can let the reader push a value and see the claim hold or break.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, NamedTuple

from effnet_viz.errors import UserError
from effnet_viz.evidence.accuracy import standard_error
from effnet_viz.evidence.paper.checks import geo_mean
from effnet_viz.evidence.paper.costs import convolution_layers, macs_of, pixels
from effnet_viz.evidence.paper.tables import Paper, Printed
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, RESNET_50, ArchitectureSpec
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import layer_cost, network_cost
from effnet_viz.scaling.layers import Block, Layer, expand

Outcome = Literal["wins", "ties", "loses"]


# Slips


def b4_gain(paper: Paper, resnet50_top1: float) -> float:
    """Points of top-1 by which B4 (v1) beats ResNet-50, for one of its two printed accuracies."""
    return paper.result("B4").top1 - resnet50_top1


def implied_numerator(ratio: float, under: float) -> float:
    """The figure that would have to stand above ``under`` for a ratio to be right."""
    return ratio * under


def largest_mac_ratios(paper: Paper) -> tuple[tuple[str, Printed], ...]:
    """Table 2's printed MAC ratios, largest first."""
    ratios = ((row.model, row.macs_ratio) for row in paper.imagenet_results if not row.leads)
    return tuple(
        sorted(
            ((model, ratio) for model, ratio in ratios if ratio is not None),
            key=lambda pair: -pair[1],
        )
    )


def public_geo_mean(paper: Paper, pets_ratio: float) -> float:
    """Table 5's mean parameter ratio to public models, with a ratio of your choice for Pets."""
    return geo_mean(
        pets_ratio if row.dataset == "Oxford-IIIT Pets" else row.ratio for row in paper.transfer
    )


def outcomes_against_best(paper: Paper) -> tuple[tuple[str, float, Outcome], ...]:
    """(data set, margin in points, outcome) of table 5 against the best reported results."""
    rows = []
    for row in paper.transfer:
        margin = round(row.ours_best_acc - row.best_acc, 1)
        outcome: Outcome = "wins" if margin > 0 else "loses" if margin < 0 else "ties"
        rows.append((row.dataset, margin, outcome))
    return tuple(rows)


def latency_margin(paper: Paper, version: Literal["v1", "v5"]) -> tuple[float, float]:
    """Points by which B1 leads ResNet-152, and B7 leads GPipe, with the accuracies of a version."""
    top1 = {
        row.variant: row.top1_v1 if version == "v1" else row.top1_v5
        for row in paper.variant_accuracies
    }
    return (
        top1["b1"] - paper.result("ResNet-152").top1,
        top1["b7"] - paper.result("GPipe").top1,
    )


class Figure4Network(NamedTuple):
    """A baseline of figure 4, as built: input in pixels, layers a paper would count, MACs."""

    px: int
    layers: int
    macs: int


def figure4_network(depth: float, ratio: float, width: float = 1.0) -> Figure4Network:
    """B0 at a depth, a resolution multiplier and a width."""
    px = pixels(EFFICIENTNET_B0, ratio)
    return Figure4Network(
        px, convolution_layers(EFFICIENTNET_B0, depth), macs_of(EFFICIENTNET_B0, depth, width, px)
    )


def photos_right(percent: float, photos: float) -> tuple[int, float]:
    """How many of ``photos`` an accuracy means, and its standard error in points."""
    return round(percent / 100 * photos), standard_error(percent, photos)


def stage6_at(px: int) -> ArchitectureSpec:
    """B0 with stage 6 working at an input of 28 px (v1's table 1) or 14 px (as it is).

    Stage 7 works at 14 px in both, so stage 6 has to halve the map that stage 5 did not.
    """
    if px not in (28, 14):
        raise UserError(f"Stage 6 is printed at 28 or at 14 px, not at {px}.")
    if px == 14:
        return EFFICIENTNET_B0
    stages = list(EFFICIENTNET_B0.stages)
    stages[4] = replace(stages[4], stride=1)
    stages[5] = replace(stages[5], stride=2)
    return replace(EFFICIENTNET_B0, stages=tuple(stages))


def compound_gain(paper: Paper, baseline_top1: float) -> float:
    """Points of top-1 that table 7's compound model gains over a baseline accuracy."""
    compound = next(row for row in paper.map_models if row.role == "compound")
    return compound.top1 - baseline_top1


# Misreadings


def powers(phi: float, alpha: float) -> tuple[float, float]:
    """``φ^α``, as misread, and ``α^φ``, as meant, for φ of at least 0."""
    return phi**alpha, alpha**phi


def ratios_at(phi: float) -> tuple[float, float]:
    """MACs relative to B0 at a φ: by the law and as built."""
    coefficients = Coefficients(phi)
    m = coefficients.multipliers(EFFICIENTNET_B0.resolution_px)
    return coefficients.law_ratio, relative_macs(m.depth, m.width, m.resolution_px)


def relative_macs(depth: float, width: float, px: int) -> float:
    """Built MACs over B0's."""
    base = macs_of(EFFICIENTNET_B0, 1.0, 1.0, EFFICIENTNET_B0.resolution_px)
    return macs_of(EFFICIENTNET_B0, depth, width, px) / base


class Rate(NamedTuple):
    """A model of table 4: its MACs (table 2), seconds per image, and MACs per second."""

    model: str
    gmacs: Printed
    seconds: Printed
    gmacs_per_second: float


def rates(paper: Paper) -> tuple[Rate, ...]:
    """Count and speed of table 4's models; GPipe is left out, its MACs are not printed."""
    rows = []
    for row in paper.latency:
        gmacs = paper.result(row.model).gmacs
        if gmacs is not None:
            rows.append(Rate(row.model, gmacs, row.seconds, gmacs / row.seconds))
    return tuple(rows)


def coefficients_at_zero(alpha: float, beta: float, gamma: float) -> ArchitectureSpec:
    """What any coefficients make of B0 at φ = 0."""
    m = Coefficients(0.0, alpha, beta, gamma).multipliers(EFFICIENTNET_B0.resolution_px)
    return scale(EFFICIENTNET_B0, m)


class Grown(NamedTuple):
    """What one multiplier changes: input, receptive field, stage 8's channels, blocks, MACs."""

    input_px: int
    receptive_field_px: int
    channels: int
    blocks: int
    macs: int


def grown(depth: float = 1.0, width: float = 1.0, ratio: float = 1.0) -> Grown:
    """B0 scaled by these multipliers."""
    px = pixels(EFFICIENTNET_B0, ratio)
    spec = scale(EFFICIENTNET_B0, Multipliers(depth, width, px))
    cost = network_cost(spec)
    return Grown(
        px,
        cost.receptive_field_px,
        spec.stages[7].out_channels,
        sum(stage.repeats for stage in spec.stages[1:-1]),
        cost.macs,
    )


def doubled(depth: bool, width: bool, resolution: bool) -> tuple[float, float]:
    """(law, built) MACs over B0's with the chosen dimensions doubled."""
    d, w, r = (2.0 if chosen else 1.0 for chosen in (depth, width, resolution))
    return d * w**2 * r**2, relative_macs(d, w, pixels(EFFICIENTNET_B0, r))


def channels_per_stage(width: float) -> tuple[tuple[int, int], ...]:
    """(baseline, scaled) output channels of B0's nine stages."""
    px = EFFICIENTNET_B0.resolution_px
    scaled = scale(EFFICIENTNET_B0, Multipliers(1.0, width, px))
    return tuple(
        (before.out_channels, after.out_channels)
        for before, after in zip(EFFICIENTNET_B0.stages, scaled.stages, strict=True)
    )


def find_block(spec: ArchitectureSpec, stage: int, first: bool) -> Block:
    """The first or a later block of a stage. Raises UserError where the stage has none."""
    for block in expand(spec):
        if block.stage == stage and block.first == first:
            return block
    raise UserError(f"Stage {stage} has a single block; choose its first one.")


def widths_along(block: Block) -> tuple[tuple[str, int], ...]:
    """Channels along a block's main path: the input, then each layer's output."""
    main = (layer for layer in block.layers if layer.branch == "main")
    return (
        ("input", int(block.in_channels)),
        *((layer.name.replace("_", " "), int(layer.out_channels)) for layer in main),
    )


def classic_bottleneck(stage: int = 3) -> Block:
    """An ordinary block of ResNet-50, which narrows where MBConv widens."""
    return find_block(RESNET_50, stage, first=False)


class Intensity(NamedTuple):
    """One layer's arithmetic: MACs, values read and written, and MACs per value."""

    name: str
    macs: int
    values: int
    macs_per_value: float


def intensity(layer: Layer) -> Intensity:
    """MACs of a layer against the values it moves: input, output and weights, each once."""
    cost = layer_cost(layer)
    moved = int(
        layer.in_channels * layer.in_px**2 + layer.out_channels * layer.out_px**2 + cost.params
    )
    return Intensity(layer.name.replace("_", " "), int(cost.macs), moved, cost.macs / moved)


def lower_bound_if_all_agree(photos: int, confidence: float = 0.95) -> float:
    """The share of all photos on which something holds, at least, if it held on each of
    ``photos`` drawn at random: the one-sided exact binomial bound ``(1 - confidence)^(1/n)``."""
    if photos < 1:
        raise UserError("Look at one photo at least.")
    return float((1 - confidence) ** (1 / photos))
