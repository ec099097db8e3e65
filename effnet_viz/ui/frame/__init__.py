"""What surrounds every page, called by ``app.py``.

As ``ui``.

- ``copy_link``: a button that copies the address of what is on screen.
- ``served``: what a server for a class has more: its address in the sidebar, its log.
- ``steps``: what Back goes back to: one step for each page, section or stage.
"""
