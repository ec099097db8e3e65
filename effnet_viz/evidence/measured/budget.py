"""Accuracy beside measured time, and the best model within so many milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from effnet_viz.errors import UserError
from effnet_viz.evidence.family import by_role, family_results
from effnet_viz.evidence.paper.tables import load
from effnet_viz.evidence.results import BenchmarkRow

_RESNETS = {"resnet50": "ResNet-50", "resnet152": "ResNet-152"}


@dataclass(frozen=True, slots=True)
class Known:
    """Top-1 accuracy in percent, on which data, and where it is printed or measured."""

    top1: float
    data: str
    source: str


@cache
def imagenet() -> dict[str, Known]:
    """ImageNet accuracy by a measured model's name: one source, the paper's table 2, for all."""
    paper = load()
    by_title = {row.model: row.top1 for row in paper.imagenet_results}
    found = {row.variant: row.top1_v1 for row in paper.variant_accuracies}
    found |= {name: by_title[title] for name, title in _RESNETS.items()}
    return {name: Known(top1, "ImageNet", "paper v1 table 2") for name, top1 in found.items()}


@cache
def classroom() -> dict[str, Known]:
    """Accuracy of the classroom's networks on Imagenette's ten classes, the mean over their seeds;
    those that are not shipped are left out, and all where a record is damaged."""
    try:
        found = by_role(family_results())
    except UserError:
        return {}
    return {
        role: Known(result.top1, "Imagenette", "measured by this project")
        for role, result in found.items()
    }


def known(family: str, model: str) -> Known | None:
    """The accuracy of a network that can be measured; None where nobody has printed or measured
    it."""
    listed = {"imagenet": imagenet, "resnet50": imagenet, "classroom": classroom}.get(family)
    return listed().get(model) if listed else None


def best_within(rows: Sequence[BenchmarkRow], budget_ms: float) -> BenchmarkRow | None:
    """The most accurate on ImageNet of the measured models whose median pass takes no longer; of
    equals the fastest. None where none fits."""
    top1 = imagenet()
    fitting = [row for row in rows if row.model in top1 and row.latency.median_ms <= budget_ms]
    return max(
        fitting, key=lambda row: (top1[row.model].top1, -row.latency.median_ms), default=None
    )
