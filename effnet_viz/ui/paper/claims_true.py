"""Statements about the paper that are true, to stand among the misreadings; each with its proof."""

from __future__ import annotations

from dataclasses import dataclass

from effnet_viz.evidence.paper.tables import Paper
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, RESNET_50
from effnet_viz.scaling.compound import Coefficients, released
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.study import study


@dataclass(frozen=True, slots=True)
class TrueClaim:
    """A statement that holds, and the computed figures that show it."""

    key: str
    claim: str
    truth: str


def true_claims(paper: Paper) -> tuple[TrueClaim, ...]:
    """Four of them; every figure is computed here."""
    law, b1 = Coefficients(phi=1.0), released("b1")
    one = study(EFFICIENTNET_B0, law)
    b2 = study(EFFICIENTNET_B0, released("b2"))
    b0, resnet = network_cost(EFFICIENTNET_B0), network_cost(RESNET_50)
    right, theirs = paper.result("B0").top1, paper.result("ResNet-50").top1
    return (
        TrueClaim(
            "product",
            "The paper's own α, β, γ do not make α · β² · γ² equal to 2.",
            f"{law.alpha} · {law.beta}² · {law.gamma}² = **{law.constraint:.4f}**.",
        ),
        TrueClaim(
            "b1_width",
            "B1 is exactly as wide as B0.",
            f"Its width multiplier is **{b1.width:g}**; only depth ({b1.depth:g}) and input "
            f"({b1.resolution_px} px) grew.",
        ),
        TrueClaim(
            "b2_params",
            "φ = 1 by the formula has exactly as many parameters as the released B2.",
            f"Both have **{one.cost.params:,}** (B2: {b2.cost.params:,}); their inputs differ, "
            f"{one.multipliers.resolution_px} and {b2.multipliers.resolution_px} px.",
        ),
        TrueClaim(
            "ten_times",
            "ResNet-50 needs more than ten times B0's multiply-adds.",
            f"{resnet.macs / 1e9:.2f} B against {b0.macs / 1e9:.2f} B: "
            f"**{resnet.macs / b0.macs:.1f}×**, for {theirs} % against {right} % (v1 table 2).",
        ),
    )
