"""The only users of Streamlit's caches, and the only importers of the engine.

Keys are sha256 of the photo's bytes plus plain values, never an image or an array: Streamlit's hash
of those samples pixels, and could hand one person another's result. The engine (torch) is imported
inside the functions, so a page that calls none of them never loads it.
"""

from __future__ import annotations

import contextvars
import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from effnet_viz.engine.jobs.timing import Job
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import CamResult, MapNumbers, Prediction
from effnet_viz.scaling.families import find_model
from effnet_viz.ui.shared.kept import KeptWithin

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from effnet_viz.engine.images import Square
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.maps.cam import Features
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.evidence.splits import Box
    from effnet_viz.scaling.architectures import ArchitectureSpec

MODELS_KEPT = 16
RESULTS_KEPT = 2000
PHOTOS_KEPT = 16

#: Features of photos seen, all visitors together: some twenty photos by five classroom networks.
FEATURES_BYTES = 256 * 2**20

#: Trained baselines that other networks can be grown from.
PARENTS = (("classroom", "baseline"), ("imagenet", "b0"))


def digest(data: bytes) -> str:
    """The photo's key: sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


def unique() -> str:
    """A name that nothing else has, for what one visit makes."""
    return uuid.uuid4().hex


@st.cache_data(max_entries=PHOTOS_KEPT, show_spinner=False)
def photo(key: str, _data: bytes) -> Image.Image:  # noqa: ARG001 (the cache key)
    """The decoded photo. Raises UserError where the bytes are no photo."""
    from effnet_viz.engine import images

    return images.decode(_data)


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def model(
    family: str, name: str, device: str, _on_progress: Callable[[int, int], None] | None = None
) -> LoadedModel:
    """One shared, frozen model; ``_on_progress`` gets (bytes done, bytes in total) of a download.

    Raises UserError where the machine cannot hold it or its weights cannot be had.
    """
    from effnet_viz.engine import inference, weights

    inference.guard(find_model(family, name).spec, device=device)
    return weights.load_model(family, name, device=device, on_progress=_on_progress)


def custom(spec: ArchitectureSpec, name: str, device: str) -> LoadedModel:
    """A model without trained weights of its own: grown from a baseline whose weights are on this
    machine where that can be, else untrained. Raises UserError where it cannot be built or held.
    """
    return _custom(spec, name, device, available_parent(spec))


@st.cache_resource(max_entries=4, show_spinner=False)
def _custom(
    spec: ArchitectureSpec, name: str, device: str, parent: tuple[str, str] | None
) -> LoadedModel:
    from effnet_viz.engine import growth, inference, weights

    inference.guard(spec, device=device)
    if parent is not None:
        trained = weights.load_model(*parent, optimised=False)
        return growth.grown_model(trained, spec, name=name, device=device)
    return weights.untrained_model(spec, name=name, device=device)


@st.cache_data(show_spinner=False)
def parent_of(spec: ArchitectureSpec) -> tuple[str, str] | None:
    """Family and name of the trained baseline that a network can be grown from, if any."""
    from effnet_viz.engine import growth

    for family, baseline in PARENTS:
        try:
            growth.check_growth(find_model(family, baseline).spec, spec)
        except UserError:
            continue
        return family, baseline
    return None


def is_available(family: str, name: str) -> bool:
    """Whether a listed model's weights are on this machine."""
    from effnet_viz.engine import weights

    return weights.is_available(family, name)


def download_mb(name: str) -> float:
    """What the weights of an ImageNet model take to download, in MiB."""
    from effnet_viz.engine import weights

    return weights.download_size_mb(name)


@st.cache_data(show_spinner=False)
def imagenet_classes() -> tuple[str, ...]:
    """The thousand class names of ImageNet, in the order of the logits."""
    from torchvision.models import EfficientNet_B0_Weights

    return tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])


def device(choice: str) -> str:
    """The torch device for a choice of the sidebar. Raises UserError where it is not there."""
    from effnet_viz.engine import inference

    return inference.choose_device(choice)


@st.cache_data(show_spinner=False)
def device_label(device: str) -> str:
    """What a device is, for a person."""
    from effnet_viz.engine import inference

    return inference.device_label(device)


def load(
    key: str,
    spec: ArchitectureSpec | None,
    device: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> LoadedModel:
    """The model behind a key ``family/name``; ``spec`` is that of ``custom/…``.

    ``random/family/name`` is a network with random weights, ``tuned/…`` one that this visit
    fine-tuned.

    Raises UserError as `model` and `custom` do.
    """
    family, _, name = key.partition("/")
    if family == "custom":
        if spec is None:
            raise UserError("The Scale page's model is not set; open Scale and choose one.")
        return custom(spec, name, device)
    if family == "random":
        return _random_control(name, spec, device)
    if family == "tuned":
        tuned: dict[str, LoadedModel] = st.session_state.get("tuned", {})
        if key not in tuned:
            raise UserError("The fine-tuned weights belong to a visit that has ended; train again.")
        return tuned[key]
    # Streamlit records what a cached function draws and draws it again at every hit, which fails
    # for a progress bar made outside. In a copy of the context it records nothing.
    here = contextvars.copy_context()
    report = on_progress and (lambda done, total: here.run(on_progress, done, total))
    return model(family, name, device, report)


def available_parent(spec: ArchitectureSpec | None) -> tuple[str, str] | None:
    """The parent that a custom network is grown from now: None where its weights are not here."""
    parent = None if spec is None else parent_of(spec)
    return parent if parent is not None and is_available(*parent) else None


def predict(
    photo_key: str,
    data: bytes,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    top: int = 5,
) -> Prediction:
    """One model's prediction for one photo, with its latency. Raises UserError."""
    return _predict(photo_key, data, model_key, spec, device, top, available_parent(spec))


@st.cache_data(max_entries=RESULTS_KEPT, show_spinner=False)
def _predict(
    photo_key: str,
    _data: bytes,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    top: int,
    parent: tuple[str, str] | None,  # noqa: ARG001 (part of the key: grown or untrained)
) -> Prediction:
    from effnet_viz.engine import inference

    return inference.predict(load(model_key, spec, device), photo(photo_key, _data), top=top)


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def _random_control(name: str, spec: ArchitectureSpec | None, device: str) -> LoadedModel:
    from effnet_viz.engine import weights
    from effnet_viz.scaling.families import UNTRAINED, ModelEntry

    family, _, base = name.partition("/")
    if spec is not None:
        entry = ModelEntry(family, base, "baseline", spec, UNTRAINED)
    else:
        entry = find_model(family, base)
    return weights.random_control(entry, device=device)


@st.cache_resource(show_spinner=False)
def _features_kept() -> KeptWithin[Features]:
    return KeptWithin(FEATURES_BYTES)


def features(
    photo_key: str,
    data: bytes,
    square: Square,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
) -> Features:
    """One pass of a model over one square of a photo, kept: every stage, method and class of it
    needs no other. Raises UserError."""
    from effnet_viz.engine.maps import cam as engine

    loaded = load(model_key, spec, device)
    return _features_kept().get(
        (photo_key, square, model_key, spec, device, available_parent(spec)),
        lambda: engine.photo_features(loaded, photo(photo_key, data), square=square),
        lambda made: made.bytes,
    )


def cam(
    photo_key: str,
    data: bytes,
    square: Square,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    method: str,
    target_class: int | None,
    target_stage: int,
) -> CamResult:
    """One model's map for one square of one photo. Raises UserError."""
    what = (photo_key, data, square, model_key, spec, device, method, target_class, target_stage)
    return _cam(*what, available_parent(spec))


@st.cache_data(max_entries=RESULTS_KEPT, show_spinner=False)
def _cam(
    photo_key: str,
    _data: bytes,
    square: Square,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    method: str,
    target_class: int | None,
    target_stage: int,
    parent: tuple[str, str] | None,  # noqa: ARG001 (part of the key: grown or untrained)
) -> CamResult:
    from effnet_viz.engine.maps import cam as engine

    return engine.compute_cam(
        load(model_key, spec, device),
        photo(photo_key, _data),
        square=square,
        method=method,
        target_class=target_class,
        target_stage=target_stage,
        features=features(photo_key, _data, square, model_key, spec, device),
    )


def all_stages(
    photo_key: str,
    data: bytes,
    square: Square,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    method: str,
    target_class: int,
) -> tuple[CamResult, ...]:
    """One model's maps of every stage, stem first, from one pass. Raises UserError."""
    what = (photo_key, data, square, model_key, spec, device, method, target_class)
    return _all_stages(*what, available_parent(spec))


@st.cache_data(max_entries=RESULTS_KEPT // 10, show_spinner=False)
def _all_stages(
    photo_key: str,
    _data: bytes,
    square: Square,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    method: str,
    target_class: int,
    parent: tuple[str, str] | None,  # noqa: ARG001 (part of the key: grown or untrained)
) -> tuple[CamResult, ...]:
    from effnet_viz.engine.maps import cam as engine

    return engine.all_stages(
        load(model_key, spec, device),
        photo(photo_key, _data),
        square=square,
        method=method,
        target_class=target_class,
        features=features(photo_key, _data, square, model_key, spec, device),
    )


def map_numbers(result: CamResult, baseline: CamResult | None, box: Box | None) -> MapNumbers:
    """What is counted of a map; microseconds, so not cached."""
    from effnet_viz.engine.maps import metrics

    return metrics.map_numbers(result, baseline=baseline, box=box)


def in_words(result: CamResult) -> str:
    """Where a map's mass lies, for those who cannot see it; not cached."""
    from effnet_viz.engine.maps import metrics

    return metrics.in_words(result)


def difference(
    result: CamResult, baseline: CamResult, normalise: Literal["sum", "max"] = "sum"
) -> NDArray[np.float32] | None:
    """A map less another one, None where either is no evidence; not cached."""
    from effnet_viz.engine.maps import metrics

    return metrics.difference(result, baseline, normalise=normalise)


def rank_correlation(result: CamResult, other: CamResult) -> float | None:
    """Spearman's rank correlation of two maps; not cached."""
    return map_numbers(result, other, None).rank_correlation


@st.cache_data(show_spinner=False)
def accelerator() -> str | None:
    """The GPU's torch device, None where there is none."""
    from effnet_viz.engine import inference

    device = inference.choose_device("auto")
    return None if device == "cpu" else device


@st.cache_resource(scope="session", on_release=Job.leave, max_entries=1, show_spinner=False)
def visits_benchmark(number: int, _job: Job) -> Job:  # noqa: ARG001 (the cache key)
    """The job, which Streamlit tells to leave when the visit ends."""
    _job.stay()
    return _job


@st.cache_resource(
    scope="session", on_release=lambda job: job.cancel(), max_entries=64, show_spinner=False
)
def visits_work(number: str, _job: Background[Any]) -> Background[Any]:  # noqa: ARG001 (the key)
    """The work, which Streamlit has cancelled when the visit ends."""
    return _job


def score_cam_job(
    image: Image.Image,
    square: Square,
    models: Sequence[tuple[str, LoadedModel]],
    target: int | None,
    own: bool,
    stage: int,
) -> Background[Any]:
    """Score-CAM of some models, not started; not cached."""
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    which = work.Target(target, own)
    return Background(lambda task: work.score_cam(task, models, image, square, which, stage))


def removal_job(
    image: Image.Image,
    square: Square,
    models: Sequence[tuple[str, LoadedModel]],
    results: Mapping[str, CamResult],
) -> Background[Any]:
    """Deletion, insertion and ROAD of some maps, not started; not cached."""
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    return Background(lambda task: work.removal(task, models, image, square, results))


def photos_job(
    images: Sequence[Image.Image],
    models: Sequence[tuple[str, LoadedModel]],
    method: str,
    target: int | None,
    own: bool,
    stage: int,
) -> Background[Any]:
    """The maps of several photos, not started; not cached."""
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    which = work.Target(target, own)
    return Background(lambda task: work.many_photos(task, models, images, method, which, stage))


def training_folder() -> Path | None:
    """Where training photos lie on this machine, None where there are none."""
    from effnet_viz.engine.jobs import compare

    return compare.training_folder()


def fine_tune_job(
    parent: tuple[str, str], spec: ArchitectureSpec, folder: Path, steps: int, device: str
) -> Background[Any]:
    """A network grown and trained a little, not started; not cached. Raises UserError where the
    parent's weights cannot be had or the machine cannot hold the network."""
    from effnet_viz.engine import inference, weights
    from effnet_viz.engine.jobs import compare as work
    from effnet_viz.engine.jobs.background import Background

    inference.guard(spec, device=device)
    trained = weights.load_model(*parent, optimised=False)
    return Background(lambda task: work.fine_tuned(task, trained, spec, folder, steps, device))
