"""The measured attention of the family, as a table: one row a model and measure. No torch here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import MappingProxyType

from effnet_viz.errors import UserError
from effnet_viz.records import write_atomically
from effnet_viz.splits import RESULTS_DIR

ATTENTION_FILE = RESULTS_DIR / "classroom-attention.csv"

#: What is measured: the column's name, and what it is for a person.
MEASURES: MappingProxyType[str, str] = MappingProxyType(
    {
        "pointing": "percent of photos whose brightest cell lies in a box",
        "energy": "percent of the map's energy inside the boxes",
        "max_box_acc": "percent of photos whose best box overlaps a true one by half (MaxBoxAcc)",
        "deletion": "percent left of the class's probability while the brightest is removed, mean",
        "insertion": "percent of the class's probability while the brightest is added, mean",
    }
)

#: The measures as headings, in the same order.
TITLES: MappingProxyType[str, str] = MappingProxyType(
    {
        "pointing": "Pointing",
        "energy": "Energy",
        "max_box_acc": "MaxBoxAcc",
        "deletion": "Deletion",
        "insertion": "Insertion",
    }
)

#: Of these a smaller value is the better one.
LOWER_IS_BETTER = frozenset({"deletion"})

TRAINED, RANDOM, CENTRE = "trained", "random weights", "no network: a bell curve in the centre"


#: What others are compared with, by the name it has in the table.
BASELINE_NAME, CENTRE_NAME = "baseline", "centre"


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One measure of one model's maps over ``n`` photos, in percent, with its 95 % interval.

    ``compared_with`` is empty for the measure itself; else the row is the difference to that model
    on the same photos, in points. ``weights`` is one of TRAINED, RANDOM, CENTRE.
    """

    model: str
    role: str
    times: int
    seed: int
    weights: str
    measure: str
    compared_with: str
    value: float
    low: float
    high: float
    n: int


def write_attention(rows: Iterable[AttentionRow], path: Path = ATTENTION_FILE) -> None:
    """Write the table in one step."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(AttentionRow)])
    writer.writerows(astuple(row) for row in rows)
    write_atomically(path, text.getvalue().encode())


def read_attention(path: Path = ATTENTION_FILE) -> tuple[AttentionRow, ...]:
    """The shipped table; empty where none ships. Raises UserError where it is damaged."""
    kinds = {"times": int, "seed": int, "n": int, "value": float, "low": float, "high": float}
    if not path.exists():
        return ()
    try:
        with path.open(newline="") as file:
            return tuple(
                AttentionRow(**{key: kinds.get(key, str)(value) for key, value in row.items()})
                for row in csv.DictReader(file)
            )
    except (OSError, TypeError, ValueError) as error:
        raise UserError(
            f"The table {path} is damaged ({error}); download the project again."
        ) from error


def find_row(
    rows: Iterable[AttentionRow],
    model: str,
    measure: str,
    weights: str = TRAINED,
    compared_with: str = "",
) -> AttentionRow | None:
    """The row of one model, measure and comparison; None where it was not measured."""
    wanted = (model, measure, weights, compared_with)
    return next(
        (r for r in rows if (r.model, r.measure, r.weights, r.compared_with) == wanted), None
    )


def seeds_range(rows: Iterable[AttentionRow], measure: str) -> tuple[float, float] | None:
    """The lowest and highest value among the baseline's seeds; None for fewer than two."""
    values = [
        row.value
        for row in rows
        if (row.role, row.measure, row.weights, row.compared_with)
        == ("baseline", measure, TRAINED, "")
    ]
    return (min(values), max(values)) if len(values) > 1 else None


def beats_centre(rows: Iterable[AttentionRow], row: AttentionRow) -> bool | None:
    """Whether a model is better than the bell curve beyond chance among the photos: the interval of
    the paired difference lies on the better side of 0. None where that was not measured."""
    paired = find_row(rows, row.model, row.measure, row.weights, CENTRE_NAME)
    if paired is None:
        return None
    return paired.high < 0 if row.measure in LOWER_IS_BETTER else paired.low > 0


def stands_out(rows: Iterable[AttentionRow], row: AttentionRow) -> bool | None:
    """Whether a model differs from the baseline by more than the baseline's seeds do from each
    other, and more than chance among the photos: its value lies outside the seeds' range by more
    than their width, and the interval of the paired difference excludes 0.

    None where the seeds or the difference were not measured.
    """
    table = tuple(rows)
    seeds = seeds_range(table, row.measure)
    paired = find_row(table, row.model, row.measure, row.weights, BASELINE_NAME)
    if seeds is None or paired is None:
        return None
    low, high = seeds
    beyond = max(row.value - high, low - row.value)
    return beyond > high - low and not paired.low <= 0 <= paired.high
