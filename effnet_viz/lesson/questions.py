"""The questions of each step; every answer is computed when it is asked for.

Costs come from the network on screen, accuracies, times and maps from the shipped records or from
what a page hands in. Where the answer is a fact of the paper, its section is cited.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.attention import (
    CENTRE_NAME,
    AttentionRow,
    read_attention,
    rows_of_measure,
    seeds_of,
)
from effnet_viz.evidence.family import (
    FamilyResult,
    baseline_of,
    difference,
    family_results,
)
from effnet_viz.evidence.paper import tables
from effnet_viz.evidence.results import RUNTIME_TITLES, BenchmarkRow
from effnet_viz.evidence.timing import example, speedup
from effnet_viz.lesson import more
from effnet_viz.lesson.answers import Axes, Kind, Worked
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.scaling.blocks import blocks_of, spatial_layer
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES, released_spec
from effnet_viz.scaling.gap import rounding_ledger
from effnet_viz.scaling.study import study

BILLION = 1e9

Facts = dict[str, float | str]

#: α, β, γ that step 3 asks about, by option; ``pixels`` states γ as an input size.
TRIPLES: MappingProxyType[str, tuple[float, float, float]] = MappingProxyType(
    {
        "paper": (1.2, 1.1, 1.15),
        "below": (0.9, 1.2, 1.25),
        "pixels": (1.2, 1.1, 258.0),
        "double": (2.0, 2.0, 2.0),
    }
)


@dataclass(frozen=True, slots=True)
class Setting:
    """What questions are asked about: the network on screen, and records of what was measured."""

    base: ArchitectureSpec = EFFICIENTNET_B0
    family: tuple[FamilyResult, ...] = ()
    attention: tuple[AttentionRow, ...] = ()
    times: tuple[BenchmarkRow, ...] = ()

    def trained(self, role: str, times: int) -> FamilyResult:
        """The trained network of a role. Raises ResourceError where its record is missing."""
        for result in self.family:
            if (result.role, result.times) == (role, times):
                return result
        raise ResourceError(
            f"The record of the trained {role} network is missing; download the project again."
        )


@cache
def shipped(base: ArchitectureSpec = EFFICIENTNET_B0) -> Setting:
    """The setting with every shipped record. Raises UserError where one is damaged."""
    return Setting(base, tuple(family_results()), read_attention(), example())


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a step. Its words are under its key in the language's file; ``misreading`` is
    the popular one (`effnet_viz.evidence.paper.tables.Misreading.key`) that it corrects."""

    key: str
    kind: Kind
    work: Callable[[Setting], Worked]
    misreading: str = ""


def _macs(spec: ArchitectureSpec) -> int:
    return network_cost(spec).macs


def _ratio(base: ArchitectureSpec, depth: float, width: float, px: int) -> float:
    return _macs(scale(base, Multipliers(depth, width, px))) / _macs(base)


def _what_flops_count(_: Setting) -> Worked:
    """The printed 0.39 billion is whichever count of B0 rounds to it."""
    printed = tables.load().result("B0").gmacs
    cost = network_cost(EFFICIENTNET_B0)
    counts = {"params": cost.params, "macs": cost.macs, "operations": 2 * cost.macs}
    assert printed is not None
    answer = next(name for name, count in counts.items() if printed.agrees(count / BILLION))
    return Worked(
        "choice",
        answer,
        {"printed": str(printed), **{name: count / 1e6 for name, count in counts.items()}},
        options=("speed", "macs", "operations", "params"),
    )


def _where_b0_comes_from(_: Setting) -> Worked:
    """A fact of the paper (v1, section 4): the scaling search starts from B0."""
    return Worked(
        "choice", "architecture_search", options=("hand", "scaling", "architecture_search")
    )


def _where_b4_lies(_: Setting) -> Worked:
    """B4's cost is computed, its accuracy printed (v1, table 2)."""
    b0, b4, resnet = (tables.load().result(name) for name in ("B0", "B4", "ResNet-50"))
    macs = _macs(released_spec("b4")) / BILLION
    return Worked(
        "point",
        (macs, float(b4.top1)),
        {
            "macs": macs,
            "top1": str(b4.top1),
            "b0_top1": str(b0.top1),
            "resnet_top1": str(resnet.top1),
            "resnet_macs": str(resnet.gmacs),
        },
        tolerance=0.1,
        axes=Axes(0.2, 40, 74, 86, log_x=True),
    )


def _what_width_changes(setting: Setting) -> Worked:
    """Compare the network with itself at w = 2; EfficientNet-Lite's stem and head stay."""
    base = setting.base
    wide = scale(base, Multipliers(1, 2, base.resolution_px))
    pairs = list(enumerate(zip(base.stages, wide.stages, strict=True), start=1))
    doubled = [n for n, (old, new) in pairs if new.out_channels == 2 * old.out_channels]
    answer = "widest"
    if wide.resolution_px != base.resolution_px:
        answer = "pixels"
    elif any(new.repeats != old.repeats for _, (old, new) in pairs):
        answer = "blocks"
    elif doubled == [n for n, _ in pairs if base.is_widened(n)]:
        answer = "channels"
    first, last = doubled[0], len(pairs) - 1
    facts: Facts = {
        "network": base.title,
        "doubled": len(doubled),
        "stages": len(pairs),
        "first": first,
        "narrow": base.stages[first - 1].out_channels,
        "wide": wide.stages[first - 1].out_channels,
        "last": last,
        "last_narrow": base.stages[last - 1].out_channels,
        "last_wide": wide.stages[last - 1].out_channels,
    }
    return Worked("choice", answer, facts, options=("channels", "widest", "blocks", "pixels"))


def _pixels_of_the_wider(setting: Setting) -> Worked:
    base = setting.base
    wide = scale(base, Multipliers(1, 2, base.resolution_px))
    return Worked(
        "number",
        (wide.resolution_px / base.resolution_px) ** 2,
        {"network": base.title, "px": base.resolution_px},
        {"twice": 2.0, "four": 4.0},
        tolerance=0.01,
    )


def _depth_alone(setting: Setting) -> Worked:
    """The trained depth role; what cannot be told from its gain is right."""
    depth, base = setting.trained("depth", 4), baseline_of(setting.family)
    best = setting.trained("resolution", 4)
    assert base is not None
    needed = difference(setting.family, (1, depth), (-1, base)).half()
    return Worked(
        "point",
        (depth.built, depth.top1),
        {
            "built": depth.built,
            "top1": depth.top1,
            "baseline": base.top1,
            "gain": depth.top1 - base.top1,
            "needed": needed,
            "best": best.top1,
        },
        tolerance=needed / 14,
        axes=Axes(0.5, 5, 76, 90, fixed_x=depth.built),
    )


def _double_width(setting: Setting) -> Worked:
    base = setting.base
    built = _ratio(base, 1, 2, base.resolution_px)
    facts: Facts = {"network": base.title, "built": built, "law": 4}
    return Worked("number", built, facts, {"twice": 2.0, "cube": 8.0}, tolerance=0.12)


def _double_both(setting: Setting) -> Worked:
    base = setting.base
    px = base.resolution_px
    built = _ratio(base, 1, 2, 2 * px)
    facts: Facts = {
        "network": base.title,
        "built": built,
        "width": _ratio(base, 1, 2, px),
        "resolution": _ratio(base, 1, 1, 2 * px),
    }
    return Worked("number", built, facts, {"one": 4.0, "added": 8.0}, tolerance=0.12)


def _which_triple(_: Setting) -> Worked:
    """The triple of ratios of at least 1 whose α·β²·γ² is within a tenth of 2."""
    products = {name: a * b**2 * c**2 for name, (a, b, c) in TRIPLES.items()}
    answer = next(
        name
        for name, triple in TRIPLES.items()
        if min(triple) >= 1 and abs(products[name] - 2) <= 0.2
    )
    facts: Facts = {
        "paper": products["paper"],
        "below": products["below"],
        "double": products["double"],
    }
    return Worked("choice", answer, facts, options=tuple(TRIPLES))


def _built_at_phi_one(setting: Setting) -> Worked:
    result = study(setting.base, Coefficients(1.0))
    built, law = result.gap.built_ratio, result.gap.law_ratio
    cause = max(result.gap.causes, key=lambda c: c.share)
    return Worked(
        "point",
        (1.0, built),
        {
            "network": setting.base.title,
            "built": built,
            "law": law,
            "px": result.multipliers.resolution_px,
            "cause": cause.name.lower(),
            "share": cause.share,
        },
        tolerance=0.08,
        axes=Axes(0, 2, 1, 5, fixed_x=1.0),
    )


def _blocks_at_phi_two(setting: Setting) -> Worked:
    """The stage with the most blocks: ``ceil(α^φ · L)``."""
    base = setting.base
    stage = max(range(len(base.stages)), key=lambda i: base.stages[i].repeats)
    coefficients = Coefficients(2.0)
    row = rounding_ledger(base, coefficients.multipliers(base.resolution_px))[stage]

    def built(depth: float) -> int:
        multipliers = Multipliers(depth, 1, base.resolution_px)
        return rounding_ledger(base, multipliers)[stage].repeats

    return Worked(
        "number",
        float(row.repeats),
        {
            "network": base.title,
            "stage": stage + 1,
            "blocks": base.stages[stage].repeats,
            "alpha": coefficients.alpha,
            "exact": row.exact_repeats,
            "built": row.repeats,
        },
        {
            "power": float(built(coefficients.phi**coefficients.alpha)),
            "once": float(built(coefficients.alpha)),
        },
        tolerance=0.001,
    )


@cache
def _phi_of(variant: str) -> float | None:
    """The φ, in hundredths up to 8, that builds a released network; None where none does."""
    wanted = released_spec(variant)
    for hundredths in range(801):
        phi = hundredths / 100
        multipliers = Coefficients(phi).multipliers(EFFICIENTNET_B0.resolution_px)
        if multipliers.resolution_px == wanted.resolution_px:
            built = scale(EFFICIENTNET_B0, multipliers)
            if built.stages == wanted.stages:
                return phi
    return None


def _phi_of_b3(_: Setting) -> Worked:
    phi = _phi_of("b3")
    answer = "none" if phi is None else "index" if phi == 3 else "between"
    at_three = Coefficients(3.0).multipliers(EFFICIENTNET_B0.resolution_px)
    b3 = released_spec("b3")
    facts: Facts = {
        "px": b3.resolution_px,
        "macs": _macs(b3) / BILLION,
        "px_three": at_three.resolution_px,
        "macs_three": _macs(scale(EFFICIENTNET_B0, at_three)) / BILLION,
    }
    return Worked("choice", answer, facts, options=("index", "between", "none"))


def _who_points_best(setting: Setting) -> Worked:
    """Which scaled network, on average over its seeds, or the bell curve, most often puts the
    brightest cell into a box."""
    trained = {
        role: seeds
        for role in ROLES[1:]
        if (seeds := seeds_of(setting.attention, role, "pointing"))
    }
    centre = next(
        (r for r in rows_of_measure(setting.attention, "pointing") if r.model == CENTRE_NAME), None
    )
    if centre is None or len(trained) != len(ROLES) - 1:
        raise ResourceError("The record of the measured maps is missing; download it again.")
    scores: dict[str, float] = {
        role: sum(row.value for row in seeds) / len(seeds) for role, seeds in trained.items()
    }
    scores["centre"] = centre.value
    answer = max(scores, key=scores.__getitem__)
    return Worked("choice", answer, {**scores, "n": centre.n}, options=tuple(scores))


def _how_much_faster(setting: Setting) -> Worked:
    """Times of the shipped measurement, or of one that a page hands in."""
    slower = speedup(setting.times, "resnet50", "b0")
    rows = {row.model: row for row in setting.times}
    if slower is None:
        raise ResourceError("The measured times are missing; download the project again.")
    fewer = rows["resnet50"].macs / rows["b0"].macs
    facts: Facts = {
        "fewer": fewer,
        "faster": slower,
        "device": rows["b0"].latency.device,
        "runtime": RUNTIME_TITLES[rows["b0"].latency.runtime],
        "b0_ms": rows["b0"].latency.median_ms,
        "resnet_ms": rows["resnet50"].latency.median_ms,
    }
    return Worked("number", slower, facts, {"same": fewer}, tolerance=0.25)


def _what_the_depthwise_sees(_: Setting) -> Worked:
    """The second block of B0's stage 7."""
    block = blocks_of(EFFICIENTNET_B0, 7)[1]
    layer = spatial_layer(block)
    assert layer is not None
    channels = float(layer.in_channels)
    facts: Facts = {
        "channels": float(block.in_channels),
        "wide": channels,
        "kernel": layer.kernel_size,
        "times": channels / block.in_channels,
    }
    traps = {"same": float(block.in_channels), "narrow": float(block.in_channels) / 4}
    return Worked("number", channels, facts, traps, tolerance=0.01)


#: Every question, in the order of the lesson.
QUESTIONS: MappingProxyType[str, Question] = MappingProxyType(
    {
        question.key: question
        for question in (
            Question("b4", "point", _where_b4_lies),
            Question("flops", "choice", _what_flops_count, "flops"),
            Question("search", "choice", _where_b0_comes_from, "search"),
            Question("width", "choice", _what_width_changes, "width"),
            Question("pixels", "number", _pixels_of_the_wider, "pixels"),
            Question("depth_alone", "point", _depth_alone),
            Question("double_width", "number", _double_width),
            Question("double_both", "number", _double_both, "doubling"),
            Question("triple", "choice", _which_triple, "coefficients"),
            Question("phi_one", "point", _built_at_phi_one, "phi_one"),
            Question("power", "number", _blocks_at_phi_two, "power"),
            Question("index", "choice", _phi_of_b3, "index"),
            Question("maps", "choice", _who_points_best, "maps"),
            Question("time", "number", _how_much_faster, "time"),
            Question("mbconv", "number", _what_the_depthwise_sees, "mbconv"),
            Question("slowest", "choice", lambda setting: more.slowest(setting.times)),
            Question("slower", "number", lambda setting: more.how_much_slower(setting.times)),
            Question("reward", "number", lambda _: more.reward_of_twice_the_cost()),
            Question("activations", "choice", lambda _: more.cheapest_in_activations()),
        )
    }
)
