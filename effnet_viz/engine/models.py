"""Networks from specs, so made that torchvision's weights load key for key where it has any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torchvision.models.efficientnet import EfficientNet, MBConvConfig

from effnet_viz.engine.graph.modules import torch_module
from effnet_viz.scaling.architectures import ArchitectureSpec


def build_model(spec: ArchitectureSpec, *, norm_eps: float | None = None) -> nn.Module:
    """The spec's network, randomly initialised, in training mode, on the CPU.

    Input ``(N, in_channels, H, W)``, output logits ``(N, num_classes)``. An EfficientNet is
    torchvision's class; the others come from ring 0's layers (`effnet_viz.engine.graph.modules`).
    ``norm_eps`` is the epsilon of the batch norms, by default the spec's.
    """
    eps = spec.norm_eps if norm_eps is None else norm_eps
    if spec.family == "efficientnet":
        return efficientnet(spec, eps)
    return torch_module(spec, eps)


def efficientnet(spec: ArchitectureSpec, norm_eps: float) -> EfficientNet:
    """torchvision's class with the spec's rows.

    The rows are already scaled, so torchvision's own multipliers stay 1; the head width is passed
    explicitly because torchvision's default (4 × the last stage) differs from
    ``round_filters(1280·w)`` for most widths. Stochastic depth is off: at these sizes and epochs it
    only slows learning, and it never changes inference.
    """
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
    network = EfficientNet(
        rows,
        dropout=spec.dropout,
        stochastic_depth_prob=0.0,
        num_classes=spec.num_classes,
        norm_layer=partial(nn.BatchNorm2d, eps=norm_eps),
        last_channel=head.out_channels,
    )
    if spec.in_channels != 3:  # torchvision's stem always takes colour
        width, k = stem.out_channels, stem.kernel_size
        conv = nn.Conv2d(spec.in_channels, width, k, stem.stride, k // 2, bias=False)
        nn.init.kaiming_normal_(conv.weight, mode="fan_out")
        network.features[0][0] = conv
    return network


def skeleton(spec: ArchitectureSpec, norm_eps: float | None = None) -> nn.Module:
    """The network without memory behind its weights, to be filled by ``load_state_dict``."""
    with torch.device("meta"), _Undrawn():
        return build_model(spec, norm_eps=norm_eps)


class _Undrawn(TorchFunctionMode):
    """Draws no initial weights: on tensors without memory that takes half the time of all."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        return func(*args, **(kwargs or {}))
