"""What the paper prints, checked against itself and against networks that are built.

Standard library only; may import ``scaling`` and ``evidence``.

- ``checks``: how far the paper's printed numbers agree with each other, and what follows from them
  alone.
- ``claims``: what can be computed about the paper's slips and about popular misreadings of it.
- ``costs``: what the paper's networks cost when they are built by this project's scaling rules.
- ``tables``: what the paper prints, as data.
"""
