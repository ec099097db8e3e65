"""Trained weights for a scaled network, by transformations that keep its function (Net2Net).

A trained EfficientNet is made deeper and wider so that, for the same input, the larger network
gives the same logits (Chen, Goodfellow & Shlens 2016, arXiv:1511.05641).

Wider. Where a tensor had ``n`` channels and now has ``m >= n``, new channel ``j`` is a copy of old
channel ``j mod n``, and ``c(i)`` is the number of copies of channel ``i``. A layer copies the rows
of its weights, one per channel it makes, and splits the columns, one per channel it reads:

    W'[o, j] = W[o mod n_out, j mod n_in] / c(j mod n_in)

If its input holds copies, ``X'[j] = X[j mod n_in]``, so does its output:

    Σ_j W'[o, j] X'[j]  =  Σ_i c(i) · W[o mod n_out, i] / c(i) · X[i]  =  (W X)[o mod n_out]

Biases, batch norm with its statistics and depthwise filters have rows only. Activation, sigmoid and
pooling act on each channel alone and keep copies equal, so the ``c(i)`` need not be equal and a
width may grow by any factor.

Copies must also agree wherever two tensors meet: in the sum of a skip connection, along all blocks
of a stage; between expansion, depthwise filters, squeeze-and-excitation and projection; where a
block without expansion filters its input directly; between head and classifier. Both sides have the
same old and the same new number of channels there, and ``mod`` depends on nothing else. So one rule
for every tensor of the network is consistent.

Deeper. An added block comes last in its stage, so it has stride 1, as many outputs as inputs, and
therefore a skip connection. With weight and bias of its last batch norm at zero the block adds zero
to its input: it is the identity, bit for bit, and still learns when it is trained.

Maps. The gradient of a logit at copy ``j`` is the parent's divided by ``c(j mod n)``, so every sum
over channels that is linear in the gradient is the parent's: CAM, Grad-CAM and LayerCAM, at any
stage. Grad-CAM++ is not linear in it, and EigenCAM weighs a channel by how often it occurs; their
maps may differ. At another resolution than the parent's, predictions and maps are not the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.engine.packages import CentreCrop
from effnet_viz.engine.training.recipe import PhotoSet, Recipe, augmented_batches, optimiser_for
from effnet_viz.engine.weights import LoadedModel, described, seeding
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import find_model

#: Architectures whose trained weights can be made those of a larger network.
GROWN_FAMILIES = ("efficientnet", "efficientnet_lite")

#: Trained baselines that other networks can be grown from, by family and name.
PARENTS = (("classroom", "baseline"), ("lite", "lite0"), ("imagenet", "b0"))


def check_growth(parent: ArchitectureSpec, spec: ArchitectureSpec) -> None:
    """Return if a network of ``spec`` can be grown from one of ``parent``.

    It can where both are EfficientNets with the same rows but for channels and repeats, neither of
    which shrinks, and the first block of each stage has a skip connection in both or in neither.
    Scaling a parent by a depth and a width of at least 1 fulfils this. Raises UserError otherwise.
    """
    for each in (parent, spec):
        if each.family not in GROWN_FAMILIES:
            raise UserError(
                f"{each.name} is not an EfficientNet; weights can be grown for EfficientNets only."
            )
    if _fixed(parent) != _fixed(spec):
        raise UserError(
            f"{spec.name} cannot be grown from this {parent.name}: growing adds channels and "
            "blocks, and these two differ in stages, operators, kernels, strides or classes. "
            "Scale the parent's own architecture."
        )
    for number, (old, new) in enumerate(zip(parent.stages, spec.stages, strict=True), start=1):
        for what, multiplier, before, after in (
            ("channels", "width", old.out_channels, new.out_channels),
            ("blocks", "depth", old.repeats, new.repeats),
        ):
            if after < before:
                raise UserError(
                    f"Weights can be grown, not shrunk: stage {number} has {before} {what} in the "
                    f"trained network and would have {after}. Choose a larger {multiplier}."
                )
    skips = zip(_first_skips(parent), _first_skips(spec), strict=True)
    for number, (before_skip, after_skip) in enumerate(skips, start=2):
        if before_skip != after_skip:
            change = "gain" if after_skip else "lose"
            raise UserError(
                f"At these widths the first block of stage {number} would {change} a skip "
                "connection, so it cannot do what the trained one does; choose another width."
            )


def parent_of(spec: ArchitectureSpec) -> tuple[str, str] | None:
    """Family and name of the trained baseline that a network can be grown from, if any."""
    for family, baseline in PARENTS:
        try:
            check_growth(find_model(family, baseline).spec, spec)
        except UserError:
            continue
        return family, baseline
    return None


def _fixed(spec: ArchitectureSpec) -> tuple[object, ...]:
    """All that growing leaves as it is."""
    rows = (replace(stage, out_channels=0, repeats=0) for stage in spec.stages)
    return (*rows, spec.num_classes, spec.family, spec.padding)


def _first_skips(spec: ArchitectureSpec) -> list[bool]:
    """Whether the first block has a skip connection, for each stage between stem and head."""
    return [
        stage.stride == 1 and before.out_channels == stage.out_channels
        for before, stage in pairwise(spec.stages[:-1])
    ]


def grow(
    parent: nn.Module,
    parent_spec: ArchitectureSpec,
    spec: ArchitectureSpec,
    *,
    noise: float = 0.0,
    seed: int = 0,
) -> nn.Module:
    """A network of ``spec`` with the function of ``parent``, a trained one of ``parent_spec``.

    For an input of any one size its logits are the parent's, up to rounding. The parent is the
    plain module, nothing folded; it stays as it is and shares no memory with what comes back: a
    module on the CPU, in evaluation mode, frozen, whose first blocks of each stage are the
    parent's.

    Copies of a channel have equal gradients and would stay equal in training. ``noise`` tells them
    apart: copies, not originals, get normal noise of so many standard deviations of their weight
    tensor; the logits are then the parent's only nearly. Equal seeds give equal noise and equal
    added blocks.

    Raises UserError where `check_growth` does, and ValueError for a parent not of ``parent_spec``.
    """
    check_growth(parent_spec, spec)
    if sum(p.numel() for p in parent.parameters()) != network_cost(parent_spec).params:
        raise ValueError(
            "parent is not the plain network of parent_spec; load it with optimised=False"
        )
    norms = [layer for layer in parent.modules() if isinstance(layer, nn.BatchNorm2d)]
    with torch.device("meta"):  # shapes only, all values are set below
        grown = build_model(spec, norm_eps=norms[0].eps)

    generator = torch.Generator().manual_seed(seed)
    features = grown.get_submodule("features").children()
    for stage, row in zip(features, parent_spec.stages, strict=True):
        if row.operator == "mbconv":
            for added in list(stage.children())[row.repeats :]:
                _start_as_identity(added, generator)
    state = grown.state_dict()
    old = {key: value.detach().cpu() for key, value in parent.state_dict().items()}
    widened = {key: _widened(value, state[key].shape) for key, value in old.items()}
    if noise:
        _tell_copies_apart(widened, old, noise, generator)
    grown.load_state_dict(state | widened, assign=True)
    return grown.eval().requires_grad_(False)


def _widened(value: Tensor, shape: torch.Size) -> Tensor:
    """A new tensor of ``shape`` ``(out, in, ...)`` or ``(out,)``: rows copied, columns split."""
    if value.ndim > 1:
        source = torch.arange(shape[1]) % value.shape[1]
        copies = torch.bincount(source)[source].to(value.dtype)
        value = value[:, source] / copies.view(1, -1, *[1] * (value.ndim - 2))
    if value.ndim > 0:
        return value[torch.arange(shape[0]) % value.shape[0]]
    return value.clone()


def _start_as_identity(block: nn.Module, generator: torch.Generator) -> None:
    """Initial values as torchvision's, but with a last batch norm whose output is zero."""
    block.to_empty(device="cpu")
    norms = [layer for layer in block.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_parameters()
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", generator=generator)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.zeros_(norms[-1].weight)


def _tell_copies_apart(
    widened: dict[str, Tensor], old: dict[str, Tensor], noise: float, generator: torch.Generator
) -> None:
    """Add noise, in place, to the rows of convolutions that are second or later copies."""
    for key, value in widened.items():
        if value.ndim > 1:
            copies = value[old[key].shape[0] :]
            scale = noise * float(value.std())
            copies += scale * torch.randn(copies.shape, generator=generator)


def grown_model(
    parent: LoadedModel,
    spec: ArchitectureSpec,
    *,
    name: str = "custom",
    role: str = "custom",
    optimised: bool = True,
    device: str = "cpu",
    noise: float = 0.0,
    seed: int = 0,
) -> LoadedModel:
    """A trained model grown to ``spec``, ready to run; its weights' label names the parent.

    ``parent`` is loaded with ``optimised=False``. At the parent's resolution predictions equal the
    parent's by construction; at another one ``record["note"]`` says that they need not. Photos are
    prepared as for the parent, at the spec's resolution. ``record["parent"]`` names the parent,
    with the checksum of its weights; the grown ones have none, and no measured accuracy.

    Raises as `grow` does.
    """
    module = grow(parent.module, parent.spec, spec, noise=noise, seed=seed)
    label = f"grown from {parent.family} {parent.name}, not trained further"
    preprocessing = dict(parent.record["preprocessing"])
    transform: Any = parent.published_transform
    note = ""
    if spec.resolution_px != parent.spec.resolution_px:
        note = (
            f"The weights were trained at {parent.spec.resolution_px} px; at {spec.resolution_px} "
            f"px predictions and maps need not equal those of {parent.name}."
        )
        if transform is not None:
            transform, preprocessing["crop"] = _at_resolution(transform, spec.resolution_px)
    record = {
        "family": "custom",
        "role": role,
        "weights": label,
        **described(spec),
        "classes": list(parent.classes),
        "preprocessing": preprocessing,
        "parent": {
            "family": parent.family,
            "name": parent.name,
            "weights": parent.weights,
            "resolution_px": parent.spec.resolution_px,
            "sha256": parent.record["sha256"],
            "val_top1": parent.record["val_top1"],
        },
        "noise": noise,
        "seed": seed,
        "sha256": None,
        "val_top1": None,
        "val_n": None,
        "note": note,
    }
    return LoadedModel(
        family="custom",
        name=name,
        role=role,
        weights=label,
        meaningful=parent.meaningful,
        spec=spec,
        module=optimise(module, device, spec) if optimised else module.to(device),
        classes=parent.classes,
        record=record,
        device=device,
        published_transform=transform,
    )


def _at_resolution(published: Any, px: int) -> tuple[Any, str]:
    """A published transform for another input size, and what it does in words; of torchvision's,
    resize and crop are scaled alike."""
    if isinstance(published, CentreCrop):
        crop = CentreCrop(px)
        return crop, crop.in_words
    scaled = copy.deepcopy(published)
    scaled.resize_size = [round(px * published.resize_size[0] / published.crop_size[0])]
    scaled.crop_size = [px]
    return scaled, f"shorter side to {scaled.resize_size[0]} px, then the centre {px} px"


#: A quarter of the first training's learning rate: the weights are good already. The number of
#: epochs does not count here, `fine_tune` is told its steps.
FINE_TUNING = Recipe(learning_rate=1e-3)


@dataclass(frozen=True, eq=False)
class FineTuned:
    """A fine-tuned copy, in evaluation mode and frozen, and the training loss of each step made."""

    module: nn.Module
    losses: tuple[float, ...]


def fine_tune(
    module: nn.Module,
    photos: PhotoSet,
    px: int,
    *,
    steps: int = 300,
    recipe: Recipe = FINE_TUNING,
    on_step: Callable[[int, int], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FineTuned:
    """Train a copy of a plain module on some batches of photos, at ``px``, on the CPU.

    The labels of ``photos`` are indices of the module's logits. To let new channels become their
    own, grow with some ``noise`` first (0.05, say). ``on_step`` gets (steps made, steps in all);
    where ``should_stop`` turns true after a step, what there is comes back. Equal seeds of the
    recipe give equal weights, and neither torch's global random state nor models built meanwhile
    by other threads are disturbed. Raises UserError for fewer photos than one batch.
    """
    if len(photos) < recipe.batch_size:
        raise UserError(f"{len(photos)} photos are fewer than one batch of {recipe.batch_size}.")
    tuned = copy.deepcopy(module).cpu().to(memory_format=torch.channels_last)
    tuned.requires_grad_(True).train()
    optimiser = optimiser_for(tuned, recipe)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=recipe.learning_rate,
        total_steps=steps,
        pct_start=recipe.warmup_share,
    )
    batches = _endless_batches(photos, px, recipe)
    random_state = torch.Generator().manual_seed(recipe.seed).get_state()
    losses: list[float] = []
    while len(losses) < steps:
        with seeding, torch.random.fork_rng(devices=[]):  # crops and dropout draw globally
            torch.set_rng_state(random_state)
            inputs, labels = next(batches)
            logits = tuned(inputs)
            random_state = torch.get_rng_state()
        loss = nn.functional.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if on_step:
            on_step(len(losses), steps)
        if should_stop():
            break
    return FineTuned(tuned.eval().requires_grad_(False), tuple(losses))


def _endless_batches(photos: PhotoSet, px: int, recipe: Recipe) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from augmented_batches(photos, px, recipe)
