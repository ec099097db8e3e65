"""Frozen result records that engine and screen share. Plain Python: no torch, no numpy.

The engine makes them, the screen reads them, nobody changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from effnet_viz.scaling.centres import Centres

#: What runs a forward pass, and its name on screen. Everything but torchvision's plain module has
#: its batch norms folded into the convolutions.
Runtime = Literal["openvino", "folded", "torch"]
RUNTIME_TITLES: MappingProxyType[Runtime, str] = MappingProxyType(
    {"openvino": "OpenVINO", "folded": "PyTorch, norms folded", "torch": "PyTorch"}
)


@dataclass(frozen=True, slots=True)
class TopClass:
    """One class of a prediction; ``probability`` is the softmax share, 0-1."""

    label: str
    index: int
    probability: float


@dataclass(frozen=True, slots=True)
class Latency:
    """Time of one forward pass in milliseconds: median and quartiles over ``repeats`` timed runs.

    ``device``, ``threads``, ``torch_version`` and ``runtime`` say what was measured; a latency
    without them means nothing. Rows of before there were two runtimes are torch's.
    """

    median_ms: float
    q1_ms: float
    q3_ms: float
    repeats: int
    batch_size: int
    device: str
    threads: int
    torch_version: str
    runtime: Runtime = "torch"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one model says about one photo.

    ``weights`` is the honest label of the model's weights (see `effnet_viz.scaling.families`);
    ``meaningful`` is false for untrained weights. ``note`` carries anything the reader must know
    (a fall-back to the CPU, say), else it is empty.
    """

    family: str
    model: str
    role: str
    weights: str
    meaningful: bool
    device: str
    resolution_px: int
    latency: Latency
    top: tuple[TopClass, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class CamResult:
    """One class activation map on its own grid.

    ``raw``: ``grid[0]`` rows of ``grid[1]`` values after ReLU, before any normalisation;
    ``centres`` says where these cells lie on the square that the model saw.
    ``evidence`` is false where the map is zero or too faint to be more than rounding noise; such a
    map must be shown as "no evidence", never normalised. ``probability`` is the model's softmax
    share for the target class.
    """

    family: str
    model: str
    role: str
    weights: str
    meaningful: bool
    device: str
    resolution_px: int
    method: str
    target_class: str
    target_index: int
    target_stage: int
    grid: tuple[int, int]
    centres: Centres
    raw: tuple[tuple[float, ...], ...]
    raw_max: float
    probability: float
    evidence: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class BenchmarkRow:
    """What one model took on one machine, beside what arithmetic says it costs.

    ``device`` is torch's name and ``latency.device`` what it is, for a person. ``latency`` is of
    one pass of ``batch_size`` images; ``params``, ``macs`` and ``activations`` are per image.
    ``peak_memory_bytes`` is measured, None where the platform does not tell;
    ``least_memory_bytes`` is `effnet_viz.scaling.cost.inference_memory_bytes`. ``versions`` are
    pairs of name and version, ``date`` is ISO 8601.
    """

    model: str
    family: str
    role: str
    resolution_px: int
    device: str
    threads: int
    batch_size: int
    latency: Latency
    peak_memory_bytes: int | None
    least_memory_bytes: int
    params: int
    macs: int
    activations: int
    versions: tuple[tuple[str, str], ...]
    date: str


@dataclass(frozen=True, slots=True)
class MapNumbers:
    """What is counted of one map (formulas in `effnet_viz.engine.maps.metrics`).

    ``probability`` and ``raw_max`` as in `CamResult`; the others are shares from 0 to 1 (the
    correlation -1 to 1), ``centroid`` is (x, y) in fractions of the square. None where the map is
    no evidence or, for the last two, where there is nothing to compare with or no box.
    """

    probability: float
    raw_max: float
    best_quarter_share: float | None = None
    centroid: tuple[float, float] | None = None
    rank_correlation: float | None = None
    box_energy: float | None = None


class RemovalCurves(NamedTuple):
    """The class's probability, 0-1, after each step of removing or adding: ``fractions`` of the
    pixels, 0 to 1, and one value each for ``deletion`` and ``insertion``."""

    fractions: tuple[float, ...]
    deletion: tuple[float, ...]
    insertion: tuple[float, ...]


class RemovalFrames(NamedTuple):
    """What a model sees while pixels are removed or added: at each of the ``shares`` of the pixels,
    0 to 1, a picture's file for ``deletion`` and one for ``insertion``."""

    shares: tuple[float, ...]
    deletion: tuple[bytes, ...]
    insertion: tuple[bytes, ...]


class Removal(NamedTuple):
    """Areas under two curves, 0-1: a good map's ``deletion`` is low, its ``insertion`` high."""

    deletion: float
    insertion: float
    curves: RemovalCurves
