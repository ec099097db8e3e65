"""The command line, one file per command; ``effnet_viz.__main__`` says what can be typed.

May import everything but ``ui``.

- ``app``: ``app``: the web app, started from any folder.
- ``bench``: ``bench``: the Benchmark page's measurement on the command line.
- ``doctor``: checks that everything the app needs is there and works, and what to do where it is
  not.
- ``predict``: what the commands of `effnet_viz.__main__` do: options in, one engine call, JSON or
  text out.
- ``search``: ``search``: the small grid search, in as many processes as there are cores to spare.
- ``terminal``: what the command line writes: JSON and tables to standard output, progress and
  errors beside.
- ``training``: ``train`` and ``evaluate``: the classroom family from photos to shipped weights, and
  back.
"""
