"""The Grid search page's sections.

As ``ui``.

- ``evidence``: what the Grid search page shows below its surface: every point, the stairs of
  rounding, and the paper.
- ``family``: the Grid search page's sections about the trained family: what more of one dimension
  buys, and whether resolution pays by its detail or by its work.
- ``own``: run it yourself: a search of minutes in the background, kept for the visit.
- ``sections``: what stands below the surface, one section at a time.
- ``views``: the Grid search page's controls, its surface, and the chosen point.
"""
