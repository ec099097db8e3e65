"""The same network, faster: batch norm folded into convolutions, laid out for the CPU, frozen.

A batch norm in evaluation mode is a fixed scale and shift per channel, so it can be multiplied into
the convolution before it once, when a model is loaded, instead of at every forward pass.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from effnet_viz.engine.packing import packed


@torch.no_grad()
def optimise(module: nn.Module, device: str) -> nn.Module:
    """A new module on ``device`` with the same logits (within rounding); the input is untouched.

    The copy is in evaluation mode, its parameters are frozen, its layers keep their names, and a
    folded batch norm is an `nn.Identity`. On the CPU maps and weights are channels last, and large
    convolutions also keep their weights packed (see `effnet_viz.engine.packing`).

    Pairs are found by torchvision's own layout, not by tracing the graph: tracing patches
    `nn.Module` for the whole process, which breaks forward passes of other threads. A batch norm
    that follows no convolution stays as it is.
    """
    faster = copy.deepcopy(module).eval()
    for parent in list(faster.modules()):
        for conv_name, norm_name in _convolution_norm_pairs(parent):
            conv, norm = getattr(parent, conv_name), getattr(parent, norm_name)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fuse_conv_bn_eval(conv, norm))
                setattr(parent, norm_name, nn.Identity().eval())
    faster = faster.requires_grad_(False).to(device)
    if device != "cpu":
        return faster
    faster = faster.to(memory_format=torch.channels_last)
    for parent in list(faster.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d):
                setattr(parent, name, packed(child))
    return faster


def _convolution_norm_pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Names of children of which the second is applied right after the first."""
    names = [name for name, _ in parent.named_children()]
    if isinstance(parent, nn.Sequential):
        yield from pairwise(names)
    elif isinstance(parent, ResNet | BasicBlock | Bottleneck):
        for number in ("1", "2", "3"):
            if f"conv{number}" in names:
                yield f"conv{number}", f"bn{number}"
