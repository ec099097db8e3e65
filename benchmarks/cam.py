"""What a map costs beside a plain forward pass, the runtime's own, pytorch-grad-cam and torch-cam.

    python benchmarks/cam.py [--only NAME ...] [--json] [--rounds N] [--threads N | --cpu-time]
    python benchmarks/cam.py --batches [--rounds N] [--threads N] [--json]

All of them work on the same network, input and class, Grad-CAM on the last stage; weights are
random, which changes no time. ``plain`` is torchvision's module as it comes, in inference mode,
nothing but the logits; ``runtime`` is OpenVINO's pass alone, nothing but the logits, of an input
that it already holds; ``map`` is this package's whole map, forward pass included; the two libraries
hook their own copy of the plain module and are constructed once. Every round runs all of them in an
order drawn for it, because whoever ran before leaves its mark on caches, and a ratio is the median
over rounds of the ratio within a round, so that a machine that is busy now and then slows both
sides. Peak memory is the most that a network, what is made of it, and its first pass take in a
fresh process that has loaded the libraries (Linux only).

``--batches`` runs sixteen photos through the five classroom networks: as the engine does, one by
one in OpenVINO, in OpenVINO's own throughput mode, and in plain torch as one batch.
"""

from __future__ import annotations

import argparse
import copy
import functools
import gc
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # runs from a checkout, nothing is installed

import openvino
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor, nn

from effnet_viz.engine.graph.operations import openvino_model
from effnet_viz.engine.graph.runtime import folded_layers, graph_of
from effnet_viz.engine.maps.raw import raw_map, take_apart
from effnet_viz.engine.models import build_model
from effnet_viz.engine.optimise import optimise
from effnet_viz.scaling.architectures import RESNET_50, ArchitectureSpec
from effnet_viz.scaling.families import ROLES, classroom_spec, released_spec

torchcam: Any
try:
    import torchcam.methods as torchcam
except ImportError:
    torchcam = None

Networks = dict[str, ArchitectureSpec]

LARGE: Networks = {
    "b0": released_spec("b0"),
    "b3": released_spec("b3"),
    "resnet50": RESNET_50,
}
CLASSROOM: Networks = {role: classroom_spec(role) for role in ROLES}
CONTENDERS = ("plain", "runtime", "map", "pytorch-grad-cam", *(("torch-cam",) if torchcam else ()))
BATCH = 16
TARGET_CLASS = 3

Pass = Callable[[Tensor], object]


def contender(name: str, network: nn.Module, spec: ArchitectureSpec) -> Pass:
    """One of them as a function of the input ``(1, 3, H, W)``, on this network, which it keeps."""
    network.eval()
    if name == "plain":
        return torch.inference_mode()(network.requires_grad_(False))
    stages = take_apart(network).stages
    (last,) = stages[-1]
    if name == "runtime":
        return own_pass(network, spec)
    if name == "map":
        faster = optimise(network, "cpu", spec)
        return lambda inputs: raw_map(
            faster, inputs, target_class=TARGET_CLASS, target_stage=len(stages)
        )
    if name == "pytorch-grad-cam":
        library = GradCAM(model=network, target_layers=[last])
        return lambda inputs: library(inputs, [ClassifierOutputTarget(TARGET_CLASS)])
    extractor = torchcam.GradCAM(network, last)
    return lambda inputs: extractor(TARGET_CLASS, network(inputs))


def own_pass(network: nn.Module, spec: ArchitectureSpec) -> Pass:
    """OpenVINO's pass of an input it already holds, logits only, as bare as its Python allows."""
    compiled = compiled_for(network, spec, INFERENCE_NUM_THREADS=torch.get_num_threads())
    request = compiled.create_infer_request()
    held: dict[int, object] = {}

    def run(inputs: Tensor) -> None:
        if id(inputs) not in held:
            held[id(inputs)] = inputs
            request.set_input_tensor(0, openvino.Tensor(inputs.numpy(), shared_memory=True))
        request.start_async()
        request.wait()

    return run


def compiled_for(network: nn.Module, spec: ArchitectureSpec, **options: object) -> Any:
    """The network's logits in OpenVINO, one image at a time."""
    layers = folded_layers(spec, optimise(network, "cpu"))
    model = openvino_model(spec, layers, batch_size=1, stages=())
    options = {"INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1, **options}
    return openvino.Core().compile_model(model, "CPU", options)


def interleaved(
    passes: dict[tuple[str, str], Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds per round of every (network, contender), by network and contender."""
    times: dict[str, dict[str, list[float]]] = {name: {} for name, _ in passes}
    for name, who in passes:
        times[name][who] = []
    order, draw = list(passes), random.Random(0)
    for number in range(rounds + 2):  # two rounds warm up
        draw.shuffle(order)
        for name, who in order:
            started = clock()
            passes[name, who]()
            if number >= 2:
                times[name][who].append(1e3 * (clock() - started))
    return times


def compare(
    networks: Networks, rounds: int, clock: Callable[[], float]
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds per round of every contender on every network, all interleaved."""
    passes: dict[tuple[str, str], Callable[[], object]] = {}
    for name, spec in networks.items():
        torch.manual_seed(0)
        network = build_model(spec)
        inputs = torch.randn(1, 3, spec.resolution_px, spec.resolution_px)
        for who in CONTENDERS:
            own = copy.deepcopy(network)
            passes[name, who] = functools.partial(contender(who, own, spec), inputs)
    return interleaved(passes, rounds, clock)


def batches(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds per round of sixteen photos by every way and network, all interleaved."""
    passes: dict[tuple[str, str], Callable[[], object]] = {}
    for name, spec in CLASSROOM.items():
        torch.manual_seed(0)
        network = build_model(spec).eval().requires_grad_(False)
        inputs = torch.randn(BATCH, 3, spec.resolution_px, spec.resolution_px)
        graph = graph_of(optimise(network, "cpu", spec))
        assert graph is not None
        single = own_pass(network, spec)
        passes[name, "engine"] = functools.partial(graph.run, inputs)
        passes[name, "one by one"] = functools.partial(each_alone, single, inputs)
        passes[name, "throughput mode"] = throughput(network, spec, inputs)
        passes[name, "plain torch"] = functools.partial(torch.inference_mode()(network), inputs)
    return interleaved(passes, rounds, time.perf_counter)


def each_alone(run: Pass, inputs: Tensor) -> None:
    """The photos one after the other."""
    for image in inputs.split(1):
        run(image)


def throughput(network: nn.Module, spec: ArchitectureSpec, inputs: Tensor) -> Callable[[], object]:
    """OpenVINO's own throughput mode, as many requests as it asks for."""
    compiled = compiled_for(
        network, spec, NUM_STREAMS=-1, PERFORMANCE_HINT="THROUGHPUT",
        INFERENCE_NUM_THREADS=torch.get_num_threads(),
    )  # fmt: skip
    queue = openvino.AsyncInferQueue(compiled)
    images = [image.numpy() for image in inputs.split(1)]

    def run() -> None:
        for image in images:
            queue.start_async({0: image}, share_inputs=True)
        queue.wait_all()

    return run


def median_ratio(above: list[float], below: list[float]) -> float:
    """The median over rounds of one time over another."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def summed(times: dict[str, dict[str, list[float]]], who: str) -> list[float]:
    """Per round, the sum over networks."""
    return [sum(row) for row in zip(*(by[who] for by in times.values()), strict=True)]


def row(name: str, px: int | None, by: dict[str, list[float]]) -> dict[str, Any]:
    """Medians in ms and the ratios of one network (or of a sum of networks)."""
    return {
        "network": name,
        "resolution_px": px,
        "ms": {who: statistics.median(by[who]) for who in CONTENDERS},
        "map_over_plain": median_ratio(by["map"], by["plain"]),
        "runtime_over_plain": median_ratio(by["runtime"], by["plain"]),
        "map_over_runtime": median_ratio(by["map"], by["runtime"]),
        "pytorch_grad_cam_over_map": median_ratio(by["pytorch-grad-cam"], by["map"]),
        "torch_cam_over_map": median_ratio(by["torch-cam"], by["map"]) if torchcam else None,
    }


def peak_mb(network: str, who: str) -> float | None:
    """The most memory in MiB that a network and its first pass take beyond the libraries, measured
    in a process of its own."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    command = [sys.executable, __file__, "--peak", network, who]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_own_peak(network: str, who: str) -> None:
    """What `peak_mb` runs: load the libraries, then build the network and watch its first pass."""
    torch.set_num_threads(1)
    spec, small = (LARGE | CLASSROOM)[network], classroom_spec("baseline")
    contender(who, build_model(small), small)(torch.randn(1, 3, 96, 96))  # loads the libraries
    gc.collect()
    before = _status_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest resident size so far
    run = contender(who, build_model(spec), spec)
    run(torch.randn(1, 3, spec.resolution_px, spec.resolution_px))
    print(_status_mb("VmHWM") - before)


def _status_mb(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    raise KeyError(key)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for a terminal."""
    names = "".join(f"{who:>18}" for who in CONTENDERS)
    lines = [f"{'':<12}{'px':>4}{names}   map/plain  map/runtime  grad-cam/map  torch-cam/map"]
    for each in rows:
        cells = ""
        for who in CONTENDERS:
            peak = each.get("peak_mb", {}).get(who)
            memory = "" if peak is None else f" {peak:>4.0f} MiB"
            cells += f"{each['ms'][who]:.1f} ms{memory}".rjust(18)
        ratio = each["torch_cam_over_map"]
        lines.append(
            f"{each['network']:<12}{each['resolution_px'] or '':>4}{cells}"
            f"{each['map_over_plain']:>12.2f}{each['map_over_runtime']:>13.2f}"
            f"{each['pytorch_grad_cam_over_map']:>14.1f}"
            + ("" if ratio is None else f"{ratio:>15.1f}")
        )
    return "\n".join(lines)


def print_batches(times: dict[str, dict[str, list[float]]], *, as_json: bool) -> None:
    """Photos per second of each network and of the five together, by way."""
    ways = list(next(iter(times.values())))
    sums = {"all five": {way: summed(times, way) for way in ways}}
    rates = {
        name: {way: 1e3 * BATCH / statistics.median(by[way]) for way in ways}
        for name, by in (times | sums).items()
    }
    if as_json:
        threads = torch.get_num_threads()
        print(json.dumps({"threads": threads, "photos_per_second": rates}, indent=2))
        return
    print(f"{'photos a second':<16}" + "".join(f"{way:>18}" for way in ways))
    for name, by in rates.items():
        print(f"{name:<16}" + "".join(f"{by[way]:>18.0f}" for way in ways))


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
    parser.add_argument("--batches", action="store_true", help="sixteen photos at a time instead")
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
    if arguments.batches:
        print_batches(batches(arguments.rounds), as_json=arguments.json)
        return
    clock = time.process_time if arguments.cpu_time else time.perf_counter
    rows: list[dict[str, Any]] = []
    for everything in (LARGE, CLASSROOM):
        group = {n: how for n, how in everything.items() if n in (arguments.only or everything)}
        times = compare(group, arguments.rounds, clock)
        for name, by in times.items():
            peaks = {who: peak_mb(name, who) for who in CONTENDERS}
            rows.append(row(name, group[name].resolution_px, by) | {"peak_mb": peaks})
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
