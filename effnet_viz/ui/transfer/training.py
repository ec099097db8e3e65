"""Which networks, and the work in the background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from effnet_viz.engine.transfer import photo_sets
from effnet_viz.engine.transfer.photo_sets import Sets
from effnet_viz.engine.transfer.results import TransferStudy
from effnet_viz.errors import UserError
from effnet_viz.scaling.families import FAMILIES, models
from effnet_viz.ui.shared import background_views, cache
from effnet_viz.ui.shared.engine import loaded
from effnet_viz.ui.shared.kept import KeptWithin

if TYPE_CHECKING:
    from effnet_viz.engine.jobs.background import Background

SLOT = "transfer"
RESULTS_KEPT = 4
MOST_NETWORKS = 10
#: What the example gave, for everybody: it is nobody's.
EXAMPLE_BYTES = 16 * 2**20


def network_titles() -> dict[str, str]:
    """Key and title of every listed network whose weights are on this machine."""
    return {
        entry.key: f"{family.prefix}{entry.name}"
        for name, family in FAMILIES.items()
        for entry in models(name)
        if cache.is_available(name, entry.name)
    }


def chosen_networks() -> list[str]:
    """Which networks' features are compared; the classroom's five by default."""
    titles = network_titles()
    return st.multiselect(
        "Networks",
        list(titles),
        default=[key for key in titles if key.startswith("classroom/")],
        format_func=titles.__getitem__,
        key="networks",
        bind="query-params",
        max_selections=MOST_NETWORKS,
        wrap=True,
    )


def trained(
    sets: Sets, keys: Sequence[str], device: str, *, is_example: bool
) -> TransferStudy | None:
    """The results for these photos and networks; until they are there, the button or the progress.
    The example begins by itself."""
    request = _request(sets, tuple(keys), device)
    try:
        photo_sets.check(sets)
        if not keys:
            raise UserError("Choose at least one network.")
    except UserError as error:
        st.info(str(error), icon=":material/info:")
        return None
    kept = st.session_state.setdefault(f"kept_{SLOT}", {})
    if is_example:
        found = _examples().find(request)
        if found is not None:
            kept[request] = found
        elif not st.session_state.get("transfer_begun"):
            st.session_state["transfer_begun"] = True
            st.session_state.setdefault(f"pressed_start_{SLOT}", []).append(True)
    result: TransferStudy | None = background_views.result_of(
        SLOT,
        request,
        "Train the heads",
        partial(_job, sets, tuple(keys), device, is_example),
        icon=":material/school:",
        most=RESULTS_KEPT,
    )
    return result


def _job(sets: Sets, keys: tuple[str, ...], device: str, is_example: bool) -> Background[Any]:
    """The work, not started. It lets go of the photos when it begins, and so keeps none that are
    deleted later."""
    loaded()
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.engine.transfer import study

    titles = network_titles()
    networks = [(titles[key], cache.load(cache.model_ref(key, device))) for key in keys]
    control = cache.load(cache.model_ref(f"random/{keys[0]}", device))
    held = [sets]
    st.session_state.setdefault("transfer_held", []).append(held)

    def work(task: Background[Any]) -> TransferStudy:
        photos = held.pop()

        def make() -> TransferStudy:
            return study.transfer(task, networks, control, photos)

        if is_example:
            return _examples().get(_request(photos, keys, device), make, _bytes)
        return make()

    return Background(work)


@st.cache_resource(show_spinner=False)
def _examples() -> KeptWithin[TransferStudy]:
    return KeptWithin(EXAMPLE_BYTES)


def _request(sets: Sets, keys: tuple[str, ...], device: str) -> tuple[object, ...]:
    """What results are kept by: it names the photos and holds none."""
    photos = tuple((each.name, *(photo.key for photo in each.photos)) for each in sets)
    return (photos, keys, device)


def _bytes(study: TransferStudy) -> int:
    return sum(each.head.weights.nbytes + 4096 for each in (*study.networks, study.random))
