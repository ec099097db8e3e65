"""Networks from specs, made of torchvision's own classes, so that its weights load key for key."""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ArchitectureSpec


def build_model(spec: ArchitectureSpec, *, norm_eps: float = 1e-5) -> EfficientNet:
    """An EfficientNet with the spec's rows, randomly initialised, in training mode, on the CPU.

    Input ``(N, 3, H, W)``, output logits ``(N, num_classes)``. The rows are already scaled, so
    torchvision's own multipliers stay 1; the head width is passed explicitly because torchvision's
    default (4 × the last stage) differs from ``round_filters(1280·w)`` for most widths.

    Stochastic depth is off: at these sizes and epochs it only slows learning, and it never changes
    inference. Raises UserError for architectures that are shown for their cost only.
    """
    if spec.family != "efficientnet":
        raise UserError(
            f"{spec.name} is computed, not built; only EfficientNet specs can be run. "
            "For a network of another family use torchvision's own model."
        )
    stem, *stages, head = spec.stages
    rows = []
    channels = stem.out_channels
    for stage in stages:
        rows.append(
            MBConvConfig(
                expand_ratio=stage.expand_ratio,
                kernel=stage.kernel_size,
                stride=stage.stride,
                input_channels=channels,
                out_channels=stage.out_channels,
                num_layers=stage.repeats,
            )
        )
        channels = stage.out_channels
    return EfficientNet(
        rows,
        dropout=spec.dropout,
        stochastic_depth_prob=0.0,
        num_classes=spec.num_classes,
        norm_layer=partial(nn.BatchNorm2d, eps=norm_eps),
        last_channel=head.out_channels,
    )


def skeleton(spec: ArchitectureSpec, norm_eps: float = 1e-5) -> nn.Module:
    """The network without memory behind its weights, to be filled by ``load_state_dict``."""
    with torch.device("meta"):
        return build_model(spec, norm_eps=norm_eps)
