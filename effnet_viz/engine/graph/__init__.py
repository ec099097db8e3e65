"""A network's forward pass as a fold over ring 0's layers: as a torch module where torchvision has
no class for it, and as a graph that OpenVINO runs on the CPU.

May import ``scaling`` and ``evidence``; of the engine only its own files. Loads torch; OpenVINO is
loaded by the first pass.

- ``layout``: where a layer's zeros go.
- ``modules``: torch modules from a spec's layers: MobileNets and ResNets of any depth and width.
- ``operations``: OpenVINO's model from a spec's layers and a folded module's weights.
- ``runtime``: that model compiled, shared by threads, one photo or many at a time.
"""
