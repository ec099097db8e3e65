"""The small grid search, really run: every point trained alike and measured on held-out photos.

Several processes may work on one search. Each point is claimed by a lock file, which the operating
system releases when its owner ends, however it ends; whoever claims it next goes on from the last
whole epoch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from effnet_viz.engine.training.recipe import (
    EpochResult,
    PhotoSet,
    Recipe,
    load_photos,
    split_held_out,
    train,
)
from effnet_viz.errors import UserError
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import SearchPoint, search_points
from effnet_viz.evidence.search.records import CurveRow, SearchRow, row_of
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

OnStep = Callable[[SearchPoint, int, int, int], None]
OnEpoch = Callable[[SearchPoint, CurveRow], None]


@dataclass(frozen=True)
class Search:
    """What is searched, on which photos, by which recipe, and where its files lie.

    ``work`` holds locks and checkpoints, ``out`` the results (see
    `effnet_viz.evidence.search.records`).
    """

    points: tuple[SearchPoint, ...]
    photos: PhotoSet
    held_out: PhotoSet
    recipe: Recipe
    work: Path
    out: Path

    def rows(self) -> list[SearchRow]:
        """This search's finished points, this seed's only.

        Raises UserError where the file holds results of another recipe or other photos.
        """
        found = records.read_rows(self.out)
        for row in found:
            recipe = json.loads(row.recipe) | {"seed": self.recipe.seed}
            sizes = (row.train_n, row.held_out_n)
            if recipe != asdict(self.recipe) or sizes != (len(self.photos), len(self.held_out)):
                raise UserError(
                    f"{self.out / records.ROWS} holds results of another recipe or other "
                    "photos; choose another --out, or the recipe and photos of these results."
                )
        names = {point.name for point in self.points}
        return [row for row in found if row.seed == self.recipe.seed and row.point in names]


def load_search_photos(
    folder: Path,
    leave_out: frozenset[str] | None = None,
    per_class: int | None = None,
    held_out_share: float = 0.1,
) -> tuple[PhotoSet, PhotoSet]:
    """(train, held out) from ``folder/train/<wnid>``; validation photos are never read.

    ``leave_out`` names files to skip, by default those kept for measuring attention.
    Raises UserError where the ten class folders are not there.
    """
    missing = [wnid for wnid in IMAGENETTE_CLASSES if not (folder / "train" / wnid).is_dir()]
    if missing:
        raise UserError(
            f"{folder / 'train'} lacks the class folders {', '.join(missing)}; pass the folder "
            "that holds train/ of Imagenette."
        )
    photos = load_photos(
        folder / "train",
        IMAGENETTE_CLASSES,
        leave_out=read_names("boxed") if leave_out is None else leave_out,
        limit_per_class=per_class,
    )
    return split_held_out(photos, held_out_share)


def run(
    search: Search,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    on_point: Callable[[SearchRow], None] | None = None,
) -> list[SearchRow]:
    """Train every point that is neither finished nor claimed by another process.

    Returns the rows of all finished points; they are fewer than the points where another process
    is still at work. ``on_step`` gets (point, epoch, step, steps per epoch).
    Raises UserError where the results or checkpoints are those of another search.
    """
    trained = True
    while trained:  # again, in case another process gave up a point that was passed over
        trained = False
        for point in search.points:
            with _claimed(search, point) as ours:
                if ours and point.name not in {row.point for row in search.rows()}:
                    row = _train(search, point, on_step, on_epoch)
                    trained = True
                    if on_point:
                        on_point(row)
    return search.rows()


@contextmanager
def _claimed(search: Search, point: SearchPoint) -> Iterator[bool]:
    """Whether this process may train the point: no other one is at it."""
    search.work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_work_file(search, point, "lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _work_file(search: Search, point: SearchPoint, suffix: str) -> Path:
    return search.work / f"{point.name}-seed{search.recipe.seed}.{suffix}"


def _train(
    search: Search, point: SearchPoint, on_step: OnStep | None, on_epoch: OnEpoch | None
) -> SearchRow:
    order = [p.name for p in search_points(base=point.base)]
    writing = FileLock(search.work / "results.lock")

    def record(result: EpochResult) -> CurveRow:
        return CurveRow(
            point.name,
            search.recipe.seed,
            result.epoch,
            round(result.train_loss, 4),
            round(result.held_out_top1, 2),
            result.seconds,
        )

    def epoch_done(result: EpochResult) -> None:
        with writing:
            records.add_epochs([record(result)], order, search.out)
        if on_epoch:
            on_epoch(point, record(result))

    def step_done(epoch: int, step: int, steps: int) -> None:
        if on_step:
            on_step(point, epoch, step, steps)

    _, history = train(
        point.spec,
        search.photos,
        search.held_out,
        search.recipe,
        _work_file(search, point, "pt"),
        on_epoch=epoch_done,
        on_step=step_done,
    )
    curve = [record(result) for result in history]
    row = row_of(point, curve, asdict(search.recipe), len(search.photos), len(search.held_out))
    with writing:
        records.add_epochs(curve, order, search.out)
        records.add_row(row, order, search.out)
    return row


def finish(search: Search, rows: Sequence[SearchRow]) -> dict[str, object] | None:
    """Write and return the outcome where every point is finished, else None."""
    if len(rows) < len(search.points):
        return None
    with FileLock(search.work / "results.lock"):
        return records.write_outcome(records.read_rows(search.out), search.out)
