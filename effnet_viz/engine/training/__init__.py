"""From photos to shipped weights.

May import the engine; only ``imagenette`` loads no torch, so pages may import it.

- ``classroom``: the classroom family from photos to shipped weights: train a member, measure it,
  ship it.
- ``imagenette``: real photos of the family's ten classes, fetched from their publisher into the
  user's cache.
- ``recipe``: one training recipe for every variant, on any ``train/val/<class>`` folder of photos.
- ``search``: the small grid search, really run: every point trained alike and measured on held-out
  photos.
- ``shipping``: shipping a trained network of the family: half-precision weights and their record.
- ``squash``: what it costs that networks trained on squashed photos are shown undistorted ones.
"""
