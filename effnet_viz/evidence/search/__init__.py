"""Which points the grid search trains and what it found.

Standard library only; may import ``scaling`` and ``evidence``.

- ``points``: which networks the small grid search trains, by arithmetic alone, and how its winner
  grows.
- ``records``: what the grid search found, as files: one CSV row per trained point, one per epoch,
  and the winner as JSON.
"""
