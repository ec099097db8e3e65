from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from effnet_viz.scaling.architectures import (
    ARCHITECTURES,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RELEASED_VARIANTS,
    RESNET_50,
    ArchitectureSpec,
    StageSpec,
)
from effnet_viz.scaling.compound import Multipliers, checked_multipliers, scale
from effnet_viz.scaling.cost import (
    inference_memory_bytes,
    layer_cost,
    network_cost,
)
from effnet_viz.scaling.families import find_model, released_spec
from effnet_viz.scaling.layers import Layer, iter_layers


@pytest.mark.parametrize(
    ("layer", "params", "macs", "activations"),
    [
        # 3×3, 3 -> 8 channels, 10 -> 5 px, batch norm: 3·8·9 weights + 2·8; weights · 25; 8 · 25
        (Layer("a", "conv", 3, 8, 3, 2, 1, 10, 5, False, True), 232, 5400, 200),
        # depthwise 5×5 on 16 channels: 16·25 weights + 2·16
        (Layer("b", "conv", 16, 16, 5, 1, 16, 4, 4, False, True), 432, 6400, 256),
        # squeeze: 16 -> 4 with bias on a pooled map
        (Layer("c", "conv", 16, 4, 1, 1, 1, 1, 1, True, False, "se"), 68, 64, 4),
        (Layer("d", "linear", 20, 10, 1, 1, 1, 1, 1, True, False), 210, 200, 10),
        (Layer("e", "pool", 8, 8, 3, 2, 1, 10, 5, False, False), 0, 0, 0),
    ],
)
def test_one_layer_by_hand(layer: Layer, params: int, macs: int, activations: int) -> None:
    assert layer_cost(layer) == (params, macs, activations)


def test_a_tiny_network_by_hand() -> None:
    tiny = ArchitectureSpec(
        name="tiny",
        family="efficientnet",
        resolution_px=9,
        num_classes=10,
        stages=(
            StageSpec("conv", 3, 2, 1, 8, 1),
            StageSpec("mbconv", 3, 1, 1, 8, 2, 0.25),
            StageSpec("conv_head", 1, 1, 1, 16, 1),
        ),
    )
    # 9 -> 5 px. Stem 3·8·9 = 216 weights. Each block: depthwise 72, SE 8->2->8 = 16 + 16 weights
    # and 2 + 8 biases, project 64; batch norms on 8 and 8 channels. Head 128, linear 160 + 10.
    params = (216 + 16) + 2 * (72 + 16 + 32 + 10 + 64 + 16) + (128 + 32) + 170
    macs = 216 * 25 + 2 * ((72 + 64) * 25 + 32) + 128 * 25 + 160
    activations = 8 * 25 + 2 * (8 * 25 + 2 + 8 + 8 * 25) + 16 * 25 + 10
    field = 3 + 2 * 2 + 2 * 2  # the stem's 3, then each 3×3 adds 2 at a stride of 2
    assert network_cost(tiny)[:4] == (params, macs, activations, field)


def test_b0_stage_by_stage_as_published_and_counted() -> None:
    # resolution in, operator, channels, layers: the paper's table 1 (v5; v1 misprinted stage 6);
    # params and millions of MACs: torchvision's module under torch's flop counter
    published = [
        (224, 112, 32, 1, 928, 10.84),
        (112, 112, 16, 1, 1_448, 10.04),
        (112, 56, 24, 2, 16_714, 54.95),
        (56, 28, 40, 2, 46_640, 37.94),
        (28, 14, 80, 3, 242_930, 43.56),
        (14, 14, 112, 3, 543_148, 86.10),
        (14, 7, 192, 4, 2_026_348, 91.53),
        (7, 7, 320, 1, 717_232, 29.52),
        (7, 1, 1280, 1, 1_693_160, 21.35),
    ]
    assert [
        (
            row.in_resolution_px,
            row.out_resolution_px,
            row.out_channels,
            row.repeats,
            row.params,
            round(row.macs / 1e6, 2),
        )
        for row in network_cost(EFFICIENTNET_B0).stages
    ] == published


def test_released_variants_have_the_published_params_and_gigamacs() -> None:
    figures = {
        name: (cost.params, round(cost.macs / 1e9, 3))
        for name, cost in ((v, network_cost(released_spec(v))) for v in RELEASED_VARIANTS)
    }
    assert figures == {
        "b0": (5_288_548, 0.386),
        "b1": (7_794_184, 0.687),
        "b2": (9_109_994, 0.994),
        "b3": (12_233_232, 1.827),
        "b4": (19_341_616, 4.394),
        "b5": (30_389_784, 10.266),
        "b6": (43_040_704, 19.068),
        "b7": (66_347_960, 37.746),
    }


def test_phi_1_costs_2_57_times_the_baseline_and_2_23_where_maps_stay_even() -> None:
    baseline = network_cost(EFFICIENTNET_B0).macs

    def ratio(depth: float, width: float, px: int) -> float:
        return network_cost(scale(EFFICIENTNET_B0, Multipliers(depth, width, px))).macs / baseline

    assert round(ratio(1.2, 1.1, 258), 2) == 2.57
    assert round(ratio(1.2, 1.1, 256), 2) == 2.23


def test_the_four_networks_of_the_paper_s_figure_7() -> None:
    # multipliers as the paper states them; GMACs and params counted by torch
    rows = [
        ((4, 1, 224), 1.575, 20_091_856),
        ((1, 2, 224), 1.450, 18_122_720),
        ((1, 1, 448), 1.538, 5_288_548),
        ((1.4, 1.2, 291), 1.800, 12_233_232),
    ]
    for multipliers, gmacs, params in rows:
        cost = network_cost(scale(EFFICIENTNET_B0, checked_multipliers(*multipliers)))
        assert (round(cost.macs / 1e9, 3), cost.params) == (gmacs, params)


def mobilenet_v1_by_hand() -> tuple[int, int, int]:
    """Table 1 of the MobileNet paper: (input px, output px, in channels, out channels) per pair of
    a depthwise 3×3 and a pointwise layer, after a 3×3 stem at 224 px."""
    pairs = [
        (112, 112, 32, 64),
        (112, 56, 64, 128),
        (56, 56, 128, 128),
        (56, 28, 128, 256),
        (28, 28, 256, 256),
        (28, 14, 256, 512),
        *5 * [(14, 14, 512, 512)],
        (14, 7, 512, 1024),
        (7, 7, 1024, 1024),
    ]
    params = 3 * 32 * 9 + 2 * 32
    macs = 3 * 32 * 9 * 112 * 112
    activations = 32 * 112 * 112
    for _, px, cin, cout in pairs:
        params += 9 * cin + 2 * cin + cin * cout + 2 * cout
        macs += (9 * cin + cin * cout) * px * px
        activations += (cin + cout) * px * px
    return params + 1024 * 1000 + 1000, macs + 1024 * 1000, activations + 1000


def test_mobilenet_v1_equals_a_hand_count() -> None:
    by_hand = mobilenet_v1_by_hand()
    assert by_hand[:2] == (4_231_976, 568_740_352)
    assert network_cost(MOBILENET_V1)[:3] == by_hand


def test_papers_rounded_figures_for_the_other_networks() -> None:
    # EfficientNet paper v1, table 3: baseline GFLOPS of MobileNetV1, MobileNetV2, ResNet-50
    gmacs = [network_cost(s).macs / 1e9 for s in (MOBILENET_V1, MOBILENET_V2, RESNET_50)]
    assert [round(value, 1) for value in gmacs] == [0.6, 0.3, 4.1]


@pytest.mark.parametrize(
    ("spec", "field"),
    [(EFFICIENTNET_B0, 851), (MOBILENET_V1, 315), (MOBILENET_V2, 491), (RESNET_50, 427)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_receptive_fields(spec: ArchitectureSpec, field: int) -> None:
    assert network_cost(spec).receptive_field_px == field


@pytest.mark.parametrize("spec", ARCHITECTURES.values(), ids=lambda spec: spec.name)
def test_stages_and_layers_add_up_to_the_total(spec: ArchitectureSpec) -> None:
    cost = network_cost(spec)
    per_layer = [layer_cost(layer) for _, layer in iter_layers(spec)]
    for name in ("params", "macs", "activations"):
        assert getattr(cost, name) == sum(getattr(row, name) for row in cost.stages)
        assert getattr(cost, name) == sum(getattr(layer, name) for layer in per_layer)


def test_receptive_field_grows_stage_by_stage_and_ignores_resolution() -> None:
    fields = [row.receptive_field_px for row in network_cost(EFFICIENTNET_B0).stages]
    assert fields == sorted(fields)
    larger = replace(EFFICIENTNET_B0, resolution_px=448)
    assert [row.receptive_field_px for row in network_cost(larger).stages] == fields


def test_inference_memory_by_hand() -> None:
    # B0's largest pair is stage 3's first depthwise: 96 channels, 112 -> 56 px (no skip there)
    peak = 96 * 112**2 + max(96 * 56**2, 16 * 112**2)
    expected = 4 * (5_288_548 + 5 * peak)
    assert inference_memory_bytes(EFFICIENTNET_B0, batch_size=5) == expected


def test_what_waits_to_be_added_counts_in_a_residual_network() -> None:
    # ResNet-50's stage 2: while its 64 channels become 256 the block's input of 256 waits, or, in
    # its first block, the main path's 256 while 64 become the shortcut's 256; all maps 56 px
    peak = (64 + 256 + 256) * 56**2
    assert inference_memory_bytes(RESNET_50) == 4 * (25_557_032 + peak)


def python_calls(work: Callable[[], object]) -> int:
    """How many Python functions it calls: what it takes, whatever the machine is doing."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_what_repeats_is_not_walked_through_again() -> None:
    """A call takes about a microsecond: 2,500 configurations a second (`benchmarks/cost.py`)."""
    b7 = find_model("imagenet", "b7").spec
    ten_times_as_deep = scale(b7, Multipliers(10, 1, 600))
    count = network_cost.__wrapped__  # counting itself, not the answer kept from the last time
    once = python_calls(lambda: count(b7))
    assert once < 1000
    assert python_calls(lambda: count(ten_times_as_deep)) < 1.5 * once


def test_100_configurations_take_less_than_a_thousand_calls_each() -> None:
    draw = random.Random(0)
    configurations = [
        checked_multipliers(draw.uniform(0.5, 5), draw.uniform(0.5, 5), draw.randint(32, 800))
        for _ in range(100)
    ]
    count = network_cost.__wrapped__
    assert (
        python_calls(lambda: [count(scale(EFFICIENTNET_B0, m)) for m in configurations])
        < 100 * 1000
    )
