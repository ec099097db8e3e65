"""What a server for a class has more: the address in the sidebar, and a log one can search."""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime

import streamlit as st

from effnet_viz.engine.serving.address import class_address, qr_svg

_HERE = threading.local()


def invitation() -> None:
    """In the sidebar: the address of this server in plain letters and as a QR picture."""
    address = class_address()
    if address is None:
        return
    with st.expander("Join on another device", icon=":material/qr_code_2:"):
        st.image(qr_svg(address), alt=f"QR code of {address}", width=180)
        st.markdown(f"**{address}**")


def note_photo(key: str) -> None:
    """Say which photo this run is about; only its sha256 is ever logged."""
    _HERE.photo = key


class JsonLines(logging.Formatter):
    """A log record as one line of JSON: time (UTC, ISO 8601), level, logger, message, the sha256 of
    the photo in hand if there is one, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        photo = getattr(_HERE, "photo", None)
        if photo is not None:
            line["photo"] = photo
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


@st.cache_resource(show_spinner=False)
def log_in_lines() -> None:
    """On a class's server, Streamlit's log as lines of JSON on standard error; once a server."""
    if class_address() is None:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    root = logging.getLogger("streamlit")
    root.handlers[:] = [handler]
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("streamlit."):
            logger = logging.getLogger(name)
            if logger.handlers:
                logger.handlers[:] = [handler]
