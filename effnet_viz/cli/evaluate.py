"""``evaluate``: the shipped weights measured again, in one of several ways."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effnet_viz.cli.terminal import print_json, print_table
from effnet_viz.errors import UserError
from effnet_viz.evidence.attention import (
    ATTENTION_FILE,
    AttentionRow,
    read_attention,
    write_attention,
)
from effnet_viz.evidence.checkpoints import (
    CHECKPOINT_DIR,
    members_of_roles,
    read_record,
    shipped_members,
)
from effnet_viz.evidence.coarse import BLURRED_FILE, Blurred, read_blurred, write_blurred
from effnet_viz.evidence.files import is_fixed, output
from effnet_viz.evidence.model_card import CARD_FILE, write_card
from effnet_viz.evidence.seeds.agreement import (
    AGREEMENT_FILE,
    AgreementRow,
    read_agreement,
    write_agreement,
)
from effnet_viz.evidence.seeds.hits import FOLDER_NAME, hits_folder, read_hits, write_hits
from effnet_viz.evidence.seeds.squash import SQUASH_FILE, SquashRow, read_squash, write_squash
from effnet_viz.evidence.splits import RESULTS_DIR, read_boxes
from effnet_viz.scaling.families import classroom_member

if TYPE_CHECKING:
    from effnet_viz.engine.training.recipe import PhotoSet

#: The measurements to choose from, as options; without one, the accuracy.
_CHOICES = ("attention", "detail_px", "squash", "agreement")


def add_measures(command: argparse.ArgumentParser) -> None:
    """The options of ``evaluate``: what to measure, of what, and how near is the same."""
    tables = {
        "--attention": "where the networks look, on photos with boxes",
        "--squash": "what undistorted squares cost networks trained on squashed ones",
        "--agreement": "how alike the maps of two seeds and of two roles are",
    }
    for name, what in tables.items():
        command.add_argument(
            name, nargs="?", const="", metavar="TABLE",
            help=f"measure instead {what}; compared with TABLE, or written to it where it is of "
            "other networks or not there (default: the table that ships with the weights)",
        )  # fmt: skip
    command.add_argument(
        "--detail-px", type=int, metavar="N",
        help="measure instead on photos shrunk to N pixels and enlarged again, compared with "
        "results/classroom-blurred.json, or written to it where there is none",
    )  # fmt: skip
    command.add_argument(
        "--tolerance", type=float, default=0.1, metavar="POINTS",
        help="a figure is the same within so much (default: %(default)s); the shipped ones were "
        "measured on photos kept at 224 px, and another copy may move them by some tenths",
    )  # fmt: skip
    command.add_argument(
        "--out", default=str(CHECKPOINT_DIR), metavar="FOLDER",
        help="the weights to measure (default: those that ship)",
    )  # fmt: skip


def run_evaluate(options: argparse.Namespace) -> bool:
    """Measure the shipped weights again; False where a figure is not the shipped one."""
    chosen = [name for name in _CHOICES if getattr(options, name) is not None]
    if len(chosen) > 1:
        named = " or ".join(f"--{name.replace('_', '-')}" for name in chosen)
        raise UserError(f"Choose {named}; each is a measurement of its own.")
    if not shipped_members(Path(options.out)):
        raise UserError(f"There are no weights in {options.out}; name the folder that holds them.")
    measures = {
        "attention": _attention,
        "detail_px": _blurred,
        "squash": _squash,
        "agreement": _agreement,
    }
    rows = measures[chosen[0]](options) if chosen else _accuracy(options)
    if Path(options.out) == CHECKPOINT_DIR and not is_fixed(CARD_FILE):
        write_card()
    if options.json:
        print_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])
    return all(row["same"] for row in rows)


def _accuracy(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Top-1, and the hits photo by photo, which are kept where they are not yet."""
    from effnet_viz.engine.training import classroom  # torch

    photos, folder, rows = _validation(options), Path(options.out), []
    kept = hits_folder(folder)
    own = output(RESULTS_DIR.name, FOLDER_NAME) if folder == CHECKPOINT_DIR else kept
    for name in options.model or [member.name for member in shipped_members(folder)]:
        record = read_record(name, folder)
        right = classroom.evaluate_member(name, photos, folder)
        hits = classroom.member_hits(name, record, photos, right)
        before = read_hits(name, record["sha256"], kept)
        if hits is not None and before is None:
            write_hits(hits, own)
        top1 = classroom.percent(right)
        rows.append(
            {
                "model": name,
                "val_top1": round(top1, 2),
                "shipped_val_top1": record["val_top1"],
                "val_n": len(photos),
                "photos_changed": (hits.bits ^ before.bits).bit_count()
                if hits and before
                else None,
                "same": abs(top1 - record["val_top1"]) <= options.tolerance,
            }
        )
    return rows


def _blurred(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The shipped networks that see more than ``detail_px``, shown no more than that."""
    from effnet_viz.cli.training import positive  # torch
    from effnet_viz.engine.training import classroom

    folder, detail_px = Path(options.out), positive(options.detail_px, "detail-px")
    names = options.model or [
        member.name for member in members_of_roles(folder) if member.spec.resolution_px > detail_px
    ]
    table, own = _tables(folder, BLURRED_FILE)
    known = (*read_blurred(table), *read_blurred(own))
    shipped = {(row.model, row.detail_px): row for row in known}
    photos, measured = _validation(options), []
    for name in names:
        px = classroom_member(name).spec.resolution_px
        blurred = classroom.with_detail(photos, detail_px, px)
        top1 = classroom.percent(classroom.evaluate_member(name, blurred, folder))
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
    return rows


def _tables(folder: Path, shipped: Path, named: str = "") -> tuple[Path, Path]:
    """Where the figures of the weights in a folder are read, and where written: the table that was
    named, else the one beside the folder. What an installed copy ships stays as it is."""
    if named:
        return Path(named), Path(named)
    beside = folder.parent / RESULTS_DIR.name / shipped.name
    return beside, output(RESULTS_DIR.name, shipped.name) if folder == CHECKPOINT_DIR else beside


def _attention(options: argparse.Namespace) -> list[dict[str, Any]]:
    from effnet_viz.cli.training import data_folder  # torch
    from effnet_viz.engine.maps import attention

    folder = data_folder(options.data)
    table, own = _tables(Path(options.out), ATTENTION_FILE, options.attention)
    shipped = {_key(row): _figure(row) for row in read_attention(table)}
    with _Progress("photo") as progress:
        measured = attention.measure_family(
            folder, read_boxes(), checkpoints=Path(options.out), on_photo=progress.show
        )
    return _beside(measured, shipped, lambda: write_attention(measured, own), options)


def _squash(options: argparse.Namespace) -> list[dict[str, Any]]:
    from effnet_viz.engine.training.squash import EVERY, measure_squash  # torch

    photos = _validation(options)
    photos = photos.subset(range(0, len(photos), EVERY))
    table, own = _tables(Path(options.out), SQUASH_FILE, options.squash)
    shipped = {_key(row): _figure(row) for row in read_squash(table)}
    with _Progress("view") as progress:
        measured = measure_squash(photos, Path(options.out), progress.show)
    return _beside(measured, shipped, lambda: write_squash(measured, own), options)


def _agreement(options: argparse.Namespace) -> list[dict[str, Any]]:
    from effnet_viz.cli.training import data_folder  # torch
    from effnet_viz.engine.maps.agreement import measure_agreement

    folder = data_folder(options.data)
    table, own = _tables(Path(options.out), AGREEMENT_FILE, options.agreement)
    shipped = {_key(row): _figure(row) for row in read_agreement(table)}
    with _Progress("photo") as progress:
        measured = measure_agreement(
            folder, read_boxes(), checkpoints=Path(options.out), on_photo=progress.show
        )
    return _beside(measured, shipped, lambda: write_agreement(measured, own), options)


def _beside(
    rows: Sequence[AttentionRow] | Sequence[SquashRow] | Sequence[AgreementRow],
    shipped: Mapping[tuple[object, ...], float],
    write: Callable[[], None],
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """The rows, each with whether its figure is the shipped one. Where what ships is of other
    networks or not there, these rows are written and are the shipped ones."""
    if shipped.keys() != {_key(row) for row in rows}:
        write()
        shipped = {}
    return [
        {
            **asdict(row),
            "same": not shipped or abs(_figure(row) - shipped[_key(row)]) <= options.tolerance,
        }
        for row in rows
    ]


def _key(row: AttentionRow | SquashRow | AgreementRow) -> tuple[object, ...]:
    """What a row is of: it changes with the networks and the photos."""
    if isinstance(row, AttentionRow):
        return row.model, row.weights, row.measure, row.compared_with, row.n
    if isinstance(row, SquashRow):
        return row.role, row.seeds, row.shape, row.count
    return row.one, row.other, row.pairs, row.count


def _figure(row: AttentionRow | SquashRow | AgreementRow) -> float:
    """In percent, points, or hundredths."""
    if isinstance(row, AttentionRow):
        return row.value
    return row.points if isinstance(row, SquashRow) else 100 * row.mean


def _validation(options: argparse.Namespace) -> PhotoSet:
    from effnet_viz.cli.training import data_folder  # torch
    from effnet_viz.engine.training import classroom

    return classroom.load_val(data_folder(options.data))


class _Progress:
    """A bar that says which network is under way."""

    def __init__(self, unit: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(unit=unit)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, model: str, done: int, total: int) -> None:
        """So many done of one network's."""
        self._bar.set_description_str(model)
        self._bar.total, self._bar.n = total, done
        self._bar.refresh()
