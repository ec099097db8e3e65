"""One training recipe for every variant, on any ``train/val/<class>`` folder of photos.

Everything random is drawn from (seed, epoch), and a checkpoint with optimiser and schedule is
written atomically after every epoch, so a run that is killed loses at most one epoch and ends with
the same weights as one that was not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torchvision.models.efficientnet import MBConv
from torchvision.transforms import RandomResizedCrop
from torchvision.transforms.v2 import functional as F

from effnet_viz.engine.images import MEAN, STD, read_rgb
from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from effnet_viz.evidence.splits import Split, listed
from effnet_viz.scaling.architectures import ArchitectureSpec

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class Recipe:
    """How every variant is trained: AdamW, one-cycle schedule, random resized crop and flip.

    ``first_size`` is the side of the pictures in the first epoch as a share of the network's own;
    it grows evenly and reaches 1 after ``growing_share`` of the epochs (progressive resizing, Tan &
    Le 2021, section 4). ``quiet_blocks`` starts every block that has a skip as the identity: its
    last batch norm's scale is 0 (Goyal et al. 2017, section 5.1).
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 2e-2
    label_smoothing: float = 0.1
    crop_area_min: float = 0.35
    warmup_share: float = 0.2
    first_size: float = 1.0
    growing_share: float = 0.75
    quiet_blocks: bool = False
    seed: int = 0

    def train_px(self, px: int, epoch: int) -> int:
        """The side of the pictures in this epoch (1-based): a multiple of 8 until it is ``px``."""
        grown = (epoch - 1) / max(1, round(self.growing_share * self.epochs))
        if grown >= 1 or self.first_size == 1:
            return px
        share = self.first_size + (1 - self.first_size) * grown
        return min(px, 8 * round(px * share / 8))


@dataclass(frozen=True)
class PhotoSet:
    """Photos held in memory: ``images`` uint8 ``(N, 3, S, S)``, ``labels`` int64 ``(N,)``.

    ``detail`` below 1 blurs what a network gets: its pictures are first shrunk to that share of its
    pixels a side, then enlarged again. They cost the same and show no more than a smaller picture.
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    files: tuple[str, ...]
    detail: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Iterable[int]) -> PhotoSet:
        """The photos at these indices, in this order."""
        chosen = list(indices)
        return replace(
            self,
            images=self.images[chosen],
            labels=self.labels[chosen],
            files=tuple(self.files[i] for i in chosen),
        )

    def resized(self, images: Tensor, px: int) -> Tensor:
        """Pictures ``(..., 3, H, W)`` as squares of ``px``, with this set's detail."""
        if self.detail < 1:
            images = F.resize(images, [round(self.detail * px)] * 2, antialias=True)
        return F.resize(images, [px, px], antialias=True)


@dataclass(frozen=True)
class EpochResult:
    """One finished epoch: mean training loss, held-out top-1 in percent, wall-clock seconds."""

    epoch: int
    train_loss: float
    held_out_top1: float
    seconds: float


def load_photos(
    folder: Path,
    classes: Iterable[str] | None = None,
    store_px: int = 224,
    leave_out: frozenset[str] = frozenset(),
    limit_per_class: int | None = None,
    only: Split | None = None,
) -> PhotoSet:
    """Every photo under ``folder/<class>/``, resized whole to a square of ``store_px``.

    ``leave_out`` holds file names to skip; ``only`` keeps the photos of a listed split, where there
    are any. Classes are numbered in sorted order of their folders. Raises UserError where the
    folder has no classes or no photos, or a file that cannot be read.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}; pass one that holds <class>/<photo> files.")
    names = sorted(classes or (p.name for p in folder.iterdir() if p.is_dir()))
    images, labels, files = [], [], []
    if only:
        every = [path.name for name in names for path in (folder / name).glob("*")]
        leave_out = leave_out | (frozenset(every) - listed(every, only))
    for label, name in enumerate(names):
        paths = [
            path
            for path in sorted((folder / name).glob("*"))
            if path.suffix.lower() in PHOTO_SUFFIXES
            and path.name not in leave_out
            and path.name[0] != "."  # what a Mac writes beside a photo
        ]
        for path in paths[:limit_per_class]:
            square = read_rgb(path).resize((store_px, store_px), Image.Resampling.BILINEAR)
            images.append(F.pil_to_tensor(square))
            labels.append(label)
            files.append(f"{name}/{path.name}")
    if not images:
        raise UserError(f"{folder} holds no photos; expected <class>/<photo>.jpg below it.")
    return PhotoSet(torch.stack(images), torch.tensor(labels), tuple(names), tuple(files))


def split_held_out(photos: PhotoSet, share: float = 0.1) -> tuple[PhotoSet, PhotoSet]:
    """(train, held out): every ``1/share``-th photo of each class is held back for selection."""
    step = round(1 / share)
    held = [i for i in range(len(photos)) if i % step == step - 1]
    kept = [i for i in range(len(photos)) if i % step != step - 1]
    return photos.subset(kept), photos.subset(held)


def normalise(batch: Tensor) -> Tensor:
    """uint8 ``(N, 3, H, W)`` to float32, channels last, with ImageNet's mean and deviation."""
    scaled = batch.float().div_(255)
    return F.normalize(scaled, list(MEAN), list(STD)).contiguous(memory_format=torch.channels_last)


def augmented_batches(photos: PhotoSet, px: int, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of (input ``(B, 3, px, px)``, labels): shuffled, cropped, flipped; the last partial
    batch is dropped. Draws from torch's global generator."""
    area = [recipe.crop_area_min, 1.0]
    for chosen in torch.randperm(len(photos)).split(recipe.batch_size):
        if len(chosen) < recipe.batch_size:
            return
        crops = []
        for image in photos.images[chosen]:
            box = RandomResizedCrop.get_params(image, area, [3 / 4, 4 / 3])
            crop = photos.resized(F.crop(image, *box), px)
            crops.append(crop.flip(-1) if torch.rand(()) < 0.5 else crop)
        yield normalise(torch.stack(crops)), photos.labels[chosen]


@torch.inference_mode()
def right_photos(model: nn.Module, photos: PhotoSet, px: int, batch_size: int = 128) -> Tensor:
    """Bool ``(N,)``: is a photo's most probable class the true one? Whole photos at ``px``."""
    model.eval()
    right = []
    for start in range(0, len(photos), batch_size):
        images = photos.images[start : start + batch_size]
        logits = model(normalise(photos.resized(images, px)))
        right.append(logits.argmax(1) == photos.labels[start : start + batch_size])
    return torch.cat(right)


def top1_percent(model: nn.Module, photos: PhotoSet, px: int, batch_size: int = 128) -> float:
    """Percent of the photos that a model gets right, as `right_photos` says."""
    return 100 * int(right_photos(model, photos, px, batch_size).sum()) / len(photos)


def train(
    spec: ArchitectureSpec,
    photos: PhotoSet,
    held_out: PhotoSet,
    recipe: Recipe,
    checkpoint: Path,
    on_epoch: Callable[[EpochResult], None] | None = None,
    on_step: Callable[[int, int, int], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[nn.Module, list[EpochResult]]:
    """Train a freshly built ``spec``, or go on from ``checkpoint`` if it is from the same run.

    Returns the model in evaluation mode and one `EpochResult` per epoch. ``on_step`` gets (epoch,
    step, steps per epoch). Where ``should_stop`` turns true, returns what there is; the epoch under
    way is lost and the checkpoint keeps the rest. Raises UserError where the checkpoint belongs to
    another architecture or recipe.
    """
    torch.manual_seed(recipe.seed)
    model = build_model(spec).to(memory_format=torch.channels_last)
    if recipe.quiet_blocks:
        quieten(model)
    optimiser = optimiser_for(model, recipe)
    steps = len(photos) // recipe.batch_size
    if steps == 0:
        raise UserError(f"{len(photos)} photos are fewer than one batch of {recipe.batch_size}.")
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=recipe.learning_rate,
        total_steps=recipe.epochs * steps,
        pct_start=recipe.warmup_share,
    )
    identity = {"spec": repr(spec), "recipe": asdict(recipe), "photos": len(photos)}
    if photos.detail < 1:
        identity["detail"] = photos.detail
    history: list[EpochResult] = []
    if checkpoint.exists():
        try:
            state = torch.load(checkpoint, weights_only=True)
        except Exception as error:  # each kind of damage with its own
            raise UserError(f"{checkpoint} is damaged; remove it to begin anew.") from error
        if state["identity"] != identity:
            raise UserError(
                f"{checkpoint} is from another architecture, recipe or photo set; "
                "choose another working folder or remove it."
            )
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        history = [EpochResult(**row) for row in state["history"]]

    for epoch in range(len(history) + 1, recipe.epochs + 1):
        started = time.monotonic()
        torch.manual_seed(recipe.seed * 100_003 + epoch)
        model.train()
        total_loss = 0.0
        batches = augmented_batches(photos, recipe.train_px(spec.resolution_px, epoch), recipe)
        for step, (inputs, labels) in enumerate(batches, start=1):
            loss = nn.functional.cross_entropy(
                model(inputs), labels, label_smoothing=recipe.label_smoothing
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            total_loss += loss.item()
            if on_step:
                on_step(epoch, step, steps)
            if should_stop():
                return model.eval(), history
        accuracy = top1_percent(model, held_out, spec.resolution_px)
        result = EpochResult(
            epoch, total_loss / steps, accuracy, round(time.monotonic() - started, 1)
        )
        history.append(result)
        save_atomically(
            {
                "identity": identity,
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "schedule": schedule.state_dict(),
                "history": [asdict(row) for row in history],
            },
            checkpoint,
        )
        if on_epoch:
            on_epoch(result)
    return model.eval(), history


def quieten(model: nn.Module) -> None:
    """Zero the last batch norm's scale of every block with a skip: it starts as the identity."""
    for block in model.modules():
        if isinstance(block, MBConv) and block.use_res_connect:
            nn.init.zeros_(block.block[-1][1].weight)


def optimiser_for(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW with weight decay on weights only (not on biases and batch-norm parameters)."""
    decayed = [p for p in model.parameters() if p.ndim > 1]
    free = [p for p in model.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )


def save_atomically(state: dict[str, Any], path: Path) -> None:
    """Write with torch.save so that a kill at any moment leaves either the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(path.suffix + ".partial")
    torch.save(state, partial)
    partial.replace(path)
