"""Batch norms fitted to a network with random weights, so that its maps can be looked at.

A fresh batch norm passes its input on as it is; through many random layers values then fade until a
map is nothing but rounding. With the statistics that each norm would have measured, every layer
works at its intended scale, as in training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PICTURES = 32
MAX_PX = 224
#: The strength of a picture's tint beside one scale's noise, and the deviation of log contrast.
TINT, CONTRAST = 3.0, 0.5


def fit_batch_norms(module: nn.Module, px: int, seed: int) -> None:
    """Set every norm's mean and variance to those of its input for drawn clouds, at most 224 px
    wide. The module ends in evaluation mode. Equal seeds give equal statistics."""
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
    alike in strength, as photos have it (Field 1987), under a tint of its own for each picture;
    pictures differ in contrast, too. A network fitted to less variety amplifies a photo's."""
    generator = torch.Generator().manual_seed(seed)
    pictures = TINT * torch.randn(count, 3, 1, 1, generator=generator).expand(-1, -1, px, px)
    side = 2
    while side <= px:
        noise = torch.randn(count, 3, side, side, generator=generator)
        pictures = pictures + nn.functional.interpolate(noise, px, mode="bilinear")
        side *= 2
    contrast = (CONTRAST * torch.randn(count, 1, 1, 1, generator=generator)).exp()
    return contrast * pictures / pictures.std()
