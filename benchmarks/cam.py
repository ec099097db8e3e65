"""What a map costs beside a plain forward pass, pytorch-grad-cam and torch-cam.

    python benchmarks/cam.py [--only NAME ...] [--json] [--rounds N] [--threads N | --cpu-time]

All four work on the same network, input and class, Grad-CAM on the last stage; weights are random,
which changes no time. ``plain`` is torchvision's module as it comes, in inference mode, nothing but
the logits; ``map`` is this package's whole map, forward pass included; the two libraries hook their
own copy of the plain module and are constructed once. Every round runs all of them in turn, each
time beginning with another one, and a ratio is the median over rounds of the ratio within a round,
so that a machine that is busy now and then slows both sides. Peak memory is what one pass adds to a
fresh process that holds the network (Linux only).
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

import torch
import torchvision
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from effnet_viz.engine.maps.raw import raw_map
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.scaling.families import ROLES, classroom_spec

torchcam: Any
try:
    import torchcam.methods as torchcam
except ImportError:
    torchcam = None

LARGE: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "b0": (torchvision.models.efficientnet_b0, 224),
    "b3": (torchvision.models.efficientnet_b3, 300),
    "resnet50": (torchvision.models.resnet50, 224),
}
CLASSROOM: dict[str, tuple[Callable[[], nn.Module], int]] = {
    role: (functools.partial(build_model, classroom_spec(role)), classroom_spec(role).resolution_px)
    for role in ROLES
}
CONTENDERS = ("plain", "map", "pytorch-grad-cam", *(("torch-cam",) if torchcam else ()))
TARGET_CLASS = 3

Pass = Callable[[Tensor], object]


def contender(name: str, network: nn.Module) -> Pass:
    """One of the four as a function of the input ``(1, 3, H, W)``, on a network of its own."""
    network = copy.deepcopy(network).eval()
    if isinstance(network, torchvision.models.ResNet):
        last, stages = network.layer4, 5
    else:
        features = network.get_submodule("features")
        stages = len(list(features.children()))
        last = features.get_submodule(str(stages - 1))
    if name == "plain":
        return torch.inference_mode()(network.requires_grad_(False))
    if name == "map":
        faster = optimise(network, "cpu")
        return lambda inputs: raw_map(
            faster, inputs, target_class=TARGET_CLASS, target_stage=stages
        )
    if name == "pytorch-grad-cam":
        library = GradCAM(model=network, target_layers=[last])
        return lambda inputs: library(inputs, [ClassifierOutputTarget(TARGET_CLASS)])
    extractor = torchcam.GradCAM(network, last)
    return lambda inputs: extractor(TARGET_CLASS, network(inputs))


def compare(
    networks: dict[str, tuple[Callable[[], nn.Module], int]],
    rounds: int,
    clock: Callable[[], float],
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds per round of every contender on every network, all interleaved."""
    passes: dict[tuple[str, str], Callable[[], object]] = {}
    for name, (build, px) in networks.items():
        torch.manual_seed(0)
        network, inputs = build(), torch.randn(1, 3, px, px)
        for who in CONTENDERS:
            passes[name, who] = functools.partial(contender(who, network), inputs)
    times: dict[str, dict[str, list[float]]] = {n: {w: [] for w in CONTENDERS} for n in networks}
    for number in range(rounds + 2):  # two rounds warm up
        first = number % len(CONTENDERS)  # whoever ran before leaves its mark on caches and memory
        for name in networks:
            for who in (*CONTENDERS[first:], *CONTENDERS[:first]):
                started = clock()
                passes[name, who]()
                if number >= 2:
                    times[name][who].append(1e3 * (clock() - started))
    return times


def median_ratio(above: list[float], below: list[float]) -> float:
    """The median over rounds of one time over another."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def summed(times: dict[str, dict[str, list[float]]], who: str) -> list[float]:
    """Per round, the sum over networks."""
    return [sum(row) for row in zip(*(by[who] for by in times.values()), strict=True)]


def row(name: str, px: int | None, by: dict[str, list[float]]) -> dict[str, Any]:
    """Medians in ms and the three ratios of one network (or of a sum of networks)."""
    return {
        "network": name,
        "resolution_px": px,
        "ms": {who: statistics.median(by[who]) for who in CONTENDERS},
        "map_over_plain": median_ratio(by["map"], by["plain"]),
        "pytorch_grad_cam_over_map": median_ratio(by["pytorch-grad-cam"], by["map"]),
        "torch_cam_over_map": median_ratio(by["torch-cam"], by["map"]) if torchcam else None,
    }


def peak_mb(network: str, who: str) -> float | None:
    """Memory in MiB that one pass adds, measured in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    command = [sys.executable, __file__, "--peak", network, who]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_own_peak(network: str, who: str) -> None:
    """What `peak_mb` runs: build, warm up on a small input, then watch one pass."""
    torch.set_num_threads(1)
    build, px = (LARGE | CLASSROOM)[network]
    run = contender(who, build())
    run(torch.randn(1, 3, 64, 64))
    inputs = torch.randn(1, 3, px, px)
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest resident size so far
    before = _status_mb("VmRSS")
    run(inputs)
    print(_status_mb("VmHWM") - before)


def _status_mb(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal."""
    names = "".join(f"{who:>18}" for who in CONTENDERS)
    lines = [f"{'':<12}{'px':>4}{names}   map/plain  grad-cam/map  torch-cam/map"]
    for each in rows:
        cells = ""
        for who in CONTENDERS:
            peak = each.get("peak_mb", {}).get(who)
            memory = "" if peak is None else f" {peak:>4.0f} MiB"
            cells += f"{each['ms'][who]:.1f} ms{memory}".rjust(18)
        ratio = each["torch_cam_over_map"]
        lines.append(
            f"{each['network']:<12}{each['resolution_px'] or '':>4}{cells}"
            f"{each['map_over_plain']:>12.2f}{each['pytorch_grad_cam_over_map']:>14.1f}"
            + ("" if ratio is None else f"{ratio:>15.1f}")
        )
    return "\n".join(lines)


def main() -> None:
    """Print the comparison as a table, or as JSON with ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", nargs="+", choices=[*LARGE, *CLASSROOM], help="these networks")
    parser.add_argument("--threads", type=int, help="CPU threads of torch (default: its own)")
    parser.add_argument(
        "--cpu-time", action="store_true", help="processor time on one thread, for a busy machine"
    )
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peak:
        network, who = arguments.peak
        print_own_peak(network, who)
        return
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.cpu_time:
        torch.set_num_threads(1)
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    rows: list[dict[str, Any]] = []
    for everything in (LARGE, CLASSROOM):
        group = {n: how for n, how in everything.items() if n in (arguments.only or everything)}
        times = compare(group, arguments.rounds, clock)
        for name, by in times.items():
            peaks = {who: peak_mb(name, who) for who in CONTENDERS}
            rows.append(row(name, group[name][1], by) | {"peak_mb": peaks})
        if group == CLASSROOM:
            rows.append(row("all five", None, {who: summed(times, who) for who in CONTENDERS}))
    if arguments.json:
        threads = torch.get_num_threads()
        print(
            json.dumps({"threads": threads, "cpu_time": arguments.cpu_time, "rows": rows}, indent=2)
        )
        return
    print(table(rows))
    if not torchcam:
        print("torch-cam is not installed; pip install -r requirements-dev.txt adds it.")


if __name__ == "__main__":
    main()
