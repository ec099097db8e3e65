"""The sections of the Anatomy page: each takes plain results and draws one thing."""
