"""Long work that a page starts, watches and stops.

May import the engine; ``background``, ``search`` and ``timing`` load no torch, so pages may import
them.

- ``background``: long work in a thread of its own, with progress, time left and a way to stop.
- ``compare``: what the Compare page asks of the engine in the background: one function, one piece
  of work.
- ``export``: a network to take along: its Python and its weights in one ZIP file.
- ``search``: a search of minutes, started from a page: the ``search`` command in processes of its
  own.
- ``timing``: several models measured in a process of their own, watched from a page. Nothing here
  loads torch.
"""
