"""What measured times say: which cost tells them best, and which model to take.

As ``evidence``: plain Python.

- ``budget``: accuracy beside measured time, and the best model within so many milliseconds.
- ``runtimes``: what changes when the same networks run in another runtime.
- ``verdicts``: how well each cost predicts time, within a family and across, and what cannot be
  told apart.
"""
