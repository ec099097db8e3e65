"""The maps side by side: computed once, painted as the controls say."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_viz.engine.requests import MapRequest
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.checkpoints import read_record
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, MapNumbers
from effnet_viz.figures import overlays
from effnet_viz.figures.base import si
from effnet_viz.scaling.families import ROLES, UNTRAINED
from effnet_viz.ui.compare import slow
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.models import CLASSROOM, NO_WEIGHTS, Network, grow_instead
from effnet_viz.ui.compare.view import Maps, View
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn

#: On a phone the maps stack; the photo stays small in view above them.
_STICKY_PHOTO = """
<style>
.st-key-phone_photo { display: none; }
@media (max-width: 640px) {
  .st-key-phone_photo {
    display: block; position: sticky; top: 3.6rem; z-index: 10; width: 6rem !important;
    margin-left: auto;
  }
  .st-key-phone_photo img { border: 2px solid currentColor; border-radius: 0.4rem; }
}
</style>
"""


def compute(view: View) -> Maps | None:
    """The maps of all networks; those that cannot be made say why, together where they share it.

    None where there is none to show.
    """
    slowly = METHODS[view.settings.method].slow
    results = slow.score_cam_maps(view) if slowly else _computed(view)
    return Maps(view, results) if results else None


def _computed(view: View) -> dict[str, CamResult]:
    results: dict[str, CamResult] = {}
    for network in view.family.runnable:
        found = cache.kept_cam(_request(view, network, results))
        if found is None:
            with my_turn(view.device):
                return _made(view)
        results[network.key] = found
    return results


def _request(view: View, network: Network, earlier: Mapping[str, CamResult]) -> MapRequest:
    settings = view.settings
    target = view.target_of(earlier)
    return MapRequest(view.look(network), settings.method, target, settings.stage)


def _made(view: View) -> dict[str, CamResult]:
    results: dict[str, CamResult] = {}
    failures: dict[str, str] = {}
    unreachable: dict[str, str] = st.session_state.setdefault("unreachable", {})
    bar = st.progress(0.0, text="Loading the networks")
    networks = view.family.runnable
    for done, network in enumerate(networks):
        share = done / len(networks)
        bar.progress(share, text=f"Mapping {network.title}")
        if network.key in unreachable:
            continue
        try:
            request = _request(view, network, results)
            cache.load(request.look.model, _download_progress(bar, share, network.title))
            results[network.key] = cache.cam(request)
        except ResourceError as error:
            unreachable[network.key] = str(error)
        except UserError as error:
            failures[network.title] = str(error)
    bar.empty()
    for title, sentence in failures.items():
        st.error(f"**{title}**: {sentence}", icon=":material/error:")
    _offer_retry(networks, unreachable)
    return results


def _offer_retry(networks: tuple[Network, ...], unreachable: dict[str, str]) -> None:
    """One sentence for all weights that could not be had, remembered until asked again."""
    missing = [network for network in networks if network.key in unreachable]
    if not missing:
        return
    others = ", ".join(network.title for network in missing[1:])
    also = f" The same goes for {others}." if others else ""
    st.info(f"{unreachable[missing[0].key]}{also}", icon=":material/cloud_off:")

    def again() -> None:
        for network in missing:
            unreachable.pop(network.key, None)

    def classroom() -> None:
        st.session_state["family"] = CLASSROOM

    with st.container(horizontal=True):
        st.button("Try again", icon=":material/refresh:", on_click=again, key="try_again")
        st.button("Show the classroom family", on_click=classroom, key="to_classroom")


def _download_progress(bar: DeltaGenerator, share: float, title: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        bar.progress(share, text=f"Fetching {title}: {done / 2**20:.0f} of {total / 2**20:.0f} MB")

    return show


def heading(maps: Maps) -> None:
    """Which class, stage and method the pictures below show; on a phone, the photo too."""
    view = maps.view
    st.html(_STICKY_PHOTO)
    asked = METHODS[view.settings.method].class_specific
    what = f"Evidence for {maps.target_words}" if asked else "The main pattern, whatever the class"
    st.markdown(f"{what}, stage {view.settings.stage}, {view.settings.method_title}")
    if asked and view.settings.target == OWN_TOP:
        st.caption("Different classes: these maps show what each model is sure of, and cannot be "
                   "compared as evidence for one thing.")  # fmt: skip
    with st.container(key="phone_photo"):
        st.image(overlays.framed(view.photo.image, view.square, 200), alt=view.photo.alt)


def tiles(maps: Maps) -> None:
    """One tile per network, three in a row, so that a phone keeps the order; then how to read."""
    view = maps.view
    networks = [n for n in view.family.networks if n.missing or n.key in maps.results]
    columns: list[DeltaGenerator] = []
    while len(columns) <= len(networks):
        columns += st.columns(3)
    for column, network in zip(columns, networks, strict=False):
        with column:
            if network.missing:
                _missing_tile(network)
            else:
                _tile(maps, network, maps.results[network.key])
    with columns[len(networks)]:
        _reading_guide(maps)


def _tile(maps: Maps, network: Network, result: CamResult) -> None:
    words = f"{network.title}: {lower_first(cache.in_words(result))}"
    st.image(maps.picture(result), alt=words, width="stretch")
    rows, columns = result.grid
    faint = "" if result.evidence else " :orange-badge[no evidence for this class]"
    numbers = maps.numbers(result)
    st.markdown(
        f"**{network.heading}** · {result.target_class} {100 * result.probability:.1f} %{faint}  \n"
        f":small[{result.resolution_px} px, {rows} × {columns} grid, largest value "
        f"{si(result.raw_max)}]  \n"
        f":small[{short_numbers(numbers)}]  \n"
        f"{model_views.weights_badge(result.weights, wraps=True)}"
    )
    notes = [result.note, f"{network.note[:1].upper()}{network.note[1:]}." if network.note else ""]
    if maps.is_improbable(result) and result.evidence:
        guess = 100 / len(maps.view.family.classes)
        notes.insert(0, f"**Dimmed**: to this model the class is less likely than a blind guess "
                        f"({guess:g} %), so the map is hardly a reason.")  # fmt: skip
    if not result.meaningful:
        notes.insert(0, "**Untrained weights**: this map is chance, never evidence.")
    for note in filter(None, notes):
        st.caption(note)


def short_numbers(numbers: MapNumbers) -> str:
    """The counted figures of one map in one line."""
    if numbers.best_quarter_share is None:
        return "nothing to count"
    parts = [f"{100 * numbers.best_quarter_share:.0f} % in the best quarter"]
    if numbers.rank_correlation is not None:
        parts.append(f"ρ {numbers.rank_correlation:+.2f}")
    if numbers.box_energy is not None:
        parts.append(f"**{100 * numbers.box_energy:.0f} % in the box**")
    return ", ".join(parts)


def lower_first(sentence: str) -> str:
    """A sentence to go on with after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _missing_tile(network: Network) -> None:
    with st.container(border=True):
        depth, width = NO_WEIGHTS[network.role]
        grown = f"depth {depth:g}" if depth > 1 else f"width {width:g}"
        st.markdown(
            f"**{network.role}** · no public weights exist  \n"
            f":small[Nobody published a B0 scaled in {network.role} alone. One can be grown from "
            "B0: it starts as the same function.]"
        )
        st.button(
            f"Grow B0 to {grown}",
            key=f"grow_{network.role}",
            on_click=grow_instead,
            args=(network.role,),
            icon=":material/content_copy:",
        )


def _reading_guide(maps: Maps) -> None:
    settings = maps.view.settings
    scaled = "by the largest of all" if settings.same_scale else "by its own maximum"
    one_class = "Own classes" if settings.target == OWN_TOP else "One class"
    with st.container(border=True):
        st.markdown(
            f"**How to read this.** {one_class}, one square, each map scaled {scaled}. "
            "A finer grid alone makes a map look sharper: turn on *Raw grid* before you call a "
            "network more precise. A few photos prove nothing; the paper says *tends to*."
        )
        st.caption(
            "**Best quarter**: how much of the map lies in the brightest quarter of its area; 25 % "
            "is even. **ρ**: how alike the order of places is to the baseline's map, 1 is the same."
        )
        if maps.view.family.key == CLASSROOM:
            _classroom_facts()
        elif any(result.weights == UNTRAINED for result in maps.results.values()):
            st.caption("An untrained network's map shows its architecture and the photo's edges.")


def _classroom_facts() -> None:
    with model_views.shown_errors():
        records = {role: read_record(role) for role in ROLES}
        measured = ", ".join(f"{role} {r['val_top1']:.0f} %" for role, r in records.items())
        st.caption(
            f"Right on validation photos: {measured}, after {records['baseline']['epochs']} epochs "
            "each. A map of a network that is mostly wrong shows what it has not learned."
        )
