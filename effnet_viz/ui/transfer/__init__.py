"""The Your classes page's sections.

As ``ui``.

- ``charts``: its charts: accuracy against cost and time, confusion.
- ``new_photo``: what each head says about a photo it never saw, and where it looks.
- ``photo_input``: the classes of the visit: made from files, folders, archives and the camera.
- ``training``: which networks, and the work in the background.
- ``views``: what came out, from the verdict to the files to take away.
"""
