"""The Run page's sections.

As ``ui``.

- ``views``: the sections of the Run page.
"""
