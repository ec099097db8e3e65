"""The arithmetic of ring 0 against torchvision's modules and torch's flop counter, to the unit."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch
import torchvision
from torch import nn
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import Bottleneck

from effnet_viz.engine.models import build_model
from effnet_viz.scaling.architectures import (
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RELEASED_VARIANTS,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import checked_multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES, classroom_spec, find_model, released_spec
from effnet_viz.scaling.layers import iter_layers
from effnet_viz.scaling.study import study
from tests.oracle.torch_counts import Counted, count, skeletons

ODD_SIZES_PX = (33, 97, 127, 225, 301)


def computed(spec: ArchitectureSpec) -> Counted:
    cost = network_cost(spec)
    return Counted(cost.params, cost.macs, cost.activations)


def random_spec(seed: int) -> ArchitectureSpec:
    draw = random.Random(seed)
    depth, width = draw.uniform(0.5, 5), draw.uniform(0.5, 5)
    return scale(EFFICIENTNET_B0, checked_multipliers(depth, width, draw.randint(32, 800)))


@pytest.mark.parametrize("variant", RELEASED_VARIANTS)
def test_released_variants_equal_torchvision(variant: str) -> None:
    spec = released_spec(variant)
    with skeletons():
        theirs = getattr(torchvision.models, f"efficientnet_{variant}")()
        ours = build_model(spec)
    assert [(name, p.shape) for name, p in ours.named_parameters()] == [
        (name, p.shape) for name, p in theirs.named_parameters()
    ]
    assert count(theirs, spec.resolution_px, bare=True) == computed(spec)


@pytest.mark.parametrize(
    ("name", "scaling"),
    [
        ("efficientnet_b0", {}),
        ("efficientnet_b0", {"variant": "b3"}),
        ("efficientnet_b0", {"phi": 1}),
        ("mobilenet_v2", {}),
        ("resnet_50", {}),
    ],
)
@pytest.mark.parametrize(("classes", "channels"), [(10, 3), (1000, 1), (21_841, 13)])
def test_other_classes_and_channels_equal_torchvision_with_that_head_and_stem(
    name: str, scaling: dict[str, Any], classes: int, channels: int
) -> None:
    result = study(name, num_classes=classes, in_channels=channels, **scaling)
    with skeletons():
        if name == "mobilenet_v2":
            theirs = torchvision.models.mobilenet_v2(num_classes=classes)
            theirs.features[0][0] = nn.Conv2d(channels, 32, 3, 2, 1, bias=False)
        elif name == "resnet_50":
            theirs = torchvision.models.resnet50(num_classes=classes)
            theirs.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
        else:
            if "phi" in scaling:
                theirs = build_model(study(name, **scaling).scaled)
                last = theirs.classifier[1].in_features
                theirs.classifier[1] = nn.Linear(last, classes)
            else:
                variant = scaling.get("variant", "b0")
                theirs = getattr(torchvision.models, f"efficientnet_{variant}")(num_classes=classes)
            width = theirs.features[0][0].out_channels
            theirs.features[0][0] = nn.Conv2d(channels, width, 3, 2, 1, bias=False)
        ours = build_model(result.scaled) if name == "efficientnet_b0" else None
    counted = count(theirs, result.scaled.resolution_px, bare=True, channels=channels)
    assert counted == computed(result.scaled)
    if ours is not None:
        assert count(ours, result.scaled.resolution_px, bare=True, channels=channels) == counted
    assert (result.base.num_classes, result.base.in_channels) == (classes, channels)


@pytest.mark.parametrize("batch", range(4))
def test_random_efficientnets_equal_the_module_built_from_the_same_rows(batch: int) -> None:
    for seed in range(10 * batch, 10 * (batch + 1)):
        spec = random_spec(seed)
        with skeletons():
            module = build_model(spec)
        assert count(module, spec.resolution_px, bare=True) == computed(spec), f"seed {seed}"


def test_stripping_norms_and_activations_changes_no_count() -> None:
    spec = random_spec(3)
    with skeletons():
        whole, stripped = build_model(spec), build_model(spec)
    assert count(whole, spec.resolution_px) == count(stripped, spec.resolution_px, bare=True)


@pytest.mark.parametrize("role", ROLES)
def test_classroom_family_equals_the_module(role: str) -> None:
    spec = classroom_spec(role)
    with skeletons():
        module = build_model(spec)
    assert count(module, spec.resolution_px, bare=True) == computed(spec)


@pytest.mark.parametrize(
    ("name", "px"),
    [("resnet50", 224), *(("resnet50", px) for px in ODD_SIZES_PX),
     ("resnet152", 225), ("wide_resnet50_2", 224), ("wide_resnet50_2", 97)],
)  # fmt: skip
def test_resnets_equal_torchvision(name: str, px: int) -> None:
    spec = replace(find_model("resnet50", name).spec, resolution_px=px)
    with skeletons():
        module = getattr(torchvision.models, name)()
    assert count(module, px, bare=True) == computed(spec)


@pytest.mark.parametrize(
    ("depth", "width", "px"), [(1, 2, 224), (4, 1, 224), (1.3, 1.1, 333), (0.5, 0.4, 65)]
)
def test_scaled_resnet_equals_torchvision_blocks_of_those_widths(
    depth: float, width: float, px: int
) -> None:
    spec = scale(RESNET_50, checked_multipliers(depth, width, px))
    stem, *stages, _ = spec.stages
    with skeletons():
        channels = stem.out_channels
        parts: list[nn.Module] = [
            nn.Conv2d(3, channels, 7, 2, 3, bias=False),
            nn.BatchNorm2d(channels),
            nn.MaxPool2d(3, 2, 1),
        ]
        for stage in stages:
            for number in range(stage.repeats):
                stride = stage.stride if number == 0 else 1
                planes = stage.out_channels // Bottleneck.expansion
                shortcut = None
                if number == 0:
                    shortcut = nn.Sequential(
                        nn.Conv2d(channels, stage.out_channels, 1, stride, bias=False),
                        nn.BatchNorm2d(stage.out_channels),
                    )
                parts.append(
                    Bottleneck(
                        channels,
                        planes,
                        stride,
                        shortcut,
                        # Bottleneck's inner width is int(planes · base_width / 64)
                        base_width=64 * (stage.inner_channels + 1e-9) / planes,
                    )
                )
                channels = stage.out_channels
        parts += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000)]
        module = nn.Sequential(*parts)
    assert count(module, px, bare=True) == computed(spec)


@pytest.mark.parametrize(
    ("width", "px"),
    [(0.35, 224), (0.5, 97), (0.75, 301), (1.0, 224), (1.0, 97), (1.0, 301), (1.4, 224), (2.0, 97)],
)
def test_mobilenet_v2_by_width_equals_torchvision(width: float, px: int) -> None:
    spec = scale(MOBILENET_V2, checked_multipliers(1, width, px))
    with skeletons():
        module = torchvision.models.mobilenet_v2(width_mult=width)
    assert count(module, px, bare=True) == computed(spec)


@pytest.mark.parametrize(("depth", "repeats"), [(4, (4, 8, 12, 16, 12, 12, 4)),
                                                (1.4, (2, 3, 5, 6, 5, 5, 2))])  # fmt: skip
def test_mobilenet_v2_by_depth_equals_torchvision(depth: float, repeats: tuple[int, ...]) -> None:
    rows = [
        [stage.expand_ratio, stage.out_channels, count_, stage.stride]
        for stage, count_ in zip(MOBILENET_V2.stages[1:-1], repeats, strict=True)
    ]
    for px in (224, 97, 301):
        with skeletons():
            module = MobileNetV2(inverted_residual_setting=rows)
        spec = scale(MOBILENET_V2, checked_multipliers(depth, 1, px))
        assert count(module, px, bare=True) == computed(spec)


def mobilenet_v1_module(channels: list[int], strides: list[int]) -> nn.Sequential:
    """MobileNetV1 written out: ``channels[0]`` is the stem, then one pair of layers per entry."""
    parts: list[nn.Module] = []
    inputs = 3
    for number, (outputs, stride) in enumerate(zip(channels, strides, strict=True)):
        if number == 0:
            parts += [nn.Conv2d(3, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)]
        else:
            parts += [
                nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
                nn.BatchNorm2d(inputs),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            ]
        inputs = outputs
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))


@pytest.mark.parametrize("px", [224, *ODD_SIZES_PX])
def test_mobilenet_v1_equals_its_layers_written_out(px: int) -> None:
    plain = [32, 64, 128, 128, 256, 256, *6 * [512], 1024, 1024]
    strides = [2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    with skeletons():
        module = mobilenet_v1_module(plain, strides)
        doubled = mobilenet_v1_module([2 * c for c in plain], strides)
    assert count(module, px, bare=True) == computed(replace(MOBILENET_V1, resolution_px=px))
    assert count(doubled, px, bare=True) == computed(
        scale(MOBILENET_V1, checked_multipliers(1, 2, px))
    )


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("efficientnet_b0", released_spec("b0")),
        ("efficientnet_b3", released_spec("b3")),
        ("mobilenet_v2", MOBILENET_V2),
        ("resnet50", RESNET_50),
    ],
)
def test_layers_are_torchvision_s_in_the_same_order(name: str, spec: ArchitectureSpec) -> None:
    with skeletons():
        module = getattr(torchvision.models, name)()
    theirs = [
        (m.in_channels, m.out_channels, m.kernel_size[0], m.stride[0], m.groups, m.bias is not None)
        if isinstance(m, nn.Conv2d)
        else (m.in_features, m.out_features, 1, 1, 1, True)
        for m in module.modules()
        if isinstance(m, nn.Conv2d | nn.Linear)
    ]
    layers = [layer for _, layer in iter_layers(spec) if layer.kind != "pool"]
    assert theirs == [
        (la.in_channels, la.out_channels, la.kernel_size, la.stride, la.groups, la.bias)
        for la in layers
    ]


def gradient_support(convolutions: list[tuple[int, int]]) -> int:
    """How many inputs reach one output of a chain of (kernel, stride) convolutions, in one
    dimension: the non-zero gradient of an output in the middle, all weights being one."""
    signal = torch.zeros(1, 1, 6001, dtype=torch.float64, requires_grad=True)
    value = signal
    for kernel, stride in convolutions:
        ones = torch.ones(1, 1, kernel, dtype=torch.float64)
        # divided so that thousands of paths stay inside the range of a float
        value = nn.functional.conv1d(value, ones / kernel, stride=stride, padding=kernel // 2)
    value[0, 0, value.shape[-1] // 2].backward()
    assert signal.grad is not None
    return int((signal.grad != 0).sum())


def main_path(module: nn.Module) -> list[tuple[int, int]]:
    """(kernel, stride) of the convolutions and poolings a pixel passes, without side branches."""
    return [
        (m.kernel_size[0], m.stride[0]) if isinstance(m, nn.Conv2d) else (m.kernel_size, m.stride)
        for name, m in module.named_modules()
        if isinstance(m, nn.Conv2d | nn.MaxPool2d)
        and ".fc" not in name
        and "downsample" not in name
    ]


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("efficientnet_b0", released_spec("b0")),
        ("efficientnet_b1", released_spec("b1")),
        ("efficientnet_b4", released_spec("b4")),
        ("mobilenet_v2", MOBILENET_V2),
        ("resnet50", RESNET_50),
    ],
)
def test_receptive_field_is_the_support_of_the_gradient(name: str, spec: ArchitectureSpec) -> None:
    with skeletons():
        module = getattr(torchvision.models, name)()
    assert network_cost(spec).receptive_field_px == gradient_support(main_path(module))
