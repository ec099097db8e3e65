"""The only users of Streamlit's caches, and the only importers of the engine.

Keys are sha256 of the photo's bytes plus plain values, never an image or an array: Streamlit's hash
of those samples pixels, and could hand one person another's result. The engine (torch) is imported
inside the functions, so a page that calls none of them never loads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from effnet_viz.bench_job import Job
from effnet_viz.errors import UserError
from effnet_viz.families import find_model
from effnet_viz.results import CamResult, Prediction

if TYPE_CHECKING:
    from PIL import Image

    from effnet_viz.architectures import ArchitectureSpec
    from effnet_viz.weights import LoadedModel

MODELS_KEPT = 16
RESULTS_KEPT = 2000
PHOTOS_KEPT = 64

#: Trained baselines that other networks can be grown from.
PARENTS = (("classroom", "baseline"), ("imagenet", "b0"))


def digest(data: bytes) -> str:
    """The photo's key: sha256 of its bytes."""
    return hashlib.sha256(data).hexdigest()


@st.cache_data(max_entries=PHOTOS_KEPT, show_spinner=False)
def photo(key: str, _data: bytes) -> Image.Image:  # noqa: ARG001 (the cache key)
    """The decoded photo. Raises UserError where the bytes are no photo."""
    from effnet_viz import images

    return images.decode(_data)


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def model(
    family: str, name: str, device: str, _on_progress: Callable[[int, int], None] | None = None
) -> LoadedModel:
    """One shared, frozen model; ``_on_progress`` gets (bytes done, bytes in total) of a download.

    Raises UserError where the machine cannot hold it or its weights cannot be had.
    """
    from effnet_viz import inference, weights

    inference.guard(find_model(family, name).spec, device=device)
    return weights.load_model(family, name, device=device, on_progress=_on_progress)


@st.cache_resource(max_entries=4, show_spinner=False)
def custom(spec: ArchitectureSpec, name: str, device: str) -> LoadedModel:
    """A model without trained weights of its own: grown from a baseline whose weights are on this
    machine where that can be, else untrained. Raises UserError where it cannot be built or held.
    """
    from effnet_viz import growth, inference, weights

    inference.guard(spec, device=device)
    for family, baseline in PARENTS:
        try:
            growth.check_growth(find_model(family, baseline).spec, spec)
        except UserError:
            continue
        if weights.is_available(family, baseline):
            parent = weights.load_model(family, baseline, optimised=False)
            return growth.grown_model(parent, spec, name=name, device=device)
    return weights.untrained_model(spec, name=name, device=device)


def device(choice: str) -> str:
    """The torch device for a choice of the sidebar. Raises UserError where it is not there."""
    from effnet_viz import inference

    return inference.choose_device(choice)


@st.cache_data(show_spinner=False)
def device_label(device: str) -> str:
    """What a device is, for a person."""
    from effnet_viz import inference

    return inference.device_label(device)


def load(
    key: str,
    spec: ArchitectureSpec | None,
    device: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> LoadedModel:
    """The model behind a key ``family/name``; ``spec`` is that of ``custom/…``.

    Raises UserError as `model` and `custom` do.
    """
    family, _, name = key.partition("/")
    if family == "custom":
        if spec is None:
            raise UserError("The Scale page's model is not set; open Scale and choose one.")
        return custom(spec, name, device)
    return model(family, name, device, on_progress)


@st.cache_data(max_entries=RESULTS_KEPT, show_spinner=False)
def predict(
    photo_key: str,
    _data: bytes,
    model_key: str,
    spec: ArchitectureSpec | None,
    device: str,
    top: int = 5,
) -> Prediction:
    """One model's prediction for one photo, with its latency. Raises UserError."""
    from effnet_viz import inference

    return inference.predict(load(model_key, spec, device), photo(photo_key, _data), top=top)


@st.cache_data(max_entries=RESULTS_KEPT, show_spinner=False)
def cam(
    photo_key: str,
    _data: bytes,
    model_key: str,
    device: str,
    method: str,
    target_class: int | None,
    target_stage: int,
) -> CamResult:
    """One model's map for the centre square of one photo. Raises UserError."""
    from effnet_viz import cam as engine
    from effnet_viz import images

    image = photo(photo_key, _data)
    return engine.compute_cam(
        load(model_key, None, device),
        image,
        square=images.square(*image.size),
        method=method,
        target_class=target_class,
        target_stage=target_stage,
    )


@st.cache_data(show_spinner=False)
def accelerator() -> str | None:
    """The GPU's torch device, None where there is none."""
    from effnet_viz import inference

    device = inference.choose_device("auto")
    return None if device == "cpu" else device


@st.cache_resource(scope="session", on_release=Job.leave, max_entries=1, show_spinner=False)
def visits_benchmark(number: int, _job: Job) -> Job:  # noqa: ARG001 (the cache key)
    """The job, which Streamlit tells to leave when the visit ends."""
    _job.stay()
    return _job
