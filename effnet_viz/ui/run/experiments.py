"""Two experiments on one page, told apart: ImageNet's published networks, and the ten classes of
the classroom's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from effnet_viz.engine.requests import PredictRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence.lite import measured_sentences, read_measured
from effnet_viz.evidence.results import Prediction
from effnet_viz.figures import base
from effnet_viz.scaling.families import IMAGENETTE_CLASSES
from effnet_viz.ui.run import views
from effnet_viz.ui.run.views import ModelChoice
from effnet_viz.ui.shared import model_views
from effnet_viz.ui.shared.photos import Photo


@dataclass(frozen=True, slots=True)
class Experiment:
    """What stands above the answers of networks that know the same classes."""

    key: str
    heading: str
    lead: str


THOUSAND = Experiment(
    "imagenet",
    "Among ImageNet's thousand classes",
    "Published networks, trained by their authors on ImageNet. They differ in more than their "
    "scale.",
)
TEN = Experiment(
    "classroom",
    "Among ten classes: the controlled experiment",
    "Trained alike by this project, so that only scale differs. Its figures do not compare with "
    "those among a thousand classes: other classes, photos and training.",
)


def by_experiment(
    photo: Photo, choices: Sequence[ModelChoice]
) -> list[tuple[Experiment, list[ModelChoice]]]:
    """The chosen models by what they know, those of ImageNet first for a visitor's own photo."""
    ten = [c for c in choices if c.spec.num_classes == len(IMAGENETTE_CLASSES)]
    thousand = [c for c in choices if c not in ten]
    groups = [(TEN, ten), (THOUSAND, thousand)]
    if views.is_own(photo):
        groups.reverse()
    return [(experiment, members) for experiment, members in groups if members]


def show(
    photo: Photo,
    choices: Sequence[ModelChoice],
    requests: Mapping[str, PredictRequest],
    predictions: Mapping[str, Prediction],
) -> None:
    """Answers and costs, one experiment below the other; then what is true of all of them."""
    groups = by_experiment(photo, choices)
    st.html(views.ONE_LINE)
    for experiment, members in groups:
        if len(groups) > 1:
            st.subheader(experiment.heading)
            st.caption(experiment.lead)
        model_views.class_warning(photo, {choice.family for choice in members})
        answers = {c.title: predictions[c.title] for c in members if c.title in predictions}
        if not answers:
            continue
        st.plotly_chart(
            base.top_class_bars(answers),
            alt=views.bars_alt(answers),
            config={"displayModeBar": False},
            key=f"bars_{experiment.key}",
        )
        with st.container(key=f"costs_{experiment.key}"):
            views.cost_table(requests, answers, members)
        if any(choice.family == "lite" for choice in members):
            _how_good()
    if predictions:
        views.about(requests, predictions, choices)


def _how_good() -> None:
    """How often EfficientNet-Lite was right here, beside what its authors print."""
    try:
        said = measured_sentences(read_measured())
    except UserError:
        return
    with st.expander("How often they are right, here and as published"):
        st.markdown("  \n".join(said))
