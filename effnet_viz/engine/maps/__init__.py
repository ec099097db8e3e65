"""Class activation maps: made without touching a shared model, and measured.

May import the engine; loads torch.

- ``agreement``: how alike are the maps of two networks? Measured on boxed photos.
- ``attention``: how good is the attention? Measured on boxed photos that no training sees.
- ``cam``: class activation maps, without touching the shared model.
- ``closed_form``: the last stage's maps without a backward pass.
- ``faithfulness``: does the model need what a map shows? Measured by removing it and asking the
  model again.
- ``library``: how each method weights channels: pytorch-grad-cam's classes, two of them made fit
  for large networks and long waits.
- ``metrics``: how good is a map, in numbers and in words: each measure with its formula and source.
- ``placing``: maps brought to other places: each cell lies at its own centre. Loads no torch.
- ``raw``: raw class activation maps: by closed form, or by pytorch-grad-cam on a private tail of a
  shared module.
- ``tail``: the rest of a shared network as a throw-away module that the library may hook.
"""
