"""How far a stage sees: the square of input pixels behind one position of its map."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.centres import cell_centres
from effnet_viz.scaling.cost import network_cost


@dataclass(frozen=True, slots=True)
class StageField:
    """What one output position of a stage sees through the convolutions, in input pixels.

    ``side_px`` is the side of its square; ``start_px`` where the square of the position nearest the
    middle begins on either axis (negative: outside the photo); ``step_px`` how far apart
    neighbouring positions lie; ``grid`` how many there are along one side.
    """

    stage: int
    operator: str
    side_px: int
    start_px: int
    step_px: int
    grid: int

    @property
    def end_px(self) -> int:
        """Where the square ends, exclusive."""
        return self.start_px + self.side_px


def receptive_fields(spec: ArchitectureSpec) -> tuple[StageField, ...]:
    """What a middle position of each stage sees, stem to last convolution stage; no head.

    The squares lie round the centres of `cell_centres`; the position chosen is the one nearest the
    photo's middle.
    """
    fields = []
    for row, centres in zip(network_cost(spec).stages, cell_centres(spec), strict=False):
        if spec.stages[row.stage - 1].operator in ("conv_head", "pool_head"):
            continue
        grid, side = row.out_resolution_px, row.receptive_field_px
        middle = min(grid - 1, max(0, floor(centres.cell_at(0.5) + 0.5)))
        start = int(centres.first_px + middle * centres.step_px - side / 2)
        step = int(centres.step_px)
        fields.append(StageField(row.stage, row.operator, side, start, step, grid))
    return tuple(fields)
