"""How long counting a network takes: this package's arithmetic beside fvcore's tracing.

    python benchmarks/cost.py [--json]

Both count the same networks, B0 and B7 at their own resolutions. fvcore's time is that of
``FlopCountAnalysis(model, input).total()`` on a model that is already built. Times are CPU time of
this process with one thread, the best of several runs, so that other load does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

import torch
import torchvision
from fvcore.nn import FlopCountAnalysis

from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import checked_multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import released_spec

#: Counting itself, not the answer kept from the last time.
count = network_cost.__wrapped__


def best_seconds(work: Callable[[], object], runs: int) -> float:
    """The least CPU time of one call."""
    best = float("inf")
    for _ in range(runs):
        started = time.process_time()
        work()
        best = min(best, time.process_time() - started)
    return best


def compare(variant: str) -> dict[str, float | str]:
    """Both times in seconds and both MAC counts for one released variant.

    fvcore also counts batch norm and pooling, so its total is a little above ``macs``; its
    convolutions and linear layers alone are ``fvcore_macs``.
    """
    spec = released_spec(variant)
    model = getattr(torchvision.models, f"efficientnet_{variant}")().eval()
    image = torch.zeros(1, 3, spec.resolution_px, spec.resolution_px)

    def trace() -> dict[str, float]:
        analysis = FlopCountAnalysis(model, image)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return dict(analysis.by_operator())

    counted = trace()
    ours = best_seconds(lambda: count(spec), runs=200)
    theirs = best_seconds(trace, runs=2)
    return {
        "variant": variant,
        "seconds": ours,
        "fvcore_seconds": theirs,
        "times_faster": theirs / ours,
        "macs": network_cost(spec).macs,
        "fvcore_macs": counted["conv"] + counted["linear"],
    }


def sweep_seconds(configurations: int = 2500) -> float:
    """Time to scale and cost this many random configurations."""
    draw = random.Random(0)
    drawn = [
        checked_multipliers(draw.uniform(0.5, 5), draw.uniform(0.5, 5), draw.randint(32, 800))
        for _ in range(configurations)
    ]
    return best_seconds(lambda: [count(scale(EFFICIENTNET_B0, each)) for each in drawn], runs=3)


def main() -> None:
    """Print the comparison as a table, or as JSON with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [compare(variant) for variant in ("b0", "b7")]
    sweep = sweep_seconds()
    if arguments.json:
        print(json.dumps({"networks": rows, "seconds_for_2500_configurations": sweep}, indent=2))
        return
    print("network  here, ms  fvcore, s  times faster  MACs here       MACs by fvcore")
    for row in rows:
        print(
            f"{row['variant']:<7}  {1e3 * float(row['seconds']):>8.3f}  "
            f"{row['fvcore_seconds']:>9.2f}  {row['times_faster']:>12,.0f}  "
            f"{row['macs']:>14,}  {row['fvcore_macs']:>14,.0f}"
        )
    print(f"2,500 random configurations: {sweep:.2f} s")


if __name__ == "__main__":
    main()
