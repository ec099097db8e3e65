"""``search``: the small grid search, in as many processes as there are cores to spare."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from effnet_viz.cli.terminal import print_table
from effnet_viz.cli.training import data_folder, read_names
from effnet_viz.engine.training import search
from effnet_viz.engine.training.classroom import RECIPE
from effnet_viz.errors import UserError
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import SearchPoint, search_points
from effnet_viz.evidence.search.records import CurveRow, SearchRow


def run_search(options: Namespace) -> None:
    """Train what is left of the search and say who won; a stopped run goes on."""
    for name in ("epochs", "threads", "per_class", "batch_size", "best"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UserError(f"--{name.replace('_', '-')} must be at least 1, not {value}.")
    if not 0 < options.held_out <= 0.5:
        raise UserError(f"--held-out is a share between 0 and 0.5, not {options.held_out:g}.")
    torch.set_num_threads(options.threads)
    recipe = replace(
        RECIPE,
        epochs=options.epochs,
        seed=options.seed,
        batch_size=options.batch_size or RECIPE.batch_size,
    )
    points = _points(options)
    leave_out = read_names(options.leave_out)
    photos, held_out = search.load_search_photos(
        data_folder(options.data), leave_out, options.per_class, options.held_out
    )
    whole = search.Search(points, photos, held_out, recipe, Path(options.work), Path(options.out))
    rows = _train(whole)
    outcome = search.finish(whole, rows)
    _print(rows)
    if outcome is None:
        print(f"{len(points) - len(rows)} points are being trained by another process.")
    else:
        _print_outcome(outcome, whole.out)


def _points(options: Namespace) -> tuple[SearchPoint, ...]:
    points = search_points(options.points)
    if options.best is None:
        return points
    rows = records.read_rows(Path(options.out))
    if not rows:
        raise UserError(
            f"--best chooses among finished points, and {options.out} has none: search without it "
            "first."
        )
    chosen = records.first_best(rows, options.best)
    return tuple(point for point in points if point.name in chosen)


def _train(whole: search.Search) -> list[SearchRow]:
    """Train with a bar in epochs; points that another process finishes count as they appear."""
    epochs = whole.recipe.epochs
    done = len(whole.rows()) * epochs
    with tqdm(
        total=len(whole.points) * epochs, initial=done, unit="epoch", smoothing=0,
        bar_format="{l_bar}{bar}| {n:.1f}/{total} epochs [{elapsed}<{remaining}] {postfix}",
    ) as bar:  # fmt: skip

        def step(point: SearchPoint, epoch: int, step: int, steps: int) -> None:
            bar.n = done + epoch - 1 + step / steps
            bar.set_postfix_str(f"{point.name}: epoch {epoch}, step {step}/{steps}", refresh=False)
            bar.update(0)

        def epoch_done(point: SearchPoint, row: CurveRow) -> None:
            bar.write(
                f"{point.name}, epoch {row.epoch}: loss {row.train_loss:.3f}, "
                f"held out {row.held_out_top1:.1f} %, {row.seconds:.0f} s"
            )

        def point_done(_: SearchRow) -> None:
            nonlocal done
            done = len(whole.rows()) * epochs

        return search.run(whole, step, epoch_done, point_done)


def _print(rows: list[SearchRow]) -> None:
    if not rows:
        return
    n = rows[0].held_out_n
    print(f"\nHeld-out top-1 on {n} training photos, 95 % intervals; best first.\n")
    print_table(
        ("top-1 %", "interval", "point", "kind", "px", "built", "law", "params", "seconds"),
        [
            (
                f"{r.held_out_top1:.1f}",
                f"{r.low:.1f}-{r.high:.1f}",
                r.point.name,
                r.point.kind,
                r.point.multipliers.resolution_px,
                f"{r.point.built_ratio:.2f}x",
                f"{r.point.law_ratio:.2f}x",
                f"{r.rows[0].params:,}",
                f"{r.rows[0].seconds:.0f}",
            )
            for r in records.results(rows)
        ],
    )


def _print_outcome(outcome: dict[str, Any], out: Path) -> None:
    for title in ("winner", "best_mixture"):
        found = outcome[title]
        if found is None:
            continue
        compound = found["compound"]
        print(
            f"\n{title.replace('_', ' ')}: {found['point']} (alpha {found['alpha']:g}, "
            f"beta {found['beta']:g}, gamma {found['gamma']:g}), {found['held_out_top1']} %\n"
            f"  scaled on: phi {compound['phi']:g} builds {compound['built_ratio']:.2f}x "
            f"(by the law {compound['law_ratio']:.2f}x): depth {compound['depth']:.3f}, "
            f"width {compound['width']:.3f}, {compound['resolution_px']} px"
        )
    alike = outcome["not_told_apart_from_winner"]
    if alike:
        print(f"\nNot told apart from the winner by this many photos: {', '.join(alike)}")
    print(f"\nwritten: {out / records.ROWS}, {records.CURVES}, {records.OUTCOME}")
