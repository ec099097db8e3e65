"""The maps side by side: computed once, painted as the controls say."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from effnet_viz.engine.requests import MapRequest
from effnet_viz.errors import ResourceError, UserError
from effnet_viz.evidence.family import listed
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult, TopClass
from effnet_viz.figures import drawn_on, overlays
from effnet_viz.ui.compare import slow, strip
from effnet_viz.ui.compare.choices import OWN_TOP
from effnet_viz.ui.compare.models import (
    CLASSROOM,
    GROWN_FROM,
    LITE,
    NO_WEIGHTS,
    Network,
    grow_instead,
)
from effnet_viz.ui.compare.view import Maps, View, jpeg, photo_tile
from effnet_viz.ui.shared import cache, model_views
from effnet_viz.ui.shared.engine import my_turn


def compute(view: View) -> Maps | None:
    """The maps of all networks; those that cannot be made say why, together where they share it.

    None where there is none to show.
    """
    slowly = METHODS[view.settings.method].slow
    if _is_kept(view, maps_too=not slowly):
        answers = {n.key: cache.answer(view.look(n)) for n in view.family.runnable}
    else:
        _fetch(view)
        with my_turn(view.device):
            answers = _answered(view)
            if not slowly:
                return _mapped(view, answers)
    return _slowly(view, answers) if slowly else _mapped(view, answers)


def _slowly(view: View, answers: Mapping[str, TopClass]) -> Maps | None:
    results = slow.score_cam_maps(view, answers)
    return Maps(view, results, answers) if results else None


def _is_kept(view: View, maps_too: bool) -> bool:
    """Whether everything has been made before, so that nobody must wait in line."""
    answers: dict[str, TopClass] = {}
    for network in view.family.runnable:
        answer = cache.kept_answer(view.look(network))
        if answer is None:
            return False
        answers[network.key] = answer
    return not maps_too or all(
        cache.kept_cam(_request(view, network, answers)) is not None
        for network in view.family.runnable
    )


def _request(view: View, network: Network, answers: Mapping[str, TopClass]) -> MapRequest:
    target = view.target(answers).index
    return MapRequest(view.look(network), view.settings.method, target, view.settings.stage)


def _fetch(view: View) -> None:
    """Download what is not here yet; which networks cannot be had is remembered."""
    unreachable = _unreachable()
    wanted = {n.title: n for n in view.family.runnable if n.key not in unreachable}
    models = {title: view.look(network).model for title, network in wanted.items()}
    for title, error in model_views.fetch(models).items():
        unreachable[wanted[title].key] = error


def _unreachable() -> dict[str, str]:
    """By network, why it cannot be had, until it is asked for again."""
    found: dict[str, str] = st.session_state.setdefault("unreachable", {})
    return found


def _answered(view: View) -> dict[str, TopClass]:
    """What every network says of the square; those that cannot be had are named together."""
    answers: dict[str, TopClass] = {}
    failures: dict[str, str] = {}
    unreachable = _unreachable()
    bar = st.progress(0.0, text="Loading the networks")
    networks = view.family.runnable
    for done, network in enumerate(networks):
        share = done / len(networks)
        bar.progress(share, text=f"Asking {network.title}")
        if network.key in unreachable:
            continue
        look = view.look(network)
        try:
            cache.load(look.model, model_views.download_progress(bar, share, network.title))
            answers[network.key] = cache.answer(look)
        except ResourceError as error:
            unreachable[network.key] = str(error)
        except UserError as error:
            failures[network.title] = str(error)
    bar.empty()
    _say(failures)
    _offer_retry(networks, unreachable)
    return answers


def _mapped(view: View, answers: Mapping[str, TopClass]) -> Maps | None:
    results: dict[str, CamResult] = {}
    failures: dict[str, str] = {}
    for network in view.family.runnable:
        if network.key not in answers:
            continue
        try:
            results[network.key] = cache.cam(_request(view, network, answers))
        except UserError as error:
            failures[network.title] = str(error)
    _say(failures)
    return Maps(view, results, answers) if results else None


def _say(failures: Mapping[str, str]) -> None:
    """Each sentence once, with the networks it is true of."""
    for sentence in dict.fromkeys(failures.values()):
        titles = [title for title, said in failures.items() if said == sentence]
        st.error(f"**{', '.join(titles)}**: {sentence}", icon=":material/error:")


def _offer_retry(networks: tuple[Network, ...], unreachable: dict[str, str]) -> None:
    """One sentence for all weights that could not be had, remembered until asked again."""
    missing = [network for network in networks if network.key in unreachable]
    if not missing:
        return
    if missing[0].key.startswith(LITE):  # each needs a package of its own
        said = "  \n".join(dict.fromkeys(unreachable[network.key] for network in missing))
    else:
        others = ", ".join(network.title for network in missing[1:])
        said = unreachable[missing[0].key] + (f" The same goes for {others}." if others else "")
    st.info(said, icon=":material/cloud_off:")

    def again() -> None:
        for network in missing:
            unreachable.pop(network.key, None)

    def classroom() -> None:
        st.session_state["family"] = CLASSROOM

    with st.container(horizontal=True):
        st.button("Try again", icon=":material/refresh:", on_click=again, key="try_again")
        st.button("Show the classroom family", on_click=classroom, key="to_classroom")


def heading(maps: Maps) -> None:
    """What the networks say, and which class, stage and method the pictures show."""
    view = maps.view
    st.markdown(said(maps))
    asked = METHODS[view.settings.method].class_specific
    what = f"Evidence for {maps.target_words}" if asked else "The main pattern, whatever the class"
    if not any(result.evidence for result in maps.results.values()):
        st.warning(
            f"None of these networks has evidence for **{maps.first.target_class}** at stage "
            f"{view.settings.stage}: choose another class or stage.",
            icon=":material/visibility_off:",
        )
        return
    st.markdown(f"{what}, stage {view.settings.stage}, {view.settings.method_title}")
    if asked and view.settings.target == OWN_TOP:
        st.caption("Different classes: these maps cannot be compared as evidence for one thing.")


def said(maps: Maps) -> str:
    """The networks' own answers in a sentence: who says what, and what is true."""
    groups: dict[str, list[str]] = {}
    for network, result in maps.shown:
        if result.meaningful and network.key in maps.answers:
            groups.setdefault(maps.answers[network.key].label, []).append(network.title)
    if not groups:
        return "These weights are **untrained**: what they say is chance."
    if len(groups) > 1:
        parts = [
            f"{listed(titles)} say{'s' if len(titles) == 1 else ''} **{label}**"
            for label, titles in groups.items()
        ]
        return f"**The networks disagree:** {'; '.join(parts)}."
    (label, titles), *_ = groups.items()
    one = len(titles) == 1
    whole = f"{titles[0]} says" if one else f"All {len(titles)} say"
    labels = [name for name in maps.view.photo.labels if name in maps.view.family.classes]
    if not labels:
        return f"{whole} **{label}**."
    if label in labels:
        return f"{whole} **{label}**, and {'is' if one else 'are'} right."
    return f"{whole} **{label}**, and {'is' if one else 'are'} wrong: it is {' and '.join(labels)}."


def tiles(maps: Maps) -> None:
    """The photo and one tile per network, in one row where there is room; then how to read them."""
    view = maps.view
    networks = [n for n in view.family.networks if n.missing or n.key in maps.results]
    if view.settings.raw_grid:
        st.html(drawn_on.CELLS_STYLE)
    with strip.row(len(networks) + 1):
        with st.container():
            key = ("photo", view.photo.file.key, view.square)
            photo_tile(view.photo, jpeg(key, lambda: overlays.outlined(view.frame())))
        for network in networks:
            with st.container():
                if network.missing:
                    _missing_tile(network, view.family.key)
                else:
                    _tile(maps, network, maps.results[network.key])
    _weights(maps)


def _tile(maps: Maps, network: Network, result: CamResult) -> None:
    words = f"{network.title}: {lower_first(cache.in_words(result))}"
    st.image(maps.tile(result), alt=words, width="stretch")
    if maps.view.settings.raw_grid:
        layer = drawn_on.cells_html(result, maps.view.photo.image.size, maps.view.square)
        if layer:
            st.html(layer)
    own, number = _own_answer(maps, network), _one_number(maps, result)
    st.markdown(
        f"**{network.heading}**  \n{own}  \n:small[{number}]", help=_notes(maps, network, result)
    )


def _notes(maps: Maps, network: Network, result: CamResult) -> str | None:
    """What else there is to say of a network and its map, on demand."""
    note = f"{network.note[:1].upper()}{network.note[1:]}." if network.note else ""
    notes = [result.note, note]
    if maps.is_improbable(result):
        guess = 100 / len(maps.view.family.classes)
        notes.append(
            f"Dimmed, as {result.target_class} is less likely to this network than a blind guess "
            f"({guess:g} %)."
        )
    return " ".join(filter(None, notes)) or None


def _own_answer(maps: Maps, network: Network) -> str:
    answer = maps.answers.get(network.key)
    if answer is None:
        return "no answer"
    right = maps.is_right(network)
    mark = {None: "", True: " :green[✓]", False: " :red[✗ wrong]"}[right]
    return f"{answer.label} {100 * answer.probability:.0f} %{mark}"


def _one_number(maps: Maps, result: CamResult) -> str:
    numbers = maps.numbers(result)
    if not result.meaningful:
        return "**untrained weights**: chance, never evidence"
    if numbers.best_quarter_share is None:
        return f"no evidence for {result.target_class}"
    if maps.is_improbable(result):
        return f"dimmed: only {100 * result.probability:.1f} %"
    if numbers.box_energy is not None:
        return f"**{100 * numbers.box_energy:.0f} % of the map in the box**"
    return f"{100 * numbers.best_quarter_share:.0f} % in its best quarter"


def lower_first(sentence: str) -> str:
    """A sentence to go on with after a colon."""
    return sentence[:1].lower() + sentence[1:]


def _missing_tile(network: Network, family: str) -> None:
    with st.container(border=True):
        depth, width = NO_WEIGHTS[network.role]
        grown = f"depth {depth:g}" if depth > 1 else f"width {width:g}"
        st.markdown(f"**{network.role}** · no public weights exist")
        st.button(
            f"Grow {GROWN_FROM[family][0]} to {grown}",
            key=f"grow_{network.role}",
            on_click=grow_instead,
            args=(network.role, family),
            icon=":material/content_copy:",
        )


def _weights(maps: Maps) -> None:
    """Whose weights these are, said once where they are the same."""
    labels = list(dict.fromkeys(result.weights for _, result in maps.shown))
    badges = [
        model_views.weights_badge(label, wraps=True)
        + ("" if len(labels) == 1 else f" :small[({', '.join(_titles_with(maps, label))})]")
        for label in labels
    ]
    st.markdown(
        f"{' '.join(badges)}  \n:small[Bright speaks for the class; a finer grid alone looks "
        "sharper (see *Raw grid*); one photo proves nothing (see *Random weights, seeds*). "
        f"{_input(labels)}]"
    )


def _input(labels: list[str]) -> str:
    """Which part of the photo the networks saw, and where it is another one."""
    same = "All see the bright square of the photo"
    if any(model_views.sees_published_crop(label) for label in labels):
        return (
            f"{same}, so that maps show one part; Run takes the published resize and crop, and may "
            "answer otherwise."
        )
    return f"{same}."


def _titles_with(maps: Maps, label: str) -> list[str]:
    return [network.title for network, result in maps.shown if result.weights == label]
