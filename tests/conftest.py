"""Settings every test shares."""

import gc
import os

# Networks this small run fastest on one thread, and several wait for each other on a busy machine.
# Read when torch is first imported; a server started by a test inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# Reproducible, and no verdict about speed.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

#: Files that take longest, the longest first. Of several worker processes each takes whole files in
#: the order of collection, so that none is left with a long one when the others have done theirs.
LONGEST = (
    "e2e/test_lesson",
    "e2e/test_hands",
    "e2e/test_screens",
    "e2e/test_scale",
    "e2e/test_benchmark",
    "e2e/test_steps",
    "e2e/test_grid_search",
    "e2e/test_lesson_extras",
    "e2e/test_journey",
    "oracle/test_cam_against_stock",
    "oracle/test_graph_against_torch",
    "e2e/test_compare",
    "e2e/test_paper",
    "oracle/test_cost_against_torchvision",
    "unit/engine/graph/test_runtime",
    "unit/engine/training/test_search",
    "unit/engine/test_weights",
    "e2e/test_anatomy",
    "e2e/test_transfer",
    "unit/engine/maps/test_cam_features",
    "unit/cli/test_installed",
    "unit/engine/jobs/test_search",
    "unit/cli/test_commands",
    "unit/scaling/test_centres",
    "unit/test_documents",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {f"tests/{name}.py": number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


def pytest_collection_finish() -> None:
    """What was imported stays until the end: no collection of cycles looks at it again. A whole
    one, as at the end of every page's run, takes a fifth of a second with all that is loaded."""
    gc.collect()
    gc.freeze()
