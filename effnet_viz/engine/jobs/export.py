"""A network to take along: its Python and its weights in one ZIP file."""

from __future__ import annotations

import gc
import io
import textwrap
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import safetensors.torch
from torch import nn

from effnet_viz.engine import growth, weights
from effnet_viz.errors import UserError
from effnet_viz.scaling.cost import BYTES_PER_VALUE, network_cost
from effnet_viz.scaling.families import find_model, model_family
from effnet_viz.scaling.study import ScaleStudy, python_recipe

if TYPE_CHECKING:
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.scaling.architectures import ArchitectureSpec

#: Most of a file of weights; B5's are 116 MiB.
MAX_BYTES = 128 * 2**20

PYTHON, WEIGHTS = "network.py", "weights.safetensors"

_TORCHVISION = '''"""{title}.

{facts}

Run it beside {file}: python {python}. It needs torch, torchvision and safetensors.
"""

from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

# expansion, kernel, stride, channels in, channels out, blocks
STAGES = [
{stages}
]
INPUT = ({in_channels}, {px}, {px})  # channels, height, width
# RGB from 0 to 1, less MEAN, divided by STD.
MEAN, STD = {mean}, {std}
CLASSES = {classes}


def network() -> EfficientNet:
    """The network before its weights are loaded: input (N, *INPUT), logits (N, {num_classes})."""
    return EfficientNet(
        STAGES,
        dropout={dropout},
        stochastic_depth_prob=0.0,
        num_classes={num_classes},
        norm_layer=partial(nn.BatchNorm2d, eps={eps}),
        last_channel={head},
    )


def load(weights: Path = Path(__file__).with_name("{file}")) -> EfficientNet:
    """The network with its weights, ready to predict."""
    model = network()
    model.load_state_dict(load_file(weights))
    return model.eval()


if __name__ == "__main__":
    with torch.inference_mode():
        print(tuple(load()(torch.zeros(1, *INPUT)).shape))
'''

_OURS = '''"""{title}.

{facts}

Run it beside {file}: python {python}. It needs effnet-viz.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file

{recipe}
model.load_state_dict(load_file(Path(__file__).with_name("{file}")))
model.eval()
with torch.inference_mode():
    print(tuple(model(torch.zeros(1, {in_channels}, {px}, {px})).shape))
'''


@dataclass(frozen=True, slots=True)
class Exported:
    """The ZIP file's bytes, and what its weights are."""

    data: bytes
    weights: str


def check_size(spec: ArchitectureSpec) -> None:
    """Return if a network's weights are small enough for a file, else raise UserError."""
    size = BYTES_PER_VALUE * network_cost(spec).params
    if size > MAX_BYTES:
        raise UserError(
            f"These weights would take {size / 2**20:,.0f} MB; files are made up to "
            f"{MAX_BYTES / 2**20:.0f} MB. The Python above builds the network without them."
        )


def exported(task: Background[Any], study: ScaleStudy, title: str) -> Exported:
    """The scaled network's files: with its trained weights where they are on this machine, else
    grown from a trained baseline, else untrained. Raises UserError where `check_size` does."""
    check_size(study.scaled)
    task.report("Finding weights", 0.1)
    model = best_weights(study.scaled)
    task.report("Writing the weights", 0.5)
    state = {key: value.contiguous() for key, value in model.module.state_dict().items()}
    tensors = safetensors.torch.save(state, {"weights": model.weights, "network": title})
    python = python_of(model, study, title)
    del state
    task.report("Packing the files", 0.8)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        file.writestr(PYTHON, python)
        file.writestr(WEIGHTS, tensors)
    label = model.weights
    del model, tensors
    gc.collect()
    return Exported(packed.getvalue(), label)


def best_weights(spec: ArchitectureSpec) -> LoadedModel:
    """The plain network with the best weights there are for it on this machine."""
    for family, _ in growth.PARENTS:
        for name in model_family(family).listed:
            if find_model(family, name).spec == spec and weights.is_available(family, name):
                return weights.load_model(family, name, optimised=False)
    parent = growth.parent_of(spec)
    if parent is not None and weights.is_available(*parent):
        return growth.grown_model(
            weights.load_model(*parent, optimised=False), spec, optimised=False
        )
    return weights.untrained_model(spec, optimised=False)


def python_of(model: LoadedModel, study: ScaleStudy, title: str) -> str:
    """The Python that builds the network and loads its weights: torchvision's class where the
    network is one of those, else this library."""
    spec = model.spec
    told = {
        "title": title,
        "facts": textwrap.fill(
            f"{study.cost.params:,} parameters, {study.cost.macs:,} multiply-adds at "
            f"{spec.resolution_px} px. Weights: {_weights_in_words(model)}.",
            96,
            break_on_hyphens=False,
        ),
        "px": spec.resolution_px,
        "file": WEIGHTS,
        "python": PYTHON,
        "in_channels": spec.in_channels,
    }
    if spec.family != "efficientnet":
        return _OURS.format(**told, recipe=python_recipe(study))
    stem, *stages, head = spec.stages
    how = model.record["preprocessing"]
    rows, channels = [], stem.out_channels
    for stage in stages:
        row = (stage.expand_ratio, stage.kernel_size, stage.stride, channels, stage.out_channels)
        rows.append(f"    MBConvConfig({', '.join(map(str, (*row, stage.repeats)))}),")
        channels = stage.out_channels
    return _TORCHVISION.format(
        **told,
        stages="\n".join(rows),
        mean=tuple(how["mean"]),
        std=tuple(how["std"]),
        classes=_classes_in_python(model),
        num_classes=spec.num_classes,
        dropout=spec.dropout,
        eps=next(m for m in model.module.modules() if isinstance(m, nn.BatchNorm2d)).eps,
        head=head.out_channels,
    )


def _weights_in_words(model: LoadedModel) -> str:
    if not model.meaningful:
        return f"{model.weights}: random, its answers mean nothing"
    note = model.record.get("note")
    return f"{model.weights}{f'. {note}' if note else ''}".rstrip(".")


def _classes_in_python(model: LoadedModel) -> str:
    """The labels in the order of the logits; a comment where they are ImageNet's thousand."""
    if len(model.classes) > 100:
        return (
            "None  # ImageNet's, in the order of "
            'torchvision.models.EfficientNet_B0_Weights.DEFAULT.meta["categories"]'
        )
    names = "\n".join(f"    {name!r}," for name in model.classes).replace("'", '"')
    return f"[\n{names}\n]"
