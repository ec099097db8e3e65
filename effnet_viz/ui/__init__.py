"""The screen, the only code that knows Streamlit: a folder per page, and ``shared`` for what pages
share.

May import everything but ``cli``; of the engine, as it loads, only what loads no torch.
"""
