"""``app``: the web app, started from any folder."""

from __future__ import annotations

from argparse import Namespace

from streamlit.web import cli as streamlit

from effnet_viz.errors import UserError
from effnet_viz.evidence.files import APP_FOLDER


def run_app(options: Namespace) -> None:
    """Serve the app until it is stopped, as ``streamlit run app.py`` does; ends with SystemExit.

    Streamlit reads ``.streamlit/config.toml`` beside the script, whatever the current folder is,
    and after any other one. Raises UserError for a port that cannot be.
    """
    streamlit.main(["run", str(APP_FOLDER / "app.py"), *flags(options)], prog_name="streamlit")


def flags(options: Namespace) -> list[str]:
    """Streamlit's command line flags for the options given; what is not given is left to it."""
    if options.port is None:
        return []
    if not 1 <= options.port <= 65535:
        raise UserError(f"--port must be between 1 and 65535, not {options.port}.")
    return [f"--server.port={options.port}"]
