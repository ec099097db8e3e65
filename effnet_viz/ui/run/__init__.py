"""The Run page's sections.

As ``ui``.

- ``experiments``: two experiments on one page, told apart: a thousand classes and ten.
- ``times``: times one can trust: the surest measurement of each network, with the digits it has.
- ``views``: the sections of the Run page.
"""
