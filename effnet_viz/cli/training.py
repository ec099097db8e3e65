"""``train`` and ``evaluate``: the classroom family from photos to shipped weights, and back."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from effnet_viz.cli.terminal import print_json, print_table
from effnet_viz.engine.training import classroom, imagenette
from effnet_viz.engine.training.recipe import EpochResult, Recipe
from effnet_viz.errors import UserError
from effnet_viz.evidence.attention import AttentionRow, read_attention, write_attention
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, read_record, shipped_members
from effnet_viz.evidence.coarse import BLURRED_FILE, Blurred, read_blurred, write_blurred
from effnet_viz.evidence.files import output
from effnet_viz.evidence.model_card import write_card
from effnet_viz.evidence.splits import RESULTS_DIR, read_boxes
from effnet_viz.scaling.families import ROLES, classroom_member


def run_train(options: Namespace) -> None:
    """Train members one after the other and ship each as it is done; a stopped run goes on."""
    recipe = replace(classroom.RECIPE, epochs=_positive(options.epochs, "epochs"))
    if options.detail_px is not None:
        _positive(options.detail_px, "detail-px")
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


def run_evaluate(options: Namespace) -> bool:
    """Measure the shipped weights again; False where a figure is not the shipped one."""
    if options.attention is not None and options.detail_px is not None:
        raise UserError("Choose --attention or --detail-px; they are two measurements.")
    if options.attention is not None:
        return _evaluate_attention(options)
    if options.detail_px is not None:
        return _evaluate_blurred(options)
    photos = classroom.load_val(data_folder(options.data))
    rows = []
    folder = Path(options.out)
    for name in options.model or [member.name for member in shipped_members(folder)]:
        record = read_record(name, folder)
        measured = classroom.evaluate_member(name, photos, folder)
        rows.append(
            {
                "model": name,
                "val_top1": round(measured, 2),
                "shipped_val_top1": record["val_top1"],
                "val_n": len(photos),
                "same": abs(measured - record["val_top1"]) <= options.tolerance,
            }
        )
    return _print_rows(rows, options)


def _print_rows(rows: list[dict[str, Any]], options: Namespace) -> bool:
    """Whether every row is the same as the shipped one."""
    if options.json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    return all(row["same"] for row in rows)


def _evaluate_blurred(options: Namespace) -> bool:
    """The shipped networks that see more than ``detail_px``, shown no more than that."""
    folder, detail_px = Path(options.out), _positive(options.detail_px, "detail-px")
    names = options.model or [
        member.name
        for member in shipped_members(folder)
        if member.spec.resolution_px > detail_px and member.times != 2
    ]
    table = folder.parent / RESULTS_DIR.name / BLURRED_FILE.name
    own = output(RESULTS_DIR.name, table.name) if folder == CHECKPOINT_DIR else table
    known = (*read_blurred(table), *read_blurred(own))
    shipped = {(row.model, row.detail_px): row for row in known}
    photos = classroom.load_val(data_folder(options.data))
    measured = []
    for name in names:
        px = classroom_member(name).spec.resolution_px
        top1 = classroom.evaluate_member(name, classroom.with_detail(photos, detail_px, px), folder)
        measured.append(Blurred(name, px, detail_px, round(top1, 2), len(photos)))
    if not measured:
        raise UserError(f"No shipped network sees more than {detail_px} px.")
    rows = []
    for row in measured:
        before = shipped.setdefault((row.model, row.detail_px), row)
        same = abs(before.val_top1 - row.val_top1) <= options.tolerance
        rows.append({**asdict(row), "same": same})
    if len(shipped) > len({(row.model, row.detail_px) for row in known}):
        write_blurred(list(shipped.values()), own)
    return _print_rows(rows, options)


def _evaluate_attention(options: Namespace) -> bool:
    from effnet_viz.engine.maps import attention  # loads libraries that training does without

    table, folder = Path(options.attention), data_folder(options.data)
    shipped = {_of(row): row for row in read_attention(table)}
    with tqdm(unit="photo") as bar:

        def photo_done(model: str, done: int, total: int) -> None:
            bar.set_description_str(model)
            bar.total, bar.n = total, done
            bar.refresh()

        measured = attention.measure_family(
            folder, read_boxes(), checkpoints=Path(options.out), on_photo=photo_done
        )
    if not shipped:
        write_attention(measured, table)
    rows = [
        {
            **asdict(row),
            "same": not shipped
            or (
                _of(row) in shipped
                and abs(shipped[_of(row)].value - row.value) <= options.tolerance
            ),
        }
        for row in measured
    ]
    return _print_rows(rows, options)


def _of(row: AttentionRow) -> tuple[str, ...]:
    return row.model, row.weights, row.measure, row.compared_with


def _positive(value: int, name: str) -> int:
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
