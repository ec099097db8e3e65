"""One scaled network beside its baseline: everything a screen or the command line shows of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import NetworkCost, inference_memory_bytes, network_cost
from effnet_viz.scaling.families import Role
from effnet_viz.scaling.gap import RatioGap, StageRounding, explain_gap, rounding_ledger


@dataclass(frozen=True, slots=True)
class ScaleStudy:
    """A baseline, what scales it, the scaled network, and what both cost.

    ``coefficients`` is None where multipliers were given directly; then the law's ratio is
    ``d · w² · r²``, else ``(α·β²·γ²)^φ``. Memory is the float32 forward-pass estimate in bytes.
    """

    base: ArchitectureSpec
    scaled: ArchitectureSpec
    multipliers: Multipliers
    coefficients: Coefficients | None
    base_cost: NetworkCost
    cost: NetworkCost
    base_memory: int
    memory: int
    gap: RatioGap
    ledger: tuple[StageRounding, ...]

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
    base: ArchitectureSpec,
    multipliers: Multipliers,
    coefficients: Coefficients | None = None,
) -> ScaleStudy:
    """Scale ``base`` and account for it. Raises UserError where the scaling is impossible."""
    scaled = scale(base, multipliers)
    if coefficients is None:
        law_ratio, exact_px = multipliers.law_ratio(base.resolution_px), None
    else:
        law_ratio = coefficients.law_ratio
        exact_px = base.resolution_px * coefficients.gamma**coefficients.phi
    return ScaleStudy(
        base=base,
        scaled=scaled,
        multipliers=multipliers,
        coefficients=coefficients,
        base_cost=network_cost(base),
        cost=network_cost(scaled),
        base_memory=inference_memory_bytes(base),
        memory=inference_memory_bytes(scaled),
        gap=explain_gap(base, multipliers, law_ratio, exact_px),
        ledger=rounding_ledger(base, multipliers),
    )


def study_coefficients(base: ArchitectureSpec, coefficients: Coefficients) -> ScaleStudy:
    """`study` for phi and coefficients. Raises UserError where the scaling is impossible."""
    return study(base, coefficients.multipliers(base.resolution_px), coefficients)


def python_recipe(result: ScaleStudy) -> str:
    """The few lines of Python that build this model (EfficientNets) or compute its cost."""
    m = result.multipliers
    constant = {
        "efficientnet_b0": "EFFICIENTNET_B0",
        "mobilenet_v1": "MOBILENET_V1",
        "mobilenet_v2": "MOBILENET_V2",
        "resnet_50": "RESNET_50",
        "classroom": "CLASSROOM_BASELINE",
    }[result.base.name]
    lines = [
        f"from effnet_viz.scaling.architectures import {constant}",
        "from effnet_viz.scaling.cost import network_cost",
    ]
    if result.base.family == "efficientnet":
        lines.append("from effnet_viz.engine.models import build_model")
    lines += [
        "from effnet_viz.scaling.compound import Multipliers, scale",
        "",
        f"multipliers = Multipliers(depth={m.depth!r}, width={m.width!r}, "
        f"resolution_px={m.resolution_px})",
        f"spec = scale({constant}, multipliers)",
        f"print(network_cost(spec).macs)  # {result.cost.macs}",
    ]
    if result.base.family == "efficientnet":
        px = m.resolution_px
        lines.append(f"model = build_model(spec)  # torch module, input (N, 3, {px}, {px})")
    return "\n".join(lines)
