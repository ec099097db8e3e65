"""The subject itself: architectures, the law, rounding, layers, cost, and what explains them.

Standard library only; imports nothing of the package but ``errors``.

- ``alternatives``: what else could do a block's job, and what it would cost.
- ``architectures``: architectures as frozen rows, one row per row of the paper that introduced
  each.
- ``blocks``: a block taken apart: its operations in order, what each does, costs, and turns into
  what.
- ``centres``: where the cells of a map lie on the photo: each in the middle of what it sees.
- ``compound``: the scaling laws, the rounding rules, and the scaled architecture.
- ``cost``: what a network costs, by arithmetic alone: parameters, multiply-adds, activations,
  receptive field.
- ``families``: which models exist: families, roles, and the spec of each. Plain data, no weights,
  no torch.
- ``gap``: why a built network does not cost what the law says: the gap, split into its causes.
- ``layers``: stages made concrete: every convolution and linear layer with its shapes.
- ``receptive``: how far a stage sees: the square of input pixels behind one position of its map.
- ``study``: one scaled network beside its baseline: everything a screen or the command line shows
  of it.
- ``sweep``: what every position of a slider builds and costs, as tables to look up.
- ``training_memory``: what a training step needs in memory, layer by layer.
- ``width``: why doubling the width does not cost four times as much: multiply-adds by how they grow
  with w.
"""
