"""``cost``: what a scaled network costs, and how options describe one."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from effnet_viz.cli.terminal import print_json, print_table
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ARCHITECTURES
from effnet_viz.scaling.study import ScaleStudy, study
from effnet_viz.scaling.training_memory import TrainingMemory, training_memory

BASELINES = tuple(ARCHITECTURES)
LAW_OPTIONS = ("phi", "alpha", "beta", "gamma")
DIRECT_OPTIONS = ("depth", "width", "resolution_px")
ENDS_OPTIONS = ("num_classes", "in_channels")


def run_cost(options: Namespace) -> None:
    """Print the cost of one scaled architecture."""
    result = scaled_network(options)
    if options.batch is not None and not options.training:
        raise UserError("--batch is of a training step; add --training.")
    batch = 1 if options.batch is None else options.batch
    step = training_memory(result.scaled, batch) if options.training else None
    if options.json:
        memory = {} if step is None else {"training": {"batch": batch, **step._asdict()}}
        print_json(result.as_dict() | memory)
        return
    m, cost, before = result.multipliers, result.cost, result.base_cost
    depth, width = result.shown_multipliers
    print(
        f"{result.base.name}: depth × {depth}, width × {width}, {m.resolution_px} px{_ends(result)}"
    )
    print(f"parameters       {cost.params:>15,}   {cost.params / before.params:.2f} × the baseline")
    print(
        f"multiply-adds    {cost.macs:>15,}   {result.gap.built_ratio:.2f} × the baseline; "
        f"the law says {result.gap.law_ratio:.2f} ×"
    )
    print(f"activations      {cost.activations:>15,}")
    print(f"receptive field  {cost.receptive_field_px:>15,} px\n")
    if step is not None:
        _print_training(step, batch)
    header = ("stage", "operator", "px", "out px", "ch", "out ch", "repeats", "params", "MACs")
    rows = []
    for row in cost.stages:
        shapes = (row.in_resolution_px, row.out_resolution_px, row.in_channels, row.out_channels)
        costs = (f"{row.params:,}", f"{row.macs:,}")
        rows.append((row.stage, row.operator, *shapes, row.repeats, *costs))
    print_table(header, rows)


def _print_training(step: TrainingMemory, batch: int) -> None:
    """The memory of a training step, in MiB."""
    print(f"a training step of {batch:,} photo{'s' if batch != 1 else ''}, float32, Adam:")
    for what, size in (
        ("weights", step.weights_bytes),
        ("gradients", step.gradients_bytes),
        ("Adam's moments", step.moments_bytes),
        ("activations", step.activations_bytes),
        ("at most at once", step.peak_bytes),
    ):
        print(f"{what:<17}{size / 2**20:>15,.1f} MiB")
    print()


def _ends(result: ScaleStudy) -> str:
    """What is asked of the first and the last layer, where it is not the baseline's own."""
    known, base = ARCHITECTURES[result.base.name], result.base
    said = ""
    if base.in_channels != known.in_channels:
        said += f", {base.in_channels:,} input channel{'s' if base.in_channels != 1 else ''}"
    if base.num_classes != known.num_classes:
        said += f", {base.num_classes:,} class{'es' if base.num_classes != 1 else ''}"
    return said


def scaled_network(options: Namespace) -> ScaleStudy:
    """The scaled network the options describe; without any, the baseline itself.

    Raises UserError where they describe it in two ways or out of range.
    """
    law, direct = given(options, LAW_OPTIONS), given(options, DIRECT_OPTIONS)
    if sum(map(bool, (law, direct, options.variant))) > 1:
        raise UserError(
            "Scale in one way: by --phi (with --alpha, --beta, --gamma), by --depth, --width and "
            "--resolution-px, or by --variant."
        )
    if law and "phi" not in law:
        raise UserError(f"--{next(iter(law))} has no effect without --phi; give --phi as well.")
    ends = given(options, ENDS_OPTIONS)
    return study(options.architecture, variant=options.variant, **law, **direct, **ends)


def given(options: Namespace, names: Sequence[str]) -> dict[str, Any]:
    """Those of the named options that the command has and that were typed."""
    values = {name: getattr(options, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None}
