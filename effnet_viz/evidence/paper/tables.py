"""What the paper prints, as data.

The tables live in ``assets/paper.json``, each with its source; nothing in that file is computed.
Printed numbers keep their digits, because 6.0 claims more than 6: a recomputed figure agrees with a
printed one where it rounds to it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.files import asset

PAPER_FILE = asset("paper.json")

Cell = str | float | None


class Printed(float):
    """A number and the digits it was printed with; arithmetic gives plain floats."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Printed:
        """The number that ``text`` spells."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    def __reduce__(self) -> tuple[type[Printed], tuple[str]]:
        return type(self), (self.text,)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last digit: 0.05 for ``6.0``, 0.5 for ``6``."""
        return 0.5 * 10.0 ** -len(self.text.partition(".")[2])

    @property
    def range(self) -> tuple[float, float]:
        """The values that print as this number."""
        return self - self.half_unit, self + self.half_unit

    def agrees(self, value: float) -> bool:
        """True where ``value``, rounded to as many digits, prints as this number."""
        return abs(value - self) <= self.half_unit * (1 + 1e-9)


@dataclass(frozen=True, slots=True)
class VariantAccuracies:
    """Top-1 and top-5 accuracy in percent of one released variant, by publication."""

    variant: str
    top1_v1: Printed
    top5_v1: Printed
    top1_v5: Printed
    top5_v5: Printed
    top1_torchvision: Printed


@dataclass(frozen=True, slots=True)
class ImageNetResult:
    """A row of table 2; ratios are to the EfficientNet that leads its group. GPipe has no MACs."""

    model: str
    top1: Printed
    top5: Printed
    params_millions: Printed
    params_ratio: Printed
    gmacs: Printed | None
    macs_ratio: Printed | None
    group: str

    @property
    def leads(self) -> bool:
        """True for the EfficientNet of a group."""
        return self.model.startswith("EfficientNet")

    @property
    def short(self) -> str:
        """``B4`` for ``EfficientNet-B4``; other names as they are."""
        return self.model.removeprefix("EfficientNet-")


@dataclass(frozen=True, slots=True)
class OtherNetwork:
    """A row of table 3; multipliers are None where the paper does not print them."""

    model: str
    architecture: str
    depth: Printed | None
    width: Printed | None
    resolution: Printed | None
    gmacs: Printed
    top1: Printed


@dataclass(frozen=True, slots=True)
class PrintedLatency:
    """A row of table 4; ``speedup`` is over the row before."""

    model: str
    top1: Printed
    seconds: Printed
    speedup: Printed | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A row of table 5: an EfficientNet against the best public and the best reported model.

    Parameters in millions; None where the paper prints none.
    """

    dataset: str
    public_model: str
    public_acc: Printed
    public_params_m: Printed
    ours_vs_public: str
    ours_acc: Printed
    ours_params_m: Printed
    ratio: Printed
    best_model: str
    best_acc: Printed
    best_params_m: Printed | None
    ours_vs_best: str
    ours_best_acc: Printed
    ours_best_params_m: Printed | None
    ratio_best: Printed | None


@dataclass(frozen=True, slots=True)
class TransferDataset:
    """A row of table 6: photos to train on, photos to test on, classes."""

    dataset: str
    train: Printed
    test: Printed
    classes: Printed


@dataclass(frozen=True, slots=True)
class MapModel:
    """A row of table 7: the models whose activation maps figure 7 shows."""

    role: str
    depth: Printed
    width: Printed
    resolution: Printed
    gmacs: Printed
    top1: Printed


@dataclass(frozen=True, slots=True)
class Slip:
    """Numbers of the paper that disagree; ``printed`` pairs each with where it stands."""

    key: str
    title: str
    printed: tuple[tuple[Printed, str], ...]


@dataclass(frozen=True, slots=True)
class Misreading:
    """A popular misreading and what is true."""

    key: str
    claim: str
    truth: str


@dataclass(frozen=True, slots=True)
class Law:
    """The coefficients found by the paper's grid search."""

    alpha: Printed
    beta: Printed
    gamma: Printed
    source: str


@dataclass(frozen=True, slots=True)
class SearchObjective:
    """``ACC · (FLOPS / T)^w``: its exponent and its target in millions of multiply-adds."""

    w: Printed
    target_mmacs: Printed
    source: str

    @property
    def target_macs(self) -> float:
        """T in multiply-adds."""
        return self.target_mmacs * 1e6


@dataclass(frozen=True, slots=True)
class Paper:
    """Every printed table; ``sources`` says per table where its numbers stand."""

    citation: str
    law: Law
    search_objective: SearchObjective
    variant_accuracies: tuple[VariantAccuracies, ...]
    imagenet_results: tuple[ImageNetResult, ...]
    other_networks: tuple[OtherNetwork, ...]
    latency: tuple[PrintedLatency, ...]
    transfer: tuple[Transfer, ...]
    geo_mean_public: Printed
    geo_mean_best: Printed
    transfer_datasets: tuple[TransferDataset, ...]
    map_models: tuple[MapModel, ...]
    slips: tuple[Slip, ...]
    misreadings: tuple[Misreading, ...]
    sources: Mapping[str, str]

    def result(self, model: str) -> ImageNetResult:
        """Table 2's row of a model, e.g. ``B4`` or ``ResNet-50``. KeyError where there is none."""
        for row in self.imagenet_results:
            if model in (row.model, row.short):
                return row
        raise KeyError(model)

    def slip(self, key: str) -> Slip:
        """The slip of that key. KeyError where there is none."""
        return {slip.key: slip for slip in self.slips}[key]


Row = TypeVar("Row")


@cache
def load(path: Path = PAPER_FILE) -> Paper:
    """The shipped tables. Raises ResourceError where the file is missing or not as it should be."""
    try:
        raw = json.loads(path.read_bytes(), parse_float=Printed, parse_int=Printed)
        return Paper(
            citation=raw["paper"],
            law=Law(**raw["law"]),
            search_objective=SearchObjective(**raw["search_objective"]),
            variant_accuracies=_rows(raw, "variant_accuracies", VariantAccuracies),
            imagenet_results=_rows(raw, "imagenet_results", ImageNetResult),
            other_networks=_rows(raw, "other_networks", OtherNetwork),
            latency=_rows(raw, "latency", PrintedLatency),
            transfer=_rows(raw, "transfer", Transfer),
            geo_mean_public=raw["transfer"]["geo_mean_public"],
            geo_mean_best=raw["transfer"]["geo_mean_best"],
            transfer_datasets=_rows(raw, "transfer_datasets", TransferDataset),
            map_models=_rows(raw, "map_models", MapModel),
            slips=tuple(
                Slip(s["key"], s["title"], tuple((value, where) for value, where in s["printed"]))
                for s in raw["slips"]
            ),
            misreadings=tuple(Misreading(**m) for m in raw["misreadings"]),
            sources={
                name: table["source"]
                for name, table in raw.items()
                if isinstance(table, dict) and "source" in table
            },
        )
    except OSError:
        raise ResourceError(
            f"The paper's tables are missing ({path} cannot be read); download the project again."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ResourceError(
            f"The paper's tables in {path} are damaged ({error}); download the project again."
        ) from error


def _rows(raw: Mapping[str, Any], name: str, kind: type[Row]) -> tuple[Row, ...]:
    table = raw[name]
    types = {field.name: str(field.type) for field in fields(kind)}  # type: ignore[arg-type]
    if table["columns"] != list(types):
        raise ValueError(f"the columns of {name} are not {', '.join(types)}")
    for row in table["rows"]:
        if len(row) != len(types):
            raise ValueError(f"a row of {name} is not {len(types)} cells long")
        for (column, wanted), cell in zip(types.items(), row, strict=True):
            if type(cell).__name__ not in wanted:  # "NoneType" is in no annotation
                if cell is None and wanted.endswith("| None"):
                    continue
                raise ValueError(f"{column} of {name} holds {cell!r}")
    return tuple(kind(*row) for row in table["rows"])


def as_csv(rows: Sequence[Mapping[str, Cell]]) -> str:
    """Rows as CSV: printed numbers keep their digits, computed ones have ten, missing ones none."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({column: _csv_cell(value) for column, value in row.items()})
    return out.getvalue()


def _csv_cell(value: Cell) -> Cell:
    if isinstance(value, Printed):
        return str(value)
    return f"{value:.10g}" if isinstance(value, float) else value
