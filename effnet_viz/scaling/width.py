"""Why doubling the width does not cost four times as much: multiply-adds by how they grow with w.

Measured, not assumed: the network is scaled to width 1, 2 and 3 and each kind of layer's cost is
the one quadratic through its three points. At whole-number widths nothing rounds, so the split is
exact there.
"""

from __future__ import annotations

from dataclasses import dataclass

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import layer_cost, network_cost
from effnet_viz.scaling.layers import Layer, expand


@dataclass(frozen=True, slots=True)
class WidthPart:
    """One kind of layer: multiply-adds ``quadratic·w² + linear·w + constant`` at width ``w``."""

    name: str
    why: str
    quadratic: int
    linear: int
    constant: int

    @property
    def macs(self) -> int:
        """Multiply-adds at width 1."""
        return self.quadratic + self.linear + self.constant

    def at(self, width: float) -> float:
        """Multiply-adds at a width, before any rounding of channels."""
        return self.quadratic * width**2 + self.linear * width + self.constant


@dataclass(frozen=True, slots=True)
class WidthSplit:
    """A network's multiply-adds by kind of layer, the largest kind first."""

    parts: tuple[WidthPart, ...]

    @property
    def macs(self) -> int:
        """The network's total at width 1."""
        return sum(part.macs for part in self.parts)

    @property
    def shares(self) -> tuple[float, float, float]:
        """Fractions of the total that grow with w², with w, and not at all; they sum to 1."""
        total = self.macs
        return (
            sum(part.quadratic for part in self.parts) / total,
            sum(part.linear for part in self.parts) / total,
            sum(part.constant for part in self.parts) / total,
        )

    def ratio(self, width: float) -> float:
        """Multiply-adds at a width over those at width 1, before any rounding of channels."""
        return sum(part.at(width) for part in self.parts) / self.macs


def width_split(spec: ArchitectureSpec) -> WidthSplit:
    """How each kind of layer of an unscaled architecture grows with the width multiplier."""
    one, two, three = (_macs_by_kind(_widened(spec, w)) for w in (1, 2, 3))
    why = _WHY | _WHY_WITH_FIXED_ENDS if spec.fixed_ends else _WHY
    parts = []
    for kind, first in one.items():
        second, third = two[kind], three[kind]
        quadratic = (third - 2 * second + first) // 2
        linear = second - first - 3 * quadratic
        parts.append(
            WidthPart(
                kind,
                why[kind].format(classes=spec.num_classes),
                quadratic,
                linear,
                first - quadratic - linear,
            )
        )
    return WidthSplit(tuple(sorted(parts, key=lambda part: -part.macs)))


def built_ratio(spec: ArchitectureSpec, width: float) -> float:
    """The built network's multiply-adds over the baseline's, channels rounded to eights.

    Raises UserError where the width is out of range or leaves a stage without channels.
    """
    return network_cost(_widened(spec, width)).macs / network_cost(spec).macs


def _widened(spec: ArchitectureSpec, width: float) -> ArchitectureSpec:
    return scale(spec, Multipliers(1, width, spec.resolution_px))


_WHY = {
    "1×1 convolutions": "channels in times channels out: both grow with w",
    "k×k convolutions": "channels in times channels out: both grow with w",
    "depthwise convolutions": "one filter per channel: only the number of channels grows",
    "squeeze-and-excitation": "channels times squeezed channels: both grow with w",
    "stem": "its input stays the 3 colours of the photo",
    "classifier": "its output stays the {classes} classes",
}

_WHY_WITH_FIXED_ENDS = {
    "1×1 convolutions": "channels in times channels out: both grow, but for those beside the ends",
    "depthwise convolutions": "one filter per channel; the stem's channels do not grow",
    "stem": "it keeps its channels",
    "classifier": "the head keeps its channels, as the {classes} classes do",
}


def _macs_by_kind(spec: ArchitectureSpec) -> dict[str, int]:
    macs: dict[str, int] = {}
    for block in expand(spec):
        for layer in block.layers:
            if layer.kind != "pool":
                kind = _kind(layer, block.stage)
                macs[kind] = macs.get(kind, 0) + int(block.count * layer_cost(layer).macs)
    return macs


def _kind(layer: Layer, stage: int) -> str:
    if stage == 1:
        return "stem"
    if layer.kind == "linear":
        return "classifier"
    if layer.branch == "se":
        return "squeeze-and-excitation"
    if layer.groups != 1:
        return "depthwise convolutions"
    return "1×1 convolutions" if layer.kernel_size == 1 else "k×k convolutions"
