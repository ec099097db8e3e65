"""The measured attention of the family, as a table: one row a model and measure. No torch here."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import write_atomically
from effnet_viz.evidence.family import listed
from effnet_viz.evidence.splits import RESULTS_DIR
from effnet_viz.scaling.families import ROLES

ATTENTION_FILE = RESULTS_DIR / "classroom-attention.csv"
#: The same, counted with the cells in the middles of equal tiles instead of round their centres.
TILES_FILE = RESULTS_DIR / "classroom-attention-tiles.csv"
SHIFTS_FILE = RESULTS_DIR / "map-shifts.csv"

#: What is measured: the column's name, and what it is for a person.
MEASURES: MappingProxyType[str, str] = MappingProxyType(
    {
        "pointing": "percent of photos whose brightest cell has its centre in a box",
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
    on the same photos, in points, of the baseline to the mean over its seeds. ``weights`` is one
    of TRAINED, RANDOM, CENTRE.
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


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """How far from where it is a stage's map shows a thing, in percent of the square's side (right
    or down is positive), with the 95 % interval of the mean over ``n`` networks or photos.

    ``test``: ``dots`` (random weights, one bright dot) or ``mirrored`` (trained weights, a photo
    and its mirror image). ``placed``: ``tiles`` or ``centres``, as the cells are drawn, and of dots
    ``points``, the centres without the area nearest to each.
    """

    test: str
    network: str
    stage: int
    step_px: int
    side_px: int
    placed: str
    mean: float
    low: float
    high: float
    n: int


Row = TypeVar("Row", AttentionRow, ShiftRow)


def write_attention(rows: Iterable[AttentionRow], path: Path = ATTENTION_FILE) -> None:
    """Write the table in one step."""
    _write(AttentionRow, rows, path)


def read_attention(path: Path = ATTENTION_FILE) -> tuple[AttentionRow, ...]:
    """The shipped table; empty where none ships. Raises UserError where it is damaged."""
    return _read(AttentionRow, path)


def write_shifts(rows: Iterable[ShiftRow], path: Path = SHIFTS_FILE) -> None:
    """Write the table of shifts in one step."""
    _write(ShiftRow, rows, path)


def read_shifts(path: Path = SHIFTS_FILE) -> tuple[ShiftRow, ...]:
    """The shipped table of shifts; as `read_attention`."""
    return _read(ShiftRow, path)


def _write(kind: type[Row], rows: Iterable[Row], path: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(kind)])
    writer.writerows(astuple(row) for row in rows)
    write_atomically(path, text.getvalue().encode())


def _read(kind: type[Row], path: Path) -> tuple[Row, ...]:
    if not path.exists():
        return ()
    types = {"int": int, "float": float, "str": str}
    kinds = {field.name: types[str(field.type)] for field in fields(kind)}
    try:
        with path.open(newline="") as file:
            return tuple(
                kind(**{key: kinds[key](value) for key, value in row.items()})
                for row in csv.DictReader(file)
            )
    except (OSError, KeyError, TypeError, ValueError) as error:
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


def seeds_of(rows: Iterable[AttentionRow], role: str, measure: str) -> list[AttentionRow]:
    """A role's trained networks, one row a seed."""
    wanted = (role, measure, TRAINED, "")
    return [r for r in rows if (r.role, r.measure, r.weights, r.compared_with) == wanted]


def seeds_range(rows: Iterable[AttentionRow], measure: str) -> tuple[float, float] | None:
    """The lowest and highest value among the baseline's seeds; None for fewer than two."""
    values = [row.value for row in seeds_of(rows, BASELINE_NAME, measure)]
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


def rows_of_measure(rows: Sequence[AttentionRow], measure: str) -> list[AttentionRow]:
    """The rows of one measure, without those that are differences."""
    return [row for row in rows if row.measure == measure and not row.compared_with]


def verdict(rows: Sequence[AttentionRow], measure: str) -> str:
    """Which roles differ from the baseline beyond its seeds and chance, with every seed of their
    own, and what the controls say, as Markdown."""
    trained: dict[str, list[AttentionRow]] = {
        role: found for role in ROLES if (found := seeds_of(rows, role, measure))
    }
    judged = {
        role: [stands_out(rows, row) for row in found]
        for role, found in trained.items()
        if role != "baseline"
    }
    seeds = seeds_range(rows, measure)
    if seeds is None or any(None in each for each in judged.values()):
        first = (
            "The baseline was trained once: how much of a difference between roles is luck of the "
            "start, nobody can say."
        )
    else:
        sign = -1 if measure in LOWER_IS_BETTER else 1
        over = {role: _over_baseline(rows, trained[role]) for role in judged}
        apart = {
            role: all(judged[role]) and (min(points) > 0 or max(points) < 0)
            for role, points in over.items()
        }
        mean = {role: sum(points) / len(points) for role, points in over.items()}
        named = [
            f"{role} ({mean[role]:+.1f}, {_better(sign * mean[role])})"
            for role in over
            if apart[role]
        ]
        once = [role for role in over if apart[role] and len(over[role]) == 1]
        others = [
            f"{role} ({listed([f'{by:+.1f}' for by in points])} by its seeds)"
            if len(points) > 1
            else role
            for role, points in over.items()
            if not apart[role]
        ]
        first = f"The seeds of the baseline reach {seeds[0]:.1f} to {seeds[1]:.1f} %. "
        if named:
            first += (
                f"**{listed(named)}** lie{'s' if len(named) == 1 else ''} outside that range by "
                "more than its own width, and beyond chance among the photos"
            )
            first += (
                f"; {listed(others)} {'does' if len(others) == 1 else 'do'} not." if others else "."
            )
            if once:
                first += f" Trained once, so perhaps by luck of the start: {listed(once)}."
        else:
            first += (
                "**No role** lies outside that range by more than its own width and beyond chance."
            )
    return f"{first} {_beside_controls(rows, measure, trained)}".strip()


def _over_baseline(rows: Sequence[AttentionRow], found: Sequence[AttentionRow]) -> list[float]:
    pairs = (find_row(rows, r.model, r.measure, TRAINED, BASELINE_NAME) for r in found)
    return [pair.value for pair in pairs if pair]


def _better(points: float) -> str:
    return "better" if points > 0 else "worse"


def _beside_controls(
    rows: Sequence[AttentionRow], measure: str, trained: Mapping[str, Sequence[AttentionRow]]
) -> str:
    said = []
    chance = [r.value for r in rows_of_measure(rows, measure) if r.weights == RANDOM]
    if chance:
        said.append(f"Random weights reach {min(chance):.1f} to {max(chance):.1f} %")
    centre = next((r for r in rows_of_measure(rows, measure) if r.weights == CENTRE), None)
    if centre is not None:
        clear = [
            role for role, found in trained.items() if all(beats_centre(rows, r) for r in found)
        ]
        beaten = (
            "all trained roles beat it beyond chance"
            if len(clear) == len(trained)
            else f"only {listed(clear)} beat{'s' if len(clear) == 1 else ''} it beyond chance"
            if clear
            else "**no trained role beats it beyond chance**"
        )
        said.append(
            f"{'a' if said else 'A'} bell curve in the centre, which sees no photo, "
            f"{centre.value:.1f} %: {beaten}. Most photographers put the object in the middle"
        )
    return ("; ".join(said) + ".") if said else ""


def moved_by_placing(
    rows: Sequence[AttentionRow], tiled: Sequence[AttentionRow], measure: str
) -> str:
    """How far a measure of each trained network moved when its cells were placed round their
    centres, in points; nothing where it was not counted both ways."""
    changes = [
        f"{row.model} {row.value - before.value:+.1f}"
        for row in rows_of_measure(rows, measure)
        if row.weights == TRAINED and (before := find_row(tiled, row.model, measure))
    ]
    if not changes:
        return ""
    return (
        "Against the same maps counted as equal tiles, in points, where that was done: "
        f"{', '.join(changes)}."
    )


def placing_sentence(shifts: Sequence[ShiftRow]) -> str:
    """What the measured shifts say: of random weights at the last stage, and of the trained
    networks. Nothing where they were not measured."""
    dots = [row for row in shifts if row.test == "dots"]
    trained = [row for row in shifts if row.test == "mirrored"]
    if not dots or not trained:
        return ""
    last, stage = max(row.stage for row in dots), max(row.stage for row in trained)
    tile, own, point = (_at(dots, last, placed)[0] for placed in ("tiles", "centres", "points"))
    sides = [_at(trained, stage, placed) for placed in ("tiles", "centres")]
    off = [sum(abs(row.mean) for row in side) / len(side) for side in sides]
    better, worse = ("own centres", "tiles") if off[1] < off[0] else ("tiles", "own centres")
    return (
        f"**With random weights** a bright dot comes back {_px(tile)} px off at stage {last} of "
        f"{tile.network} ({tile.side_px} px) with cells as tiles, and {_px(own)} px with cells "
        f"round their own centres. Counted at the centres alone it is {_px(point)} px: at such a "
        "stride a cell sees more than the photo, and the border pulls. **Training may learn "
        "another place** than the middle of what a cell can see: last-stage maps of photos and of "
        f"their mirror images, which should be one, lie {off[0]:.1f} % of the side off with tiles "
        f"and {off[1]:.1f} % with own centres, mean over the trained roles. There the {better} "
        f"are nearer than the {worse}."
    )


def _at(shifts: Sequence[ShiftRow], stage: int, placed: str) -> list[ShiftRow]:
    return [row for row in shifts if (row.stage, row.placed) == (stage, placed)]


def _px(row: ShiftRow) -> str:
    return f"{row.mean * row.side_px / 100:+.1f}"
