"""Shipping a trained network of the family: half-precision weights and their record."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from effnet_viz.engine.models import skeleton
from effnet_viz.engine.weights import centre_square, described
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import (
    CHECKPOINT_DIR,
    checkpoint_paths,
    write_atomically,
    write_record,
)
from effnet_viz.scaling.families import (
    IMAGENETTE_CLASSES,
    SHIPPED,
    classroom_member,
    classroom_spec,
)

_IMAGENETTE = (
    "Imagenette 2 (fast.ai), ten classes of ImageNet; trained and validated on whole photos "
    "resized to squares, aspect ratio not kept"
)
_IMAGENETTE_LICENCE = (
    "Imagenette: Apache-2.0; its photos come from ImageNet, belong to their owners, and are for "
    "non-commercial research and education"
)


def save_checkpoint(
    name: str,
    module: nn.Module,
    *,
    recipe: Any,
    epochs: int,
    seed: int,
    history: Iterable[Any],
    val_top1: float,
    val_n: int,
    held_out_top1: float,
    folder: Path = CHECKPOINT_DIR,
    reproduce: str | None = None,
) -> dict[str, Any]:
    """Ship a trained classroom member: half-precision weights, then the record, which comes back.

    ``recipe`` and the rows of ``history`` are dataclasses or mappings. The keys of the weights are
    torchvision's. Both files are replaced in one step each; a stop between them is noticed by the
    next load, because the record's checksum no longer fits. Raises UserError where the module is
    not the member's network or a weight does not fit into half precision.
    """
    member = classroom_member(name)
    weights_path = checkpoint_paths(name, folder)[0]
    data = safetensors.torch.save(_half_precision(module, name))
    record = {
        "family": "classroom",
        "role": member.role,
        "weights": SHIPPED,
        **described(member.spec),
        "multipliers": asdict(member.multipliers),
        "classes": list(IMAGENETTE_CLASSES.values()),
        "wnids": list(IMAGENETTE_CLASSES),
        "preprocessing": centre_square(),
        "recipe": _as_dict(recipe),
        "epochs": epochs,
        "seed": seed,
        "history": [_as_dict(row) for row in history],
        "sha256": hashlib.sha256(data).hexdigest(),
        "val_top1": round(val_top1, 2),
        "val_n": val_n,
        "held_out_top1": round(held_out_top1, 2),
        "reproduce": reproduce
        or f"python -m effnet_viz train --data FOLDER --model {name.partition('-seed')[0]} "
        f"--epochs {epochs} --seed {seed}",
        "data": _IMAGENETTE,
        "data_licence": _IMAGENETTE_LICENCE,
        "date": datetime.now(UTC).date().isoformat(),
    }
    write_atomically(weights_path, data)
    write_record(record, folder, name)
    return record


def half_precision_copy(module: nn.Module) -> nn.Module:
    """The module as it will be after shipping: every weight rounded to half precision, computed in
    single precision, in evaluation mode. The module itself is left as it is."""
    rounded = copy.deepcopy(module).eval()
    with torch.no_grad():
        for value in (*rounded.parameters(), *rounded.buffers()):
            if value.is_floating_point():
                value.copy_(value.half().float())
    return rounded


def _half_precision(module: nn.Module, name: str) -> dict[str, Tensor]:
    expected = skeleton(classroom_spec(name)).state_dict()
    state = {key: value.detach().cpu() for key, value in module.state_dict().items()}
    if {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in expected.items()}:
        raise UserError(f"This module is not the {name} network; build it from its spec.")
    halved = {key: _halved(value).contiguous() for key, value in state.items()}
    for key, value in halved.items():
        if not torch.isfinite(value).all():
            raise UserError(f"{key} holds a value that half precision cannot; it was not saved.")
    return halved


def _halved(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() else value


def _as_dict(row: Any) -> dict[str, Any]:
    if isinstance(row, Mapping):
        return dict(row)
    if is_dataclass(row) and not isinstance(row, type):
        return asdict(row)
    raise TypeError(f"{row!r} is neither a dataclass nor a mapping")
