"""The sections of the Run page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_viz.engine.requests import PredictRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import read_record
from effnet_viz.evidence.results import Prediction
from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import ArchitectureSpec
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    CLASSROOM_ROLES,
    FAMILIES,
    UNTRAINED,
    classroom_spec,
    models,
)
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn
from effnet_viz.ui.shared.photos import Photo, fetch_button
from effnet_viz.ui.shared.links import carried_scale_choice

SCALE_KEY = "custom/scale"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model to run: its key ``family/name``, how the page calls it, and its spec."""

    key: str
    title: str
    spec: ArchitectureSpec
    note: str = ""

    @property
    def family(self) -> str:
        """The part of the key before the slash."""
        return self.key.partition("/")[0]


def scale_page_model() -> ModelChoice:
    """The Scale page's network; where it is one of the trained roles, that role's weights.

    Raises UserError where the Scale page's values make no network.
    """
    choice = carried_scale_choice()
    spec = choice.study().scaled
    title = f"Scale page: {choice.name}"
    for role in CLASSROOM_ROLES:
        if spec == classroom_spec(role):
            return ModelChoice(f"classroom/{role}", title, spec)
    return ModelChoice(SCALE_KEY, title, spec)


def model_picker() -> list[ModelChoice]:
    """Which models run; the classroom family and the Scale page's own network by default."""
    options: dict[str, ModelChoice] = {}
    for name, family in FAMILIES.items():
        for entry in models(name):
            options[entry.key] = ModelChoice(
                entry.key, f"{family.prefix}{entry.name}", entry.spec, entry.note
            )
    with model_views.shown_errors():
        options[SCALE_KEY] = scale_page_model()
    default = [key for key in options if key.startswith("classroom/")]
    if SCALE_KEY in options:
        default.append(SCALE_KEY)
    chosen = st.multiselect(
        "Models",
        list(options),
        default=default,
        format_func=lambda key: options[key].title,
        key="models",
        bind="query-params",
        help="ImageNet models download their weights once, then work without a network.",
    )
    return [options[key] for key in chosen]


def run_models(photo: Photo, choices: Sequence[ModelChoice]) -> dict[str, Prediction]:
    """The predictions that could be made, by title; the others say why they could not."""
    predictions: dict[str, Prediction] = {}
    if not choices:
        st.info("Choose at least one model above.", icon=":material/info:")
        return predictions
    with model_views.shown_errors():
        device = model_views.chosen_device()
        requests = {choice.title: _request(photo, choice, device) for choice in choices}
        kept = {title: cache.kept_prediction(request) for title, request in requests.items()}
        if None in kept.values():
            with my_turn(device):
                predictions = _predicted(requests)
        else:
            predictions = {title: made for title, made in kept.items() if made is not None}
    st.session_state["last_predictions"] = predictions
    return predictions


def _request(photo: Photo, choice: ModelChoice, device: str) -> PredictRequest:
    spec = choice.spec if choice.key == SCALE_KEY else None
    return PredictRequest(photo.file, cache.model_ref(choice.key, device, spec))


def _predicted(requests: Mapping[str, PredictRequest]) -> dict[str, Prediction]:
    predictions: dict[str, Prediction] = {}
    bar = st.progress(0.0, text="Loading the networks")
    for done, (title, request) in enumerate(requests.items()):
        share = done / len(requests)
        bar.progress(share, text=f"Running {title}")
        try:
            cache.load(request.model, _download_progress(bar, share, title))
            predictions[title] = cache.predict(request)
        except UserError as error:
            st.error(f"**{title}**: {error}", icon=":material/error:")
    bar.empty()
    return predictions


def _download_progress(bar: DeltaGenerator, share: float, title: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar.progress(share, text=f"Fetching {title}: {done / 2**20:.0f} of {total / 2**20:.0f} MB")

    return show


def bars_alt(predictions: Mapping[str, Prediction]) -> str:
    """The bar chart in words."""
    return "Most probable classes. " + "; ".join(
        f"{title}: "
        + ", ".join(f"{c.label} {100 * c.probability:.0f} %" for c in prediction.top[:3])
        for title, prediction in predictions.items()
    )


def cost_table(predictions: Mapping[str, Prediction], choices: Sequence[ModelChoice]) -> None:
    """What each model is, says, costs and takes."""
    rows = []
    for choice in choices:
        if choice.title not in predictions:
            continue
        prediction = predictions[choice.title]
        cost = network_cost(choice.spec)
        latency = prediction.latency
        top = prediction.top[0]
        says = f"{top.label}, {100 * top.probability:.0f} %"
        rows.append(
            {
                "model": choice.title,
                "weights": model_views.weights_badge(prediction.weights, wraps=True),
                "validation": measured_top1(choice),
                "says": says if prediction.meaningful else f":gray[~~{says}~~ means nothing]",
                "input": f"{prediction.resolution_px} px",
                "multiply-adds": si(cost.macs),
                "parameters": si(cost.params),
                "time, ms": f"{latency.median_ms:.1f} "
                f":small[({latency.q1_ms:.1f}-{latency.q3_ms:.1f})]",
            }
        )
    st.table(pd.DataFrame(rows).set_index("model"), alt="Models, weights, answers, cost and time")
    first = next(iter(predictions.values())).latency
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    st.caption(
        f"Time: median of {first.repeats} forward passes of one photo (quartiles in brackets), "
        f"measured on this machine: {first.device}, {threads}, torch {first.torch_version}. "
        "Multiply-adds and parameters: computed here. Validation: top-1 of the shipped weights on "
        "photos they never saw, measured once by this project."
    )
    for choice in choices:
        if choice.note and choice.title in predictions:
            st.caption(f"{choice.title}: {choice.note}.")
    for title, prediction in predictions.items():
        if prediction.note:
            st.info(f"{title}: {prediction.note}", icon=":material/info:")
    if any(p.weights.startswith("grown from") for p in predictions.values()):
        st.info(
            "Grown weights compute the parent's function in a larger network: at the parent's "
            "resolution the predictions are equal by construction. They show what the size costs, "
            "not what training it would bring.",
            icon=":material/content_copy:",
        )
    if any(p.weights == UNTRAINED for p in predictions.values()):
        st.warning(
            "The Scale page's network has no trained weights. It is run for its time and memory; "
            "what it predicts is chance, so its bars are hollow.",
            icon=":material/casino:",
        )


def measured_top1(choice: ModelChoice) -> str:
    """A shipped model's accuracy on its validation photos, from its record; else a dash."""
    family, _, role = choice.key.partition("/")
    if family != "classroom":
        return "-"
    return f"{read_record(role)['val_top1']:.1f} %"


def more_photos() -> None:
    """Fetch real photos of the ten classes."""
    with st.expander("Real photos of the ten classes"):
        st.markdown(
            "The samples above are drawn or ship with a library. Imagenette's real validation "
            "photos can be fetched once from its publisher (about 340 MB)."
        )
        fetch_button("fetch")
