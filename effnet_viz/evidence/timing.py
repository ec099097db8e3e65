"""What a benchmark measures, and what its rows say: time against cost. Plain data, no torch."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.files import asset
from effnet_viz.evidence.results import BenchmarkRow, Latency, Runtime
from effnet_viz.scaling.architectures import RELEASED_VARIANTS, ArchitectureSpec
from effnet_viz.scaling.families import (
    ROLES,
    UNTRAINED,
    ModelEntry,
    Role,
    find_model,
    released_spec,
)

#: The folder of the shipped measurements.
EXAMPLES = asset("results")

Predictor = Literal["macs", "activations", "params"]
Runs = Literal["engine", "torch"]

#: What could predict time, and its name on screen.
PREDICTORS: MappingProxyType[Predictor, str] = MappingProxyType(
    {"macs": "multiply-adds", "activations": "activations", "params": "parameters"}
)

MAX_BATCH = 32

#: Networks whose multiply-adds differ by less than this factor contradict nothing.
LEAST_MACS_RATIO = 1.2

#: And closer than this factor, they cost the same.
SAME_MACS_RATIO = 1.05

#: A quiet machine's quartiles differ by less than this factor.
NOISY_RATIO = 1.4

#: Fewer models than this lie on a line too easily to say anything.
LEAST_POINTS = 6


@dataclass(frozen=True, slots=True)
class Setup:
    """How to measure: ``threads`` None leaves torch's count, ``repeats`` None lets the time of one
    pass decide. One CPU thread and one image are the setting of the paper's table 4. ``engine`` is
    the network as this program runs it, ``torch`` torchvision's plain module."""

    device: str = "cpu"
    threads: int | None = 1
    batch_size: int = 1
    repeats: int | None = None
    runs: Runs = "engine"

    def __post_init__(self) -> None:
        """Raises UserError for numbers that cannot be measured with."""
        if not 1 <= self.batch_size <= MAX_BATCH:
            raise UserError(f"A batch has 1 to {MAX_BATCH} images, not {self.batch_size}.")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise UserError(f"Measure with at least one thread, not {self.threads}.")
        if self.repeats is not None and not 1 <= self.repeats <= 1000:
            raise UserError(f"Time 1 to 1000 passes, not {self.repeats}.")
        if self.runs not in get_args(Runs):
            raise UserError(f"Measure {' or '.join(get_args(Runs))}, not {self.runs!r}.")


def _listed() -> dict[str, ModelEntry]:
    entries = [find_model("classroom", role) for role in ROLES]
    for variant in RELEASED_VARIANTS:  # at the paper's resolutions; torchvision's B2 has another
        entries.append(replace(find_model("imagenet", variant), spec=released_spec(variant)))
    entries += [find_model("resnet50", name) for name in ("resnet50", "resnet152")]
    return {entry.name: replace(entry, weights=UNTRAINED) for entry in entries}


#: Everything that can be measured, by name; the Scale page's network comes on top. Weights are
#: random: time does not depend on them.
MODELS: MappingProxyType[str, ModelEntry] = MappingProxyType(_listed())

#: Seconds rather than minutes.
QUICK = (*ROLES, "b0")


def custom_entry(spec: ArchitectureSpec, role: Role, name: str = "custom") -> ModelEntry:
    """A network of one's own, to be measured beside the listed ones."""
    return ModelEntry("custom", name, role, spec, UNTRAINED)


def find(name: str) -> ModelEntry:
    """The listed model of that name. Raises UserError where there is none."""
    try:
        return MODELS[name]
    except KeyError:
        raise UserError(
            f"There is no model {name!r} to measure; choose from {', '.join(MODELS)}."
        ) from None


def title(name: str) -> str:
    """A model's name for a person: ``B0``, ``ResNet-50``, ``depth``."""
    if name in RELEASED_VARIANTS:
        return name.upper()
    return name.replace("resnet", "ResNet-")


@dataclass(frozen=True, slots=True)
class Fit:
    """A straight line through log(time) against log(cost), by least squares.

    time = ``factor_ms`` · cost ^ ``slope``; slope 1 is time in proportion. ``r2`` is the share of
    log(time)'s variance that the line explains, ``typical_factor`` how far off it typically is:
    exp of the root mean square residual, so 1.5 means half as long again, or two thirds.
    """

    predictor: Predictor
    slope: float
    factor_ms: float
    r2: float
    typical_factor: float

    def time_ms(self, cost: float) -> float:
        """The line's time for a cost."""
        return self.factor_ms * cost**self.slope


def fit(
    rows: Sequence[BenchmarkRow], predictor: Predictor, least_points: int = LEAST_POINTS
) -> Fit | None:
    """The line of time against one cost; None with fewer than ``least_points`` different costs, or
    with equal times."""
    logs = [
        (math.log(getattr(row, predictor)), math.log(row.latency.median_ms))
        for row in rows
        if row.latency.median_ms > 0
    ]
    x, y = [point[0] for point in logs], [point[1] for point in logs]
    if len(set(x)) < least_points or len(set(y)) < 2:
        return None
    slope, intercept = statistics.linear_regression(x, y)
    squares = statistics.fmean((b - intercept - slope * a) ** 2 for a, b in logs)
    return Fit(
        predictor=predictor,
        slope=slope,
        factor_ms=math.exp(intercept),
        r2=1 - squares / statistics.pvariance(y),
        typical_factor=math.exp(math.sqrt(squares)),
    )


def fits(rows: Sequence[BenchmarkRow]) -> list[Fit]:
    """The line of each predictor, the smallest typical factor first; empty with too few rows."""
    found = (fit(rows, predictor) for predictor in PREDICTORS)
    return sorted(filter(None, found), key=lambda line: line.typical_factor)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """``light`` has fewer multiply-adds than ``heavy`` and takes longer all the same."""

    light: BenchmarkRow
    heavy: BenchmarkRow

    @property
    def fewer_macs(self) -> float:
        """How many times fewer."""
        return self.heavy.macs / self.light.macs

    @property
    def longer(self) -> float:
        """How many times longer."""
        return self.light.latency.median_ms / self.heavy.latency.median_ms


def contradiction(rows: Sequence[BenchmarkRow]) -> Contradiction | None:
    """The pair that shows best that multiply-adds are not time; None where all agree.

    Multiply-adds count as different from `LEAST_MACS_RATIO` on, times where their interquartile
    ranges do not overlap.
    """
    pairs = [
        Contradiction(light, heavy)
        for light in rows
        for heavy in rows
        if LEAST_MACS_RATIO * light.macs <= heavy.macs and light.latency.q1_ms > heavy.latency.q3_ms
    ]
    return max(pairs, key=lambda pair: pair.fewer_macs * pair.longer, default=None)


def same_cost(rows: Sequence[BenchmarkRow]) -> Contradiction | None:
    """The pair of equal multiply-adds whose times differ most, the slow one as ``light``; None
    without such a pair whose interquartile ranges do not overlap."""
    pairs = [
        Contradiction(slow, fast)
        for slow in rows
        for fast in rows
        if 1 / SAME_MACS_RATIO <= slow.macs / fast.macs <= SAME_MACS_RATIO
        and slow.latency.q1_ms > fast.latency.q3_ms
    ]
    return max(pairs, key=lambda pair: pair.longer, default=None)


def noisiest(rows: Sequence[BenchmarkRow]) -> BenchmarkRow | None:
    """The row whose passes differ most, where its quartiles differ by more than `NOISY_RATIO`: the
    machine did other things meanwhile. None where all are steady."""
    row = max(rows, key=lambda row: row.latency.q3_ms / row.latency.q1_ms, default=None)
    noisy = row is not None and row.latency.q3_ms > NOISY_RATIO * row.latency.q1_ms
    return row if noisy else None


def speedup(rows: Iterable[BenchmarkRow], slow: str, fast: str) -> float | None:
    """Time of ``slow`` over time of ``fast``; None where one was not measured."""
    times = {row.model: row.latency.median_ms for row in rows}
    return times[slow] / times[fast] if slow in times and fast in times else None


def images_per_second(row: BenchmarkRow) -> float:
    """Throughput at the median time."""
    return 1e3 * row.batch_size / row.latency.median_ms


def as_dict(row: BenchmarkRow) -> dict[str, Any]:
    """The row for JSON; `from_dict` reads it back."""
    return {**asdict(row), "versions": dict(row.versions)}


def from_dict(values: Mapping[str, Any]) -> BenchmarkRow:
    """The row that `as_dict` wrote. KeyError or TypeError where it did not."""
    latency = Latency(**values["latency"])
    versions = tuple(values["versions"].items())
    return BenchmarkRow(**{**values, "latency": latency, "versions": versions})


def as_json(rows: Iterable[BenchmarkRow]) -> str:
    """All rows, indented."""
    return json.dumps([as_dict(row) for row in rows], indent=2)


def as_csv(rows: Iterable[BenchmarkRow]) -> str:
    """All rows, unrounded; latency and versions as columns of their own."""
    flat = []
    for row in rows:
        values = as_dict(row)
        latency, versions = values.pop("latency"), values.pop("versions")
        timed = {key: latency[key] for key in ("median_ms", "q1_ms", "q3_ms", "repeats", "runtime")}
        flat.append({**values, **timed, "device_name": latency["device"], **versions})
    text = io.StringIO()
    writer = csv.DictWriter(text, list(flat[0]) if flat else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


@cache
def examples(folder: Path = EXAMPLES) -> tuple[BenchmarkRow, ...]:
    """All shipped measurements, of every setup and machine: the rows of every file
    ``benchmark-example*.json``, as ``bench --json`` writes them (its ``--threads``,
    ``--batch-size`` and ``--runtime both`` measure several setups at once).

    Raises ResourceError where none is there or one is damaged.
    """
    paths = sorted(folder.glob("benchmark-example*.json"))
    rows: list[BenchmarkRow] = []
    try:
        for path in paths:
            rows += (from_dict(values) for values in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ResourceError(_no_example(path.name)) from error
    if not rows:
        raise ResourceError(_no_example(folder.name))
    return tuple(rows)


def _no_example(name: str) -> str:
    return f"The example measurements are missing or damaged ({name}); download the project again."


#: Device, threads, batch size and runtime.
Alike = tuple[str, int, int, Runtime]


def alike(row: BenchmarkRow) -> Alike:
    """What rows must share for their times to be compared."""
    return row.device.partition(":")[0], row.threads, row.batch_size, row.latency.runtime


def example(
    *,
    device: str = "cpu",
    many_threads: bool = False,
    batch_size: int = 1,
    runs: Runs = "torch",
    folder: Path = EXAMPLES,
) -> tuple[BenchmarkRow, ...]:
    """The shipped measurements of one setup, by default the paper's in plain PyTorch: one thread,
    one image.

    Where that setup is not shipped, the nearest that is: the same device, the same runtime, as many
    threads, the nearest batch, in this order. Raises as `examples`.
    """
    rows = examples(folder)

    def distance(one: Alike) -> tuple[bool, bool, bool, float, Alike]:
        where, threads, batch, runtime = one
        return (
            where != device,
            (runtime == "torch") != (runs == "torch"),
            device == "cpu" and (threads > 1) != many_threads,
            abs(math.log(batch / batch_size)),
            one,
        )

    nearest = min({alike(row) for row in rows}, key=distance)
    return tuple(row for row in rows if alike(row) == nearest)
