"""Class activation maps, without touching the shared model.

A photo's features run once, without gradients, and may be kept (`photo_features`); every map then
costs only what lies behind its stage: `effnet_viz.engine.maps.raw` says how.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from effnet_viz.engine import images
from effnet_viz.engine.inference import (
    batch_at_once,
    class_index,
    class_label,
    guard_loaded,
    not_finite,
    with_cpu_fallback,
)
from effnet_viz.engine.maps.raw import (
    Asked,
    Kept,
    RawMap,
    map_at,
    maps_at_all_stages,
    run_stages,
    take_apart,
)
from effnet_viz.errors import Cancelled, UserError
from effnet_viz.evidence.map_methods import METHODS, Method
from effnet_viz.evidence.results import CamResult
from effnet_viz.scaling.centres import cell_centres
from effnet_viz.scaling.cost import BYTES_PER_VALUE, network_cost

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.scaling.architectures import ArchitectureSpec

__all__ = [
    "METHODS",
    "Cancelled",
    "Features",
    "Method",
    "all_stages",
    "cam",
    "compute_cam",
    "photo_features",
    "stage_count",
]

#: The last stage of an EfficientNet, its head convolution.
LAST_STAGE = 9

#: A map of which rounding moves a larger share than this gets a note.
VISIBLE_SHARE = 0.01

Report = Callable[[int, int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """What one model computed of one photo's square, kept so that it never runs again.

    ``stages``: each stage's output ``(1, C, h, w)``, stem first; ``inputs`` ``(1, 3, H, W)``;
    ``logits`` and ``probabilities`` one value per class. The tensors may be shared by threads:
    nothing writes to them. ``made_by`` and ``square`` say of which model and part of the photo
    they are; ``note`` carries a fall-back to the CPU.
    """

    made_by: tuple[object, ...]
    square: Square | None
    inputs: Tensor
    stages: tuple[Tensor, ...]
    logits: Tensor
    probabilities: tuple[float, ...]
    note: str = ""

    @property
    def bytes(self) -> int:
        """Memory of all the tensors."""
        kept = (self.inputs, *self.stages, self.logits)
        return sum(tensor.numel() * tensor.element_size() for tensor in kept)


def stage_count(model: LoadedModel) -> int:
    """How many stages of the model have a map; stages are numbered from 1.

    An EfficientNet's stage n is torchvision's ``features[n - 1]``, its last the head convolution,
    as MobileNetV2's. A ResNet's stage 1 is the stem with its pooling, stages 2-5 are ``layer1`` to
    ``layer4``.
    """
    return len(take_apart(model.module).stages)


def photo_features(
    model: LoadedModel, image: Image.Image, *, square: Square | None = None
) -> Features:
    """Every stage's output for one photo, from one forward pass without gradients.

    Give the result to `compute_cam` or `all_stages` with the same model, photo and square. Raises
    UserError where the machine cannot hold them and where the network's output is not finite.
    """
    guard_loaded(model, extra_bytes=features_bytes(model.spec))
    inputs = model.preprocess(image, square)

    def run(model: LoadedModel) -> Features:
        on_device = inputs.to(model.device)
        kept = run_stages(take_apart(model.module), on_device)
        if not kept.logits.isfinite().all():
            raise UserError(not_finite(model))
        shares = tuple(kept.logits.softmax(0).tolist())
        return Features(_maker(model), square, on_device, kept.stages, kept.logits, shares)

    features, note = with_cpu_fallback(model, run)
    return replace(features, note=note)


def features_bytes(spec: ArchitectureSpec) -> int:
    """The memory that `Features` of a network take, by arithmetic: every stage's float32 output.

    A last row with a convolution, as EfficientNet's, has a map too, before its pooling.
    """
    *rows, head = network_cost(spec).stages
    outputs = [row.out_channels * row.out_resolution_px**2 for row in rows]
    if spec.stages[-1].operator == "conv_head":
        outputs.append(head.out_channels * head.in_resolution_px**2)
    return BYTES_PER_VALUE * (sum(outputs) + 3 * spec.resolution_px**2)


def compute_cam(
    model: LoadedModel,
    image: Image.Image,
    *,
    square: Square | None = None,
    method: str = "gradcam",
    target_class: int | None = None,
    target_stage: int | None = None,
    features: Features | None = None,
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
) -> CamResult:
    """Where a model looks for a class: the raw map on the stage's own grid.

    Without a class it is the model's own top one, without a stage the last. With ``features`` of
    the same photo nothing before the stage runs again. Where the map's maximum does not rise above
    rounding noise, ``evidence`` is false and ``note`` says so. Runs on the model's device, or on
    the CPU where a GPU's memory is full (``note`` again).

    Score-CAM calls ``on_progress(passes done, in total)`` after every batch and raises Cancelled
    once ``should_stop()`` is true; the other methods are done at once and ask neither.

    Raises UserError for an unknown method, class or stage, for a map the machine cannot hold, and
    for one that is not finite; ValueError for features of another model or square.
    """
    last = stage_count(model)
    stage = last if target_stage is None else target_stage
    _check(model, method, target_class, stage)
    _guard(model, method, stage, features, keeps=False)
    inputs = _inputs(model, image, square, features)
    asked = Asked(method, target_class, on_progress, should_stop, batch_at_once(model.spec))

    def run(model: LoadedModel) -> CamResult:
        kept = _kept(features, model.device)
        found = map_at(take_apart(model.module), inputs.to(model.device), stage, asked, kept)
        return _result(model, found, method, stage, inputs.shape[-1])

    result, fallback = with_cpu_fallback(model, run)
    return _with_notes(result, features, fallback)


def cam(
    model: LoadedModel,
    image: Image.Image,
    *,
    method: str = "gradcam",
    target_class: str | int | None = None,
    target_stage: int | None = 9,
    square: Square | None = None,
) -> CamResult:
    """Where a model looks for a class, given by its label or its number: `compute_cam` in short.

    Every model sees the same square, the photo's largest centre one unless another is given. Stage
    9 is an EfficientNet's last; for it, as for None, a network with fewer stages takes its own
    last. Raises UserError as `compute_cam` does, and for a label the model does not have.
    """
    if isinstance(target_class, str):
        target_class = class_index(model.classes, target_class)
    if target_stage == LAST_STAGE:
        target_stage = min(LAST_STAGE, stage_count(model))
    return compute_cam(
        model,
        image,
        square=square or images.square(*image.size),
        method=method,
        target_class=target_class,
        target_stage=target_stage,
    )


def all_stages(
    model: LoadedModel,
    image: Image.Image,
    *,
    square: Square | None = None,
    method: str = "gradcam",
    target_class: int | None = None,
    features: Features | None = None,
    on_progress: Report | None = None,
    should_stop: Stop | None = None,
) -> tuple[CamResult, ...]:
    """The maps of every stage, stem to head: attention by depth, as `compute_cam` gives them.

    One forward pass, and one backward pass where the method takes gradients. With ``features``
    methods without gradients run nothing; the others run the stages after the stem once more,
    because gradients need what features do not keep. CAM has the last stage only.

    Raises as `compute_cam` does.
    """
    only_last = method in METHODS and METHODS[method].last_stage_only
    first = stage_count(model) if only_last else 1
    _check(model, method, target_class, first)
    _guard(model, method, first, features, keeps=not METHODS[method].gradients)
    inputs = _inputs(model, image, square, features)
    asked = Asked(method, target_class, on_progress, should_stop, batch_at_once(model.spec))

    def run(model: LoadedModel) -> tuple[CamResult, ...]:
        kept = _kept(features, model.device)
        found = maps_at_all_stages(take_apart(model.module), inputs.to(model.device), asked, kept)
        return tuple(
            _result(model, each, method, stage, inputs.shape[-1])
            for stage, each in enumerate(found, start=first)
        )

    results, fallback = with_cpu_fallback(model, run)
    return tuple(_with_notes(result, features, fallback) for result in results)


def _check(model: LoadedModel, method: str, target_class: int | None, stage: int) -> None:
    if method not in METHODS:
        raise UserError(f"There is no method {method!r}; choose one of {', '.join(METHODS)}.")
    parts = take_apart(model.module)
    last = len(parts.stages)
    if not 1 <= stage <= last:
        raise UserError(f"{model.name} has stages 1 to {last}; there is no stage {stage}.")
    classes = model.spec.num_classes
    if target_class is not None and not 0 <= target_class < classes:
        raise UserError(
            f"{model.name} has {classes} classes, numbered 0 to {classes - 1}; "
            f"there is no class {target_class}."
        )
    if METHODS[method].last_stage_only:
        if stage != last:
            raise UserError(
                f"{METHODS[method].title} exists for the last stage only, {last} of {model.name}; "
                "choose that stage, or Grad-CAM."
            )
        if parts.linear is None:
            raise UserError(
                f"{METHODS[method].title} needs a head of average pooling and one linear layer, "
                f"which {model.name} has not; choose Grad-CAM."
            )


def _guard(
    model: LoadedModel, method: str, stage: int, features: Features | None, *, keeps: bool
) -> None:
    """``keeps``: every stage's output is held on to. Features that exist already are no longer
    free memory, unless they must move to the model's device."""
    moves = features is not None and features.inputs.device.type != model.device.partition(":")[0]
    guard_loaded(
        model,
        batch_size=batch_at_once(model.spec) if METHODS[method].slow else 1,
        map_stage=stage if METHODS[method].gradients else None,
        extra_bytes=features_bytes(model.spec) if moves or (keeps and features is None) else 0,
    )


def _kept(features: Features | None, device: str) -> Kept | None:
    if features is None:
        return None
    return Kept(tuple(stage.to(device) for stage in features.stages), features.logits)


def _inputs(
    model: LoadedModel, image: Image.Image, square: Square | None, features: Features | None
) -> Tensor:
    if features is None:
        return model.preprocess(image, square)
    if features.made_by != _maker(model) or features.square != square:
        raise ValueError(f"these features are not of {model.name} and this square")
    return features.inputs


def _maker(model: LoadedModel) -> tuple[object, ...]:
    return (model.family, model.name, model.weights, model.spec, model.record.get("sha256"))


def _result(
    model: LoadedModel, found: RawMap, method: str, stage: int, resolution_px: int
) -> CamResult:
    if not found.logits.isfinite().all():
        raise UserError(not_finite(model))
    if not np.isfinite(found.values).all() or not np.isfinite(found.noise):
        raise UserError(
            f"{METHODS[method].title} has no finite map at stage {stage} of {model.name} for "
            "this photo and class; choose another method or stage."
        )
    raw_max = float(found.values.max())
    independent = "" if METHODS[method].class_specific else "This map is the same for every class."
    return CamResult(
        family=model.family,
        model=model.name,
        role=model.role,
        weights=model.weights,
        meaningful=model.meaningful,
        device=model.device,
        resolution_px=resolution_px,
        method=method,
        target_class=class_label(model, found.target_index),
        target_index=found.target_index,
        target_stage=stage,
        grid=(found.values.shape[0], found.values.shape[1]),
        centres=cell_centres(replace(model.spec, resolution_px=resolution_px))[stage - 1],
        raw=tuple(tuple(row) for row in found.values.tolist()),
        raw_max=raw_max,
        probability=float(found.logits.softmax(0)[found.target_index]),
        evidence=raw_max > found.noise,
        note=_joined(_note(found, raw_max, stage), independent),
    )


def _with_notes(result: CamResult, features: Features | None, fallback: str) -> CamResult:
    earlier = "" if features is None else features.note
    return replace(result, note=_joined(result.note, fallback or earlier))


def _joined(*notes: str) -> str:
    return " ".join(note for note in notes if note)


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
