"""Yours: what grown weights can and cannot show, and a short training that makes them their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.engine.training.imagenette import DATA_VARIABLE
from effnet_viz.errors import UserError
from effnet_viz.scaling.families import find_model
from effnet_viz.ui.compare.models import LITE, SCALE_KEY, YOURS, Family, Network, grow_classroom
from effnet_viz.ui.compare.view import View
from effnet_viz.ui.shared import background_views, cache, work
from effnet_viz.ui.shared.photos import fetch_button

if TYPE_CHECKING:
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.weights import LoadedModel

STEPS = (100, 300, 600)


def with_tuned(family: Family) -> Family:
    """The family, with this visit's fine-tuned version of the same network behind it."""
    own = _own(family)
    if own is None:
        return family
    tuned: dict[str, LoadedModel] = st.session_state.get("tuned", {})
    networks = [
        Network(key, f"{own.title}, fine-tuned", own.role)
        for key, model in tuned.items()
        if model.spec == own.spec
    ]
    return replace(family, networks=(*family.networks, *networks[-1:]))


def equal_by_construction(view: View) -> None:
    """What to expect of grown weights, and the offer to train them a little."""
    own = _own(view.family)
    if own is None or own.spec is None or view.family.parent is None:
        if view.family.key == YOURS and own is not None:
            st.info(
                "No trained network can be grown to this one: growing adds channels and blocks "
                "and takes none away. Choose depth and width of at least 1.",
                icon=":material/content_copy:",
            )
        return
    if not cache.is_available(*view.family.parent):
        st.info(
            "**Not grown yet.** The parent's weights are not on this machine, so nothing can be "
            "grown from them. The classroom baseline ships with its weights: your φ, α, β, γ can "
            "grow that.",
            icon=":material/content_copy:",
        )
        st.button(
            "Grow the classroom baseline", on_click=grow_classroom, icon=":material/content_copy:"
        )
        return
    parent = find_model(*view.family.parent)
    same_px = parent.spec.resolution_px == own.spec.resolution_px
    where = (
        "Both run at the same resolution, so"
        if same_px
        else f"At the parent's {parent.spec.resolution_px} px"
    )
    here = (
        ""
        if same_px
        else f" Here yours runs at {own.spec.resolution_px} px, for which the weights were not "
        "trained, so they differ."
    )
    st.info(
        f"**Grown, not trained.** {where} predictions and the maps of Grad-CAM, LayerCAM and CAM "
        "equal the parent's by construction. Grad-CAM++ is not linear in the gradient and EigenCAM "
        f"counts copied channels twice: theirs need not.{here}",
        icon=":material/content_copy:",
    )
    if view.family.parent[0] == LITE:
        st.caption(
            "No short training is offered here: Lite's weights expect pixels on another scale than "
            "the training feeds."
        )
        return
    with st.expander("Train it a little", icon=":material/fitness_center:"):
        _fine_tune(view, own, view.family.parent)


def _fine_tune(view: View, own: Network, parent: tuple[str, str]) -> None:
    assert own.spec is not None
    try:
        folder = work.training_folder()
    except UserError as error:
        st.error(str(error), icon=":material/error:")
        return
    if folder is None:
        st.markdown(
            "A short training would make the weights its own. It needs photos of the ten classes: "
            "fetch Imagenette once (about 340 MB), or start the app with "
            f"`{DATA_VARIABLE}` naming a folder with `train/<class>/`."
        )
        fetch_button("fetch_training")
        return
    st.markdown(
        f"Some steps on 800 photos from `{folder}`, in the background, on the CPU. Copied channels "
        "start 5 % apart so that each can learn something else."
    )
    steps = st.segmented_control(
        "Steps", STEPS, default=300, key="steps", bind="query-params", required=True
    )
    steps = int(steps or 300)

    def start() -> Background[Any]:
        assert own.spec is not None
        return work.fine_tune_job(parent, own.spec, folder, steps, view.device)

    made: LoadedModel | None = background_views.result_of(
        "tune", (own.spec, steps), "Train", start, icon=":material/fitness_center:"
    )
    if made is None:
        return
    tuned: dict[str, LoadedModel] = st.session_state.setdefault("tuned", {})
    if not any(model is made for model in tuned.values()):
        tuned[f"tuned/{cache.unique()}"] = made
        st.rerun()
    st.success(
        f"**{made.weights}.** Loss at first {made.record['first_loss']:.2f}, at last "
        f"{made.record['last_loss']:.2f}, on {made.record['photos']} photos. {_worth(made.record)} "
        "Its map stands above, beside the grown one.",
        icon=":material/check:",
    )


def _worth(record: dict[str, Any]) -> str:
    if not record["unseen"]:
        return "Nobody has measured how often it is right: there are no validation photos here."
    return (
        f"On {record['unseen']} photos it never saw it is right on {record['unseen_top1']:.0f} %, "
        f"its parent on {record['parent_top1']:.0f} %; so few steps may well make it worse."
    )


def _own(family: Family) -> Network | None:
    return next((n for n in family.networks if n.key == SCALE_KEY), None)
