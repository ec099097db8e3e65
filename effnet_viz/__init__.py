"""effnet_viz: see compound scaling (EfficientNet, Tan & Le 2019) instead of reading about it.

The package is layered: ring 0 (architectures, scaling, layers, cost, results) is plain Python,
ring 1 needs torch, ring 2 draws, ring 3 is Streamlit. A ring imports only inward.
"""

from effnet_viz.errors import UserError

__version__ = "0.1.0"
__all__ = ["UserError", "__version__"]
