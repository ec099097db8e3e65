"""Settings every test shares."""

import os

# Networks this small run fastest on one thread, and several wait for each other on a busy machine.
# Read when torch is first imported; a server started by a test inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# Reproducible, and no verdict about speed.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several worker processes each takes whole files, as a file's tests share what they load;
    all that need the browser go to one, as they share a server."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            file = item.nodeid.partition("::")[0]
            group = "browser" if item.get_closest_marker("browser") else file
            item.add_marker(pytest.mark.xdist_group(group))
