"""What takes longer than a page may wait: Score-CAM, and removing pixels to ask the model again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from effnet_viz.errors import UserError
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, TopClass
from effnet_viz.figures.attention import removal_curves
from effnet_viz.ui.compare import strip
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.view import Maps, View
from effnet_viz.ui.shared import background_views, cache, work
from effnet_viz.ui.shared.parts import chart

if TYPE_CHECKING:
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.jobs.compare import Removed
    from effnet_viz.engine.weights import LoadedModel
    from effnet_viz.ui.compare.models import Network

#: Removal and ROAD of one map, by network key; None where there is nothing to remove.
Measured = Mapping[str, "Removed | None"]

MISSING = "n/a"
DELETION, INSERTION = "Deletion", "Insertion"
FRAME_WIDTH = 150


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


def removal(maps: Maps) -> None:
    """Deletion, insertion and ROAD: does the network need what its map shows?"""
    st.markdown(
        "**Does the network need what its map shows?** Take its brightest pixels away, or show it "
        "nothing else, and ask again."
    )
    found = measured(maps.view, maps.results)
    if found is None:
        return
    shown = {
        network.title: (network, each)
        for network, _ in maps.shown
        if (each := found.get(network.key)) is not None
    }
    if shown:
        way = st.segmented_control(
            "The brightest pixels first",
            (DELETION, INSERTION),
            default=DELETION,
            key="way",
            bind="query-params",
            required=True,
        )
        _on_the_way(maps, shown, way == INSERTION)
    with st.expander("As numbers", icon=":material/table_rows:"):
        _removal_table(maps, found)


def _on_the_way(maps: Maps, shown: Mapping[str, tuple[Network, Removed]], insertion: bool) -> None:
    """The curves of all networks; under them what each network saw, with what it then said."""
    done = "added" if insertion else "removed"
    curves = {title: each.curves for title, (_, each) in shown.items()}
    frames_at = next(iter(shown.values()))[1].frames.shares
    area = "insertion" if insertion else "deletion"
    chart(
        removal_curves(curves, {t: n.role for t, (n, _) in shown.items()}, insertion, frames_at),
        f"removal_{area}",
        f"The probability while the brightest pixels are {done}, area under the curve: "
        + ", ".join(f"{title} {getattr(each, area):.2f}" for title, (_, each) in shown.items()),
    )
    for title, (network, each) in shown.items():
        target = maps.results[network.key].target_class
        at = [round(100 * fraction) for fraction in each.curves.fractions]
        values = getattr(each.curves, area)
        st.markdown(f"**{network.heading}**, {target}")
        with strip.bar(f"frames_{network.role}_{network.title}"):
            for share, picture in zip(each.frames.shares, getattr(each.frames, area), strict=True):
                sure = f"{100 * values[at.index(round(100 * share))]:.0f} %"
                with st.container(width=FRAME_WIDTH):
                    percent = f"{100 * share:.0f} %"
                    words = f"{title}, {percent} of the pixels {done}: {target} {sure}"
                    st.image(picture, alt=words, width="stretch")
                    st.caption(f"{percent} {done} · **{sure}**")


def _removal_table(maps: Maps, found: Measured) -> None:
    rows = []
    for network, result in maps.shown:
        figures = found.get(network.key)
        row = {"network": network.title, "class": result.target_class}
        if figures is None:
            row |= dict.fromkeys(("deletion ↓", "insertion ↑", "ROAD ↑"), MISSING)
        else:
            row |= {
                "deletion ↓": f"{figures.deletion:.3f}",
                "insertion ↑": f"{figures.insertion:.3f}",
                "ROAD ↑": f"{figures.road:+.3f}",
            }
        rows.append(row)
    frame = pd.DataFrame(rows).set_index("network")
    st.table(frame, alt="Deletion, insertion and ROAD of each map")
    st.download_button(
        "These measures, CSV",
        frame.to_csv,
        file_name="removal.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        "**Deletion**: area under the curve while the most important pixels are replaced by grey, "
        "lower is better. **Insertion**: the same while they are added to a blurred photo, higher "
        "is better (Petsiuk et al. 2018, 20 steps, trapezoid rule). **ROAD** = (LeRF - MoRF) / 2 "
        "over nine shares of pixels from 10 % to 90 %, removed by noisy linear imputation, higher "
        "is better (Rong et al. 2022, by pytorch-grad-cam). A sure network starts higher: compare "
        "maps of one network, or the order of networks with care."
    )


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
