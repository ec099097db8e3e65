"""Count a torch module with torch's own tools, on the meta device: nothing is allocated or run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import NamedTuple
from unittest import mock

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

INITIALISERS = ("kaiming_normal_", "kaiming_uniform_", "normal_", "uniform_", "ones_", "zeros_")


#: Modules that torch has no flop formula for.
NOT_COUNTED = (nn.BatchNorm2d, nn.SiLU, nn.Sigmoid, nn.ReLU, nn.ReLU6)


class Counted(NamedTuple):
    """What torch itself counts; the flop counter's two operations per multiply-add are halved."""

    params: int
    macs: int
    activations: int


@contextmanager
def skeletons() -> Iterator[None]:
    """Inside, modules are built on the meta device and their initialisation is skipped."""
    with torch.device("meta"), ExitStack() as stack:
        for name in INITIALISERS:
            stack.enter_context(mock.patch.object(nn.init, name, lambda tensor, *_, **__: tensor))
        yield


class _NoTracker(nullcontext):
    """Stands in for the counter's per-module bookkeeping: only the total is wanted here."""

    parents = frozenset({"Global"})


def count(module: nn.Module, px: int, *, bare: bool = False, channels: int = 3) -> Counted:
    """Params, multiply-adds and convolution and linear outputs for one ``px`` × ``px`` image of
    so many ``channels``.

    ``bare`` strips batch norms and activation functions off the module once the parameters are
    counted: torch has no flop formula for them, so no figure changes and it is faster.
    """
    params = sum(p.numel() for p in module.parameters())
    activations = 0

    def add_output(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        nonlocal activations
        activations += output.numel()

    for child in module.modules():
        if isinstance(child, nn.Conv2d | nn.Linear):
            child.register_forward_hook(add_output)
    counter = FlopCounterMode(display=False)
    if bare:
        _strip(module)
        counter.mod_tracker = _NoTracker()
    with torch.no_grad(), counter:
        module.eval()(torch.empty(1, channels, px, px, device="meta"))
    return Counted(params, counter.get_total_flops() // 2, activations)


def _strip(module: nn.Module) -> None:
    for parent in list(module.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, NOT_COUNTED):
                setattr(parent, name, nn.Identity())
