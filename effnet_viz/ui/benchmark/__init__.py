"""The Benchmark page's sections.

As ``ui``.

- ``results``: what the Benchmark page shows of its measurements: verdict, charts, tables, files.
- ``views``: the Benchmark page's controls: what to measure and how, and the measurement under way.
- ``within``: accuracy against measured time, and the best model within a budget of milliseconds.
"""
