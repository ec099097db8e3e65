"""torchvision's networks as if trained, and a photo."""

import numpy as np
import torch
import torchvision.models as tv
from PIL import Image

PUBLISHED = {
    **{f"b{n}": getattr(tv, f"EfficientNet_B{n}_Weights").IMAGENET1K_V1 for n in range(8)},
    "resnet50": tv.ResNet50_Weights.IMAGENET1K_V1,
    "resnet152": tv.ResNet152_Weights.IMAGENET1K_V1,
    "wide_resnet50_2": tv.Wide_ResNet50_2_Weights.IMAGENET1K_V1,
}
CONSTRUCTORS = {
    **{f"b{n}": getattr(tv, f"efficientnet_b{n}") for n in range(8)},
    "resnet50": tv.resnet50,
    "resnet152": tv.resnet152,
    "wide_resnet50_2": tv.wide_resnet50_2,
}


def lived_in(module: torch.nn.Module, variance=(0.02, 0.3)) -> torch.nn.Module:
    """Statistics and scales as after training, so that no default can hide a mistake."""
    generator = torch.Generator().manual_seed(0)
    for layer in module.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            for value, low, high in (
                (layer.running_mean, -0.1, 0.1),
                (layer.running_var, *variance),
                (layer.weight.data, 0.5, 1.0),
                (layer.bias.data, -0.2, 0.2),
            ):
                value.uniform_(low, high, generator=generator)
            layer.num_batches_tracked.fill_(7)
    return module.eval()


def photo(width: int = 300, height: int = 200, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC)
