"""The paper's tables: every printed cell against an independent transcription, every recomputed
figure against torchvision's modules and torch's flop counter, or against other arithmetic."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import fields
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
import torchvision
from torch import nn
from torchvision.models.efficientnet import EfficientNet, _efficientnet_conf
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import Bottleneck

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.paper.checks import (
    all_ratios,
    check_ratio,
    compare,
    geo_mean,
    indifferent_w,
    iso_reward,
    ranked,
    reward,
    speedup_checks,
    switches,
    table2_ratios,
    time_if_proportional,
    transfer_ratios,
)
from effnet_viz.evidence.paper.costs import (
    DIMENSIONS,
    RecomputedCost,
    best_within,
    candidates,
    convolution_layers,
    deepest,
    equal_cost_contour,
    find_multiplier,
    gain_per_doubling,
    largest_input,
    macs_of,
    one_dimension,
    pixels,
    recompute_map_model,
    recompute_other,
    solve_phi,
    staircase,
    transfer_params,
    variant_cost,
    widest,
    width_curve,
)
from effnet_viz.evidence.paper.tables import PAPER_FILE, Paper, Printed, as_csv, load
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, RELEASED_VARIANTS
from effnet_viz.scaling.compound import round_filters, round_repeats
from tests.oracle.torch_counts import count, skeletons

PAPER = load()

# Printed cells, transcribed a second time from the paper itself.

TABLE_2 = """
EfficientNet-B0      76.3 93.2 5.3 1   0.39 1
ResNet-50            76.0 93.0 26  4.9 4.1  11
DenseNet-169         76.2 93.2 14  2.6 3.5  8.9
EfficientNet-B1      78.8 94.4 7.8 1   0.70 1
ResNet-152           77.8 93.8 60  7.6 11   16
DenseNet-264         77.9 93.9 34  4.3 6.0  8.6
Inception-v3         78.8 94.4 24  3.0 5.7  8.1
Xception             79.0 94.5 23  3.0 8.4  12
EfficientNet-B2      79.8 94.9 9.2 1   1.0  1
Inception-v4         80.0 95.0 48  5.2 13   13
Inception-resnet-v2  80.1 95.1 56  6.1 13   13
EfficientNet-B3      81.1 95.5 12  1   1.8  1
ResNeXt-101          80.9 95.6 84  7.0 32   18
PolyNet              81.3 95.8 92  7.7 35   19
EfficientNet-B4      82.6 96.3 19  1   4.2  1
SENet                82.7 96.2 146 7.7 42   10
NASNet-A             82.7 96.2 89  4.7 24   5.7
AmoebaNet-A          82.8 96.1 87  4.6 23   5.5
PNASNet              82.9 96.2 86  4.5 23   6.0
EfficientNet-B5      83.3 96.7 30  1   9.9  1
AmoebaNet-C          83.5 96.5 155 5.2 41   4.1
EfficientNet-B6      84.0 96.9 43  1   19   1
EfficientNet-B7      84.4 97.1 66  1   37   1
GPipe                84.3 97.0 557 8.4 -    -
"""
TABLE_3 = """
MobileNetV1 baseline;      1 1 1;       0.6 70.6
MobileNetV1 by width;      1 2 1;       2.2 74.2
MobileNetV1 by resolution; 1 1 2;       2.2 72.7
MobileNetV1 compound;      1.4 1.2 1.3; 2.3 75.6
MobileNetV2 baseline;      1 1 1;       0.3 72.0
MobileNetV2 by depth;      4 1 1;       1.2 76.8
MobileNetV2 by width;      1 2 1;       1.1 76.4
MobileNetV2 by resolution; 1 1 2;       1.2 74.8
MobileNetV2 compound;      - - -;       1.3 77.4
ResNet-50 baseline;        1 1 1;       4.1 76.0
ResNet-50 by depth;        4 1 1;       16.2 78.1
ResNet-50 by width;        1 2 1;       14.7 77.7
ResNet-50 by resolution;   1 1 2;       16.4 77.5
ResNet-50 compound;        - - -;       16.7 78.8
"""
TABLE_5 = """
CIFAR-10;         NASNet-A 98.0 85 B0 98.1 4 21;        GPipe 99.0 556 B7 98.9 64 8.7
CIFAR-100;        NASNet-A 87.5 85 B0 88.1 4 21;        GPipe 91.3 556 B7 91.7 64 8.7
Birdsnap;         Inception-v4 81.8 41 B5 82.0 28 1.5;  GPipe 83.6 556 B7 84.3 64 8.7
Stanford Cars;    Inception-v4 93.4 41 B3 93.6 10 4.1;  DAT 94.8 - B7 94.7 - -
Flowers;          Inception-v4 98.5 41 B5 98.5 28 1.5;  DAT 97.7 - B7 98.8 - -
FGVC Aircraft;    Inception-v4 90.9 41 B3 90.7 10 4.1;  DAT 92.9 - B7 92.9 - -
Oxford-IIIT Pets; ResNet-152 94.5 58 B4 94.8 17 5.6;    GPipe 95.9 556 B6 95.4 41 14
Food-101;         Inception-v4 90.8 41 B4 91.5 17 2.4;  GPipe 93.0 556 B7 93.0 64 8.7
"""
TABLE_6 = """
CIFAR-10;         50,000 10,000 10
CIFAR-100;        50,000 10,000 100
Birdsnap;         47,386 2,443 500
Stanford Cars;    8,144 8,041 196
Flowers;          2,040 6,149 102
FGVC Aircraft;    6,667 3,333 100
Oxford-IIIT Pets; 3,680 3,369 37
Food-101;         75,750 25,250 101
"""
ACCURACIES = {
    "top1_v1": "76.3 78.8 79.8 81.1 82.6 83.3 84.0 84.4",
    "top5_v1": "93.2 94.4 94.9 95.5 96.3 96.7 96.9 97.1",
    "top1_v5": "77.1 79.1 80.1 81.6 82.9 83.6 84.0 84.3",
    "top5_v5": "93.3 94.4 94.9 95.7 96.4 96.7 96.8 97.0",
}


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def cells(row: object, *skipped: str) -> list[str]:
    """A record's values as printed, ``-`` where there is none."""
    values = (getattr(row, f.name) for f in fields(row) if f.name not in skipped)  # type: ignore[arg-type]
    return ["-" if value is None else str(value) for value in values]


def test_table_2_is_printed_so() -> None:
    assert [cells(row, "group") for row in PAPER.imagenet_results] == [
        [*line.split()[:4], *line.split()[4:]] for line in lines(TABLE_2)
    ]


def test_every_row_of_table_2_follows_its_groups_efficientnet() -> None:
    group = ""
    for row in PAPER.imagenet_results:
        if row.leads:
            group = row.short.lower()
        assert row.group == group


def test_table_3_is_printed_so() -> None:
    printed = [
        [part.strip() for part in line.replace(";", " ; ").split(";")] for line in lines(TABLE_3)
    ]
    assert [[row.model, *cells(row, "model", "architecture")] for row in PAPER.other_networks] == [
        [name, *multipliers.split(), *rest.split()] for name, multipliers, rest in printed
    ]
    for row in PAPER.other_networks:
        words = row.model.partition(" ")[0].lower().replace("-", "_").replace("netv", "net_v")
        assert row.architecture == words


def test_table_4_is_printed_so() -> None:
    assert [cells(row) for row in PAPER.latency] == [
        ["ResNet-152", "77.8", "0.554", "-"],
        ["EfficientNet-B1", "78.8", "0.098", "5.7"],
        ["GPipe", "84.3", "19.0", "-"],
        ["EfficientNet-B7", "84.4", "3.1", "6.1"],
    ]


def test_table_5_is_printed_so() -> None:
    printed = [line.split(";") for line in lines(TABLE_5)]
    assert [cells(row) for row in PAPER.transfer] == [
        [name, *public.split(), *best.split()] for name, public, best in printed
    ]
    assert (str(PAPER.geo_mean_public), str(PAPER.geo_mean_best)) == ("4.7", "9.6")


def test_table_6_is_printed_so() -> None:
    printed = [line.split(";") for line in lines(TABLE_6)]
    assert [cells(row) for row in PAPER.transfer_datasets] == [
        [name, *rest.replace(",", "").split()] for name, rest in printed
    ]


def test_table_7_is_printed_so() -> None:
    assert [cells(row) for row in PAPER.map_models] == [
        ["baseline", "1", "1", "1", "0.4", "76.3"],
        ["depth", "4", "1", "1", "1.8", "79.0"],
        ["width", "1", "2", "1", "1.8", "78.9"],
        ["resolution", "1", "1", "2", "1.9", "79.1"],
        ["compound", "1.4", "1.2", "1.3", "1.8", "81.1"],
    ]


def test_accuracies_are_printed_so() -> None:
    assert [row.variant for row in PAPER.variant_accuracies] == list(RELEASED_VARIANTS)
    for column, printed in ACCURACIES.items():
        assert [str(getattr(r, column)) for r in PAPER.variant_accuracies] == printed.split()
    assert (str(PAPER.law.alpha), str(PAPER.law.beta), str(PAPER.law.gamma)) == (
        "1.2", "1.1", "1.15",
    )  # fmt: skip
    assert (PAPER.search_objective.w, PAPER.search_objective.target_macs) == (-0.07, 400e6)


@pytest.mark.parametrize("row", PAPER.variant_accuracies, ids=lambda row: row.variant)
def test_torchvision_accuracies_are_those_of_its_weights(row) -> None:
    weights = torchvision.models.get_model_weights(f"efficientnet_{row.variant}").IMAGENET1K_V1
    assert row.top1_torchvision.agrees(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"])


def test_every_cell_is_a_name_or_a_number_of_its_column() -> None:
    """The raw file: no cell but strings, numbers and null, numbers positive, sources everywhere."""
    raw = json.loads(PAPER_FILE.read_text(encoding="utf-8"))
    tables = {name: table for name, table in raw.items() if "rows" in table}
    assert len(tables) == 7
    for name, table in tables.items():
        assert table["source"].startswith("v1"), name
        for row in table["rows"]:
            assert len(row) == len(table["columns"]), row
            for column, cell in zip(table["columns"], row, strict=True):
                assert isinstance(cell, str | int | float | None), (name, column)
                if isinstance(cell, int | float):
                    assert cell > 0
                    if "top" in column or column.endswith("acc"):
                        assert 70 <= cell <= 100, (name, column, cell)
    for slip in raw["slips"]:
        assert slip["title"]
        assert all(where for _, where in slip["printed"])
    assert all(m["claim"].endswith(".") and m["truth"].endswith(".") for m in raw["misreadings"])


# Loading


def test_printed_numbers_keep_their_digits() -> None:
    number = Printed("6.0")
    assert (str(number), number.half_unit, number.range) == ("6.0", 0.05, (5.95, 6.05))
    assert number.agrees(5.951)
    assert not number.agrees(5.94)
    assert Printed("6").agrees(5.6)
    assert type(number + 1) is float


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["GPipe", 84.3,', '["GPipe", "84.3",'),
        ('["GPipe", 84.3,', '["GPipe", null,'),
        ('["GPipe", 84.3,', '["GPipe", '),
        ('"columns": ["model", "top1", "top5"', '"columns": ["model", "top5", "top1"'),
        ('"slips"', '"slip"'),
        ("{", "<html>"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, old: str, new: str) -> None:
    text = PAPER_FILE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "paper.json"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ResourceError, match=r"damaged.*download the project again"):
        load(broken)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="missing"):
        load(tmp_path / "none.json")


def test_csv_round_trips_with_printed_digits() -> None:
    text = as_csv([{"a, b": Printed("6.0"), "c": None}, {"a, b": 1 / 3, "c": 'x "y"'}])
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"a, b": "6.0", "c": ""},
        {"a, b": "0.3333333333", "c": 'x "y"'},
    ]


# Ratios


def exact(number: Printed) -> Fraction:
    return Fraction(str(number))


def exact_verdict(printed: Printed, over: Printed, under: Printed) -> str:
    """The verdict by exact fractions: a quotient rounds, could, or cannot."""

    def half(number: Printed) -> Fraction:
        return Fraction(1, 2 * 10 ** len(str(number).partition(".")[2]))

    if abs(exact(over) / exact(under) - exact(printed)) <= half(printed):
        return "same"
    low = (exact(over) - half(over)) / (exact(under) + half(under))
    high = (exact(over) + half(over)) / (exact(under) - half(under))
    possible = low <= exact(printed) + half(printed) and exact(printed) - half(printed) <= high
    return "rounding" if possible else "differs"


def test_table_2_ratios_by_exact_fractions() -> None:
    first = PAPER.imagenet_results[0]
    for row in PAPER.imagenet_results:
        if row.leads:
            first = row
            assert table2_ratios(PAPER, row) == (None, None)
            continue
        params, macs = table2_ratios(PAPER, row)
        assert params is not None
        assert params.recomputed == pytest.approx(
            float(exact(row.params_millions) / exact(first.params_millions))
        )
        assert params.verdict == exact_verdict(
            row.params_ratio, row.params_millions, first.params_millions
        )
        if row.model == "GPipe":
            assert macs is None
            continue
        assert macs is not None
        assert row.gmacs is not None
        assert first.gmacs is not None
        assert row.macs_ratio is not None
        assert macs.recomputed == pytest.approx(float(exact(row.gmacs) / exact(first.gmacs)))
        assert macs.verdict == exact_verdict(row.macs_ratio, row.gmacs, first.gmacs)


def test_transfer_and_speedup_ratios_by_exact_fractions() -> None:
    for row in PAPER.transfer:
        public, best = transfer_ratios(row)
        assert public.verdict == exact_verdict(row.ratio, row.public_params_m, row.ours_params_m)
        assert (best is None) == (row.best_params_m is None)
        if best is not None:
            assert row.ratio_best is not None
            assert row.best_params_m is not None
            assert row.ours_best_params_m is not None
            assert best.verdict == exact_verdict(
                row.ratio_best, row.best_params_m, row.ours_best_params_m
            )
    speedups = {check.name: check for check in speedup_checks(PAPER)}
    assert speedups["ResNet-152 to EfficientNet-B1"].recomputed == pytest.approx(554 / 98)
    assert speedups["GPipe to EfficientNet-B7"].recomputed == pytest.approx(190 / 31)


def test_two_of_the_printed_ratios_are_impossible() -> None:
    checks = all_ratios(PAPER)
    assert len(checks) == 16 + 15 + 2 + 8 + 5
    assert [c.name for c in checks if c.verdict == "differs"] == [
        "PNASNet: multiply-adds", "Oxford-IIIT Pets: public",
    ]  # fmt: skip


def test_the_bounds_of_a_ratio_are_the_extremes_of_what_prints_so() -> None:
    check = check_ratio("x", Printed("6.0"), Printed("23"), Printed("4.2"))
    assert (check.low, check.high) == pytest.approx((22.5 / 4.25, 23.5 / 4.15))


def test_geometric_means_equal_the_standard_librarys() -> None:
    ratios = [float(row.ratio) for row in PAPER.transfer]
    assert geo_mean(ratios) == pytest.approx(statistics.geometric_mean(ratios))
    assert PAPER.geo_mean_public.agrees(geo_mean(ratios))
    best = [row.ratio_best for row in PAPER.transfer if row.ratio_best is not None]
    assert PAPER.geo_mean_best.agrees(geo_mean(best))
    again = [transfer_ratios(row)[0].recomputed for row in PAPER.transfer]
    assert not PAPER.geo_mean_public.agrees(geo_mean(again))


def test_compare_says_who_has_less_of_what() -> None:
    b4, nasnet, gpipe = (PAPER.result(name) for name in ("B4", "NASNet-A", "GPipe"))
    assert compare(b4, nasnet) == (
        "**B4** has 0.21× the parameters of **NASNet-A** (19 M against 89 M); uses 0.18× its "
        "multiply-adds (4.2 B against 24 B), at 0.1 points less top-1 (82.6 % against 82.7 %)."
    )
    assert "4.7× the parameters" in compare(nasnet, b4)
    assert "GPipe's multiply-adds are not printed" in compare(b4, gpipe)
    assert "at the same top-1 accuracy" in compare(b4, b4)


def test_time_if_proportional() -> None:
    assert time_if_proportional(0.554, 11, 0.7) == pytest.approx(0.554 * 0.7 / 11)


# The search objective


def test_reward_is_the_printed_formula() -> None:
    assert reward(76.3, 400e6, -0.07, 400e6) == 76.3
    assert reward(80, 800e6, -0.07, 400e6) / 80 == pytest.approx(0.953, abs=5e-4)


def test_iso_reward_inverts_reward() -> None:
    for w in (-0.15, -0.07, 0.0):
        level = reward(81.1, 1.8e9, w, 4e8)
        assert iso_reward(level, 1.8e9, w, 4e8) == pytest.approx(81.1)


def test_b0_wins_at_the_papers_exponent_and_b7_without_one() -> None:
    assert ranked(PAPER, -0.07, 4e8)[0][1].short == "B0"
    assert ranked(PAPER, 0.0, 4e8)[0][1].short == "B7"


def test_the_target_does_not_change_the_order() -> None:
    orders = {
        tuple(row.model for _, row in ranked(PAPER, -0.07, target)) for target in (1e8, 4e8, 4e9)
    }
    assert len(orders) == 1


def test_switches_are_where_two_rewards_are_equal() -> None:
    found = switches(PAPER)
    assert [s.before.short + s.after.short for s in found] == [f"B{n}B{n + 1}" for n in range(7)]
    for switch in found:
        rewards = {
            round(reward(row.top1, row.gmacs * 1e9, switch.w, 4e8), 9)
            for row in (switch.before, switch.after)
            if row.gmacs
        }
        assert len(rewards) == 1
    assert indifferent_w(50, 1, 100, 2) == pytest.approx(-1)


# Costs, against modules that torchvision builds and torch counts


def torchvision_efficientnet(depth: float, width: float, classes: int = 1000) -> nn.Module:
    """Scaled by torchvision's own code; its head is told the paper's rule."""
    rows, _ = _efficientnet_conf("efficientnet_b0", width_mult=width, depth_mult=depth)
    head = torchvision.models._utils._make_divisible(1280 * width, 8)
    return EfficientNet(rows, dropout=0.2, last_channel=head, num_classes=classes)


def mobilenet_v1(depth: float, width: float) -> nn.Module:
    """Howard et al. 2017, table 1, a depthwise and a pointwise convolution per row."""
    channels = round_filters(32, width)
    layers: list[nn.Module] = [nn.Conv2d(3, channels, 3, 2, 1, bias=False)]
    for out, repeats, stride in ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2)):
        out = round_filters(out, width)
        for number in range(round_repeats(repeats, depth)):
            step = stride if number == 0 else 1
            layers.append(nn.Conv2d(channels, channels, 3, step, 1, groups=channels, bias=False))
            layers.append(nn.Conv2d(channels, out, 1, bias=False))
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


def mobilenet_v2(depth: float, width: float) -> nn.Module:
    rows = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
            (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
    settings = [[t, c, math.ceil(n * depth), s] for t, c, n, s in rows]
    return MobileNetV2(width_mult=width, inverted_residual_setting=settings)


def resnet_50(depth: float, width: float) -> nn.Module:
    """torchvision's bottlenecks at ``width`` times the planes (inner and outer alike)."""
    channels = round_filters(64, width)
    layers: list[nn.Module] = [
        nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels),
        nn.MaxPool2d(3, 2, 1),
    ]  # fmt: skip
    for planes, repeats, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        inner, out = round_filters(planes, width), round_filters(4 * planes, width)
        for number in range(math.ceil(repeats * depth)):
            shortcut = None
            if number == 0:
                shortcut = nn.Sequential(
                    nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
                )
            layers.append(
                Bottleneck(
                    channels,
                    out // 4,
                    stride if number == 0 else 1,
                    shortcut,
                    base_width=64 * (inner + 1e-9) / (out // 4),
                )
            )
            channels = out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))


BUILDERS = {
    "efficientnet_b0": torchvision_efficientnet,
    "mobilenet_v1": mobilenet_v1,
    "mobilenet_v2": mobilenet_v2,
    "resnet_50": resnet_50,
}


def counted_macs(architecture: str, depth: float, width: float, px: int) -> int:
    with skeletons():
        module = BUILDERS[architecture](depth, width)
    return count(module, px, bare=True).macs


@pytest.mark.parametrize("row", PAPER.other_networks, ids=lambda row: row.model)
def test_table_3_is_recomputed_as_torch_counts_it(row) -> None:
    cost = recompute_other(row)
    m = cost.multipliers
    assert cost.macs == counted_macs(row.architecture, m.depth, m.width, m.resolution_px)
    assert cost.assumed == (row.depth is None)
    if cost.assumed:
        assert (m.depth, m.width, m.resolution_px) == (1.4, 1.2, 291)


def test_table_3_rows_that_do_not_print_as_computed() -> None:
    off = [c.name for c in map(recompute_other, PAPER.other_networks) if not c.agrees]
    assert off == [
        "MobileNetV1 by resolution", "MobileNetV1 compound", "MobileNetV2 compound",
        "ResNet-50 by depth", "ResNet-50 by width", "ResNet-50 compound",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "gmacs", "params"),
    [
        ("baseline", 0.386, 5288548),
        ("depth", 1.575, 20091856),
        ("width", 1.450, 18122720),
        ("resolution", 1.538, 5288548),
        ("compound", 1.800, 12233232),
    ],
)
def test_table_7_is_recomputed_as_torchvision_builds_it(role, gmacs, params) -> None:
    row = next(row for row in PAPER.map_models if row.role == role)
    cost = recompute_map_model(row)
    px = round(224 * float(row.resolution))
    with skeletons():
        counted = count(torchvision_efficientnet(float(row.depth), float(row.width)), px)
    assert (cost.macs, cost.params) == (counted.macs, counted.params)
    assert (round(cost.macs / 1e9, 3), cost.params) == (gmacs, params)
    assert cost.agrees == (role in ("baseline", "compound"))


@pytest.mark.parametrize("variant", RELEASED_VARIANTS)
def test_variants_cost_what_torchvisions_cost(variant: str) -> None:
    with skeletons():
        module = getattr(torchvision.models, f"efficientnet_{variant}")()
    counted = count(module, RELEASED_VARIANTS[variant].resolution_px, bare=True)
    cost = variant_cost(variant)
    assert (cost.params, cost.macs) == (counted.params, counted.macs)


@pytest.mark.parametrize("row", PAPER.transfer, ids=lambda row: row.dataset)
def test_transfer_parameters_are_torchvisions(row) -> None:
    classes = next(int(d.classes) for d in PAPER.transfer_datasets if d.dataset == row.dataset)
    with skeletons():
        expected = tuple(
            sum(
                p.numel()
                for p in getattr(torchvision.models, f"efficientnet_{name.lower()}")(
                    num_classes=classes
                ).parameters()
            )
            for name in (row.ours_vs_public, row.ours_vs_best)
        )
    assert transfer_params(row, classes) == expected


@pytest.mark.parametrize(
    ("dimension", "target", "below", "above"),
    [
        # (first multiplier or pixel of the step, its cost in billions)
        ("depth", 1.83e9, (4.26, 1.782), (4.34, 1.831)),
        ("width", 1.83e9, (2.22, 1.758), (2.23, 1.836)),
        ("resolution", 1.83e9, (479, 1.765), (481, 1.897)),
    ],
)
def test_the_multipliers_that_do_cost_what_is_printed(dimension, target, below, above) -> None:
    search = find_multiplier(EFFICIENTNET_B0, dimension, target)
    for step, (first, gmacs) in ((search.below, below), (search.above, above)):
        assert (step.first, round(step.macs / 1e9, 3)) == (first, gmacs)
        for value in {step.first, step.last}:
            depth = value if dimension == "depth" else 1.0
            width = value if dimension == "width" else 1.0
            px = int(value) if dimension == "resolution" else 224
            assert step.macs == counted_macs("efficientnet_b0", depth, width, px)


def test_no_resolution_costs_1_83_billion_within_3_percent() -> None:
    search = find_multiplier(EFFICIENTNET_B0, "resolution", 1.83e9)
    assert min(abs(search.miss(search.below)), abs(search.miss(search.above))) > 0.03
    costs = [macs_of(EFFICIENTNET_B0, 1.0, 1.0, px) for px in range(400, 560)]
    assert not [c for c in costs if abs(c / 1.83e9 - 1) < 0.03]
    for dimension in ("depth", "width"):
        found = find_multiplier(EFFICIENTNET_B0, dimension, 1.83e9)
        assert abs(found.miss(found.nearest)) < 0.01


def test_a_cost_that_no_multiplier_reaches_is_one_sentence() -> None:
    with pytest.raises(UserError, match=r"No width between 1 and 3 costs 0\.10 B"):
        find_multiplier(EFFICIENTNET_B0, "width", 1e8)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_a_staircase_lists_every_point_once(dimension) -> None:
    low, high = (224, 300) if dimension == "resolution" else (1.0, 1.6)
    steps = staircase(EFFICIENTNET_B0, dimension, low, high)
    unit = 1 if dimension == "resolution" else 0.01
    assert steps[0].first == low
    assert steps[-1].last == high
    for before, after in pairwise(steps):
        assert after.first == pytest.approx(before.last + unit)
        assert after.macs != before.macs


def test_doubling_one_dimension() -> None:
    ends = {
        dimension: one_dimension(EFFICIENTNET_B0, dimension, 2.0, points=3)[-1]
        for dimension in DIMENSIONS
    }
    base = counted_macs("efficientnet_b0", 1, 1, 224)
    assert [ends[d].law_ratio for d in DIMENSIONS] == [2, 4, 4]
    assert ends["depth"].built_ratio == counted_macs("efficientnet_b0", 2, 1, 224) / base
    assert ends["width"].built_ratio == counted_macs("efficientnet_b0", 1, 2, 224) / base
    assert ends["resolution"].built_ratio == counted_macs("efficientnet_b0", 1, 1, 448) / base


def test_width_curve_and_the_widest_within_a_budget() -> None:
    curve = dict(width_curve(EFFICIENTNET_B0, 2.0, 291, highest=3.0, points=6))
    assert curve[1.0] == counted_macs("efficientnet_b0", 2, 1, 291)
    budget = 4 * 385_814_752
    for depth, px in ((1.0, 224), (2.0, 291)):
        width = widest(EFFICIENTNET_B0, depth, px, budget)
        assert width is not None
        assert counted_macs("efficientnet_b0", depth, width, px) <= budget
        assert counted_macs("efficientnet_b0", depth, round(width + 0.01, 2), px) > budget
    assert widest(EFFICIENTNET_B0, 4.0, 560, 1e7) is None


def test_deepest_and_largest_input_are_the_last_that_fit() -> None:
    budget = 4 * 385_814_752
    depth = deepest(EFFICIENTNET_B0, 1.2, 258, budget)
    assert depth is not None
    assert macs_of(EFFICIENTNET_B0, depth, 1.2, 258) <= budget
    assert macs_of(EFFICIENTNET_B0, round(depth + 0.01, 2), 1.2, 258) > budget
    assert deepest(EFFICIENTNET_B0, 4.0, 560, 1e7) is None
    px = largest_input(EFFICIENTNET_B0, 1.4, 1.2, budget)
    fitting = [p for p in range(200, 400) if macs_of(EFFICIENTNET_B0, 1.4, 1.2, p) <= budget]
    assert px == max(fitting)
    with pytest.raises(UserError, match="even at 32 px"):
        largest_input(EFFICIENTNET_B0, 8.0, 4.0, 1e6)


def test_contours_hold_the_budget() -> None:
    budget = 2 * 385_814_752
    contour = equal_cost_contour(EFFICIENTNET_B0, 224, budget, (1.0, 1.2, 1.4, 1.6))
    assert [w for w, _ in contour] == [1.0, 1.2, 1.4]  # at 1.6 even B0's depth is too much
    for width, depth in contour:
        assert depth == deepest(EFFICIENTNET_B0, width, 224, budget)
        assert macs_of(EFFICIENTNET_B0, depth, width, 224) <= budget


def test_pixels_are_whole() -> None:
    assert [pixels(EFFICIENTNET_B0, r) for r in (1.0, 1.15, 1.3, 2.0)] == [224, 258, 291, 448]


@pytest.mark.parametrize("variant", list(RELEASED_VARIANTS))
def test_solved_phi_gives_the_published_multiplier_back(variant: str) -> None:
    solved, row = solve_phi(variant), RELEASED_VARIANTS[variant]
    assert 1.2**solved.by_depth == pytest.approx(row.depth)
    assert 1.1**solved.by_width == pytest.approx(row.width)
    assert 224 * 1.15**solved.by_resolution == pytest.approx(row.resolution_px)
    ratio = variant_cost(variant).macs / variant_cost("b0").macs
    assert (1.2 * 1.1**2 * 1.15**2) ** solved.by_macs == pytest.approx(ratio)


def test_no_released_variant_but_b0_is_its_index() -> None:
    for variant in list(RELEASED_VARIANTS)[1:]:
        solved = solve_phi(variant)
        asked = (solved.by_depth, solved.by_width, solved.by_resolution)
        assert max(asked) - min(asked) > 0.05
        assert not any(abs(phi - int(variant[1:])) < 0.01 for phi in asked)


def test_layers_are_counted_as_the_paper_counts_them() -> None:
    assert convolution_layers(EFFICIENTNET_B0, 1.0) == 18  # figure 4's caption
    assert convolution_layers(EFFICIENTNET_B0, 2.0) == 34


def test_gain_per_doubling_by_hand() -> None:
    gains = dict(gain_per_doubling(PAPER))
    assert gains["b1"] == pytest.approx(2.5 / math.log2(686_802_832 / 385_814_752))
    assert list(gains) == list(RELEASED_VARIANTS)[1:]


def test_candidates_carry_their_built_cost_and_compound_ones_always_win() -> None:
    rows = candidates(PAPER)
    b3 = next(row for row in rows if row.name == "B3")
    assert b3.macs == counted_macs("efficientnet_b0", 1.4, 1.2, 300)
    assert len(rows) == 8 + 3
    for gmacs in (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 40.0):
        for mib in (32, 48, 64, 96, 128, 192, 256, 512):
            best = best_within(rows, gmacs * 1e9, mib * 2**20)
            fitting: Sequence = [
                r for r in rows if r.macs <= gmacs * 1e9 and r.memory_bytes <= mib * 2**20
            ]
            assert best is not None
            assert best.role == "compound"
            assert best.top1 == max(r.top1 for r in fitting)
    assert best_within(rows, 1e8, 2**30) is None


def test_a_difference_is_relative_to_the_printed_figure() -> None:
    row = next(r for r in PAPER.other_networks if r.model == "ResNet-50 by depth")
    cost: RecomputedCost = recompute_other(row)
    assert cost.difference == pytest.approx(cost.macs / 16.2e9 - 1)
    assert ARCHITECTURES[row.architecture].resolution_px == 224


def test_the_paper_finds_its_rows() -> None:
    paper: Paper = PAPER
    assert paper.result("B4") is paper.result("EfficientNet-B4")
    assert paper.slip("pnasnet").printed[0][0] == 6.0
    with pytest.raises(KeyError):
        paper.result("B9")
