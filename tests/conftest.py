"""Settings every test shares."""

import os

# Networks this small run fastest on one thread, and several wait for each other on a busy machine.
# Read when torch is first imported; a server started by a test inherits it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

# Reproducible, and no verdict about speed.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")
