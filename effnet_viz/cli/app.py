"""``app``: the web app, started from any folder; with ``--class`` for a whole class at once."""

from __future__ import annotations

import os
from argparse import Namespace

from streamlit.web import cli as streamlit

from effnet_viz.engine.serving.address import ADDRESS_VARIABLE, lan_address, qr_text
from effnet_viz.errors import UserError
from effnet_viz.evidence.files import APP_FOLDER

DEFAULT_PORT = 8501

#: A class's server: reachable in the room, nothing watched, nothing opened, cross-site requests
#: refused. The rest is in ``.streamlit/config.toml``, which holds for everybody.
CLASS_FLAGS = (
    "--server.headless=true",
    "--server.address=0.0.0.0",
    "--server.fileWatcherType=none",
    "--server.runOnSave=false",
    "--server.enableXsrfProtection=true",
    "--server.enableCORS=true",
    "--client.showErrorDetails=none",
    "--browser.gatherUsageStats=false",
    "--logger.level=warning",
)


def run_app(options: Namespace) -> None:
    """Serve the app until it is stopped, as ``streamlit run app.py`` does; ends with SystemExit.

    Streamlit reads ``.streamlit/config.toml`` beside the script, whatever the current folder is,
    and after any other one. With ``--class`` the address to open is printed, and as a picture for
    phones. Raises UserError for a port that cannot be.
    """
    given = flags(options)
    if options.for_class:
        address = f"http://{lan_address()}:{options.port or DEFAULT_PORT}"
        os.environ[ADDRESS_VARIABLE] = address
        # Many small networks at once are served fastest by one thread each.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        print(invitation(address))
    streamlit.main(["run", str(APP_FOLDER / "app.py"), *given], prog_name="streamlit")


def flags(options: Namespace) -> list[str]:
    """Streamlit's command line flags for the options given; what is not given is left to it."""
    if options.port is not None and not 1 <= options.port <= 65535:
        raise UserError(f"--port must be between 1 and 65535, not {options.port}.")
    chosen = list(CLASS_FLAGS) if options.for_class else []
    port = options.port or (DEFAULT_PORT if options.for_class else None)
    return chosen if port is None else [*chosen, f"--server.port={port}"]


def invitation(address: str) -> str:
    """The address in plain letters, and as a code that a phone's camera reads."""
    return f"{qr_text(address)}\nOpen {address} on every device in this network.\n"
