"""One scaled network beside its baseline: everything a screen or the command line shows of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, ArchitectureSpec
from effnet_viz.scaling.architectures import architecture as named
from effnet_viz.scaling.compound import (
    LAWS,
    Coefficients,
    Law,
    Multipliers,
    checked_multipliers,
    released,
    scale,
)
from effnet_viz.scaling.cost import NetworkCost, inference_memory_bytes, network_cost
from effnet_viz.scaling.families import Role, released_spec
from effnet_viz.scaling.gap import RatioGap, StageRounding, explain_gap, rounding_ledger

#: Far beyond any data set's classes and any sensor's channels.
ENDS_LIMIT = 1_000_000


@dataclass(frozen=True, slots=True)
class ScaleStudy:
    """A baseline, what scales it, the scaled network, and what both cost.

    ``law`` is None where multipliers were given directly; then the law's ratio is ``d · w² · r²``.
    ``variant`` is the released one, where it is one. Memory is the float32 forward-pass estimate
    in bytes.
    """

    base: ArchitectureSpec
    scaled: ArchitectureSpec
    multipliers: Multipliers
    base_cost: NetworkCost
    cost: NetworkCost
    base_memory: int
    memory: int
    gap: RatioGap
    ledger: tuple[StageRounding, ...]
    law: Law | None = None
    variant: str | None = None

    @property
    def by_role(self) -> Mapping[Role, ArchitectureSpec]:
        """The baseline, each dimension scaled alone, and all together."""
        m, px = self.multipliers, self.base.resolution_px
        return MappingProxyType(
            {
                "baseline": self.base,
                "depth": scale(self.base, Multipliers(m.depth, 1, px)),
                "width": scale(self.base, Multipliers(1, m.width, px)),
                "resolution": scale(self.base, Multipliers(1, 1, m.resolution_px)),
                "compound": self.scaled,
            }
        )

    @property
    def shown_multipliers(self) -> tuple[str, str]:
        """Depth and width for people: the fewest digits, from six, that build this very network,
        so that whoever types them gets the same one."""
        m = self.multipliers
        for digits in range(6, 17):
            depth, width = f"{m.depth:.{digits}g}", f"{m.width:.{digits}g}"
            typed = replace(m, depth=float(depth), width=float(width))
            if scale(self.base, typed).stages == self.scaled.stages:
                return depth, width
        return repr(m.depth), repr(m.width)

    def as_dict(self) -> dict[str, Any]:
        """The study as plain data, with the command line's ``cost --json`` keys."""
        keys = (
            "stage", "operator", "in_resolution_px", "out_resolution_px", "in_channels",
            "out_channels", "repeats", "kernel_size", "stride", "expand_ratio", "params", "macs",
        )  # fmt: skip
        return {
            "architecture": self.base.name,
            "depth": self.multipliers.depth,
            "width": self.multipliers.width,
            "resolution_px": self.multipliers.resolution_px,
            "params": self.cost.params,
            "macs": self.cost.macs,
            "activations": self.cost.activations,
            "law_ratio": self.gap.law_ratio,
            "built_ratio": self.gap.built_ratio,
            "stages": [{key: getattr(row, key) for key in keys} for row in self.cost.stages],
        }

    def as_csv(self) -> str:
        """The stage table, one row per stage, baseline columns prefixed ``base_``."""
        out = io.StringIO()
        fields = self.cost.stages[0]._fields
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*fields, *(f"base_{field}" for field in fields[2:])])
        for row, before in zip(self.cost.stages, self.base_cost.stages, strict=True):
            writer.writerow([*row, *before[2:]])
        return out.getvalue()


def study(
    architecture: str | ArchitectureSpec = EFFICIENTNET_B0.name,
    scaling: Multipliers | Law | None = None,
    *,
    phi: float | None = None,
    alpha: float | None = None,
    beta: float | None = None,
    gamma: float | None = None,
    depth: float | None = None,
    width: float | None = None,
    resolution_px: int | None = None,
    variant: str | None = None,
    num_classes: int | None = None,
    in_channels: int | None = None,
) -> ScaleStudy:
    """A baseline scaled in one way, and what it costs; without any, the baseline itself.

    The ways: ``phi``, with the paper's α, β, γ where no others are given; ``depth``, ``width`` and
    ``resolution_px``, of which what is left out stays the baseline's; a released ``variant``,
    ``b0`` to ``b7`` or, published later, ``b8`` or ``l2``, with its own dropout; or ``scaling``, a
    record of multipliers or of any law in `effnet_viz.scaling.compound`.

    ``num_classes`` and ``in_channels`` change the last and the first layer, of the baseline too.

    Raises UserError where no network is described, or two, and where the scaling is impossible.
    """
    known = named(architecture) if isinstance(architecture, str) else architecture
    base = with_ends(known, num_classes, in_channels)
    law = _given(phi=phi, alpha=alpha, beta=beta, gamma=gamma)
    direct = _given(depth=depth, width=width, resolution_px=resolution_px)
    if sum((scaling is not None, bool(law), bool(direct), variant is not None)) > 1:
        raise UserError(
            "Scale in one way: by phi (with alpha, beta, gamma), by depth, width and "
            "resolution_px, by a variant, or by a record of multipliers or of a law."
        )
    if variant is not None:
        if known != EFFICIENTNET_B0:
            raise UserError(
                f"Released variants are scaled from {EFFICIENTNET_B0.name}, not from {known.name}; "
                "leave out the architecture or the variant."
            )
        return _released_study(base, variant)
    if law:
        if "phi" not in law:
            raise UserError(f"{next(iter(law))} has no effect without phi; give phi as well.")
        scaling = Coefficients(**law)
    if scaling is None:
        scaling = checked_multipliers(
            direct.get("depth", 1.0),
            direct.get("width", 1.0),
            direct.get("resolution_px", base.resolution_px),
        )
    if isinstance(scaling, Multipliers):
        return _study(base, scaling, scaling.law_ratio(base.resolution_px))
    px = base.resolution_px
    result = _study(base, scaling.multipliers(px), scaling.law_ratio, scaling.exact_px(px))
    return replace(result, law=scaling)


def _given(**values: float | None) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def with_ends(
    spec: ArchitectureSpec, num_classes: int | None = None, in_channels: int | None = None
) -> ArchitectureSpec:
    """The architecture for so many classes and channels of its input; None leaves what it has.

    Raises UserError for anything but whole numbers from 1 to `ENDS_LIMIT`.
    """
    changed = _given(num_classes=num_classes, in_channels=in_channels)
    for name, value in changed.items():
        if not isinstance(value, int) or not 1 <= value <= ENDS_LIMIT:
            raise UserError(
                f"{name} must be a whole number between 1 and {ENDS_LIMIT:,}, not {value}."
            )
    return replace(spec, **changed)


def _released_study(base: ArchitectureSpec, variant: str) -> ScaleStudy:
    name = variant.lower()
    multipliers = released(name)
    result = _study(base, multipliers, multipliers.law_ratio(base.resolution_px))
    scaled = replace(result.scaled, dropout=released_spec(name).dropout)
    return replace(result, scaled=scaled, variant=name)


def _study(
    base: ArchitectureSpec,
    multipliers: Multipliers,
    law_ratio: float,
    exact_px: float | None = None,
) -> ScaleStudy:
    scaled = scale(base, multipliers)
    return ScaleStudy(
        base=base,
        scaled=scaled,
        multipliers=multipliers,
        base_cost=network_cost(base),
        cost=network_cost(scaled),
        base_memory=inference_memory_bytes(base),
        memory=inference_memory_bytes(scaled),
        gap=explain_gap(base, multipliers, law_ratio, exact_px),
        ledger=rounding_ledger(base, multipliers),
    )


def python_recipe(result: ScaleStudy) -> str:
    """The few lines of Python that compute this cost and build the network."""
    px = result.scaled.resolution_px
    shape = f"(N, {result.base.in_channels}, {px}, {px})"
    lines = [
        "import effnet_viz as ev",
        "",
        f"study = ev.study({result.base.name!r}, {_scaling_in_python(result)}{_ends(result)})",
        f"print(study.cost.macs)  # {result.cost.macs}",
        f"model = ev.build_model(study.scaled)  # torch module, input {shape}",
    ]
    return "\n".join(lines).replace("'", '"')


def _scaling_in_python(result: ScaleStudy) -> str:
    """The arguments of `study` that give this result."""
    if result.variant is not None:
        return f"variant={result.variant!r}"
    record = result.multipliers if result.law is None else result.law
    values = ", ".join(
        f"{field.name}={getattr(record, field.name)!r}"
        for field in fields(record)  # type: ignore[arg-type]  # laws are dataclasses
    )
    if result.law is None or isinstance(result.law, Coefficients):
        return values
    name = next(name for name, make in LAWS.items() if make is type(result.law))
    return f"ev.LAWS[{name!r}]({values})"


def _ends(result: ScaleStudy) -> str:
    """The arguments of `study` that change the last and the first layer, where they do."""
    known = named(result.base.name)
    names = ("num_classes", "in_channels")
    return "".join(
        f", {name}={getattr(result.base, name)}"
        for name in names
        if getattr(result.base, name) != getattr(known, name)
    )
