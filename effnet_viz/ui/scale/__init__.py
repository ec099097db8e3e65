"""The Scale page's sections.

As ``ui``; ``component/`` holds the JavaScript and CSS of its live part.

- ``choice``: what the page shows: the controls' choice, or the last one that made a network.
- ``fallback``: totals and stage table from Streamlit itself, where the live picture does not run.
- ``guess``: the page's one question, asked once a visit.
- ``live``: the component that redraws as a slider moves, and what it tells Python.
- ``phones``: EfficientNet-Lite: what changes for phones, and what its authors print.
- ``tables``: the tables that the live picture is drawn from, computed once for everybody.
- ``views``: the sections below: each takes a study and draws one thing.
- ``words``: positions in words and texts, every number as it is shown.
"""
