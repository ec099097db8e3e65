"""Ask before showing: which network will look best, and at what?"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from effnet_viz.engine.images import Square
from effnet_viz.figures import overlays
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.ui.compare.models import CLASSROOM, Family
from effnet_viz.ui.compare.view import TILE_PX, Maps
from effnet_viz.ui.shared import cache
from effnet_viz.ui.shared.photos import DEFAULT_SAMPLE, Photo

SKIP = "Just show me"
AT_WHAT = ("the whole object", "one telling part", "the background")

#: Whoever follows a link with one of these, or has changed one, has begun already.
_BEGUN = (
    *("family", "photo", "at", "target", "stage", "method", "opacity", "colours", "grid", "same"),
    *("box", "look", "shown"),
)


def answered(family: Family) -> bool:
    """Ask which network will look best; true once the maps may be shown.

    Only the page as it opens asks.
    """
    guess = st.session_state.get("look_guess", st.query_params.get("look_guess"))
    if guess is not None:
        at_what = st.session_state.get("look_at", st.query_params.get("look_at"))
        st.session_state.setdefault("compare_guess", (guess, at_what))
    photo = st.session_state.get("photo", DEFAULT_SAMPLE)
    begun = any(key in st.query_params for key in _BEGUN) or photo != DEFAULT_SAMPLE
    if begun or family.key != CLASSROOM:
        st.session_state.setdefault("compare_guess", (SKIP, None))
    if "compare_guess" in st.session_state:
        st.query_params["shown"] = "true"  # whoever gets the link is not asked again
        return True
    with st.container(border=True):
        st.pills(
            "**Guess first.** What will the best map look at?",
            AT_WHAT,
            key="look_at",
            bind="query-params",
            wrap=True,
        )
        st.pills(
            "And which network's will it be?",
            [*(network.title for network in family.networks), SKIP],
            key="look_guess",
            bind="query-params",
            wrap=True,
        )
    return False


def reveal(maps: Maps) -> None:
    """What the maps say about the guess, with the numbers that can be had."""
    guess, what = st.session_state.get("compare_guess", (SKIP, None))
    shares = {
        network.title: numbers.best_quarter_share
        for network, result in maps.shown
        if (numbers := maps.numbers(result)).best_quarter_share is not None
    }
    if guess not in shares:
        return
    result = next(r for network, r in maps.shown if network.title == guess)
    narrow, wide = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    surest = max(maps.shown, key=lambda pair: pair[1].probability)[0].title
    at = f", at {what}" if what else ""
    st.info(
        f"You guessed **{guess}**{at}. {cache.in_words(result)} Of the five, **{narrow}** is the "
        f"most concentrated ({shares[narrow]:.0%} in its best quarter), **{wide}** the most spread "
        f"({shares[wide]:.0%}), **{surest}** the surest. Which one looks *best* is not in these "
        "numbers: draw a box round the object and count what lies inside.",
        icon=":material/lightbulb:",
    )


def plain_tiles(photo: Photo, square: Square, family: Family) -> None:
    """The photo once per network, without maps: what stands there while a guess is asked for."""
    picture = overlays.framed(photo.image, square, TILE_PX)
    columns: list[DeltaGenerator] = []
    networks = family.runnable
    while len(columns) < len(networks):
        columns += st.columns(3)
    for column, network in zip(columns, networks, strict=False):
        with column:
            banded = overlays.banded(picture, ROLE_COLOURS.get(network.role, "#777777"))
            st.image(banded, alt=f"{photo.alt} {network.title}'s map is not shown yet.",
                     width="stretch")  # fmt: skip
            st.markdown(f"**{network.heading}** · ?")
