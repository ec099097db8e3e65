"""Where the cells of a map lie on the photo: each in the middle of what it sees.

A padded convolution of stride 2 looks at every second pixel, beginning near the edge. So the cells
of a stride-32 map are centred at 0.5, 32.5, 64.5, ... px, and not in the middles of 32-px tiles.
"""

from __future__ import annotations

from typing import NamedTuple

from effnet_viz.scaling.architectures import ArchitectureSpec, Padding
from effnet_viz.scaling.layers import Layer, iter_blocks


class Centres(NamedTuple):
    """The centres of a map's cells, along either side of the square: that of cell ``i`` lies
    ``first_px + i · step_px`` from the left or top edge of a square of ``side_px``. Pixel ``p``
    reaches from ``p`` to ``p + 1``."""

    first_px: float
    step_px: float
    side_px: float

    def at(self, cell: float) -> float:
        """A cell's centre as a fraction of the side."""
        return (self.first_px + cell * self.step_px) / self.side_px

    def cell_at(self, fraction: float) -> float:
        """Which cell, in parts of a step, is centred there: what `at` undoes."""
        return (fraction * self.side_px - self.first_px) / self.step_px

    def edges(self, cells: int) -> tuple[float, ...]:
        """The ``cells + 1`` edges, as fractions, between the places nearest to one centre and those
        nearest to the next; the first is 0 and the last 1, so that every place is some cell's."""
        between = (min(1.0, max(0.0, self.at(cell - 0.5))) for cell in range(1, cells))
        return (0.0, *between, 1.0)

    def own(self, cells: int) -> tuple[float, float]:
        """Which part of the side, as fractions, lies within half a step of a centre; what lies
        outside has no cell of its own."""
        return max(0.0, self.at(-0.5)), min(1.0, self.at(cells - 0.5))


def tiles(cells: int) -> Centres:
    """The centres of a square cut into ``cells`` equal tiles a side."""
    return Centres(0.5, 1, cells)


def cell_centres(spec: ArchitectureSpec) -> tuple[Centres, ...]:
    """The centres of every stage's cells, stem first; the head's only where it begins with a
    convolution, whose map is there before it is pooled.

    Exact: a layer of kernel ``k`` and stride ``s`` that adds ``b`` zeros before the map moves the
    first centre by ``(k - 1) / 2 - b`` of its input's steps, and makes the step ``s`` times as
    long. Convolutions and poolings of the main path count; skips do not move anything.
    """
    first, step = 0.5, 1
    stages: dict[int, Centres] = {}
    for block in iter_blocks(spec):
        for layer in block.layers:
            if layer.branch != "main" or layer.kind == "linear":
                continue
            first += step * ((layer.kernel_size - 1) / 2 - zeros_before(layer, spec.padding))
            step *= layer.stride
            stages[block.stage] = Centres(first, step, spec.resolution_px)
    return tuple(stages.values())


def zeros_before(layer: Layer, padding: Padding) -> int:
    """How many zeros a layer adds on the left, and as many at the top."""
    if padding == "symmetric":
        return layer.kernel_size // 2
    needed = (layer.out_px - 1) * layer.stride + layer.kernel_size - layer.in_px
    return max(0, int(needed)) // 2
