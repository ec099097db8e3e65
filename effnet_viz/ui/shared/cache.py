"""What the engine made, kept for everybody; `work` has what a visit starts in the background.

A request (`effnet_viz.engine.requests`) is its own key: it holds the sha256 of a photo's bytes,
never an image or an array, of which Streamlit's hash samples pixels and could hand one person
another's result. The engine (torch) is imported inside the functions, so a page that calls none of
them never loads it.
"""

from __future__ import annotations

import contextvars
import uuid
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import streamlit as st

from effnet_viz.engine import images
from effnet_viz.engine.requests import Look, MapRequest, ModelRef, PhotoFile, PredictRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import CamResult, MapNumbers, Prediction, TopClass
from effnet_viz.scaling.families import FAMILIES, find_model
from effnet_viz.ui.shared.engine import loaded, my_turn
from effnet_viz.ui.shared.kept import KeptWithin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from effnet_viz.engine.maps.cam import Features
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.evidence.splits import Box
    from effnet_viz.scaling.architectures import ArchitectureSpec

T = TypeVar("T")

MODELS_KEPT = 16

#: Maps and predictions of all visitors together: some thousand each.
RESULTS_BYTES = 16 * 2**20
#: About what a result takes beside its cells.
BYTES_PER_RECORD = 1024
#: What is counted of maps, each kept with its map.
NUMBERS_KEPT = 128
#: Decoded photos: four of twelve megapixels, for who comes back to one soon after.
PHOTOS_BYTES = 160 * 2**20

#: Features of photos seen, all visitors together: some fifteen photos by five classroom networks.
FEATURES_BYTES = 192 * 2**20

#: Streamlit takes the key of a frozen record from what it prints, which tells all of it.
_BY_REPR: dict[str | type, Callable[[Any], Any]] = {ModelRef: repr}


def unique() -> str:
    """A name that nothing else has, for what one visit makes."""
    return uuid.uuid4().hex


@st.cache_resource(show_spinner=False)
def _photos_kept() -> KeptWithin[Image.Image]:
    return KeptWithin(PHOTOS_BYTES)


def photo(file: PhotoFile) -> Image.Image:
    """The decoded photo, shared: nobody writes to it. Raises UserError where it is no photo."""
    return _photos_kept().get(
        file, lambda: images.decode(file.data), lambda made: 3 * made.width * made.height
    )


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False)
def model(
    family: str, name: str, device: str, _on_progress: Callable[[int, int], None] | None = None
) -> LoadedModel:
    """One shared, frozen model; ``_on_progress`` gets (bytes done, bytes in total) of a download.

    Raises UserError where the machine cannot hold it or its weights cannot be had.
    """
    loaded()
    from effnet_viz.engine import inference, weights

    inference.guard(find_model(family, name).spec, name=name, device=device)
    return weights.load_model(family, name, device=device, on_progress=_on_progress)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=_BY_REPR)
def _custom(ref: ModelRef) -> LoadedModel:
    """A model without trained weights of its own: grown from its parent, else untrained."""
    loaded()
    from effnet_viz.engine import growth, inference, weights

    assert ref.spec is not None
    name = ref.key.partition("/")[2]
    inference.guard(ref.spec, device=ref.device)
    if ref.parent is not None:
        trained = weights.load_model(*ref.parent, optimised=False)
        return growth.grown_model(trained, ref.spec, name=name, device=ref.device)
    return weights.untrained_model(ref.spec, name=name, device=ref.device)


@st.cache_data(show_spinner=False)
def parent_of(spec: ArchitectureSpec) -> tuple[str, str] | None:
    """Family and name of the trained baseline that a network can be grown from, if any."""
    loaded()
    from effnet_viz.engine import growth

    return growth.parent_of(spec)


def is_available(family: str, name: str) -> bool:
    """Whether a listed model's weights are on this machine."""
    loaded()
    from effnet_viz.engine import weights

    return weights.is_available(family, name)


def download_mb(name: str) -> float:
    """What the weights of an ImageNet model take to download, in MiB."""
    from effnet_viz.engine import published

    return published.download_size_mb(name)


@st.cache_data(show_spinner=False)
def imagenet_classes() -> tuple[str, ...]:
    """The thousand class names of ImageNet, in the order of the logits."""
    from torchvision.models import EfficientNet_B0_Weights

    return tuple(EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"])


def device(choice: str) -> str:
    """The torch device for a choice of the sidebar. Raises UserError where it is not there."""
    loaded()
    from effnet_viz.engine import optimise

    return optimise.choose_device(choice)


@st.cache_data(show_spinner=False)
def device_label(device: str) -> str:
    """What a device is, for a person."""
    loaded()
    from effnet_viz.engine import inference

    return inference.device_label(device)


def model_ref(key: str, device: str, spec: ArchitectureSpec | None = None) -> ModelRef:
    """The record of a network as it would be made now: grown, where its parent is here."""
    return ModelRef(key, device, spec, available_parent(spec))


def load(ref: ModelRef, on_progress: Callable[[int, int], None] | None = None) -> LoadedModel:
    """The model behind a record; ``on_progress`` gets (bytes done, bytes in total) of a download.

    The key ``custom/…`` is a network of its ``spec``, ``random/family/name`` one with random
    weights, ``tuned/…`` one that this visit fine-tuned. Raises UserError where the machine cannot
    hold it or its weights cannot be had.
    """
    family, _, name = ref.key.partition("/")
    if family == "custom":
        if ref.spec is None:
            raise UserError("The Scale page's model is not set; open Scale and choose one.")
        return _custom(ref)
    if family == "random":
        return _random_control(ref)
    if family == "tuned":
        tuned: dict[str, LoadedModel] = st.session_state.get("tuned", {})
        if ref.key not in tuned:
            raise UserError("The fine-tuned weights belong to a visit that has ended; train again.")
        return tuned[ref.key]
    # Streamlit records what a cached function draws and draws it again at every hit, which fails
    # for a progress bar made outside. In a copy of the context it records nothing.
    here = contextvars.copy_context()
    report = on_progress and (lambda done, total: here.run(on_progress, done, total))
    return model(family, name, ref.device, report)


def fetch(ref: ModelRef, on_progress: Callable[[int, int], None]) -> None:
    """Have a listed network's weights on this machine, before it is anybody's turn at the engine:
    who waits for a download keeps nobody from working. Raises ResourceError."""
    family, _, name = ref.key.partition("/")
    if family in FAMILIES:
        loaded()
        from effnet_viz.engine import weights

        weights.fetch(family, name, on_progress)


def available_parent(spec: ArchitectureSpec | None) -> tuple[str, str] | None:
    """The parent that a custom network is grown from now: None where its weights are not here."""
    parent = None if spec is None else parent_of(spec)
    return parent if parent is not None and is_available(*parent) else None


@st.cache_resource(show_spinner=False)
def _predictions_kept() -> KeptWithin[Prediction]:
    return KeptWithin(RESULTS_BYTES)


def _in_turn(
    kept: KeptWithin[T],
    key: Hashable,
    device: str,
    make: Callable[[], T],
    size: Callable[[T], int],
) -> T:
    """What is kept, at once; else it is made when it is this visit's turn."""
    found = kept.find(key)
    if found is not None:
        return found
    with my_turn(device):
        return kept.get(key, make, size)


def predict(request: PredictRequest) -> Prediction:
    """One model's prediction for one photo, with its latency. Raises UserError."""
    loaded()
    from effnet_viz.engine import inference

    return _in_turn(
        _predictions_kept(),
        request,
        request.model.device,
        lambda: inference.predict(load(request.model), photo(request.photo), top=request.top),
        lambda made: BYTES_PER_RECORD * len(made.top),
    )


def kept_prediction(request: PredictRequest) -> Prediction | None:
    """The prediction, where it has been made."""
    return _predictions_kept().find(request)


def forget_predictions(requests: Sequence[PredictRequest]) -> None:
    """Make these anew when they are asked for, with their times."""
    for request in requests:
        _predictions_kept().drop(request)


@st.cache_resource(max_entries=MODELS_KEPT, show_spinner=False, hash_funcs=_BY_REPR)
def _random_control(ref: ModelRef) -> LoadedModel:
    loaded()
    from effnet_viz.engine import weights
    from effnet_viz.scaling.families import UNTRAINED, ModelEntry

    _, family, base = ref.key.split("/", 2)
    if ref.spec is not None:
        entry = ModelEntry(family, base, "baseline", ref.spec, UNTRAINED)
    else:
        entry = find_model(family, base)
    return weights.random_control(entry, device=ref.device)


@st.cache_resource(show_spinner=False)
def _features_kept() -> KeptWithin[Features]:
    return KeptWithin(FEATURES_BYTES)


def features(look: Look) -> Features:
    """One pass of a model over one square of a photo, kept: every stage, method and class of it
    needs no other. Raises UserError."""
    loaded()
    from effnet_viz.engine.maps import cam as engine

    return _features_kept().get(
        look,
        lambda: engine.photo_features(load(look.model), photo(look.photo), square=look.square),
        lambda made: made.bytes,
    )


@st.cache_resource(show_spinner=False)
def _answers_kept() -> KeptWithin[TopClass]:
    return KeptWithin(RESULTS_BYTES)


def answer(look: Look) -> TopClass:
    """A model's own most probable class for what it sees. Raises UserError."""
    loaded()
    from effnet_viz.engine.inference import class_label

    def make() -> TopClass:
        shares = features(look).probabilities
        best = max(range(len(shares)), key=shares.__getitem__)
        return TopClass(class_label(load(look.model), best), best, shares[best])

    return _in_turn(_answers_kept(), look, look.model.device, make, lambda _: BYTES_PER_RECORD)


def kept_answer(look: Look) -> TopClass | None:
    """The answer, where it has been given."""
    return _answers_kept().find(look)


@st.cache_resource(show_spinner=False)
def _maps_kept() -> KeptWithin[tuple[CamResult, ...]]:
    return KeptWithin(RESULTS_BYTES)


def cam(request: MapRequest) -> CamResult:
    """One model's map for one square of one photo. Raises UserError."""
    loaded()
    from effnet_viz.engine.maps import cam as engine

    look = request.look

    def make() -> tuple[CamResult, ...]:
        made = engine.compute_cam(
            load(look.model),
            photo(look.photo),
            square=look.square,
            method=request.method,
            target_class=request.target_class,
            target_stage=request.target_stage,
            features=features(look),
        )
        return (made,)

    return _in_turn(_maps_kept(), request, look.model.device, make, _map_bytes)[0]


def kept_cam(request: MapRequest) -> CamResult | None:
    """The map, where it has been made."""
    found = _maps_kept().find(request)
    return None if found is None else found[0]


def all_stages(look: Look, method: str, target_class: int) -> tuple[CamResult, ...]:
    """One model's maps of every stage, stem first, from one pass. Raises UserError."""
    loaded()
    from effnet_viz.engine.maps import cam as engine

    def make() -> tuple[CamResult, ...]:
        return engine.all_stages(
            load(look.model),
            photo(look.photo),
            square=look.square,
            method=method,
            target_class=target_class,
            features=features(look),
        )

    key = (look, method, target_class)
    return _in_turn(_maps_kept(), key, look.model.device, make, _map_bytes)


def _map_bytes(maps: tuple[CamResult, ...]) -> int:
    """About what maps take: every cell is a Python float."""
    return sum(BYTES_PER_RECORD + 32 * each.grid[0] * each.grid[1] for each in maps)


@lru_cache(maxsize=NUMBERS_KEPT)
def map_numbers(result: CamResult, baseline: CamResult | None, box: Box | None) -> MapNumbers:
    """What is counted of a map, kept: a page asks at every move of its controls."""
    loaded()
    from effnet_viz.engine.maps import metrics

    return metrics.map_numbers(result, baseline=baseline, box=box)


@lru_cache(maxsize=NUMBERS_KEPT)
def in_words(result: CamResult) -> str:
    """Where a map's mass lies, for those who cannot see it, kept as `map_numbers` are."""
    loaded()
    from effnet_viz.engine.maps import metrics

    return metrics.in_words(result)


def difference(
    result: CamResult, baseline: CamResult, normalise: Literal["sum", "max"] = "sum"
) -> NDArray[np.float32] | None:
    """A map less another one, None where either is no evidence; not cached."""
    loaded()
    from effnet_viz.engine.maps import metrics

    return metrics.difference(result, baseline, normalise=normalise)


def rank_correlation(result: CamResult, other: CamResult) -> float | None:
    """Spearman's rank correlation of two maps."""
    return map_numbers(result, other, None).rank_correlation


@st.cache_data(show_spinner=False)
def accelerator() -> str | None:
    """The GPU's torch device, None where there is none."""
    loaded()
    from effnet_viz.engine import optimise

    device = optimise.choose_device("auto")
    return None if device == "cpu" else device
