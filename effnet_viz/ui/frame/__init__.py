"""What surrounds every page, called by ``app.py``.

As ``ui``.

- ``contrast``: text in the accent colour that the theme alone leaves too faint to read.
- ``copy_link``: a button that copies the address of what is on screen.
- ``delivery``: what the server has to say reaches the browser, where one run follows on another.
- ``hidden``: controls that a link hides, so that a class moves only what it is to move.
- ``narrow``: columns below each other in a window that is narrow, or enlarged.
- ``reach``: what scrolls sideways can be scrolled by keyboard.
- ``served``: what a server for a class has more: its address in the sidebar, its log.
- ``steps``: what Back goes back to: one step for each page, section or stage.
- ``unseen``: room for what surrounds a page and is not seen.
"""
