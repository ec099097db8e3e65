"""What the grid search found, as files: one CSV row per trained point, one per epoch, and the
winner as JSON.

A row is written when its point is done, in one step, so a file is whole at any moment. Accuracies
are percent of the training photos held out for selection; no validation photo is ever read.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

from effnet_viz.errors import UserError
from effnet_viz.evidence import accuracy
from effnet_viz.evidence.checkpoints import write_atomically
from effnet_viz.evidence.search.points import Kind, SearchPoint, compound_from
from effnet_viz.evidence.seeds.paired import Difference, Part, between_seeds, combined
from effnet_viz.evidence.splits import RESULTS_DIR
from effnet_viz.scaling.architectures import CLASSROOM_BASELINE, ArchitectureSpec
from effnet_viz.scaling.compound import scale
from effnet_viz.scaling.cost import network_cost

ROWS, CURVES, OUTCOME = (
    "classroom-search.csv",
    "classroom-search-curves.csv",
    "classroom-search.json",
)

T = TypeVar("T", bound="SearchRow | CurveRow")


@dataclass(frozen=True, slots=True)
class SearchRow:
    """One trained point. ``recipe`` is the training recipe as JSON, its seed included."""

    point: str
    kind: Kind
    alpha: float
    beta: float
    gamma: float
    depth: float
    width: float
    resolution_px: int
    macs: int
    built_ratio: float
    law_ratio: float
    params: int
    held_out_top1: float
    held_out_n: int
    train_n: int
    seed: int
    epochs: int
    seconds: float
    recipe: str

    def search_point(self, base: ArchitectureSpec = CLASSROOM_BASELINE) -> SearchPoint:
        """The point this row measured, on its baseline."""
        return SearchPoint(self.point, self.kind, self.alpha, self.beta, self.gamma, base)


@dataclass(frozen=True, slots=True)
class CurveRow:
    """One epoch of one point: mean training loss, held-out top-1 in percent, seconds."""

    point: str
    seed: int
    epoch: int
    train_loss: float
    held_out_top1: float
    seconds: float


@dataclass(frozen=True, slots=True)
class PointResult:
    """One point over all its seeds.

    ``low`` and ``high`` bound the accuracy that the held-out photos allow, with 95 % confidence
    (Wilson's interval).
    """

    point: SearchPoint
    rows: tuple[SearchRow, ...]
    held_out_top1: float
    low: float
    high: float


def row_of(
    point: SearchPoint,
    curve: Sequence[CurveRow],
    recipe: dict[str, Any],
    train_n: int,
    held_out_n: int,
) -> SearchRow:
    """The row of a finished point; its accuracy is that of the last epoch."""
    cost, multipliers = network_cost(point.spec), point.multipliers
    return SearchRow(
        point=point.name,
        kind=point.kind,
        alpha=point.alpha,
        beta=point.beta,
        gamma=point.gamma,
        depth=multipliers.depth,
        width=multipliers.width,
        resolution_px=multipliers.resolution_px,
        macs=cost.macs,
        built_ratio=round(point.built_ratio, 4),
        law_ratio=round(point.law_ratio, 4),
        params=cost.params,
        held_out_top1=curve[-1].held_out_top1,
        held_out_n=held_out_n,
        train_n=train_n,
        seed=recipe["seed"],
        epochs=len(curve),
        seconds=round(sum(epoch.seconds for epoch in curve), 1),
        recipe=json.dumps(recipe),
    )


def read_rows(folder: Path = RESULTS_DIR) -> list[SearchRow]:
    """Every finished point, none where there is no file. Raises UserError where it is damaged."""
    return _read(folder / ROWS, SearchRow)


def read_curves(folder: Path = RESULTS_DIR) -> list[CurveRow]:
    """Every finished epoch, as `read_rows`; points still under way are among them."""
    return _read(folder / CURVES, CurveRow)


def by_epoch(rows: Iterable[CurveRow], point: str) -> dict[int, list[CurveRow]]:
    """A point's rows, an epoch's of all its seeds together, both in order."""
    found: dict[int, list[CurveRow]] = {}
    for row in sorted(rows, key=lambda row: (row.epoch, row.seed)):
        if row.point == point:
            found.setdefault(row.epoch, []).append(row)
    return found


def read_outcome(folder: Path = RESULTS_DIR) -> dict[str, Any] | None:
    """What `outcome` wrote, None where there is no file. Raises UserError where it is damaged."""
    path = folder / OUTCOME
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(path) from error


def _read(path: Path, kind: type[T]) -> list[T]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path) from error
    types = {"int": int, "float": float}
    convert = {field.name: types.get(str(field.type), str) for field in fields(kind)}
    try:
        return [
            kind(**{name: convert[name](value) for name, value in row.items()})
            for row in csv.DictReader(io.StringIO(text))
        ]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is damaged; remove it and run the search again.")


def as_csv(rows: Iterable[SearchRow] | Iterable[CurveRow], kind: type) -> str:
    """Rows of `SearchRow` or `CurveRow` as CSV, the header first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, [field.name for field in fields(kind)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue()


def add_row(row: SearchRow, order: Sequence[str], folder: Path) -> None:
    """Put a point's row into the file, in the points' order; one writer at a time."""
    rows = {(r.point, r.seed): r for r in (*read_rows(folder), row)}
    ordered = sorted(rows.values(), key=lambda r: (r.seed, _place(r.point, order)))
    write_atomically(folder / ROWS, as_csv(ordered, SearchRow).encode())


def add_epochs(epochs: Sequence[CurveRow], order: Sequence[str], folder: Path) -> None:
    """Put epochs into the file, as `add_row`; those that are there already are replaced."""
    rows = {(r.point, r.seed, r.epoch): r for r in (*read_curves(folder), *epochs)}
    ordered = sorted(rows.values(), key=lambda r: (r.seed, _place(r.point, order), r.epoch))
    write_atomically(folder / CURVES, as_csv(ordered, CurveRow).encode())


def _place(name: str, order: Sequence[str]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def results(rows: Iterable[SearchRow]) -> list[PointResult]:
    """Each point's mean over its seeds, the best first.

    The interval is that of one held-out set: every seed is measured on the same photos.
    """
    by_point: dict[str, list[SearchRow]] = {}
    for row in rows:
        by_point.setdefault(row.point, []).append(row)
    found = []
    for group in by_point.values():
        mean = sum(row.held_out_top1 for row in group) / len(group)
        low, high = accuracy.interval(mean, group[0].held_out_n)
        found.append(PointResult(group[0].search_point(), tuple(group), mean, low, high))
    return sorted(found, key=lambda result: -result.held_out_top1)


def first_best(rows: Iterable[SearchRow], count: int) -> list[str]:
    """The names of the ``count`` points that were best with the first seed: which they are does not
    change while other seeds of them are trained."""
    found = list(rows)
    first = min((row.seed for row in found), default=0)
    ranked = results(row for row in found if row.seed == first)
    return [result.point.name for result in ranked[:count]]


def margin(ranked: Sequence[PointResult]) -> float:
    """How many points two networks as good as the best may differ by chance, 95 % of the time.

    Among photos, as if each network had its own, which is rather too much; and, where points have
    several seeds, among as many seeds as the point with the fewest has.
    """
    best = ranked[0]
    count = best.rows[0].held_out_n
    photos = accuracy.margin(best.held_out_top1, count)
    fewest = min((result.rows for result in ranked), key=len)
    seeds = combined([(1, best.rows), (-1, fewest)], _between_seeds(ranked))
    if seeds is None:
        return photos
    return Difference(0, Part((photos / accuracy.Z95) ** 2, count - 1), seeds).half()


def _between_seeds(ranked: Iterable[PointResult]) -> Part | None:
    return between_seeds([[row.held_out_top1 for row in result.rows] for result in ranked])


@dataclass(frozen=True, slots=True)
class Again:
    """Points trained again from other seeds: their names, how many points the other seeds' mean is
    above the first seed's on average, and the standard deviation of one point's seeds."""

    points: tuple[str, ...]
    change: float
    between_seeds: float


def trained_again(ranked: Iterable[PointResult]) -> Again | None:
    """What other seeds say of the points that have some, None where none has."""
    several = [result for result in ranked if len(result.rows) > 1]
    part = _between_seeds(several)
    if part is None:
        return None
    changes = []
    for result in several:
        first, *others = sorted(result.rows, key=lambda row: row.seed)
        changes.append(fmean(row.held_out_top1 for row in others) - first.held_out_top1)
    names = tuple(result.point.name for result in several)
    return Again(names, fmean(changes), math.sqrt(part.variance))


def within_noise(ranked: Sequence[PointResult]) -> list[PointResult]:
    """The points after the first that are no farther from it than `margin`."""
    best, *others = ranked
    lowest = best.held_out_top1 - margin(ranked)
    return [result for result in others if result.held_out_top1 >= lowest]


def outcome(
    rows: Sequence[SearchRow], base: ArchitectureSpec = CLASSROOM_BASELINE
) -> dict[str, Any]:
    """Step 1's winner and step 2's φ, the same for the best true mixture, and how they were found.

    Raises UserError where there are no rows.
    """
    if not rows:
        raise UserError("No point of the search is finished yet.")
    ranked = results(rows)
    mixtures = [result for result in ranked if result.point.kind == "mixture"]
    recipe = json.loads(rows[0].recipe)
    recipe.pop("seed")
    return {
        "winner": _scaled_on(ranked[0], base),
        "best_mixture": _scaled_on(mixtures[0], base) if mixtures else None,
        "not_told_apart_from_winner": [r.point.name for r in within_noise(ranked)],
        "points": len(ranked),
        "seeds": sorted({row.seed for row in rows}),
        "train_n": rows[0].train_n,
        "held_out_n": rows[0].held_out_n,
        "recipe": recipe,
        "baseline": base.name,
        "baseline_macs": network_cost(base).macs,
        "date": datetime.now(UTC).date().isoformat(),
    }


def _scaled_on(result: PointResult, base: ArchitectureSpec) -> dict[str, Any]:
    point = replace(result.point, base=base)
    coefficients = compound_from(point)
    multipliers = coefficients.multipliers(base.resolution_px)
    macs = network_cost(scale(base, multipliers)).macs
    return {
        "point": point.name,
        "kind": point.kind,
        "alpha": point.alpha,
        "beta": point.beta,
        "gamma": point.gamma,
        "held_out_top1": round(result.held_out_top1, 2),
        "interval_95": [round(result.low, 1), round(result.high, 1)],
        "built_ratio": round(point.built_ratio, 4),
        "law_ratio": round(point.law_ratio, 4),
        "compound": {
            "phi": coefficients.phi,
            **asdict(multipliers),
            "macs": macs,
            "built_ratio": round(macs / network_cost(base).macs, 4),
            "law_ratio": round(coefficients.law_ratio, 4),
        },
    }


def write_outcome(rows: Sequence[SearchRow], folder: Path) -> dict[str, Any]:
    """Write `outcome` beside the rows and return it."""
    found = outcome(rows)
    text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / OUTCOME, text.encode())
    return found
