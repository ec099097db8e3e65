"""The architecture rows against the tables of the papers that introduced them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RELEASED_VARIANTS,
    RESNET_50,
    ArchitectureSpec,
    StageSpec,
)


def test_b0_is_table_1_of_the_paper() -> None:
    # (operator, stride, channels, layers); the paper's stage 6 resolution implies its stride of 1
    assert [(s.label, s.stride, s.out_channels, s.repeats) for s in EFFICIENTNET_B0.stages] == [
        ("Conv3x3", 2, 32, 1),
        ("MBConv1 k3x3", 1, 16, 1),
        ("MBConv6 k3x3", 2, 24, 2),
        ("MBConv6 k5x5", 2, 40, 2),
        ("MBConv6 k3x3", 2, 80, 3),
        ("MBConv6 k5x5", 1, 112, 3),
        ("MBConv6 k5x5", 2, 192, 4),
        ("MBConv6 k3x3", 1, 320, 1),
        ("Conv1x1 & Pooling & FC", 1, 1280, 1),
    ]
    assert {s.se_ratio for s in EFFICIENTNET_B0.stages[1:-1]} == {0.25}


def test_classroom_baseline_has_b0_s_operators_in_b0_s_order() -> None:
    assert [s.label for s in CLASSROOM_BASELINE.stages] == [s.label for s in EFFICIENTNET_B0.stages]
    assert CLASSROOM_BASELINE.num_classes == 10


@pytest.mark.parametrize(
    ("spec", "labels", "channels", "repeats"),
    [
        (
            MOBILENET_V1,
            ["Conv3x3", *5 * ["DepthwiseSeparable k3x3"], "Pooling & FC"],
            [32, 64, 128, 256, 512, 1024, 0],
            [1, 1, 2, 2, 6, 2, 1],
        ),
        (
            MOBILENET_V2,
            [
                "Conv3x3",
                "InvertedResidual1 k3x3",
                *6 * ["InvertedResidual6 k3x3"],
                "Conv1x1 & Pooling & FC",
            ],
            [32, 16, 24, 32, 64, 96, 160, 320, 1280],
            [1, 1, 2, 3, 4, 3, 3, 1, 1],
        ),
        (
            RESNET_50,
            ["Conv7x7 & MaxPool3x3", *4 * ["Bottleneck k3x3"], "Pooling & FC"],
            [64, 256, 512, 1024, 2048, 0],
            [1, 3, 4, 6, 3, 1],
        ),
    ],
)
def test_other_tables(
    spec: ArchitectureSpec, labels: list[str], channels: list[int], repeats: list[int]
) -> None:
    assert [s.label for s in spec.stages] == labels
    assert [s.out_channels for s in spec.stages] == channels
    assert [s.repeats for s in spec.stages] == repeats


def test_every_architecture_is_listed_under_its_name_and_cites_its_source() -> None:
    assert all(name == spec.name and spec.source for name, spec in ARCHITECTURES.items())


def test_specs_and_tables_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        EFFICIENTNET_B0.resolution_px = 1  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        EFFICIENTNET_B0.stages[0].repeats = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        ARCHITECTURES["mine"] = EFFICIENTNET_B0  # type: ignore[index]


def test_equal_specs_are_one_cache_key() -> None:
    copy = StageSpec("conv", 3, 2, 1, 32, 1)
    assert copy == EFFICIENTNET_B0.stages[0]
    assert hash(copy) == hash(EFFICIENTNET_B0.stages[0])


def test_released_variants_are_the_original_implementation_s() -> None:
    # width, depth, resolution, dropout
    assert [
        (name, v.width, v.depth, v.resolution_px, v.dropout)
        for name, v in RELEASED_VARIANTS.items()
    ] == [
        ("b0", 1.0, 1.0, 224, 0.2),
        ("b1", 1.0, 1.1, 240, 0.2),
        ("b2", 1.1, 1.2, 260, 0.3),
        ("b3", 1.2, 1.4, 300, 0.3),
        ("b4", 1.4, 1.8, 380, 0.4),
        ("b5", 1.6, 2.2, 456, 0.4),
        ("b6", 1.8, 2.6, 528, 0.5),
        ("b7", 2.0, 3.1, 600, 0.5),
    ]
