"""The classroom family from photos to shipped weights: train a member, measure it, ship it.

The protocol: every tenth training photo is held out for selection, the rest is trained on, and the
validation photos are read once, with the half-precision weights that ship.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from effnet_viz.engine import weights
from effnet_viz.engine.training import shipping
from effnet_viz.engine.training.recipe import (
    EpochResult,
    PhotoSet,
    Recipe,
    load_photos,
    right_photos,
    split_held_out,
    top1_percent,
    train,
)
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import CHECKPOINT_DIR, CURVES_FILE, write_curves
from effnet_viz.evidence.coarse import COARSE_FILE, CoarseRun, write_coarse
from effnet_viz.evidence.seeds.hits import (
    Hits,
    hits_folder,
    hits_of,
    photo_list,
    write_hits,
)
from effnet_viz.evidence.splits import RESULTS_DIR, Split, read_names
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import CLASSROOM_EPOCHS, IMAGENETTE_CLASSES, classroom_member

#: The one recipe of every member.
RECIPE = Recipe(
    epochs=CLASSROOM_EPOCHS, batch_size=32, learning_rate=3e-3, first_size=0.58, quiet_blocks=True
)


@dataclass(frozen=True)
class Data:
    """The photos of a ``train/val/<class>`` folder, split for the protocol."""

    train: PhotoSet
    held_out: PhotoSet
    val: PhotoSet


def load_data(folder: Path, leave_out: frozenset[str] | None = None) -> Data:
    """Read ``folder/train`` and ``folder/val``; ``leave_out`` names files never to train on, by
    default those kept for measuring attention.

    Raises UserError where the ten class folders are not there.
    """
    kept_apart = read_names("boxed") if leave_out is None else leave_out
    train_photos, held_out = split_held_out(_photos(folder / "train", kept_apart))
    return Data(train_photos, held_out, load_val(folder))


def _photos(
    folder: Path, leave_out: frozenset[str] = frozenset(), only: Split | None = None
) -> PhotoSet:
    missing = [wnid for wnid in IMAGENETTE_CLASSES if not (folder / wnid).is_dir()]
    if missing:
        raise UserError(
            f"{folder} lacks the class folders {', '.join(missing)}; pass the folder that holds "
            "train/ and val/ of Imagenette."
        )
    return load_photos(folder, IMAGENETTE_CLASSES, leave_out=leave_out, only=only)


def train_member(
    name: str,
    data: Data,
    recipe: Recipe,
    work: Path,
    folder: Path = CHECKPOINT_DIR,
    on_epoch: Callable[[EpochResult], None] | None = None,
    on_step: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]:
    """Train a member to the end of its recipe (or go on where it stopped) and ship it; the table of
    curves in the folder ``results`` beside ``folder`` is written again.

    The recipe's seed is that of the name. Returns the shipped record. Raises UserError for an
    unknown name or a foreign checkpoint.
    """
    member = classroom_member(name)
    recipe = replace(recipe, seed=member.seed)
    module, history = train(
        member.spec,
        data.train,
        data.held_out,
        recipe,
        work / f"{name}.pt",
        on_epoch=on_epoch,
        on_step=on_step,
    )
    shipped = shipping.half_precision_copy(module)
    right = right_photos(shipped, data.val, member.spec.resolution_px).tolist()
    record = shipping.save_checkpoint(
        name,
        module,
        recipe=recipe,
        epochs=len(history),
        seed=recipe.seed,
        history=history,
        val_top1=percent(right),
        val_n=len(right),
        held_out_top1=history[-1].held_out_top1,
        folder=folder,
    )
    if found := member_hits(name, record, data.val, right):
        write_hits(found, hits_folder(folder))
    write_curves(folder, folder.parent / "results" / CURVES_FILE.name)
    return record


def train_coarse(
    name: str,
    detail_px: int,
    data: Data,
    recipe: Recipe,
    work: Path,
    results: Path = RESULTS_DIR,
    on_epoch: Callable[[EpochResult], None] | None = None,
    on_step: Callable[[int, int, int], None] | None = None,
) -> CoarseRun:
    """Train a member's network on pictures with the detail of ``detail_px`` a side, measure it on
    the like, and write the record into ``results``; no weights ship.

    Raises UserError as `train_member`, and where ``detail_px`` is not below the network's own.
    """
    member = classroom_member(name)
    px = member.spec.resolution_px
    recipe = replace(recipe, seed=member.seed)
    coarse = Data(
        *(with_detail(part, detail_px, px) for part in (data.train, data.held_out, data.val))
    )
    module, history = train(
        member.spec,
        coarse.train,
        coarse.held_out,
        recipe,
        work / f"{name}-detail{detail_px}.pt",
        on_epoch=on_epoch,
        on_step=on_step,
    )
    top1 = top1_percent(shipping.half_precision_copy(module), coarse.val, px)
    run = CoarseRun(
        role=member.role,
        resolution_px=px,
        detail_px=detail_px,
        macs=network_cost(member.spec).macs,
        epochs=len(history),
        seed=member.seed,
        held_out_top1=round(history[-1].held_out_top1, 2),
        val_top1=round(top1, 2),
        val_n=len(coarse.val),
        recipe=asdict(recipe),
        history=[asdict(row) for row in history],
        reproduce=f"python -m effnet_viz train --data FOLDER --model {name} "
        f"--detail-px {detail_px} --epochs {len(history)}",
        date=datetime.now(UTC).date().isoformat(),
    )
    write_coarse(run, results / COARSE_FILE.name)
    return run


def with_detail(photos: PhotoSet, detail_px: int, px: int) -> PhotoSet:
    """The photos, as a network of ``px`` sees them with the detail of ``detail_px``.

    Raises UserError where that is not less than its own.
    """
    if not 0 < detail_px < px:
        raise UserError(
            f"A network of {px} px cannot be shown the detail of {detail_px} px; choose a number "
            f"below {px}."
        )
    return replace(photos, detail=detail_px / px)


def evaluate_member(name: str, val: PhotoSet, folder: Path = CHECKPOINT_DIR) -> list[bool]:
    """Which of these photos a shipped member gets right, with the plain, unfused module."""
    model = weights.load_model("classroom", name, optimised=False, folder=folder)
    right: list[bool] = right_photos(model.module, val, model.spec.resolution_px).tolist()
    return right


def percent(right: Sequence[bool]) -> float:
    """How many of them are true, in percent."""
    return 100 * sum(right) / len(right)


def member_hits(
    name: str, record: Mapping[str, Any], val: PhotoSet, right: Sequence[bool]
) -> Hits | None:
    """A member's hits, to be kept; None where the photos are not those of the shipped list."""
    files = (file.rpartition("/")[2] for file in val.files)
    return hits_of(name, record["sha256"], dict(zip(files, right, strict=True)), photo_list())


def load_val(folder: Path) -> PhotoSet:
    """The validation photos of a ``train/val/<class>`` folder: those of the shipped list, or all
    where none is on it. Raises UserError as `load_data`."""
    return _photos(folder / "val", only="val")
