"""A network compiled by OpenVINO for the CPU and shared by threads.

Where OpenVINO is missing or refuses, `graph_of` has nothing or a pass returns None, and the caller
runs torch; that is said once, in the log.

Compiling takes a tenth of a second or two and is not kept on disk: reading OpenVINO's own cache
took as long, and every network anybody ever scaled would leave its weights there.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import logging
import sys
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from effnet_viz.evidence.results import Runtime
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.layers import iter_layers

#: Photos of a batch whose largest map, together, stays within this run as one; see `batch_of`.
BATCH_BYTES = 8 * 2**20
MOST_AT_ONCE = 16

_ATTRIBUTE = "_cpu_graph"
_ALIGNED = 16  # values, 64 bytes: a line of the processor's cache
_log = logging.getLogger("effnet_viz")

Array = NDArray[np.float32]
Kind = Literal["last", "all"]


class Passed(NamedTuple):
    """What a pass gives: logits ``(N, classes)``, and outputs ``(N, C, h, w)`` of the last stage
    alone or of every stage, in memory of their own."""

    logits: Tensor
    stages: tuple[Tensor, ...]


class Graph:
    """A folded network's forward pass in OpenVINO.

    Nothing is compiled before it is asked for. Threads share it; each pass has a request of its
    own. `takes` sees when the module's weights were written to since, but not that a layer or a
    parameter was replaced: for that take the module plain.

    ``class_weights`` ``(classes, C)`` are the last layer's.
    """

    def __init__(self, spec: ArchitectureSpec, module: nn.Module) -> None:
        """Raises ValueError where the module's layers are not the spec's, folded."""
        self.spec = spec
        self._layers = folded_layers(spec, module)
        self._weights = in_one_piece(module)
        self._written = self._weights._version
        self.class_weights: Array = self._layers[-1].weight.detach().numpy()
        last = len(spec.stages) - (spec.stages[-1].operator == "pool_head")
        self._stages: dict[Kind, tuple[int, ...]] = {
            "last": (last,),
            "all": tuple(range(1, last + 1)),
        }
        self._programs: dict[tuple[int, Kind, int, int], _Program] = {}
        self._compiling = threading.Lock()
        self._refused = False

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy of the module has no graph: its weights are its own, and may change."""
        return type(None), ()

    def takes(self, inputs: Tensor) -> bool:
        """Whether ``inputs`` can be run: float32 ``(N, in_channels, px, px)`` on the CPU, at the
        spec's resolution, and with the weights that the graph was made of."""
        px = self.spec.resolution_px
        return (
            not self._refused
            and inputs.shape[1:] == (self.spec.in_channels, px, px)
            and inputs.dtype is torch.float32
            and inputs.is_cpu
            and self._weights._version == self._written
        )

    def run(self, inputs: Tensor, kind: Kind = "last") -> Passed | None:
        """One pass of ``(N, in_channels, px, px)``, on as many threads as torch has; None where
        this cannot run it.

        Many photos run in batches (`batch_of`), as many at a time as there are threads.
        """
        if not self.takes(inputs):
            return None
        threads = torch.get_num_threads()
        try:
            if len(inputs) == 1:
                return self._program(1, kind, 1, threads).run(inputs)
            return self._run_many(inputs, kind, threads)
        except RuntimeError as error:  # OpenVINO's only exception
            self._refused = True
            _say_once(f"OpenVINO refuses {self.spec.name} ({_first_line(error)}).")
            return None

    def _run_many(self, inputs: Tensor, kind: Kind, threads: int) -> Passed:
        """In batches on one stream per thread; what is left over runs one by one."""
        size = batch_of(self.spec, len(inputs), threads)
        whole = len(inputs) // size * size
        done = self._program(size, kind, threads, threads).run_each(inputs[:whole].split(size))
        if whole < len(inputs):
            done += self._program(1, kind, threads, threads).run_each(inputs[whole:].split(1))
        return _joined(done)

    def _program(self, batch: int, kind: Kind, streams: int, threads: int) -> _Program:
        key = (batch, kind, streams, threads)
        with self._compiling:
            if key not in self._programs:
                compiled = _compiled(
                    self.spec, self._layers, batch, self._stages[kind], streams, threads
                )
                self._programs[key] = _Program(compiled, streams)
            return self._programs[key]


class _Request:
    """One of OpenVINO's requests, reading and writing memory of its own."""

    def __init__(self, compiled: Any) -> None:
        import openvino

        self._request = compiled.create_infer_request()
        self._input = np.empty(tuple(compiled.input(0).shape), np.float32)
        self._outputs = [np.empty(tuple(port.shape), np.float32) for port in compiled.outputs]
        shared = partial(openvino.Tensor, shared_memory=True)
        self._request.set_input_tensor(0, shared(self._input))
        for number, output in enumerate(self._outputs):
            self._request.set_output_tensor(number, shared(output))

    def start(self, inputs: Tensor) -> None:
        """Begin a pass of these inputs."""
        np.copyto(self._input, inputs.numpy(force=True))
        self._request.start_async()

    def finish(self) -> Passed:
        """Wait for its end; what comes back is nobody else's."""
        self._request.wait()
        logits, *stages = (torch.from_numpy(output.copy()) for output in self._outputs)
        return Passed(logits, tuple(stages))


class _Program:
    """A compiled model and the requests that are free."""

    def __init__(self, compiled: Any, at_once: int) -> None:
        self._compiled, self._at_once = compiled, at_once
        self._free: SimpleQueue[_Request] = SimpleQueue()

    def run(self, inputs: Tensor) -> Passed:
        """One batch."""
        request = self._request()
        request.start(inputs)
        return self._finished(request)

    def run_each(self, batches: Sequence[Tensor]) -> list[Passed]:
        """Many batches, as many at a time as the model has streams."""
        running: deque[_Request] = deque()
        done: list[Passed] = []
        for inputs in batches:
            if len(running) == self._at_once:
                done.append(self._finished(running.popleft()))
            running.append(self._request())
            running[-1].start(inputs)
        return done + [self._finished(request) for request in running]

    def _request(self) -> _Request:
        try:
            return self._free.get_nowait()
        except Empty:
            return _Request(self._compiled)

    def _finished(self, request: _Request) -> Passed:
        passed = request.finish()
        self._free.put(request)
        return passed


def graph_of(module: nn.Module) -> Graph | None:
    """The graph of a module that `attach` gave one; a copy of the module has none."""
    return vars(module).get(_ATTRIBUTE)


def attach(module: nn.Module, spec: ArchitectureSpec) -> None:
    """Give a folded module on the CPU its graph, where OpenVINO is installed."""
    if _is_installed():
        vars(module)[_ATTRIBUTE] = Graph(spec, module)
    _give_back_memory()


def runtime_of(module: nn.Module, inputs: Tensor) -> Runtime:
    """What `forward` runs these inputs with."""
    graph = graph_of(module)
    if graph is not None and graph.takes(inputs):
        return "openvino"
    plain = any(isinstance(layer, nn.BatchNorm2d) for layer in module.modules())
    return "torch" if plain else "folded"


def forward(module: nn.Module, inputs: Tensor) -> Tensor:
    """Logits ``(N, classes)`` of ``(N, 3, H, W)`` on the module's device, by its graph where it has
    one that takes them, else by torch; without gradients."""
    graph = graph_of(module)
    passed = None if graph is None else graph.run(inputs)
    if passed is not None:
        return passed.logits
    with torch.no_grad():
        return module(inputs)


def folded_layers(spec: ArchitectureSpec, module: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    """The module's convolutions and linear layers, in the order of the spec's layers.

    Raises ValueError where they are not the spec's, or a norm is left that no convolution took in.
    """
    found = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    wanted = [layer for _, layer in iter_layers(spec) if layer.kind != "pool"]
    shapes = [
        (la.out_channels, la.in_channels // la.groups, *2 * (la.kernel_size,))[: 2 + 2 * conv]
        for la in wanted
        for conv in [la.kind == "conv"]
    ]
    norms = any(isinstance(layer, nn.BatchNorm2d) for layer in module.modules())
    if norms or shapes != [tuple(layer.weight.shape) for layer in found]:
        raise ValueError(f"this module is not {spec.name} with its norms folded")
    return found


def in_one_piece(module: nn.Module) -> Tensor:
    """Move the module's parameters into one tensor, which comes back: torch counts how often it is
    written to, through whichever of them.

    Each keeps its shape and the order of its values in memory.
    """
    places = [
        (layer, name)
        for layer in module.modules()
        for name, _ in layer.named_parameters(recurse=False)
    ]
    sizes = [-(-getattr(*place).numel() // _ALIGNED) * _ALIGNED for place in places]
    whole = torch.empty(sum(sizes))
    with torch.inference_mode(False), torch.no_grad():
        for (layer, name), part in zip(places, whole.split(sizes), strict=True):
            value = getattr(layer, name)  # freed when the next one is moved
            moved = part.as_strided(value.shape, value.stride(), part.storage_offset())
            moved.copy_(value)
            setattr(layer, name, nn.Parameter(moved, requires_grad=value.requires_grad))
    return whole


def batch_of(spec: ArchitectureSpec, photos: int, threads: int) -> int:
    """How many of ``photos`` run as one where each thread runs batches of its own.

    Small maps in batches spare the time between operations; large ones would only push each other
    out of the processor's cache.
    """
    share = -(-photos // threads)
    return max(1, min(share, MOST_AT_ONCE, BATCH_BYTES // _largest_map_bytes(spec)))


@functools.cache
def _largest_map_bytes(spec: ArchitectureSpec) -> int:
    sizes = (layer.out_channels * layer.out_px**2 for _, layer in iter_layers(spec))
    return 4 * int(max(sizes))


def _compiled(
    spec: ArchitectureSpec,
    layers: list[nn.Conv2d | nn.Linear],
    batch: int,
    stages: tuple[int, ...],
    streams: int,
    threads: int,
) -> Any:
    from effnet_viz.engine.graph.operations import openvino_model

    model = openvino_model(spec, layers, batch_size=batch, stages=stages)
    options = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": streams,
    }
    compiled = _core().compile_model(model, "CPU", options)
    del model
    _give_back_memory()
    return compiled


def _give_back_memory() -> None:
    """What building and compiling a network left free goes back to the system, where glibc would
    keep it: as much as the weights, or twice."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


@functools.cache
def _core() -> Any:
    import openvino

    return openvino.Core()


def _joined(batches: list[Passed]) -> Passed:
    """The batches' outputs one after the other."""
    stages = zip(*(each.stages for each in batches), strict=True)
    return Passed(
        torch.cat([each.logits for each in batches]), tuple(torch.cat(parts) for parts in stages)
    )


@functools.cache
def _is_installed() -> bool:
    if importlib.util.find_spec("openvino") is not None:
        return True
    _say_once("OpenVINO is not installed.")
    return False


@functools.cache
def _say_once(reason: str) -> None:
    _log.warning("%s The CPU runs networks by PyTorch instead, which takes longer.", reason)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")
