"""``train``: the classroom family from photos to shipped weights."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from effnet_viz.engine.training import classroom, imagenette
from effnet_viz.engine.training.recipe import EpochResult, Recipe
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR
from effnet_viz.evidence.model_card import write_card
from effnet_viz.evidence.splits import RESULTS_DIR
from effnet_viz.scaling.families import ROLES, classroom_member


def run_train(options: Namespace) -> None:
    """Train members one after the other and ship each as it is done; a stopped run goes on."""
    recipe = replace(classroom.RECIPE, epochs=positive(options.epochs, "epochs"))
    if options.detail_px is not None:
        positive(options.detail_px, "detail-px")
        if len(options.model or ROLES) != 1:
            raise UserError("--detail-px trains one network; name it with --model, once.")
    suffix = f"-seed{options.seed}" if options.seed else ""
    names = [classroom_member(name + suffix).name for name in options.model or ROLES]
    leave_out = read_names(options.leave_out)
    data = classroom.load_data(data_folder(options.data), leave_out)
    for name in names:
        with tqdm(total=recipe.epochs, desc=name, unit="epoch") as bar:

            def step(epoch: int, step: int, steps: int, bar: tqdm[None] = bar) -> None:
                bar.n = epoch - 1 + step / steps
                bar.set_postfix_str(f"epoch {epoch}, step {step}/{steps}")

            def done(result: EpochResult, bar: tqdm[None] = bar) -> None:
                bar.write(
                    f"epoch {result.epoch}: loss {result.train_loss:.3f}, "
                    f"held out {result.held_out_top1:.1f} %, {result.seconds:.0f} s"
                )

            top1, n = _train_one(name, data, recipe, options, done, step)
        if Path(options.out) == CHECKPOINT_DIR:
            write_card()
        tqdm.write(f"{name}: {top1} % top-1 on {n} validation photos")


def _train_one(
    name: str,
    data: classroom.Data,
    recipe: Recipe,
    options: Namespace,
    done: Callable[[EpochResult], None],
    step: Callable[[int, int, int], None],
) -> tuple[float, int]:
    """Top-1 in percent, and of how many photos."""
    work, out = Path(options.work), Path(options.out)
    if options.detail_px is not None:
        results = out.parent / RESULTS_DIR.name
        run = classroom.train_coarse(
            name, options.detail_px, data, recipe, work, results, done, step
        )
        return run.val_top1, run.val_n
    record = classroom.train_member(name, data, recipe, work, out, done, step)
    return record["val_top1"], record["val_n"]


def positive(value: int, name: str) -> int:
    """The value. Raises UserError for one below 1."""
    if value < 1:
        raise UserError(f"{name} must be at least 1, not {value}.")
    return value


def data_folder(given: str | None) -> Path:
    """The folder of photos that was named, else the one at hand, else Imagenette, fetched now with
    a bar of its bytes. Raises UserError."""
    folder = Path(given) if given else imagenette.data_folder()
    if folder is not None:
        return folder
    with tqdm(desc="Imagenette", unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def show(done: int, total: int) -> None:
            bar.total, bar.n = total or None, done
            bar.refresh()

        return imagenette.fetch(on_progress=show)


def read_names(path: str | None) -> frozenset[str] | None:
    """The file names listed in a text file; None where none is given. Raises UserError."""
    if path is None:
        return None
    try:
        return frozenset(Path(path).read_text().split())
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The list {path} cannot be read ({error}).") from error
