"""A photo, and what maps are made of, computed without the library."""

from pathlib import Path

import skimage.data
import torch
from PIL import Image
from torch import nn

from effnet_viz.engine.maps.cam import METHODS

PHOTO = Image.open(Path(skimage.data.__file__).with_name("coffee.png")).convert("RGB")

EVERY_STAGE = [name for name, kind in METHODS.items() if not kind.last_stage_only]


def gradients_by_hand(
    module: nn.Module, inputs: torch.Tensor, stage: int, target: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Activations of an EfficientNet's stage and gradients of a logit, ``(C, h, w)`` each."""
    with torch.no_grad():
        activations = module.features[:stage](inputs)
    leaf = activations.clone().requires_grad_()
    pooled = module.avgpool(module.features[stage:](leaf.clone())).flatten(1)
    (gradients,) = torch.autograd.grad(module.classifier(pooled)[0, target], leaf)
    return activations[0], gradients[0]
