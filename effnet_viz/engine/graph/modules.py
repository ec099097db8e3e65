"""Torch modules from a spec's layers, for networks that torchvision has no class for.

They take photos of any size; "same" padding depends on it, as in TensorFlow.

At 1× MobileNetV2 and ResNet-50 have torchvision's own names, so that its weights load key for key.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, islice

from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from effnet_viz.scaling.architectures import ArchitectureSpec, Padding
from effnet_viz.scaling.layers import ACTIVATIONS, Activation, Block, Layer, iter_blocks

_FUNCTIONS: dict[Activation, type[nn.Module]] = {
    "silu": nn.SiLU,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
}


def torch_module(spec: ArchitectureSpec, norm_eps: float) -> nn.Module:
    """The EfficientNet-Lite, MobileNetV1, MobileNetV2 or ResNet with the spec's layers: randomly
    initialised as torchvision's networks are, in training mode, on the CPU.

    Input ``(N, in_channels, H, W)``, output logits ``(N, num_classes)``.
    """
    match spec.family:
        case "resnet":
            module: nn.Module = ScaledResNet(spec)
        case "efficientnet_lite":
            module = EfficientNetLite(spec)
        case _:
            module = MobileNet(spec)
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out")
        elif isinstance(layer, nn.BatchNorm2d):
            layer.eps = norm_eps
    return module


class EfficientNetLite(nn.Module):
    """An EfficientNet-Lite, laid out as torchvision's EfficientNet: ``features`` holds one module
    per stage, those between stem and head each a sequence of blocks; then average pooling and a
    linear ``classifier``."""

    def __init__(self, spec: ArchitectureSpec) -> None:
        super().__init__()
        activation = _FUNCTIONS[ACTIVATIONS[spec.family]]
        stem, *body, head = iter_blocks(spec)
        convolution, linear = head.layers
        stages = groupby(body, key=lambda block: block.stage)
        self.features = nn.Sequential(
            _conv_norm(stem.layers[0], spec.padding, activation),
            *(
                nn.Sequential(*(_mobile_block(block, spec.padding, activation) for block in blocks))
                for _, blocks in stages
            ),
            _conv_norm(convolution, spec.padding, activation),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(spec.dropout), _linear(linear))

    def forward(self, inputs: Tensor) -> Tensor:
        """``(N, in_channels, H, W)`` to logits ``(N, num_classes)``."""
        return self.classifier(self.avgpool(self.features(inputs)).flatten(1))


class MobileNet(nn.Module):
    """A MobileNet of either version: ``features``, average pooling, and a linear ``classifier``.

    ``features`` holds every block in order, as torchvision's MobileNetV2 does; ``stage_sizes`` says
    how many of them belong to each stage that has a map.
    """

    def __init__(self, spec: ArchitectureSpec) -> None:
        super().__init__()
        activation = _FUNCTIONS[ACTIVATIONS[spec.family]]
        *body, head = iter_blocks(spec)
        blocks = [_mobile_block(block, spec.padding, activation) for block in body]
        sizes = [len(list(group)) for _, group in groupby(body, key=lambda block: block.stage)]
        *convolutions, linear = head.layers
        if convolutions:
            blocks.append(_conv_norm(convolutions[0], spec.padding, activation))
            sizes.append(1)
        self.features = nn.Sequential(*blocks)
        self.stage_sizes = tuple(sizes)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(spec.dropout), _linear(linear))

    def forward(self, inputs: Tensor) -> Tensor:
        """``(N, in_channels, H, W)`` to logits ``(N, num_classes)``."""
        return self.classifier(self.avgpool(self.features(inputs)).flatten(1))

    @property
    def stages(self) -> tuple[tuple[nn.Module, ...], ...]:
        """The blocks of each stage that has a map, stem first."""
        blocks = iter(self.features)
        return tuple(tuple(islice(blocks, size)) for size in self.stage_sizes)


class InvertedResidual(nn.Module):
    """MobileNetV2's block: ``conv`` holds its layers, named as torchvision names them."""

    def __init__(self, block: Block, padding: Padding, activation: type[nn.Module]) -> None:
        super().__init__()
        *inner, project = block.layers
        self.conv = nn.Sequential(
            *(_conv_norm(layer, padding, activation) for layer in inner),
            _conv(project),
            _norm(project),
        )
        self.skip = block.skip

    def forward(self, inputs: Tensor) -> Tensor:
        """``(N, in_channels, H, W)`` to ``(N, out_channels, H', W')``."""
        return inputs + self.conv(inputs) if self.skip else self.conv(inputs)


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding: of an odd number of zeros the one more comes
    after."""

    def forward(self, input: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, out_channels, ceil(H / stride), ceil(W / stride))``."""
        edges: list[int] = []
        for size, kernel, stride in zip(
            input.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            zeros = max(0, (-(-size // stride) - 1) * stride + kernel - size)
            edges += (zeros // 2, zeros - zeros // 2)
        return super().forward(nn.functional.pad(input, edges))


class ScaledBottleneck(Bottleneck):
    """torchvision's ResNet block with a block's layers; its forward pass is inherited."""

    def __init__(self, block: Block) -> None:
        nn.Module.__init__(self)
        reduce, spatial, restore, *shortcut = block.layers
        self.conv1, self.bn1 = _conv(reduce), _norm(reduce)
        self.conv2, self.bn2 = _conv(spatial), _norm(spatial)
        self.conv3, self.bn3 = _conv(restore), _norm(restore)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Sequential(_conv(shortcut[0]), _norm(shortcut[0])) if shortcut else None
        )
        self.stride = spatial.stride


class ScaledResNet(ResNet):
    """torchvision's ResNet with a spec's layers; its forward pass is inherited."""

    def __init__(self, spec: ArchitectureSpec) -> None:
        nn.Module.__init__(self)
        stem, *blocks, head = iter_blocks(spec)
        conv, pool = stem.layers
        self.conv1, self.bn1 = _conv(conv), _norm(conv)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(pool.kernel_size, pool.stride, pool.kernel_size // 2)
        for number, (_, group) in enumerate(groupby(blocks, key=lambda block: block.stage), 1):
            setattr(self, f"layer{number}", nn.Sequential(*map(ScaledBottleneck, group)))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = _linear(head.layers[0])


def _mobile_block(block: Block, padding: Padding, activation: type[nn.Module]) -> nn.Module:
    if any(layer.name == "project" for layer in block.layers):
        return InvertedResidual(block, padding, activation)
    return _unwrapped(_conv_norm(layer, padding, activation) for layer in block.layers)


def _unwrapped(layers: Iterable[nn.Module]) -> nn.Module:
    """The layers as one module: a single one as it is, as torchvision has its stem."""
    modules = list(layers)
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)


def _conv_norm(layer: Layer, padding: Padding, activation: type[nn.Module]) -> nn.Module:
    return nn.Sequential(_conv(layer, padding), _norm(layer), activation(inplace=True))


def _conv(layer: Layer, padding: Padding = "symmetric") -> nn.Conv2d:
    own_zeros = padding == "same" and layer.kernel_size > 1
    return (SameConv2d if own_zeros else nn.Conv2d)(
        int(layer.in_channels),
        int(layer.out_channels),
        layer.kernel_size,
        layer.stride,
        0 if own_zeros else layer.kernel_size // 2,
        groups=int(layer.groups),
        bias=layer.bias,
    )


def _norm(layer: Layer) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(int(layer.out_channels))


def _linear(layer: Layer) -> nn.Linear:
    linear = nn.Linear(int(layer.in_channels), int(layer.out_channels))
    nn.init.normal_(linear.weight, 0, 0.01)
    nn.init.zeros_(linear.bias)
    return linear
