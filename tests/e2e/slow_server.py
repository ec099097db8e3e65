"""``python slow_server.py SECONDS run app.py ...``: Streamlit, with a script that sleeps so long
before every page, as on a busy machine."""

import sys
import time
from typing import Any

import streamlit as st
from streamlit.web import cli

_seconds = float(sys.argv[1])  # streamlit gives the script its own arguments
_navigation = st.navigation


def _slow_navigation(*arguments: Any, **options: Any) -> Any:
    time.sleep(_seconds)
    return _navigation(*arguments, **options)


if __name__ == "__main__":
    st.navigation = _slow_navigation
    cli.main(sys.argv[2:])
