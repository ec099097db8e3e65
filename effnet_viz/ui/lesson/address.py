"""Under which address phones reach this server, and links to hand out to a class."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlencode, urlsplit

import streamlit as st

from effnet_viz.engine.serving.address import class_address, lan_address, qr_svg
from effnet_viz.ui.frame import hidden
from effnet_viz.ui.lesson.wording import say

__all__ = ["hand_out", "join_link", "origin", "qr_svg", "with_token"]


def origin() -> str:
    """Scheme, host and port under which others reach the app, e.g. ``http://192.168.1.7:8501``.

    Named when the server was started for a class; else the one in this visitor's browser, where
    that is not this very machine; else this machine's in its own network.
    """
    if (chosen := class_address()) is not None:
        return chosen
    here = urlsplit(st.context.url or "")
    if here.hostname and not _is_loopback(here.hostname):
        return f"{here.scheme}://{here.netloc}"
    port = here.port or st.get_option("server.port")
    return f"http://{lan_address()}:{port}"


def join_link(code: str) -> str:
    """Where students join."""
    return f"{origin()}/lesson?{urlencode({'room': code})}"


def with_token(code: str, role: str, token: str) -> str:
    """A link that carries a seat or the teacher's powers to another device."""
    return f"{origin()}/lesson?{urlencode({'room': code, role: token})}"


def hand_out() -> None:
    """A link to a page with only those controls that the class is to move."""
    with st.expander(say("hand_out"), icon=":material/visibility_off:"):
        st.markdown(say("hand_out_lead"))
        page = st.segmented_control(
            say("hand_out_page"),
            list(hidden.PAGES),
            default=next(iter(hidden.PAGES)),
            format_func=str.title,
            key="lesson_hand_out_page",
            required=True,
        )
        controls = hidden.PAGES[str(page)]
        chosen = st.pills(
            say("hand_out_hide"),
            list(controls),
            selection_mode="multi",
            format_func=lambda name: controls[name][0],
            key=f"lesson_hand_out_{page}",
            wrap=True,
        )
        names = ",".join(name for name in controls if name in chosen)
        query = f"?{hidden.KEY}={names}" if names else ""
        st.code(f"{origin()}/{_PATHS[str(page)]}{query}", language=None)


#: Where the pages stand; Scale opens at the app's own address.
_PATHS = {"scale": "", "compare": "compare"}


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
