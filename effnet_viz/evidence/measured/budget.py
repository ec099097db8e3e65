"""Accuracy beside measured time, and the best model within so many milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from effnet_viz.evidence.paper.tables import Paper, load
from effnet_viz.evidence.results import BenchmarkRow

_RESNETS = {"resnet50": "ResNet-50", "resnet152": "ResNet-152"}


@dataclass(frozen=True, slots=True)
class Published:
    """ImageNet top-1 in percent, with where it is printed."""

    top1: float
    source: str


def published(paper: Paper | None = None) -> dict[str, Published]:
    """ImageNet accuracy by a measured model's name: one source, the paper's table 2, for all.

    The classroom networks are trained on ten classes and have none.
    """
    paper = paper or load()
    source = "paper v1 table 2"
    found = {row.variant: Published(row.top1_v1, source) for row in paper.variant_accuracies}
    by_title = {row.model: row.top1 for row in paper.imagenet_results}
    found |= {name: Published(by_title[title], source) for name, title in _RESNETS.items()}
    return found


def best_within(rows: Sequence[BenchmarkRow], budget_ms: float) -> BenchmarkRow | None:
    """The most accurate of the measured models whose median pass takes no longer; of equals the
    fastest. None where none fits."""
    known = published()
    fitting = [row for row in rows if row.model in known and row.latency.median_ms <= budget_ms]
    return max(
        fitting, key=lambda row: (known[row.model].top1, -row.latency.median_ms), default=None
    )
