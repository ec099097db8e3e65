"""What the Compare page asks of the engine in the background: one function, one piece of work.

Every function takes the `Background` it runs in first, reports to it, and returns its result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from effnet_viz.engine import growth
from effnet_viz.engine.images import square as centre_square
from effnet_viz.engine.maps import cam, faithfulness, metrics
from effnet_viz.engine.optimise import optimise
from effnet_viz.engine.training import imagenette
from effnet_viz.engine.training.recipe import PhotoSet, load_photos, top1_percent
from effnet_viz.errors import Cancelled, UserError
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, RemovalCurves, RemovalFrames
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.scaling.architectures import ArchitectureSpec

#: How many photos of each class a short fine-tune draws from; all of them would fill the memory.
PHOTOS_PER_CLASS = 80

#: How many validation photos of each class a fine-tuned network is asked about, and its parent.
UNSEEN_PER_CLASS = 20
#: How the photos are called that are among ImageNet's own validation photos.
_NEVER_SEEN = "ILSVRC2012_val_"

#: How far apart copied channels start before they are trained (see `growth.grow`).
GROWING_NOISE = 0.05

Models = Sequence[tuple[str, "LoadedModel"]]


@dataclass(frozen=True, slots=True)
class Target:
    """Which class the maps are for: an index, else the first model's top class for all, or each
    model's ``own``."""

    index: int | None = None
    own: bool = False

    def after(self, first: CamResult | None) -> int | None:
        """The class for the next map, None for the model's own top one."""
        if self.index is not None or self.own or first is None:
            return self.index
        return first.target_index


@dataclass(frozen=True, slots=True)
class Removed:
    """How much a model's answer needs what its map shows, all 0-1 (ROAD -1 to 1), and what it saw
    on the way."""

    deletion: float
    insertion: float
    road: float
    curves: RemovalCurves
    frames: RemovalFrames


def score_cam(
    task: Background[Any],
    models: Models,
    image: Image.Image,
    square: Square,
    target: Target,
    stage: int,
    method: str = "scorecam",
) -> dict[str, CamResult]:
    """Score-CAM, or another slow method, of every model, by key."""
    made: dict[str, CamResult] = {}
    for at, (key, model) in enumerate(models):

        def on_progress(done: int, total: int, at: int = at, name: str = model.name) -> None:
            task.report(f"{METHODS[method].title} of {name}: channel {done} of {total}",
                        (at + done / max(1, total)) / len(models))  # fmt: skip

        made[key] = cam.compute_cam(
            model,
            image,
            square=square,
            method=method,
            target_class=target.after(next(iter(made.values()), None)),
            target_stage=stage,
            on_progress=on_progress,
            should_stop=task.should_stop,
        )
    return made


def removal(
    task: Background[Any],
    models: Models,
    image: Image.Image,
    square: Square,
    results: Mapping[str, CamResult],
) -> dict[str, Removed | None]:
    """Deletion, insertion and ROAD of every map, by key; None for a map without evidence."""
    measured: dict[str, Removed | None] = {}
    for at, (key, model) in enumerate(models):
        if not results[key].evidence:
            measured[key] = None
            continue

        def part(what: str, start: float, at: int = at, name: str = model.name) -> Any:
            def on_progress(done: int, total: int) -> None:
                share = start + 0.5 * done / max(1, total)
                task.report(f"{what}, {name}", (at + share) / len(models))

            return on_progress

        areas = metrics.deletion_insertion(
            model,
            image,
            square,
            results[key],
            on_progress=part("Deletion and insertion", 0.0),
            should_stop=task.should_stop,
        )
        road = metrics.road(
            model,
            image,
            square,
            results[key],
            on_progress=part("ROAD", 0.5),
            should_stop=task.should_stop,
        )
        frames = faithfulness.removal_frames(model, image, square, results[key])
        measured[key] = Removed(*areas[:2], road, areas.curves, frames)
    return measured


def many_photos(
    task: Background[Any],
    models: Models,
    images: Sequence[Image.Image],
    method: str,
    target: Target,
    stage: int,
) -> list[tuple[CamResult, ...]]:
    """The maps of every photo's centre square by every model, photo by photo."""
    rows: list[tuple[CamResult, ...]] = []
    for at, image in enumerate(images):
        row: list[CamResult] = []
        for number, (_, model) in enumerate(models):
            share = (at + number / len(models)) / len(images)
            task.report(f"Photo {at + 1} of {len(images)}, {model.name}", share)
            row.append(
                cam.compute_cam(
                    model,
                    image,
                    square=centre_square(*image.size),
                    method=method,
                    target_class=target.after(row[0] if row else None),
                    target_stage=stage,
                )
            )
        rows.append(tuple(row))
    return rows


def training_folder() -> Path | None:
    """Where training photos of all ten classes lie, None where no photos are here.

    Raises UserError as `imagenette.data_folder`, and where a class is missing."""
    folder = imagenette.data_folder()
    if folder is None:
        return None
    missing = [wnid for wnid in IMAGENETTE_CLASSES if not (folder / "train" / wnid).is_dir()]
    if missing:
        raise UserError(
            f"{folder / 'train'} lacks the class folders {', '.join(missing)}; name a folder that "
            "holds all ten."
        )
    return folder / "train"


def fine_tuned(
    task: Background[Any],
    parent: LoadedModel,
    spec: ArchitectureSpec,
    folder: Path,
    steps: int,
    device: str,
) -> LoadedModel:
    """The spec grown from a plain parent, then trained some steps; after a cancel, as far as it
    came. Raises UserError for photos that are not there, and Cancelled before the first step."""
    task.report("Reading training photos", 0.0)
    photos = _photos(folder, parent.classes)
    grown = growth.grown_model(
        parent, spec, name="fine-tuned", optimised=False, noise=GROWING_NOISE
    )
    task.report(f"Training step 1 of {steps}", 0.02)

    def on_step(done: int, total: int) -> None:
        if not task.should_stop():
            task.report(f"Training step {done} of {total}", 0.02 + 0.98 * done / total)

    tuned = growth.fine_tune(
        grown.module,
        photos,
        spec.resolution_px,
        steps=steps,
        on_step=on_step,
        should_stop=task.should_stop,
    )
    if not tuned.losses:
        raise Cancelled
    made = len(tuned.losses)
    label = f"grown from {parent.family} {parent.name}, then trained {made} steps here"
    few = max(1, made // 10)
    unseen = None
    if not task.should_stop():
        task.report("Asking it about photos it never saw", 0.99)
        unseen = _unseen(folder, parent)
    record = {
        **grown.record,
        "weights": label,
        "note": "",
        "first_loss": sum(tuned.losses[:few]) / few,
        "last_loss": sum(tuned.losses[-few:]) / few,
        "photos": len(photos),
        "unseen": 0 if unseen is None else len(unseen),
        "unseen_top1": unseen and top1_percent(tuned.module, unseen, spec.resolution_px),
        "parent_top1": unseen and top1_percent(parent.module, unseen, parent.spec.resolution_px),
    }
    module = optimise(tuned.module, device, spec)
    return replace(grown, module=module, weights=label, record=record, device=device)


def _unseen(folder: Path, parent: LoadedModel) -> PhotoSet | None:
    """Some validation photos beside the training photos; None where there are none. Most of
    Imagenette's are among ImageNet's training photos, which a network of ImageNet has seen."""
    val = folder.parent / "val"
    seen = frozenset[str]()
    if parent.family != "classroom":
        seen = frozenset(p.name for p in val.glob("*/*") if not p.name.startswith(_NEVER_SEEN))
    try:
        return _photos(val, parent.classes, UNSEEN_PER_CLASS, seen)
    except UserError:
        return None


def _photos(
    folder: Path,
    classes: Sequence[str],
    per_class: int = PHOTOS_PER_CLASS,
    leave_out: frozenset[str] = frozenset(),
) -> PhotoSet:
    """Some photos, labelled with indices of ``classes``, none of those kept apart."""
    try:
        apart = read_names("boxed") | leave_out
    except UserError:
        apart = leave_out
    photos = load_photos(folder, IMAGENETTE_CLASSES, leave_out=apart, limit_per_class=per_class)
    indices = [list(classes).index(label) for label in IMAGENETTE_CLASSES.values()]
    return replace(photos, labels=photos.labels.new_tensor(indices)[photos.labels])
