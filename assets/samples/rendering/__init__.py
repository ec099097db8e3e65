"""A small ray marcher in numpy, and the scenes that `render.py` makes sample pictures of."""
