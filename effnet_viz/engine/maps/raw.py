"""Raw class activation maps, without touching the shared module.

The last stage's need no backward pass where only pooling and a linear layer follow:
`effnet_viz.engine.maps.closed_form`. All others are pytorch-grad-cam's, on a private tail. The
library hooks layers of the model it is given, which breaks when several people share one model:
their hooks see each other's passes. So the shared module is never hooked. Its features up to the
chosen stage run without gradients (by the module's graph, where it has one), and the library gets a
throw-away module made for this one call: an identity to hook, then the rest of the network. The map
is the same, because the stage's output and everything after it are; the time and memory are a
fraction, because nothing before is kept.

Channels are weighted by `effnet_viz.engine.maps.library`. The scaling of pytorch-grad-cam is not
used: it stretches every map to 0-1, noise included, and hides how strong it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet, ResNet

from effnet_viz.engine.graph.modules import EfficientNetLite, MobileNet
from effnet_viz.engine.graph.runtime import Graph, graph_of
from effnet_viz.engine.maps.closed_form import (
    VALUE_ROUNDING_IN_EPSILONS,
    WEIGHTS,
    Array,
    last_stage_map,
)
from effnet_viz.engine.maps.tail import Layers, Tail, through
from effnet_viz.errors import Cancelled, UserError
from effnet_viz.evidence.map_methods import METHODS

if TYPE_CHECKING:  # loading pytorch-grad-cam takes longer than the first maps
    from pytorch_grad_cam.base_cam import BaseCAM

_FLATTEN = nn.Flatten(1)
#: Where a module that has a graph, and so keeps its layers, remembers its parts.
_PARTS = "_parts"

#: Rounding of a forward and a backward pass (with a margin of ten) of a sum, relative to its terms,
#: in float32 epsilons. Folding batch norm, which changes
#: nothing but rounding, moves raw maps of trained networks by up to 25 in this unit; real
#: maps are hundreds to tens of thousands of times the limit.
NOISE_IN_EPSILONS = 256
_EPSILON = float(np.finfo(np.float32).eps)


class Parts(NamedTuple):
    """A network taken apart: the layers of each stage, those from the last map to the logits, the
    linear layer where nothing but average pooling comes before it (else None), and the graph that
    runs it all on the CPU (None where torch does)."""

    stages: tuple[Layers, ...]
    head: Layers
    linear: nn.Linear | None
    graph: Graph | None = None


class Kept(NamedTuple):
    """What one forward pass left: every stage's output ``(1, C, h, w)``, and ``(classes,)`` logits
    in float32 on the CPU."""

    stages: tuple[Tensor, ...]
    logits: Tensor


class Asked(NamedTuple):
    """Which map is wanted (no class: the top one), and how a long one reports and is stopped."""

    method: str
    target_class: int | None = None
    on_progress: Callable[[int, int], None] | None = None
    should_stop: Callable[[], bool] | None = None
    batch_size: int = 16


@dataclass(frozen=True, eq=False)
class RawMap:
    """A map before anybody made it pretty.

    ``values``: float32 ``(h, w)`` on the stage's own grid, after ReLU. ``noise``: a maximum below
    this is no more than rounding. ``moved``: how far rounding moves a value, where the method
    divides. ``logits``: float32 ``(classes,)``.
    """

    values: Array
    noise: float
    moved: float
    logits: Tensor
    target_index: int


def take_apart(module: nn.Module) -> Parts:
    """The parts of an EfficientNet, a MobileNet or a ResNet. Raises UserError for others."""
    graph = graph_of(module)
    if graph is None:
        return _taken_apart(module, None)
    parts: Parts | None = vars(module).get(_PARTS)
    if parts is None or parts.graph is not graph:
        parts = vars(module)[_PARTS] = _taken_apart(module, graph)
    return parts


def _taken_apart(module: nn.Module, graph: Graph | None) -> Parts:
    if isinstance(module, EfficientNet | EfficientNetLite):
        stages: tuple[Layers, ...] = tuple((stage,) for stage in module.features)
        classifier: nn.Module = module.classifier
    elif isinstance(module, MobileNet):
        stages, classifier = module.stages, module.classifier
    elif isinstance(module, ResNet):
        stem = (module.conv1, module.bn1, module.relu, module.maxpool)
        layers = (module.layer1, module.layer2, module.layer3, module.layer4)
        stages = (stem, *((layer,) for layer in layers))
        classifier = module.fc
    else:
        raise UserError(
            "Maps are made of EfficientNets, MobileNets and ResNets, not of a "
            f"{type(module).__name__}."
        )
    head = (module.avgpool, _FLATTEN, classifier)
    return Parts(stages, head, _only_linear(module.avgpool, classifier), graph)


def _only_linear(pooling: nn.Module, classifier: nn.Module) -> nn.Linear | None:
    to_one = isinstance(pooling, nn.AdaptiveAvgPool2d) and pooling.output_size in (1, (1, 1))
    layers = list(classifier) if isinstance(classifier, nn.Sequential) else [classifier]
    layers = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
    if to_one and len(layers) == 1 and isinstance(layers[0], nn.Linear):
        return layers[0]
    return None


def run_stages(parts: Parts, inputs: Tensor) -> Kept:
    """One forward pass of ``(1, 3, H, W)`` without gradients that keeps every stage's output."""
    passed = None if parts.graph is None else parts.graph.run(inputs, "all")
    if passed is not None:
        return Kept(passed.stages, passed.logits[0])
    with torch.inference_mode(False), torch.no_grad():
        outputs, logits = _outputs(parts, inputs, copied=False)
        if any(output._version != version for output, version in outputs):
            # A stage begins with a layer that writes over its input: rare, and never torchvision's.
            outputs, logits = _outputs(parts, inputs, copied=True)
    return Kept(tuple(output for output, _ in outputs), logits[0].float().cpu())


def _outputs(
    parts: Parts, inputs: Tensor, *, copied: bool
) -> tuple[list[tuple[Tensor, int]], Tensor]:
    outputs, x = [], inputs
    for layers in parts.stages:
        x = through(x, layers)
        outputs.append((x, x._version))
        x = x.clone() if copied else x
    return outputs, through(x, parts.head)


def raw_map(
    module: nn.Module,
    inputs: Tensor,
    *,
    method: str = "gradcam",
    target_class: int | None = None,
    target_stage: int,
) -> RawMap:
    """The map of one input ``(1, 3, H, W)`` that is on the module's device; see `map_at`."""
    return map_at(take_apart(module), inputs, target_stage, Asked(method, target_class))


def map_at(
    parts: Parts, inputs: Tensor, stage: int, asked: Asked, kept: Kept | None = None
) -> RawMap:
    """The map of one stage, for one input ``(1, 3, H, W)`` that is on the network's device.

    The network is in evaluation mode with frozen parameters; nothing of it is hooked, written to
    or given a gradient, so any number of threads may share it, and so they may ``kept``. Values
    that are not finite are returned, not raised.
    """
    is_last = stage == len(parts.stages)
    if is_last and _is_closed(parts, asked.method):
        return _closed_form(parts, kept or _last_stage(parts, inputs), asked)
    # The caller may be in inference mode, whose tensors can never have gradients.
    with torch.inference_mode(False):
        if kept is None and parts.graph is not None and parts.graph.takes(inputs):
            kept = run_stages(parts, inputs)
        if kept is not None:
            features, logits = kept.stages[stage - 1], kept.logits
        else:
            with torch.no_grad():
                features, logits = through(inputs, chain(*parts.stages[:stage])), None
        rest = (*chain(*parts.stages[stage:]), *parts.head)
        if METHODS[asked.method].gradients:
            return _maps_by_gradient([rest], features, asked, logits)[0]
        if logits is None:
            with torch.no_grad():
                logits = through(features.clone(), rest)[0].float().cpu()
        return _map_by_passes(parts, inputs, features, logits, asked)


def _is_closed(parts: Parts, method: str) -> bool:
    return parts.linear is not None and method in WEIGHTS


def _last_stage(parts: Parts, inputs: Tensor) -> Kept:
    """A pass that keeps the last stage's output only."""
    passed = None if parts.graph is None else parts.graph.run(inputs)
    if passed is not None:
        return Kept(passed.stages, passed.logits[0])
    with torch.inference_mode(False), torch.no_grad():
        features = through(inputs, chain(*parts.stages))
        return Kept((features,), through(features.clone(), parts.head)[0].float().cpu())


def _closed_form(parts: Parts, kept: Kept, asked: Asked) -> RawMap:
    """Values that are not finite stay so: nothing here hides them."""
    logits, activations = kept.logits, _array(kept.stages[-1])[0]
    target = int(logits.argmax()) if asked.target_class is None else asked.target_class
    values, magnitude, moved = last_stage_map(
        asked.method,
        activations,
        _class_weights(parts, target),
        divides=METHODS[asked.method].divides,
    )
    return RawMap(values, max(rounding_noise(magnitude), 2 * moved), moved, logits, target)


def _class_weights(parts: Parts, target: int) -> Array:
    if parts.graph is not None:
        return parts.graph.class_weights[target]
    assert parts.linear is not None
    return _array(parts.linear.weight[target])


def _array(values: Tensor) -> Array:
    return values.numpy(force=True).astype(np.float32, copy=False)


def maps_at_all_stages(
    parts: Parts, inputs: Tensor, asked: Asked, kept: Kept | None = None
) -> list[RawMap]:
    """The maps of every stage (of the last, where the method has no other), as `map_at` makes
    them: one pass forward, and one backward where the method takes gradients."""
    kind = METHODS[asked.method]
    with torch.inference_mode(False):
        if kind.gradients:
            sections = [*parts.stages[1:], parts.head]
            if kept is not None:
                return _maps_by_gradient(sections, kept.stages[0], asked, kept.logits)
            with torch.no_grad():
                stem = through(inputs, parts.stages[0])
            return _maps_by_gradient(sections, stem, asked, None)
        kept = kept or run_stages(parts, inputs)
        if kind.last_stage_only:
            return [_closed_form(parts, kept, asked)]
        total = sum(features.shape[1] for features in kept.stages)
        maps, before = [], 0
        for features in kept.stages:
            part = asked._replace(on_progress=_offset(asked.on_progress, before, total))
            maps.append(_map_by_passes(parts, inputs, features, kept.logits, part))
            before += features.shape[1]
    return maps


def _offset(
    report: Callable[[int, int], None] | None, before: int, total: int
) -> Callable[[int, int], None] | None:
    return None if report is None else lambda done, _: report(before + done, total)


def _maps_by_gradient(
    sections: Sequence[Layers], features: Tensor, asked: Asked, known_logits: Tensor | None
) -> list[RawMap]:
    """A map of ``features`` and of the output of every section but the last."""
    from effnet_viz.engine.maps.library import BY_GRADIENT

    tail = Tail(sections, features)
    cam = BY_GRADIENT[asked.method](tail, list(tail.probes))
    hooked = cam.activations_and_grads
    try:
        with torch.enable_grad():
            output = hooked(features.detach().requires_grad_())[0]
            logits = output.detach().float().cpu() if known_logits is None else known_logits
            target = int(logits.argmax()) if asked.target_class is None else asked.target_class
            output[target].backward()
        pairs = [
            (a.float().numpy(), g.float().numpy())
            for a, g in zip(hooked.activations, hooked.gradients, strict=True)
        ]
    finally:
        hooked.release()
    return [_by_gradient(cam, asked.method, *pair, logits, target) for pair in pairs]


def _by_gradient(
    cam: BaseCAM, method: str, activations: Array, gradients: Array, logits: Tensor, target: int
) -> RawMap:
    if not (np.isfinite(activations).all() and np.isfinite(gradients).all()):
        return _not_finite(activations, logits, target)
    with np.errstate(all="ignore"):
        values = np.maximum(_weighted(cam, activations, gradients), 0)
        # The same method's map of the absolute activations and gradients: see `rounding_noise`.
        magnitude = _weighted(cam, np.abs(activations), np.abs(gradients)).max()
        moved = 0.0
        if METHODS[method].divides:
            moved = _moved_by_rounding(cam, activations, gradients, values)
    return RawMap(values, max(rounding_noise(magnitude), 2 * moved), moved, logits, target)


def _map_by_passes(
    parts: Parts, inputs: Tensor, features: Tensor, logits: Tensor, asked: Asked
) -> RawMap:
    from effnet_viz.engine.maps.library import FORWARD_ONLY, Seen

    target = int(logits.argmax()) if asked.target_class is None else asked.target_class
    activations = _array(features)
    if not (np.isfinite(activations).all() and logits.isfinite().all()):
        return _not_finite(activations, logits, target)

    def between(done: int, total: int) -> None:
        if asked.should_stop is not None and asked.should_stop():
            raise Cancelled
        if asked.on_progress is not None:
            asked.on_progress(done, total)

    seen = Seen(_Whole(parts, inputs), inputs, activations, target, asked.batch_size, between)
    values, magnitude = FORWARD_ONLY[asked.method](seen)
    values = np.maximum(values, 0).astype(np.float32)
    return RawMap(values, rounding_noise(magnitude), 0.0, logits, target)


def _not_finite(activations: Array, logits: Tensor, target: int) -> RawMap:
    # The library's projection turns NaN into 0 before it looks.
    values = np.full(activations.shape[2:], np.nan, dtype=np.float32)
    return RawMap(values, 0.0, 0.0, logits, target)


def _weighted(cam: BaseCAM, activations: Array, gradients: Array) -> Array:
    """The library's own map ``(h, w)``, before ReLU and before its scaling."""
    return cam.get_cam_image(None, None, None, activations, gradients, False)[0]


def rounding_noise(magnitude: float) -> float:
    """How far rounding moves a map, from how large it would be if nothing cancelled.

    A map is a sum over channels of activation times weight, and a weight a mean of gradients. Each
    term carries a relative rounding error of some float32 epsilons, so the sum carries that error
    relative to the sum of *absolute* terms, however much of it cancels.
    """
    return NOISE_IN_EPSILONS * _EPSILON * float(magnitude)


def _moved_by_rounding(cam: BaseCAM, activations: Array, gradients: Array, values: Array) -> float:
    """The largest change of the map when every activation and gradient is rounded differently.

    Grad-CAM++ and XGrad-CAM divide by a sum of activations (times gradients). They were made for
    activations after a ReLU; EfficientNet's inner stages end without one, so the sum may cancel,
    and a quotient that is mostly rounding can then dominate the map.
    """
    signs = np.random.default_rng(0)

    def rounded_otherwise(array: Array) -> Array:
        relative = VALUE_ROUNDING_IN_EPSILONS * _EPSILON
        return array * signs.choice(np.array([1 - relative, 1 + relative], np.float32), array.shape)

    other = _weighted(cam, rounded_otherwise(activations), rounded_otherwise(gradients))
    return float(np.abs(np.maximum(other, 0) - values).max())


class _Whole(nn.Module):
    """The whole shared network for methods that hook nothing."""

    def __init__(self, parts: Parts, inputs: Tensor) -> None:
        super().__init__()
        self.device_marker = nn.Parameter(inputs.new_empty(0), requires_grad=False)
        self._graph = parts.graph
        self._layers = (*chain(*parts.stages), *parts.head)

    def forward(self, inputs: Tensor) -> Tensor:
        passed = None if self._graph is None else self._graph.run(inputs)
        return through(inputs, self._layers) if passed is None else passed.logits
