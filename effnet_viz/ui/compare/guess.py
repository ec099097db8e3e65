"""Ask before showing: whose map will be the most concentrated?"""

from __future__ import annotations

from functools import partial

import streamlit as st
from PIL import Image

from effnet_viz.engine.images import square as centre_square
from effnet_viz.figures import overlays
from effnet_viz.ui.compare import strip
from effnet_viz.ui.compare.models import CLASSROOM, Family
from effnet_viz.ui.compare.view import TILE_PX, Maps, banded, jpeg, photo_tile
from effnet_viz.ui.shared.photos import DEFAULT_SAMPLE, Photo

SKIP = "Just show me"

#: Whoever follows a link with one of these, or has changed one, has begun already.
_BEGUN = (
    *("family", "photo", "at", "target", "stage", "method", "opacity", "colours", "grid", "scale"),
    *("box", "look", "shown"),
)


def heed_link() -> None:
    """Call before the controls, which take out of the link what they cannot read: whoever follows
    a link is not asked."""
    if "look_guess" not in st.query_params and any(key in st.query_params for key in _BEGUN):
        st.session_state.setdefault("compare_guess", SKIP)


def answered(family: Family) -> bool:
    """Ask whose map will be the most concentrated; true once the maps may be shown.

    Only the page as it opens asks.
    """
    guess = st.session_state.get("look_guess", st.query_params.get("look_guess"))
    if guess is not None:
        st.session_state.setdefault("compare_guess", guess)
    photo = st.session_state.get("photo", DEFAULT_SAMPLE)
    if photo != DEFAULT_SAMPLE or family.key != CLASSROOM:
        st.session_state.setdefault("compare_guess", SKIP)
    if "compare_guess" in st.session_state:
        st.query_params["shown"] = "true"  # whoever gets the link is not asked again
        return True
    st.pills(
        "**Guess first:** whose map will be the most concentrated?",
        [*(network.title for network in family.networks), SKIP],
        key="look_guess",
        bind="query-params",
        wrap=True,
    )
    return False


def reveal(maps: Maps) -> None:
    """What was guessed, and what is measured."""
    guess = st.session_state.get("compare_guess", SKIP)
    if st.session_state.get("photo") != DEFAULT_SAMPLE:
        return  # the guess was about another photo
    shares = {
        network.title: numbers.best_quarter_share
        for network, result in maps.shown
        if (numbers := maps.numbers(result)).best_quarter_share is not None
    }
    if guess not in shares:
        return
    narrow, wide = max(shares, key=shares.__getitem__), min(shares, key=shares.__getitem__)
    verdict = "Right" if guess == narrow else "Not here"
    st.info(
        f"You guessed **{guess}**. {verdict}: **{narrow}** is the most concentrated "
        f"({shares[narrow]:.0%} in its best quarter), **{wide}** the most spread "
        f"({shares[wide]:.0%}). A finer grid can do that alone.",
        icon=":material/lightbulb:",
    )


def plain_tiles(photo: Photo, family: Family) -> None:
    """The photo, and once more per network, without maps: what stands there while a guess is asked
    for."""
    seen = centre_square(*photo.image.size)

    def framed(role: str | None = None) -> Image.Image:
        picture = overlays.framed(photo.image, seen, TILE_PX)
        return picture if role is None else banded(picture, role)

    key = ("photo", photo.file.key, seen)
    with strip.row(len(family.runnable) + 1):
        with st.container():
            photo_tile(photo, jpeg(key, framed))
        for network in family.runnable:
            with st.container():
                st.image(
                    jpeg((*key, network.role), partial(framed, network.role)),
                    alt=f"{photo.alt} {network.title}'s map is not shown yet.",
                    width="stretch",
                )
                st.markdown(f"**{network.heading}** · ?")
