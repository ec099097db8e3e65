"""Settings every test shares."""

from hypothesis import settings

# Reproducible, and no verdict about speed: the machine may be busy.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")
