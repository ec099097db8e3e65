"""The sections of the Run page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from effnet_viz.engine.requests import PredictRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import read_record
from effnet_viz.evidence.lite import PUBLISHED
from effnet_viz.evidence.results import RUNTIME_TITLES, Latency, Prediction
from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import ARCHITECTURES, ArchitectureSpec
from effnet_viz.scaling.compound import checked_multipliers, round_px, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import (
    CLASSROOM_ROLES,
    FAMILIES,
    UNTRAINED,
    classroom_spec,
    model_family,
    models,
)
from effnet_viz.ui.run.times import in_words as times_in_words
from effnet_viz.ui.run.times import is_sure, times
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn
from effnet_viz.ui.shared.links import carried_scale_choice
from effnet_viz.ui.shared.photos import Photo, fetch_button

SCALE_KEY, GROWN_KEY = "custom/scale", "custom/grown"

#: A row of `cost_table` is one line: what does not fit is cut, whole under the pointer or a finger;
#: who listens hears all of it.
ONE_LINE = """<style>
[class*="st-key-costs_"] [data-testid="stTable"] :is(th, td) {
  padding: 0.25rem 0.4rem;
}
[class*="st-key-costs_"] [data-testid="stTable"] tbody :is(th, td, th *, td *) {
  white-space: nowrap;
}
[class*="st-key-costs_"] [data-testid="stTable"] tbody :is(th, td:nth-of-type(1)) p {
  max-width: 7.4rem;
  overflow: hidden;
  text-overflow: ellipsis;
}
[class*="st-key-costs_"] [data-testid="stTable"] tbody :is(th, td):hover * {
  white-space: normal;
}
</style>"""

#: A grown network that costs more (L2's takes a minute) runs only where it is chosen.
QUICK_MACS = 4 * 10**9


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


def grown_model() -> ModelChoice | None:
    """The Scale page's scaling, applied to the classroom baseline and grown from its weights.

    None where the Scale page's own network can be grown as it is, or growing would have to shrink.
    Raises UserError as `scale_page_model`.
    """
    choice = carried_scale_choice()
    if cache.available_parent(choice.study().scaled) is not None:
        return None
    small = ARCHITECTURES["classroom"]
    m = choice.multipliers
    px = round_px(small.resolution_px * m.resolution_px / choice.architecture.resolution_px)
    try:
        spec = scale(small, checked_multipliers(m.depth, m.width, px))
    except UserError:
        return None
    if cache.available_parent(spec) is None:
        return None
    return ModelChoice(GROWN_KEY, f"{choice.name}, grown from the baseline", spec)


def is_own(photo: Photo) -> bool:
    """Whether a photo is the visitor's own."""
    return photo == st.session_state.get("own_photo")


def model_picker(photo: Photo) -> list[ModelChoice]:
    """Which models run; the classroom family and the Scale page's own network by default, and
    EfficientNet-Lite on ImageNet from a visitor's first own photo on."""
    options: dict[str, ModelChoice] = {}
    for name, family in FAMILIES.items():
        for entry in models(name):
            options[entry.key] = ModelChoice(
                entry.key, f"{family.prefix}{entry.name}", entry.spec, entry.note
            )
    default = [key for key in options if key.startswith("classroom/")]
    with model_views.shown_errors():
        options[SCALE_KEY] = scale_page_model()
        grown = grown_model()
        if grown is not None:
            options[GROWN_KEY] = grown
        if grown is None:
            default.append(SCALE_KEY)
        elif network_cost(grown.spec).macs <= QUICK_MACS:
            default.append(GROWN_KEY)
    if is_own(photo):
        _add_lite(default)
    chosen = st.multiselect(
        "Models",
        list(options),
        default=default,
        format_func=lambda key: options[key].title,
        key="models",
        bind="query-params",
        wrap=True,
        help="EfficientNet-Lite's ImageNet weights (lite0 to lite2) come with the app; the others' "
        "are downloaded once, then work without a network.",
    )
    return [options[key] for key in chosen]


def _add_lite(default: list[str]) -> None:
    """Let it answer first, once in a visit: who takes it out again has it out."""
    if st.session_state.get("lite_added") or (
        "models" not in st.session_state and "models" in st.query_params
    ):
        return
    st.session_state["lite_added"] = True
    chosen: list[str] = st.session_state.get("models", default)
    lite = [f"lite/{name}" for name in model_family("lite").default]
    st.session_state["models"] = list(dict.fromkeys([*lite, *chosen]))


def run_models(
    photo: Photo, choices: Sequence[ModelChoice]
) -> tuple[dict[str, PredictRequest], dict[str, Prediction]]:
    """What was asked, and the predictions that could be made, both by title; the others say why
    they could not."""
    requests: dict[str, PredictRequest] = {}
    predictions: dict[str, Prediction] = {}
    if not choices:
        st.info("Choose at least one model above.", icon=":material/info:")
        return requests, predictions
    with model_views.shown_errors():
        device = model_views.chosen_device()
        requests = {choice.title: _request(photo, choice, device) for choice in choices}
        kept = {title: cache.kept_prediction(request) for title, request in requests.items()}
        if None in kept.values():
            failed = model_views.fetch({title: r.model for title, r in requests.items()})
            for title, error in failed.items():
                st.error(f"**{title}**: {error}", icon=":material/error:")
            with my_turn(device):
                predictions = _predicted({t: r for t, r in requests.items() if t not in failed})
        else:
            predictions = {title: made for title, made in kept.items() if made is not None}
    st.session_state["last_predictions"] = predictions
    return requests, predictions


def _request(photo: Photo, choice: ModelChoice, device: str) -> PredictRequest:
    spec = choice.spec if choice.family == "custom" else None
    return PredictRequest(photo.file, cache.model_ref(choice.key, device, spec))


def _predicted(requests: Mapping[str, PredictRequest]) -> dict[str, Prediction]:
    predictions: dict[str, Prediction] = {}
    bar = st.progress(0.0, text="Loading the networks")
    for done, (title, request) in enumerate(requests.items()):
        share = done / len(requests)
        bar.progress(share, text=f"Running {title}")
        try:
            cache.load(request.model, model_views.download_progress(bar, share, title))
            predictions[title] = cache.predict(request)
        except UserError as error:
            st.error(f"**{title}**: {error}", icon=":material/error:")
    bar.empty()
    return predictions


def bars_alt(predictions: Mapping[str, Prediction]) -> str:
    """The bar chart in words."""
    return "Most probable classes. " + "; ".join(
        f"{title}: "
        + ", ".join(f"{c.label} {100 * c.probability:.0f} %" for c in prediction.top[:3])
        for title, prediction in predictions.items()
    )


def cost_table(
    requests: Mapping[str, PredictRequest],
    predictions: Mapping[str, Prediction],
    choices: Sequence[ModelChoice],
) -> None:
    """One line a model: what it says, is, costs and takes, and what ran it where that differs."""
    shown = [choice for choice in choices if choice.title in predictions]
    taken = _taken(requests, predictions)
    runtimes = {latency.runtime for latency in taken.values()}
    rows = []
    for choice in shown:
        prediction = predictions[choice.title]
        cost = network_cost(choice.spec)
        top = prediction.top[0]
        says = f"{100 * top.probability:.0f}\u00a0% {top.label}"
        runtime = RUNTIME_TITLES[taken[choice.title].runtime].replace(" ", "\u00a0")
        rows.append(
            {
                "model": choice.title,
                "says": says if prediction.meaningful else f":gray[~~{says}~~ chance]",
                "weights": model_views.weights_kind(prediction.weights),
                "validation": measured_top1(choice),
                "input": f"{prediction.resolution_px}\u00a0px",
                "multiply-adds": si(cost.macs).replace(" ", "\u00a0"),
                "parameters": si(cost.params).replace(" ", "\u00a0"),
                "time": times_in_words(taken[choice.title]),
                **({"in": runtime} if len(runtimes) > 1 else {}),
            }
        )
    st.table(pd.DataFrame(rows).set_index("model"), alt="Models, answers, weights, cost and time")


def _taken(
    requests: Mapping[str, PredictRequest], predictions: Mapping[str, Prediction]
) -> dict[str, Latency]:
    return {
        title: times().noted(requests[title].model, prediction.latency)
        for title, prediction in predictions.items()
    }


def about(
    requests: Mapping[str, PredictRequest],
    predictions: Mapping[str, Prediction],
    choices: Sequence[ModelChoice],
) -> None:
    """What the models saw, how times were taken, what their weights are, and what they are not."""
    shown = [choice for choice in choices if choice.title in predictions]
    _about_input(predictions)
    taken = _taken(requests, predictions)
    _about_time([requests[title] for title in taken], list(taken.values()))
    _about_weights(list(predictions.values()))
    for choice in shown:
        if choice.note:
            st.caption(f"{choice.title}: {choice.note}.")
    for title, prediction in predictions.items():
        if prediction.note:
            st.info(f"{title}: {prediction.note}", icon=":material/info:")


def _about_input(predictions: Mapping[str, Prediction]) -> None:
    """Which part of the photo each model saw, and why Compare shows it another."""
    published = [
        title
        for title, prediction in predictions.items()
        if model_views.sees_published_crop(prediction.weights)
    ]
    square = "the photo's whole centre square"
    if not published:
        st.caption(f"Input: {square}, at each model's resolution, as Compare opens with.")
        return
    others = "" if len(published) == len(predictions) else f" The others: {square}."
    st.caption(
        f"Input of {', '.join(published)}: the published resize and centre crop, for which their "
        f"accuracy was measured.{others} Compare gives every model one and the same square, so "
        "that maps show the same part of the photo; answers may differ there."
    )


def _about_time(requests: Sequence[PredictRequest], taken: Sequence[Latency]) -> None:
    first = taken[0]
    ran = " and ".join(dict.fromkeys(RUNTIME_TITLES[latency.runtime] for latency in taken))
    threads = "1 thread" if first.threads == 1 else f"{first.threads} threads"
    st.caption(
        f"Time: one forward pass, median of {first.repeats}, measured on this machine "
        f"({first.device}, {threads}, {ran}, torch {first.torch_version}). "
        "Multiply-adds and parameters: computed here. Validation: top-1 of the shipped weights "
        "among their ten classes, measured once by this project; of EfficientNet-Lite among "
        "ImageNet's thousand, as its authors print it. The two do not compare."
    )

    def again() -> None:
        times().forget([request.model for request in requests])
        cache.forget_predictions(requests)

    if not all(is_sure(latency) for latency in taken):
        st.caption(
            "**Noisy**: where a time says *about*, the passes took unequal times because the "
            "machine is busy."
        )
    st.button("Measure the times again", icon=":material/timer:", on_click=again, key="time_again")


def _about_weights(predictions: Sequence[Prediction]) -> None:
    for label in dict.fromkeys(prediction.weights for prediction in predictions):
        if label.startswith("grown from"):
            meaning = (
                "the parent's function in a larger network: at the parent's resolution the answers "
                "are equal by construction. It shows what the size costs, not what training brings"
            )
        elif label == UNTRAINED:
            meaning = "run for time and memory; what it says is chance, so its bars are hollow"
        else:
            meaning = ""
        st.caption(model_views.weights_line(label, meaning))


def measured_top1(choice: ModelChoice) -> str:
    """A shipped model's accuracy on its validation photos, from its record, or that which
    EfficientNet-Lite's authors print; else nothing."""
    family, _, name = choice.key.partition("/")
    if family == "classroom":
        return f"{read_record(name)['val_top1']:.1f}\u00a0%"
    if family == "lite" and name in PUBLISHED:
        return f"{PUBLISHED[name].top1}\u00a0%, printed"
    return ""


def more_photos() -> None:
    """Fetch real photos of the ten classes."""
    with st.expander("Real photos of the ten classes"):
        st.markdown(
            "The samples above are drawn or ship with a library. Imagenette's real validation "
            "photos can be fetched once from its publisher (about 340 MB)."
        )
        fetch_button("fetch")
