"""The Scale page's sections.

As ``ui``.

- ``views``: the sections of the Scale page: each takes a study and draws one thing.
"""
