"""The same network, faster: batch norm folded into convolutions, frozen, and its graph for the CPU;
and which devices there are for it.

A batch norm in evaluation mode is a fixed scale and shift per channel, so it can be multiplied into
the convolution before it once, when a model is loaded, instead of at every forward pass.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from effnet_viz.engine.graph.runtime import attach
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(choice: str = "auto") -> str:
    """``cpu``, ``cuda``, ``cuda:1`` or ``mps``; ``auto`` takes a GPU where there is one.

    Raises UserError for a device this machine does not have.
    """
    kind, _, number = choice.partition(":")
    if kind == "cuda" and number.isdigit() and int(number) < torch.cuda.device_count():
        return choice
    if choice not in DEVICES:
        raise UserError(f"There is no device {choice!r}; choose one of {', '.join(DEVICES)}.")
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if choice == "auto":
        return next(device for device, usable in there.items() if usable)
    if not there[choice]:
        usable = [device for device, is_there in there.items() if is_there]
        raise UserError(
            f"PyTorch finds no {choice} device on this machine; choose auto or {usable[-1]}."
        )
    return choice


@torch.no_grad()
def optimise(
    module: nn.Module, device: str, spec: ArchitectureSpec | None = None, *, owned: bool = False
) -> nn.Module:
    """A new module on ``device`` with the same logits (within rounding); the input is untouched,
    but where it is ``owned``, which nobody else holds: then it becomes the new one.

    The copy is in evaluation mode, its parameters are frozen, its layers keep their names, and a
    folded batch norm is an `nn.Identity`. On the CPU maps and weights are channels last, and with
    its ``spec`` the copy gets a graph that runs there instead (`effnet_viz.engine.graph.runtime`).
    What is given a graph keeps its layers; a module to be changed is taken plain.

    Pairs are found by torchvision's own layout, not by tracing the graph: tracing patches
    `nn.Module` for the whole process, which breaks forward passes of other threads. A batch norm
    that follows no convolution stays as it is.
    """
    faster = (module if owned else copy.deepcopy(module)).eval()
    for parent in list(faster.modules()):
        for conv_name, norm_name in _convolution_norm_pairs(parent):
            conv, norm = getattr(parent, conv_name), getattr(parent, norm_name)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                _fold(conv, norm)
                setattr(parent, norm_name, nn.Identity().eval())
    faster = faster.requires_grad_(False).to(device)
    if device.startswith("cuda"):
        torch.backends.cudnn.allow_tf32 = False  # 10 bits of a factor are too few for equal maps
    if device != "cpu":
        return faster
    faster = faster.to(memory_format=torch.channels_last)
    if spec is not None:
        attach(faster, spec)
    return faster


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Make the convolution do what the norm after it does, rounded once."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = scale * norm.weight.double()
    bias = -norm.running_mean.double()
    if conv.bias is not None:
        bias = bias + conv.bias.double()
    bias = bias * scale
    if norm.bias is not None:
        bias = bias + norm.bias.double()
    weight = conv.weight.double() * scale.reshape(-1, 1, 1, 1)
    conv.weight = nn.Parameter(weight.to(conv.weight.dtype))
    conv.bias = nn.Parameter(bias.to(conv.weight.dtype))


def _convolution_norm_pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of children of which the second is applied right after the first."""
    names = [name for name, _ in parent.named_children()]
    if isinstance(parent, nn.Sequential):
        yield from pairwise(names)
    elif isinstance(parent, ResNet | BasicBlock | Bottleneck):
        for number in ("1", "2", "3"):
            if f"conv{number}" in names:
                yield f"conv{number}", f"bn{number}"
