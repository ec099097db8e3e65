"""How long a forward pass takes on this machine.

May import the engine; loads torch.

- ``models``: what one model takes on this machine: time, spread and memory of a forward pass.
- ``one_pass``: how long one forward pass takes on this machine.
- ``worker``: the process behind `effnet_viz.engine.jobs.timing`: measures models and says how far
  it is.
"""
