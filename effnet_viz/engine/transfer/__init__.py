"""A class's own photos: features of scaled networks, a linear head on each, and where it looks.

As ``engine``; of it, what ``photo_sets``, ``results`` and ``export`` hold loads no torch.

- ``export``: a trained head as a file that a few lines of Python run.
- ``features``: what a network's last stage makes of photos, pooled.
- ``heads``: linear heads by scikit-learn, and how often they are right about photos left out.
- ``maps``: where a head looks for its class: exact CAM, and how much of it lies on the border.
- ``photo_sets``: classes of photos, out of files and archives, within bounds.
- ``results``: what came out, and what so few photos allow to be said.
- ``study``: all of it in the background: one network after the other, with the two controls.
"""
