"""Closer looks at the maps: differences, every stage, random weights, and CAM itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations, product

import streamlit as st
from PIL import Image

from effnet_viz.engine.requests import MapRequest
from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import members_of_roles
from effnet_viz.evidence.map_methods import METHODS
from effnet_viz.evidence.results import CamResult
from effnet_viz.evidence.seeds.agreement import shipped_floor
from effnet_viz.evidence.seeds.one_photo import Likeness, on_this_photo
from effnet_viz.figures import overlays
from effnet_viz.figures.attention import likeness
from effnet_viz.ui.compare.gallery import lower_first
from effnet_viz.ui.compare.models import CLASSROOM, Network
from effnet_viz.ui.compare.view import Maps
from effnet_viz.ui.shared import cache, parts

STRIP_PX = 170


def differences(maps: Maps) -> None:
    """Every other map less the first."""
    if len(maps.shown) < 2:
        st.info("There is only one map: nothing to compare it with.", icon=":material/info:")
        return
    first = maps.shown[0][0]
    whose = "the baseline's" if first.title == "baseline" else f"that of {first.title}"
    st.markdown(
        f"**What each map has more (red) or less (blue) than {whose}**, each divided by its sum: "
        "what is red came from where it is blue."
    )
    pairs = maps.shown[1:]
    columns = st.columns(max(3, len(pairs)))
    for column, (network, result) in zip(columns, pairs, strict=False):
        with column:
            if result.target_index != maps.first.target_index:
                st.caption(f"**{network.title}**: a map for another class, so no difference.")
                continue
            moved = cache.difference(result, maps.first)
            if moved is None:
                st.caption(f"**{network.title}**: no evidence on one side, so no difference.")
                continue
            picture = overlays.difference_overlay(
                maps.view.photo.image, maps.view.square, moved, longest_px=360
            )
            share = float(abs(moved).sum()) / 2
            words = f"{network.title} less {first.title}: {share:.0%} of the attention moved"
            st.image(picture, alt=words, width="stretch")
            st.markdown(f"**{network.heading}**  \n:small[{share:.0%} of the attention moved]")
    st.caption(
        "Each picture is scaled by its own largest difference.",
        help="Both maps are brought to one grid of 64 × 64, by where their cells lie. Half the sum "
        "of absolute differences is the share that moved.",
    )


def every_stage(maps: Maps) -> None:
    """Attention by depth: one network's maps from stem to head, from one forward pass."""
    titles = {network.key: network.title for network, _ in maps.shown}
    chosen = st.segmented_control(
        "Network",
        list(titles.values()),
        default=next(iter(titles.values())),
        key="deep",
        bind="query-params",
        required=True,
        wrap=True,
    )
    network, result = next((pair for pair in maps.shown if pair[0].title == chosen), maps.shown[0])
    method = maps.view.settings.method
    if METHODS[method].slow or METHODS[method].last_stage_only:
        st.caption(f"{METHODS[method].title} is not made for every stage; this is Grad-CAM.")
        method = "gradcam"
    stages = cache.all_stages(maps.view.look(network), method, result.target_index)
    with st.container(horizontal=True, gap="small"):
        for each in stages:
            with st.container(width=STRIP_PX):
                said = lower_first(cache.in_words(each))
                words = f"Stage {each.target_stage}: {said}"
                st.image(_strip_picture(maps, each), alt=words, width="stretch")
                faint = "" if each.evidence else ", no evidence"
                st.caption(f"**{each.target_stage}** · {each.grid[0]} × {each.grid[1]}{faint}")
    st.caption(
        f"{METHODS[method].title} of {result.target_class}, stem to head, each by its own maximum: "
        "edges and textures early, objects late."
    )


def _strip_picture(maps: Maps, result: CamResult) -> Image.Image:
    settings = maps.view.settings
    return overlays.overlay(
        maps.view.photo.image,
        maps.view.square,
        result,
        opacity=settings.opacity,
        colours=settings.colours,
        raw_grid=settings.raw_grid,
        longest_px=2 * STRIP_PX,
    )


def controls(maps: Maps) -> None:
    """The same networks with random weights, and other seeds where they ship."""
    st.markdown(
        "**Is it the training, or the build?** A map that looks alike with random weights shows no "
        "more than photo and build, not what was learned (Adebayo et al. 2018)."
    )
    shown = [(n, result) for n, result in maps.shown if not n.key.startswith("tuned/")]
    if METHODS[maps.view.settings.method].slow:
        st.caption(
            "These are Grad-CAM's, which is fast; compare their shapes with Grad-CAM's maps."
        )
    with st.container(horizontal=True, gap="small"):
        for network, result in shown:
            random = replace(network, key=f"random/{network.key}", title=f"{network.title}, random")
            with st.container(width=STRIP_PX):
                _other(maps, random, result)
    if maps.view.family.key == CLASSROOM:
        _seeds(maps)


def _seeds(maps: Maps) -> None:
    members = [member for member in members_of_roles() if member.seed]
    if not members:
        st.caption(
            "No second seed ships, so nobody can say how much of a difference between roles is "
            "chance."
        )
        return
    st.markdown("**Is it the role, or the seed?** The same network, trained from another start.")
    found = {n.role: [result] for n, result in maps.shown if not n.key.startswith("tuned/")}
    with st.container(horizontal=True, gap="small"):
        for member in members:
            if member.role in found:
                network = Network(f"classroom/{member.name}", member.name, member.role)
                with st.container(width=STRIP_PX):
                    other = _other(maps, network, found[member.role][0])
                    found[member.role] += [] if other is None else [other]
    if maps.target.index is not None and not METHODS[maps.view.settings.method].slow:
        _beside_seeds(found)


def _beside_seeds(found: Mapping[str, list[CamResult]]) -> None:
    """Whether roles differ by more than seeds, where all maps are for one class."""
    baseline = found.get("baseline", [])
    seeds = _alike(combinations(baseline, 2))
    roles = [
        Likeness(role, _alike(product(made, baseline)), _alike(combinations(made, 2)))
        for role, made in found.items()
        if role != "baseline"
    ]
    said = on_this_photo(seeds, roles)
    if not said:
        return
    st.markdown(said)
    parts.chart(likeness(seeds, roles), key="likeness", alt=said)
    st.caption(
        "Every mark is a pair of networks, hollow two seeds of the role. A few seeds give a floor, "
        "not a test. " + shipped_floor()
    )


def _alike(pairs: Iterable[tuple[CamResult, CamResult]]) -> tuple[float, ...]:
    found = (cache.rank_correlation(one, other) for one, other in pairs)
    return tuple(each for each in found if each is not None)


def _other(maps: Maps, network: Network, beside: CamResult) -> CamResult | None:
    """The map of a network that is not in the row, shown; None where it cannot be made."""
    view = maps.view
    try:
        quick = _quick(view.settings.method)
        look, stage = view.look(network), view.settings.stage
        found = cache.cam(MapRequest(look, quick, beside.target_index, stage))
    except UserError as error:
        st.caption(f"**{network.title}**: {error}")
        return None
    words = f"{network.title}: {lower_first(cache.in_words(found))}"
    st.image(
        maps.picture(found, 2 * STRIP_PX, dims=False, own_scale=True), alt=words, width="stretch"
    )
    alike = cache.rank_correlation(found, beside)
    like = "no evidence" if alike is None else f"ρ {alike:+.2f} with the trained map"
    if network.key.startswith("classroom/"):
        like = like.replace("the trained map", "the first seed")
    st.caption(f"**{network.title}**  \n{like}")
    return found


def _quick(method: str) -> str:
    return "gradcam" if METHODS[method].slow else method


def grad_cam_is_cam(maps: Maps) -> None:
    """Grad-CAM, CAM and their difference on the last stage of one network."""
    st.markdown(
        "**The paper used CAM, this page opens with Grad-CAM: on the last stage they are one.** "
        "After it come an average over places and one linear layer, so a channel's mean gradient "
        "*is* its weight there, divided by the number of places."
    )
    view, (network, result) = maps.view, maps.shown[0]
    last = view.family.last_stage
    pair = [
        cache.cam(MapRequest(view.look(network), method, result.target_index, last))
        for method in ("gradcam", "cam")
    ]
    columns = st.columns(3)
    for column, each in zip(columns, pair, strict=False):
        with column:
            words = f"{METHODS[each.method].title}: {lower_first(cache.in_words(each))}"
            st.image(maps.picture(each, 360, own_scale=True), alt=words, width="stretch")
            st.caption(f"**{METHODS[each.method].title}** of {network.title}, largest value "
                       f"{each.raw_max:.4g}")  # fmt: skip
    moved = cache.difference(pair[0], pair[1], "max")
    with columns[2]:
        if moved is None:
            st.info("Neither has evidence for this class here.", icon=":material/info:")
            return
        largest = float(abs(moved).max())
        picture = overlays.difference_overlay(
            view.photo.image, view.square, moved, longest_px=360, full_scale=1.0
        )
        st.image(picture, alt=f"Their difference: at most {largest:.1e} of the maximum",
                 width="stretch")  # fmt: skip
        st.caption(f"**Their difference**, both scaled to 1: at most {largest:.1e}")
    places = pair[0].grid[0] * pair[0].grid[1]
    ratio = pair[1].raw_max / pair[0].raw_max if pair[0].raw_max else float("nan")
    st.markdown(
        f"CAM's maximum is **{ratio:.4g}×** Grad-CAM's; the grid has {pair[0].grid[0]} × "
        f"{pair[0].grid[1]} = **{places}** places."
    )
