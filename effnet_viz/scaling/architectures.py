"""Architectures as frozen rows, one row per row of the paper that introduced each.

A row is a stage: ``repeats`` blocks of one operator, the first of which applies ``stride`` and
changes the channel count. Nothing here is scaled; `effnet_viz.scaling.compound` makes new specs
from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from effnet_viz.errors import UserError

Operator = Literal[
    "conv", "mbconv", "separable", "inverted_residual", "bottleneck", "conv_head", "pool_head"
]
Family = Literal["efficientnet", "efficientnet_lite", "mobilenet_v1", "mobilenet_v2", "resnet"]

#: Where zeros go round a map: as many on either side (torch), or, of an odd number, the one more
#: after it (TensorFlow's "same").
Padding = Literal["symmetric", "same"]


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One row of an architecture table.

    ``operator``: ``conv`` convolution, norm, activation; ``mbconv`` EfficientNet's block;
    ``separable`` depthwise then pointwise (MobileNetV1); ``inverted_residual`` MobileNetV2's block;
    ``bottleneck`` ResNet's block (stride on the 3×3, as torchvision builds it); ``conv_head`` 1×1
    convolution, pooling, linear; ``pool_head`` pooling and linear.

    ``inner_channels`` is the bottleneck's inner width (0 elsewhere); ``max_pool`` appends a 3×3
    stride-2 pooling to a stem; ``out_channels`` of a ``pool_head`` is 0 (it keeps its input's).
    """

    operator: Operator
    kernel_size: int
    stride: int
    expand_ratio: float
    out_channels: int
    repeats: int
    se_ratio: float = 0.0
    inner_channels: int = 0
    max_pool: bool = False

    @property
    def label(self) -> str:
        """The operator as the papers print it, e.g. ``MBConv6 k3x3``."""
        k = f"{self.kernel_size}x{self.kernel_size}"
        match self.operator:
            case "mbconv":
                return f"MBConv{self.expand_ratio:g} k{k}"
            case "inverted_residual":
                return f"InvertedResidual{self.expand_ratio:g} k{k}"
            case "separable":
                return f"DepthwiseSeparable k{k}"
            case "bottleneck":
                return f"Bottleneck k{k}"
            case "conv_head":
                return f"Conv{k} & Pooling & FC"
            case "pool_head":
                return "Pooling & FC"
            case _:
                return f"Conv{k}" + (" & MaxPool3x3" if self.max_pool else "")


@dataclass(frozen=True, slots=True)
class ArchitectureSpec:
    """A whole network: its stages from stem to head, its input and its number of classes.

    ``name`` is for code, links and the command line, ``title`` for people; a scaled network keeps
    its baseline's. ``stages[i]`` is stage ``i + 1`` in the paper's numbering. ``min_head_channels``
    is a floor for the scaled head (MobileNetV2 never shrinks its 1280). ``dropout`` acts before the
    last linear layer and costs nothing. ``in_channels`` are the photo's, 3 for colour.
    ``padding`` says where the convolutions' zeros go, and so where a map's cells lie.
    ``fixed_ends`` keeps stem and head at their width, and the first and the last stage between
    them at their repeats (EfficientNet-Lite). ``norm_eps`` is the epsilon of the batch norms.
    """

    name: str
    family: Family
    stages: tuple[StageSpec, ...]
    resolution_px: int
    num_classes: int = 1000
    dropout: float = 0.2
    min_head_channels: int = 0
    source: str = ""
    title: str = ""
    in_channels: int = 3
    padding: Padding = "symmetric"
    fixed_ends: bool = False
    norm_eps: float = 1e-5

    def is_widened(self, stage: int) -> bool:
        """Whether the width multiplier applies to a stage (from 1)."""
        return not self.fixed_ends or 1 < stage < len(self.stages)

    def is_deepened(self, stage: int) -> bool:
        """Whether the depth multiplier applies to a stage (from 1); to stem and head never."""
        margin = 2 if self.fixed_ends else 1
        return margin < stage <= len(self.stages) - margin


EFFICIENTNET_B0 = ArchitectureSpec(
    name="efficientnet_b0",
    title="EfficientNet-B0",
    family="efficientnet",
    source="Tan & Le 2019, arXiv:1905.11946v5, table 1",
    resolution_px=224,
    stages=(
        #         operator     k  s  exp   out  L  se
        StageSpec("conv",      3, 2, 1,    32,  1),
        StageSpec("mbconv",    3, 1, 1,    16,  1, 0.25),
        StageSpec("mbconv",    3, 2, 6,    24,  2, 0.25),
        StageSpec("mbconv",    5, 2, 6,    40,  2, 0.25),
        StageSpec("mbconv",    3, 2, 6,    80,  3, 0.25),
        StageSpec("mbconv",    5, 1, 6,    112, 3, 0.25),
        StageSpec("mbconv",    5, 2, 6,    192, 4, 0.25),
        StageSpec("mbconv",    3, 1, 6,    320, 1, 0.25),
        StageSpec("conv_head", 1, 1, 1,    1280, 1),
    ),
)  # fmt: skip

#: What B0 becomes for phones: no squeeze-and-excitation, ReLU6, and ends that do not scale.
EFFICIENTNET_LITE0 = ArchitectureSpec(
    name="efficientnet_lite0",
    title="EfficientNet-Lite0",
    family="efficientnet_lite",
    source="tensorflow/tpu, models/official/efficientnet/lite",
    resolution_px=224,
    padding="same",
    fixed_ends=True,
    norm_eps=1e-3,
    stages=(
        #         operator     k  s  exp   out  L
        StageSpec("conv",      3, 2, 1,    32,  1),
        StageSpec("mbconv",    3, 1, 1,    16,  1),
        StageSpec("mbconv",    3, 2, 6,    24,  2),
        StageSpec("mbconv",    5, 2, 6,    40,  2),
        StageSpec("mbconv",    3, 2, 6,    80,  3),
        StageSpec("mbconv",    5, 1, 6,    112, 3),
        StageSpec("mbconv",    5, 2, 6,    192, 4),
        StageSpec("mbconv",    3, 1, 6,    320, 1),
        StageSpec("conv_head", 1, 1, 1,    1280, 1),
    ),
)  # fmt: skip

MOBILENET_V1 = ArchitectureSpec(
    name="mobilenet_v1",
    title="MobileNetV1",
    family="mobilenet_v1",
    source="Howard et al. 2017, arXiv:1704.04861, table 1; rows of equal width grouped into stages",
    resolution_px=224,
    stages=(
        #         operator     k  s  exp  out   L
        StageSpec("conv",      3, 2, 1,   32,   1),
        StageSpec("separable", 3, 1, 1,   64,   1),
        StageSpec("separable", 3, 2, 1,   128,  2),
        StageSpec("separable", 3, 2, 1,   256,  2),
        StageSpec("separable", 3, 2, 1,   512,  6),
        StageSpec("separable", 3, 2, 1,   1024, 2),
        StageSpec("pool_head", 1, 1, 1,   0,    1),
    ),
)  # fmt: skip

MOBILENET_V2 = ArchitectureSpec(
    name="mobilenet_v2",
    title="MobileNetV2",
    family="mobilenet_v2",
    source="Sandler et al. 2018, arXiv:1801.04381, table 2",
    resolution_px=224,
    min_head_channels=1280,
    stages=(
        #         operator             k  s  exp  out   L
        StageSpec("conv",              3, 2, 1,   32,   1),
        StageSpec("inverted_residual", 3, 1, 1,   16,   1),
        StageSpec("inverted_residual", 3, 2, 6,   24,   2),
        StageSpec("inverted_residual", 3, 2, 6,   32,   3),
        StageSpec("inverted_residual", 3, 2, 6,   64,   4),
        StageSpec("inverted_residual", 3, 1, 6,   96,   3),
        StageSpec("inverted_residual", 3, 2, 6,   160,  3),
        StageSpec("inverted_residual", 3, 1, 6,   320,  1),
        StageSpec("conv_head",         1, 1, 1,   1280, 1),
    ),
)  # fmt: skip

RESNET_50 = ArchitectureSpec(
    name="resnet_50",
    title="ResNet-50",
    family="resnet",
    source="He et al. 2016, arXiv:1512.03385, table 1; stride on the 3x3 as in torchvision",
    resolution_px=224,
    dropout=0.0,
    stages=(
        #         operator      k  s  exp  out   L  inner
        StageSpec("conv",       7, 2, 1,   64,   1, max_pool=True),
        StageSpec("bottleneck", 3, 1, 1,   256,  3, inner_channels=64),
        StageSpec("bottleneck", 3, 2, 1,   512,  4, inner_channels=128),
        StageSpec("bottleneck", 3, 2, 1,   1024, 6, inner_channels=256),
        StageSpec("bottleneck", 3, 2, 1,   2048, 3, inner_channels=512),
        StageSpec("pool_head",  1, 1, 1,   0,    1),
    ),
)  # fmt: skip

CLASSROOM_BASELINE = ArchitectureSpec(
    name="classroom",
    title="Classroom baseline",
    family="efficientnet",
    source="this project: B0's stage layout, small enough to train on two CPU cores",
    resolution_px=96,
    num_classes=10,
    dropout=0.1,
    stages=(
        #         operator     k  s  exp  out  L  se
        StageSpec("conv",      3, 2, 1,   8,   1),
        StageSpec("mbconv",    3, 1, 1,   8,   1, 0.25),
        StageSpec("mbconv",    3, 2, 6,   8,   2, 0.25),
        StageSpec("mbconv",    5, 2, 6,   16,  2, 0.25),
        StageSpec("mbconv",    3, 2, 6,   24,  3, 0.25),
        StageSpec("mbconv",    5, 1, 6,   32,  3, 0.25),
        StageSpec("mbconv",    5, 1, 6,   48,  4, 0.25),
        StageSpec("mbconv",    3, 1, 6,   80,  2, 0.25),
        StageSpec("conv_head", 1, 1, 1,   320, 1),
    ),
)  # fmt: skip

#: Every baseline, by name: what pages, the command line and `architecture` offer, in this order.
ARCHITECTURES: MappingProxyType[str, ArchitectureSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            EFFICIENTNET_B0,
            EFFICIENTNET_LITE0,
            MOBILENET_V1,
            MOBILENET_V2,
            RESNET_50,
            CLASSROOM_BASELINE,
        )
    }
)


def architecture(name: str) -> ArchitectureSpec:
    """A baseline by its name. Raises UserError, which lists the names, for any other."""
    if name not in ARCHITECTURES:
        raise UserError(
            f"There is no architecture {name!r}; choose one of {', '.join(ARCHITECTURES)}."
        )
    return ARCHITECTURES[name]


@dataclass(frozen=True, slots=True)
class ReleasedVariant:
    """One row of a table of released EfficientNets; the index is not phi."""

    width: float
    depth: float
    resolution_px: int
    dropout: float


#: The paper's B0 to B7, by the original implementation's coefficients; they follow no single phi.
RELEASED_VARIANTS: MappingProxyType[str, ReleasedVariant] = MappingProxyType(
    {
        #                     width depth  px  dropout
        "b0": ReleasedVariant(1.0, 1.0, 224, 0.2),
        "b1": ReleasedVariant(1.0, 1.1, 240, 0.2),
        "b2": ReleasedVariant(1.1, 1.2, 260, 0.3),
        "b3": ReleasedVariant(1.2, 1.4, 300, 0.3),
        "b4": ReleasedVariant(1.4, 1.8, 380, 0.4),
        "b5": ReleasedVariant(1.6, 2.2, 456, 0.4),
        "b6": ReleasedVariant(1.8, 2.6, 528, 0.5),
        "b7": ReleasedVariant(2.0, 3.1, 600, 0.5),
    }
)

#: Published after the paper, with other training, in the original implementation: B8 for Xie et
#: al. 2019 (arXiv:1911.09665), L2 for Xie et al. 2019 (arXiv:1911.04252). The paper's tables end at
#: B7, and torchvision has no weights for these: they are here for their cost.
LATER_VARIANTS: MappingProxyType[str, ReleasedVariant] = MappingProxyType(
    {
        #                     width depth  px  dropout
        "b8": ReleasedVariant(2.2, 3.6, 672, 0.5),
        "l2": ReleasedVariant(4.3, 5.3, 800, 0.5),
    }
)

#: EfficientNet-Lite, by its original implementation's coefficients: B0's to B4's but for the input
#: size of lite3 and lite4, and other dropout. Applied to `EFFICIENTNET_LITE0`.
LITE_VARIANTS: MappingProxyType[str, ReleasedVariant] = MappingProxyType(
    {
        #                        width depth  px  dropout
        "lite0": ReleasedVariant(1.0, 1.0, 224, 0.2),
        "lite1": ReleasedVariant(1.0, 1.1, 240, 0.2),
        "lite2": ReleasedVariant(1.1, 1.2, 260, 0.3),
        "lite3": ReleasedVariant(1.2, 1.4, 280, 0.3),
        "lite4": ReleasedVariant(1.4, 1.8, 300, 0.3),
    }
)

#: The paper's and the later ones, for what takes any.
VARIANTS: MappingProxyType[str, ReleasedVariant] = MappingProxyType(
    {**RELEASED_VARIANTS, **LATER_VARIANTS}
)
