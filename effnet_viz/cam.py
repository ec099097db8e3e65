"""Class activation maps by pytorch-grad-cam, on a private tail of a shared model.

The library hooks layers of the model it is given, which breaks when several people share one model:
their hooks see each other's passes. So the shared model is never hooked. Its features up to the
chosen stage run without gradients, and the library gets a throw-away module made for this one call:
an identity to hook, then the rest of the network. The map is the same, because the stage's output
and everything after it are; the time and memory are a fraction, because nothing before is kept.

The library's weighting of channels is used as it is. Its scaling is not: it stretches every map to
0-1, noise included, and hides how strong it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pytorch_grad_cam import EigenCAM, GradCAM, GradCAMPlusPlus, LayerCAM
from pytorch_grad_cam.base_cam import BaseCAM
from torch import Tensor, nn
from torchvision.models import EfficientNet, ResNet

from effnet_viz.errors import UserError
from effnet_viz.inference import class_label, guard, not_finite, with_cpu_fallback
from effnet_viz.results import CamResult

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.images import Square
    from effnet_viz.weights import LoadedModel

Array = NDArray[np.float32]


class LargeGridEigenCAM(EigenCAM):
    """EigenCAM that also works on the large grids of early stages.

    The library's projection asks for a complete singular value decomposition, whose left factor
    has N × N values for N positions: 0.6 GB at 112 × 112 and 32 GB at 300 × 300. Above
    ``MAX_POSITIONS`` the thin decomposition is used, which has the same first component.
    """

    MAX_POSITIONS = 64 * 64

    def get_cam_image(
        self,
        input_tensor: Tensor,
        target_layer: nn.Module,
        target_category: Any,
        activations: Array,
        grads: Array | None,
        eigen_smooth: bool = False,
    ) -> Array:
        """The projection ``(1, h, w)`` of each position's activations on their main direction."""
        _, channels, height, width = activations.shape
        if height * width <= self.MAX_POSITIONS:
            return super().get_cam_image(
                input_tensor, target_layer, target_category, activations, grads, eigen_smooth
            )
        positions = activations[0].reshape(channels, -1).T  # (h * w, channels)
        positions = positions - positions.mean(axis=0)
        _, _, directions = np.linalg.svd(positions, full_matrices=False)
        return (positions @ directions[0]).reshape(1, height, width)


@dataclass(frozen=True, slots=True)
class Method:
    """A way to weight channels: its name for people and the library's class.

    ``class_specific``: the map depends on the target class. ``divides``: the weights are quotients
    whose denominator may come near zero, where rounding decides what the map looks like.
    """

    title: str
    library: type[BaseCAM]
    class_specific: bool = True
    divides: bool = False


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "gradcam": Method("Grad-CAM", GradCAM),
        "gradcam++": Method("Grad-CAM++", GradCAMPlusPlus, divides=True),
        "layercam": Method("LayerCAM", LayerCAM),
        "eigencam": Method("EigenCAM", LargeGridEigenCAM, class_specific=False),
    }
)

#: Rounding of a forward and a backward pass, in float32 epsilons: of each activation and gradient,
#: and (with a margin of ten) of a sum, relative to its terms. Folding batch norm, which changes
#: nothing but rounding, moves raw maps of trained networks by up to 25 in the latter unit; real
#: maps are hundreds to tens of thousands of times the limit.
VALUE_ROUNDING_IN_EPSILONS = 16
NOISE_IN_EPSILONS = 256

#: A map of which rounding moves a larger share than this gets a note.
VISIBLE_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class RawMap:
    """A map before anybody made it pretty.

    ``values``: float32 ``(h, w)`` on the stage's own grid, after ReLU. ``noise``: a maximum below
    this is no more than rounding. ``moved``: how far rounding moves a value, where the method
    divides. ``logits``: float32 ``(classes,)`` of the same pass.
    """

    values: Array
    noise: float
    moved: float
    logits: Tensor
    target_index: int


def stage_count(model: LoadedModel) -> int:
    """How many stages of the model have a map; stages are numbered from 1.

    An EfficientNet's stage n is torchvision's ``features[n - 1]``, its last the head convolution.
    A ResNet's stage 1 is the stem with its pooling, stages 2-5 are ``layer1`` to ``layer4``.
    """
    return len(_stages_and_head(model.module)[0])


def compute_cam(
    model: LoadedModel,
    image: Image.Image,
    *,
    square: Square | None = None,
    method: str = "gradcam",
    target_class: int | None = None,
    target_stage: int | None = None,
) -> CamResult:
    """Where a model looks for a class: the raw map on the stage's own grid.

    Without a class it is the model's own top one, without a stage the last. Where the map's
    maximum does not rise above rounding noise, ``evidence`` is false and ``note`` says so. Runs on
    the model's device, or on the CPU where a GPU's memory is full (``note`` again).

    Raises UserError for an unknown method, class or stage, for a map the machine cannot hold, and
    for one that is not finite.
    """
    if method not in METHODS:
        raise UserError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    last = stage_count(model)
    stage = last if target_stage is None else target_stage
    if not 1 <= stage <= last:
        raise UserError(f"{model.name} has stages 1 to {last}; there is no stage {stage}.")
    classes = model.spec.num_classes
    if target_class is not None and not 0 <= target_class < classes:
        raise UserError(
            f"{model.name} has {classes} classes, numbered 0 to {classes - 1}; "
            f"there is no class {target_class}."
        )
    guard(
        model.spec,
        device=model.device,
        loaded=True,
        map_stage=stage if METHODS[method].class_specific else None,
    )
    inputs = model.preprocess(image, square)

    def run(model: LoadedModel) -> CamResult:
        found = raw_map(
            model.module,
            inputs.to(model.device),
            method=method,
            target_class=target_class,
            target_stage=stage,
        )
        if not found.logits.isfinite().all():
            raise UserError(not_finite(model))
        if not np.isfinite(found.values).all() or not np.isfinite(found.noise):
            raise UserError(
                f"{METHODS[method].title} has no finite map at stage {stage} of {model.name} for "
                "this photo and class; choose another method or stage."
            )
        raw_max = float(found.values.max())
        evidence = raw_max > found.noise
        return CamResult(
            family=model.family,
            model=model.name,
            role=model.role,
            weights=model.weights,
            meaningful=model.meaningful,
            device=model.device,
            resolution_px=inputs.shape[-1],
            method=method,
            target_class=class_label(model, found.target_index),
            target_index=found.target_index,
            target_stage=stage,
            grid=(found.values.shape[0], found.values.shape[1]),
            raw=tuple(tuple(row) for row in found.values.tolist()),
            raw_max=raw_max,
            probability=float(found.logits.softmax(0)[found.target_index]),
            evidence=evidence,
            note=_note(found, raw_max, stage),
        )

    result, fallback = with_cpu_fallback(model, run)
    independent = "" if METHODS[method].class_specific else "This map is the same for every class."
    notes = (result.note, independent, fallback)
    return replace(result, note=" ".join(note for note in notes if note))


def _note(found: RawMap, raw_max: float, stage: int) -> str:
    if raw_max <= found.noise:
        how = "zero everywhere" if raw_max == 0 else "no stronger than rounding noise"
        return f"No evidence for this class at stage {stage}: the map is {how}."
    if found.moved > VISIBLE_SHARE * raw_max:
        return (
            f"Rounding alone moves this map by up to {found.moved / raw_max:.0%} of its maximum, "
            "because the method divides by almost zero here; do not read its details."
        )
    return ""


def raw_map(
    module: nn.Module,
    inputs: Tensor,
    *,
    method: str = "gradcam",
    target_class: int | None = None,
    target_stage: int,
) -> RawMap:
    """The map of one input ``(1, 3, H, W)`` that is on the module's device.

    ``module`` is one of torchvision's EfficientNets or ResNets in evaluation mode with frozen
    parameters; nothing of it is hooked, written to or given a gradient, so any number of threads
    may share it. Values that are not finite are returned, not raised.
    """
    stages, head = _stages_and_head(module)
    kind = METHODS[method]
    # The caller may be in inference mode, whose tensors can never have gradients.
    with torch.inference_mode(False):
        with torch.no_grad():
            features = _chain(inputs, (layer for stage in stages[:target_stage] for layer in stage))
        rest = (*(layer for stage in stages[target_stage:] for layer in stage), *head)
        tail = _Tail(rest, features)
        cam = kind.library(tail, [tail.probe])
        hooked = cam.activations_and_grads
        try:
            with torch.set_grad_enabled(cam.uses_gradients):
                logits = hooked(features.detach().requires_grad_(cam.uses_gradients))[0]
                target = int(logits.argmax()) if target_class is None else target_class
                if cam.uses_gradients:
                    logits[target].backward()
            activations = hooked.activations[0].float().numpy()
            gradients = hooked.gradients[0].float().numpy() if cam.uses_gradients else None
        finally:
            hooked.release()
    # The library's projection turns NaN into 0 before it looks.
    finite = np.isfinite(activations).all() and (gradients is None or np.isfinite(gradients).all())
    if finite:
        with np.errstate(all="ignore"):
            values = np.maximum(_weighted(cam, activations, gradients), 0)
            noise = NOISE_IN_EPSILONS * _EPSILON * _magnitude(cam, activations, gradients)
            moved = 0.0
            if kind.divides and gradients is not None:
                moved = _moved_by_rounding(cam, activations, gradients, values)
    else:
        values, noise, moved = np.full(activations.shape[2:], np.nan, dtype=np.float32), 0.0, 0.0
    return RawMap(values, max(noise, 2 * moved), moved, logits.detach().float().cpu(), target)


_EPSILON = float(np.finfo(np.float32).eps)


def _weighted(cam: BaseCAM, activations: Array, gradients: Array | None) -> Array:
    """The library's own map ``(h, w)``, before ReLU and before its scaling."""
    return cam.get_cam_image(None, None, None, activations, gradients, False)[0]


def _magnitude(cam: BaseCAM, activations: Array, gradients: Array | None) -> float:
    """How large the map would be if nothing cancelled: the size of what is added up.

    A map is a sum over channels of activation times weight, and a weight a mean of gradients. Each
    term carries a relative rounding error of some float32 epsilons, so the sum carries that error
    relative to the sum of *absolute* terms, however much of it cancels. That sum is the same
    method's map of the absolute activations and gradients. EigenCAM projects on a unit vector, so
    its bound is the longest activation vector of a position.
    """
    if gradients is None:
        return float(np.linalg.norm(activations[0], axis=0).max())
    return float(_weighted(cam, np.abs(activations), np.abs(gradients)).max())


def _moved_by_rounding(cam: BaseCAM, activations: Array, gradients: Array, values: Array) -> float:
    """The largest change of the map when every activation and gradient is rounded differently.

    Grad-CAM++ divides by a sum of activations times gradients. It was made for activations after a
    ReLU; EfficientNet's inner stages end without one, so the sum may cancel, and a quotient that is
    mostly rounding can then dominate the map.
    """
    signs = np.random.default_rng(0)

    def rounded_otherwise(array: Array) -> Array:
        relative = VALUE_ROUNDING_IN_EPSILONS * _EPSILON
        return array * signs.choice(np.array([1 - relative, 1 + relative], np.float32), array.shape)

    other = _weighted(cam, rounded_otherwise(activations), rounded_otherwise(gradients))
    return float(np.abs(np.maximum(other, 0) - values).max())


class _Tail(nn.Module):
    """What the library sees: an identity to hook, then the shared rest of the network.

    The shared layers are in a tuple, which `nn.Module` does not register, so the library's
    ``eval()`` and ``zero_grad()`` do not reach them; the empty parameter answers its question for
    the device. The copy after the probe keeps in-place layers off the activation it recorded.
    """

    def __init__(self, rest: tuple[nn.Module, ...], features: Tensor) -> None:
        super().__init__()
        self.probe = nn.Identity()
        self.device_marker = nn.Parameter(features.new_empty(0), requires_grad=False)
        self._rest = rest

    def forward(self, features: Tensor) -> Tensor:
        return _chain(self.probe(features).clone(), self._rest)


def _chain(x: Tensor, layers: Iterable[nn.Module]) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x


def _stages_and_head(
    module: nn.Module,
) -> tuple[tuple[tuple[nn.Module, ...], ...], tuple[nn.Module, ...]]:
    """The layers of each stage, and those from the last map to the logits."""
    if isinstance(module, EfficientNet):
        stages = tuple((stage,) for stage in module.features)
        return stages, (module.avgpool, nn.Flatten(1), module.classifier)
    if isinstance(module, ResNet):
        stem = (module.conv1, module.bn1, module.relu, module.maxpool)
        layers = (module.layer1, module.layer2, module.layer3, module.layer4)
        return (stem, *((layer,) for layer in layers)), (module.avgpool, nn.Flatten(1), module.fc)
    raise UserError(
        f"Maps are made of EfficientNets and ResNets, not of a {type(module).__name__}."
    )
