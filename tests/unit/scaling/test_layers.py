from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    EFFICIENTNET_B0,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
)
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import total
from effnet_viz.scaling.layers import Layer, expand, expand_relaxed, iter_layers

SPECS = [
    *ARCHITECTURES.values(),
    scale(EFFICIENTNET_B0, Multipliers(2.3, 0.6, 77)),
    scale(RESNET_50, Multipliers(0.5, 1.3, 333)),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.name}-{spec.resolution_px}")
def test_blocks_add_up_to_the_spec_and_chain(spec: ArchitectureSpec) -> None:
    blocks = expand(spec)
    for number, stage in enumerate(spec.stages, start=1):
        own = [block for block in blocks if block.stage == number]
        assert sum(block.count for block in own) == stage.repeats
        assert [block.first for block in own] == [True, False][: len(own)]
    assert (blocks[0].in_channels, blocks[0].in_px) == (3, spec.resolution_px)
    for before, after in pairwise(blocks):
        assert (before.out_channels, before.out_px) == (after.in_channels, after.in_px)
    for block in blocks[1:]:
        main = [layer for layer in block.layers if layer.branch == "main"]
        for above, below in pairwise(main):
            assert above.out_channels == below.in_channels


def test_first_and_second_block_of_b0_s_stage_4_by_hand() -> None:
    first, second = (block for block in expand(EFFICIENTNET_B0) if block.stage == 4)
    # 24 channels at 56 px -> 40 at 28 px; expansion 6, kernel 5, SE squeezes to a quarter of 24
    assert first.layers == (
        Layer("expand", "conv", 24, 144, 1, 1, 1, 56, 56, False, True),
        Layer("depthwise", "conv", 144, 144, 5, 2, 144, 56, 28, False, True),
        Layer("se_reduce", "conv", 144, 6, 1, 1, 1, 1, 1, True, False, "se"),
        Layer("se_expand", "conv", 6, 144, 1, 1, 1, 1, 1, True, False, "se"),
        Layer("project", "conv", 144, 40, 1, 1, 1, 28, 28, False, True),
    )
    assert (first.skip, second.skip) == (False, True)
    assert [layer.out_channels for layer in second.layers] == [240, 240, 10, 240, 40]
    assert {layer.in_px for layer in second.layers} == {28, 1}


def test_expand_ratio_1_has_no_expansion_and_no_skip_where_channels_change() -> None:
    (block,) = (block for block in expand(EFFICIENTNET_B0) if block.stage == 2)
    assert [layer.name for layer in block.layers] == [
        "depthwise",
        "se_reduce",
        "se_expand",
        "project",
    ]
    assert not block.skip


def test_resnet_shortcuts_only_where_shape_changes() -> None:
    blocks = [block for block in expand(RESNET_50) if 2 <= block.stage <= 5]
    has_shortcut = [any(la.branch == "shortcut" for la in block.layers) for block in blocks]
    assert has_shortcut == [block.first for block in blocks]
    assert blocks[0].in_px == blocks[0].out_px == 56  # after the stem's pooling: 224 / 2 / 2


@pytest.mark.parametrize(("px", "sizes"), [(224, [112, 112, 56, 28, 14, 14, 7, 7, 1]),
                                           (33, [17, 17, 9, 5, 3, 3, 2, 2, 1]),
                                           (258, [129, 129, 65, 33, 17, 17, 9, 9, 1])])  # fmt: skip
def test_odd_maps_round_up(px: int, sizes: list[int]) -> None:
    spec = scale(EFFICIENTNET_B0, Multipliers(1, 1, px))
    last = {block.stage: block.out_px for block in expand(spec)}
    assert list(last.values()) == sizes


def test_every_layer_is_named_once_and_in_order() -> None:
    names = [name for name, _ in iter_layers(EFFICIENTNET_B0)]
    assert len(set(names)) == len(names)
    assert names[:3] == ["1.1.conv", "2.1.depthwise", "2.1.se_reduce"]
    assert names[-2:] == ["9.1.conv", "9.1.linear"]
    kinds = Counter(name.rsplit(".", 1)[1] for name in names)
    assert kinds["depthwise"] == kinds["project"] == 16  # B0's sixteen MBConv blocks


@pytest.mark.parametrize("spec", [EFFICIENTNET_B0, MOBILENET_V2, RESNET_50], ids=lambda s: s.name)
def test_relaxed_equals_whole_where_nothing_needs_rounding(spec: ArchitectureSpec) -> None:
    assert total(expand_relaxed(spec)).macs == pytest.approx(total(expand(spec)).macs)


def test_relaxed_convolutions_follow_the_square_of_any_resolution() -> None:
    def spatial_macs(px: int) -> float:
        spec = scale(EFFICIENTNET_B0, Multipliers(1, 1, px))
        return sum(
            block.count * la.out_channels * la.in_channels / la.groups * la.kernel_size**2
            * la.out_px**2
            for block in expand_relaxed(spec)
            for la in block.layers
            if la.branch != "se" and la.kind == "conv"
        )  # fmt: skip

    assert spatial_macs(333) / spatial_macs(224) == pytest.approx((333 / 224) ** 2)
