"""The paper's tables: every printed cell against an independent transcription."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields
from pathlib import Path

import pytest
import torchvision

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.paper.tables import PAPER_FILE, Paper, Printed, as_csv, load
from effnet_viz.scaling.architectures import RELEASED_VARIANTS

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


def test_the_paper_finds_its_rows() -> None:
    paper: Paper = PAPER
    assert paper.result("B4") is paper.result("EfficientNet-B4")
    assert paper.slip("pnasnet").printed[0][0] == 6.0
    with pytest.raises(KeyError):
        paper.result("B9")
