"""The Anatomy page's sections.

As ``ui``.

- ``block``: the opened block: its drawing, its operations, its stage's other blocks.
- ``cells``: how the Anatomy page's tables are filled.
- ``comparison``: the opened block against a plain convolution and others of the same in and out.
- ``network``: which network, stage and block are open.
- ``sections``: what stands below the drawing, one section at a time.
- ``whole``: what the whole network does: how its cost grows with width, how far it sees.
"""
