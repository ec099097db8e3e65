"""Where a model runs, whether it fits, and what it says about a photo."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import difflib
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import nn

from effnet_viz.engine import images
from effnet_viz.engine.graph.runtime import forward, runtime_of
from effnet_viz.engine.timing.one_pass import measure_latency
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import Prediction, TopClass
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import BYTES_PER_VALUE, inference_memory_bytes, network_cost
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.weights import LoadedModel


#: Most multiply-adds of one pass that are still worth waiting for (B7 has 38 billion): tens of
#: seconds on two CPU cores.
MAX_MACS = {"cpu": 300 * 10**9, "cuda": 10**13, "mps": 3 * 10**12}

#: Multiply-adds of one batch of `batch_at_once`.
BATCH_MACS = 40 * 10**9

#: Assumed free where the system does not say.
UNKNOWN_MEMORY_BYTES = 4 * 1024**3

Result = TypeVar("Result")


def device_label(device: str) -> str:
    """What the device is, for a person: ``CPU (name)`` or ``GPU (name)``."""
    if device.startswith("cuda"):
        return f"GPU ({torch.cuda.get_device_name(device)})"
    if device == "mps":
        return "GPU (Apple Metal)"
    name = _processor_name()
    return f"CPU ({name})" if name else "CPU"


def _processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def available_memory_bytes(device: str = "cpu") -> int:
    """Memory a new computation can use on ``device``, as far as the system tells.

    The CPU's is what Linux and Windows call available (half of all memory on macOS, which has no
    such figure), and no more than a container's limit leaves. On a GPU what torch keeps for its
    next tensors counts as free.
    """
    if device.startswith("cuda"):
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    free = _system_memory_bytes() or UNKNOWN_MEMORY_BYTES
    return min(free, _container_memory_bytes() or free)


def _system_memory_bytes() -> int | None:
    if sys.platform == "win32":
        return _windows_memory_bytes()
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError, AttributeError):
        return None


def _windows_memory_bytes() -> int | None:
    class MemoryStatus(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in (
                "total", "available", "total_page", "available_page", "total_virtual",
                "available_virtual", "available_extended",
            )),
        )  # fmt: skip

    status = MemoryStatus(length=ctypes.sizeof(MemoryStatus))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  (only Windows has the attribute)
    return int(status.available) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _container_memory_bytes(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a Linux container's own limit leaves, files that were read and can be read again not
    counted; None where there is no limit."""
    try:
        limit = int((root / "memory.max").read_text())
        used = int((root / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return None
    with contextlib.suppress(OSError, ValueError):
        lines = (line.split() for line in (root / "memory.stat").read_text().splitlines())
        held = {name: int(value) for name, value in lines}
        used -= held.get("active_file", 0) + held.get("inactive_file", 0)
    return max(0, limit - used)


def guard(
    spec: ArchitectureSpec,
    *,
    batch_size: int = 1,
    device: str = "cpu",
    available_bytes: int | None = None,
    max_macs: int | None = None,
    map_stage: int | None = None,
    loaded: bool = False,
    extra_bytes: int = 0,
    name: str = "",
) -> None:
    """Return if this machine can run ``spec``, by arithmetic, before anything is built.

    Memory counts the largest layer's input and output, the weights twice (as built, and as
    optimised; what the first pass compiles takes the memory of the former; not at all for a model
    already ``loaded``), what is kept besides (``extra_bytes``) and, where a map of ``map_stage`` is
    wanted, what its gradients need. ``available_bytes`` and ``max_macs`` default to what the device
    has free and to `MAX_MACS`. Raises UserError with both numbers, which calls the network by
    ``name``, else by its spec's.
    """
    cost, name = network_cost(spec), name or spec.name
    if max_macs is None:
        max_macs = MAX_MACS[device.partition(":")[0]]
    if batch_size * cost.macs > max_macs:
        raise UserError(
            f"{name} at {spec.resolution_px} px needs {batch_size * cost.macs / 1e9:,.0f} "
            f"billion multiply-adds for one pass; at most {max_macs / 1e9:,.0f} billion are run on "
            f"this device ({device}). Lower the resolution, the width or the depth."
        )
    weight_copies = -1 if loaded else 1  # on top of the one in the estimate
    needed = inference_memory_bytes(spec, batch_size) + extra_bytes
    needed += weight_copies * BYTES_PER_VALUE * cost.params
    if map_stage is not None:
        needed += gradient_memory_bytes(spec, map_stage)
    if available_bytes is None:
        available_bytes = available_memory_bytes(device)
    if needed > available_bytes:
        what = "a map of an early stage of it" if map_stage is not None else "running it"
        raise UserError(
            f"{name} at {spec.resolution_px} px does not fit: {what} needs at least "
            f"{needed / 1024**3:.1f} GB of memory, {available_bytes / 1024**3:.1f} GB are free. "
            "Lower the resolution or the width"
            + (", or choose a later stage." if map_stage is not None else ".")
        )


def guard_loaded(
    model: LoadedModel,
    *,
    batch_size: int = 1,
    map_stage: int | None = None,
    extra_bytes: int = 0,
) -> None:
    """`guard` for a model that is loaded, on its own device and by its own name."""
    guard(
        model.spec,
        name=model.name,
        device=model.device,
        loaded=True,
        batch_size=batch_size,
        map_stage=map_stage,
        extra_bytes=extra_bytes,
    )


def batch_at_once(spec: ArchitectureSpec, most: int = 16) -> int:
    """How many images to run in one pass where many wait: at most ``most``, and no more than take
    about a second on two CPU cores, so that long work can report and be stopped in between."""
    return max(1, min(most, BATCH_MACS // network_cost(spec).macs))


def gradient_memory_bytes(spec: ArchitectureSpec, stage: int) -> int:
    """Rough float32 memory of what a backward pass down to ``stage``'s output keeps: for every
    later convolution its output and the activated copy."""
    later = network_cost(spec).stages[stage:]
    return 2 * BYTES_PER_VALUE * sum(row.activations for row in later)


def predict(
    model: LoadedModel,
    image: Image.Image,
    *,
    square: Square | None = None,
    top: int = 5,
    repeats: int = 5,
) -> Prediction:
    """The ``top`` classes of a photo and the time of the forward pass alone.

    The pass that gives the logits and one more are the warm-up; ``repeats`` further ones are timed
    (preprocessing is not). Runs on the model's device, or on the CPU where a GPU's memory is full,
    which ``note`` then says. Raises UserError where the machine cannot run the model, and where the
    network's output is not finite.
    """
    if top < 1:
        raise UserError(f"Ask for at least one class, not {top}.")
    guard_loaded(model)
    inputs = model.preprocess(image, square)

    def ask(model: LoadedModel) -> Prediction:
        on_device = inputs.to(model.device)
        run = partial(forward, model.module)
        logits = run(on_device)[0].float().cpu()
        if not logits.isfinite().all():
            raise UserError(not_finite(model))
        latency = measure_latency(
            run,
            on_device,
            device=model.device,
            repeats=repeats,
            warmup=1,
            runtime=runtime_of(model.module, on_device),
        )
        probabilities, indices = logits.softmax(0).topk(min(top, len(logits)))
        return Prediction(
            family=model.family,
            model=model.name,
            role=model.role,
            weights=model.weights,
            meaningful=model.meaningful,
            device=model.device,
            resolution_px=inputs.shape[-1],
            latency=replace(latency, device=device_label(model.device)),
            top=tuple(
                TopClass(class_label(model, index), index, probability)
                for index, probability in zip(indices.tolist(), probabilities.tolist(), strict=True)
            ),
        )

    result, note = with_cpu_fallback(model, ask)
    return replace(result, note=note)


def class_label(model: LoadedModel, index: int) -> str:
    """The name of a class; its number where the model's classes have no names."""
    return model.classes[index] if index < len(model.classes) else f"class {index}"


def class_index(classes: Sequence[str], wanted: str) -> int:
    """The index of a class given by its label, in any case, or by its number.

    Raises UserError with the nearest labels where there is none.
    """
    if wanted.isdecimal():
        if len(wanted) > 9 or int(wanted) >= len(classes):
            raise UserError(f"There is no class {wanted}; there are 0 to {len(classes) - 1}.")
        return int(wanted)
    if wanted in classes:
        return classes.index(wanted)
    folded, asked = [label.casefold() for label in classes], wanted.casefold().strip()
    found = [index for index, label in enumerate(folded) if label == asked]
    if len(found) == 1:
        return found[0]
    if found:
        both = " or ".join(f"{classes[index]} ({index})" for index in found)
        raise UserError(f"{wanted!r} could be {both}; give the number.")
    close = difflib.get_close_matches(asked, folded, n=3, cutoff=0.5)
    close += [label for label in folded if asked and asked in label and label not in close][:3]
    if close:
        near = ", ".join(classes[folded.index(label)] for label in close)
        raise UserError(f"There is no class {wanted!r}; did you mean {near}?")
    some = ", ".join(classes[:10])
    raise UserError(f"There is no class {wanted!r}; there are, for example, {some}.")


def not_finite(model: LoadedModel) -> str:
    """The message for a network whose output is NaN or infinite."""
    return (
        f"{model.name} gave a result that is not a finite number, so its weights are damaged or "
        "overflow at this scale; load it again or choose another model."
    )


def with_cpu_fallback(
    model: LoadedModel, run: Callable[[LoadedModel], Result]
) -> tuple[Result, str]:
    """``run(model)``, and once more with a copy on the CPU where a GPU runs out of memory.

    Returns the result and a note, empty where nothing happened. Raises UserError where the CPU's
    memory is full as well.
    """
    try:
        return run(model), ""
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if model.device == "cpu":
            raise UserError(_memory_full(model)) from error
    # Out of the handler: the exception's frames no longer hold tensors on the GPU.
    if model.device.startswith("cuda") and torch.cuda.is_available():
        torch.cuda.empty_cache()
    on_cpu = replace(model, module=_copy_on_cpu(model.module), device="cpu")
    try:
        result = run(on_cpu)
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise UserError(_memory_full(model)) from error
        raise
    return result, "The GPU's memory was full, so this ran on the CPU."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory, on any device, is full."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return any(
        phrase in text for phrase in ("out of memory", "can't allocate memory", "not enough memory")
    )


def _memory_full(model: LoadedModel) -> str:
    return (
        f"There is not enough memory to run {model.name} at {model.spec.resolution_px} px; "
        "choose a smaller model or resolution, or close other programs."
    )


def _copy_on_cpu(module: nn.Module) -> nn.Module:
    """A copy whose tensors are on the CPU, made without another copy on the full device."""
    tensors = {
        **{id(p): nn.Parameter(p.detach().cpu(), requires_grad=False) for p in module.parameters()},
        **{id(b): b.detach().cpu() for b in module.buffers()},
    }
    return copy.deepcopy(module, memo=tensors).to(memory_format=torch.channels_last)


def share_of_ten(model: LoadedModel, image: Image.Image, square: Square | None = None) -> float:
    """How much of its probability, 0-1, a network of ImageNet's thousand classes gives to the
    classroom family's ten, shown a square of the photo, by default the centre's.

    `effnet_viz.evidence.lite.Outside` says what that means.
    """
    seen = square or images.square(image.width, image.height)
    logits = forward(model.module, model.preprocess(image, seen).to(model.device))
    ten = [model.classes.index(label) for label in IMAGENETTE_CLASSES.values()]
    return float(logits[0].float().softmax(0)[ten].sum())
