"""How far a stage sees: the square of input pixels behind one position of its map."""

from __future__ import annotations

from dataclasses import dataclass

from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.blocks import blocks_of
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

    A position ``i`` of a map lies on input pixel ``i · step_px``: convolutions pad evenly, so every
    one keeps its centre. The position chosen is the one nearest the photo's middle.
    """
    fields = []
    step = 1
    for row in network_cost(spec).stages:
        for block in blocks_of(spec, row.stage):
            for layer in block.layers:
                if layer.branch == "main":
                    step *= layer.stride
        if spec.stages[row.stage - 1].operator in ("conv_head", "pool_head"):
            continue
        grid = row.out_resolution_px
        middle = min(grid - 1, (spec.resolution_px - 1 + step) // (2 * step))
        start = middle * step - (row.receptive_field_px - 1) // 2
        fields.append(
            StageField(row.stage, row.operator, row.receptive_field_px, start, step, grid)
        )
    return tuple(fields)
