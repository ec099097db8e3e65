"""Batch norms fitted to a network with random weights, so that its maps can be looked at.

A fresh batch norm passes its input on as it is; through many random layers values then fade until a
map is nothing but rounding. With the statistics that each norm would have measured, every layer
works at its intended scale, as in training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PICTURES = 8
MAX_PX = 224


def fit_batch_norms(module: nn.Module, px: int, seed: int) -> None:
    """Set every norm's mean and variance to those of its input for eight drawn clouds, at most 224
    px wide. The module ends in evaluation mode. Equal seeds give equal statistics."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over passes, of which there is one
    module.eval()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train()
    with torch.no_grad():
        module(clouds(PICTURES, min(px, MAX_PX), seed))
    module.eval()


def clouds(count: int, px: int, seed: int) -> Tensor:
    """Normalised pictures ``(count, 3, px, px)`` of random clouds: the sum of noise at every scale,
    alike in strength, as photos have it (Field 1987); variance 1 over all of them."""
    generator = torch.Generator().manual_seed(seed)
    picture = torch.zeros(count, 3, px, px)
    side = 1
    while side <= px:
        noise = torch.randn(count, 3, side, side, generator=generator)
        picture += nn.functional.interpolate(noise, px, mode="bilinear")
        side *= 2
    return picture / picture.std()
