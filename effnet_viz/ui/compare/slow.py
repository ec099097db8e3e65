"""What takes longer than a page may wait: Score-CAM, and removing pixels to ask the model again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, TopClass
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.view import View
from effnet_viz.ui.shared import background_views, cache, work

if TYPE_CHECKING:
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.jobs.compare import Removed
    from effnet_viz.engine.weights import LoadedModel

#: Removal and ROAD of one map, by network key; None where there is nothing to remove.
Measured = Mapping[str, "Removed | None"]


def score_cam_maps(view: View, answers: Mapping[str, TopClass]) -> dict[str, CamResult]:
    """A slow method's maps of every network, made in the background; empty until it is there."""
    request = _request(view)
    method = METHODS[view.settings.method]

    def start() -> Background[Any]:
        return work.score_cam_job(
            view.photo.image,
            view.square,
            loaded_models(view),
            view.target(answers).index,
            view.settings.target == OWN_TOP,
            view.settings.stage,
            view.settings.method,
        )

    why = st.empty()
    made = background_views.result_of(
        "scorecam", request, f"Compute {method.title}", start, icon=":material/hourglass_top:"
    )
    if made is not None:
        return dict(made)
    why.markdown(f"**{method.title} takes long.** {method.cost} The page stays usable meanwhile.")
    return {}


def measured(view: View, results: Mapping[str, CamResult]) -> Measured | None:
    """Deletion, insertion and ROAD of every map on screen, made on request; None until then."""
    targets = tuple(result.target_index for result in results.values())

    def start() -> Background[Any]:
        loaded = [(key, model) for key, model in loaded_models(view) if key in results]
        return work.removal_job(view.photo.image, view.square, loaded, results)

    made: Measured | None = background_views.result_of(
        "removal",
        (*_request(view), targets),
        "Measure deletion, insertion and ROAD",
        start,
        icon=":material/backspace:",
    )
    return made


def _request(view: View) -> tuple[Any, ...]:
    s = view.settings
    networks = tuple((n.key, n.spec) for n in view.family.runnable)
    return (view.photo.file, view.square, networks, s.method, s.target, s.stage, view.device)


def loaded_models(view: View) -> list[tuple[str, LoadedModel]]:
    """The networks that can be had, loaded. Raises UserError where there is none."""
    found: list[tuple[str, LoadedModel]] = []
    problem = UserError("There is no network to run; choose another family.")
    for network in view.family.runnable:
        try:
            found.append((network.key, cache.load(view.look(network).model)))
        except UserError as error:
            problem = error
    if not found:
        raise problem
    return found
