"""The command line, one file per command; ``effnet_viz.__main__`` says what can be typed.

May import everything but ``ui``.

- ``app``: ``app``: the web app, started from any folder.
- ``bench``: ``bench``: the Benchmark page's measurement on the command line.
- ``cam``: ``cam``: where models look, as a table, contact sheets and raw maps.
- ``cost``: ``cost``: what a scaled network costs, and how options describe one.
- ``doctor``: checks that everything the app needs is there and works, and what to do where it is
  not.
- ``evaluate``: ``evaluate``: the shipped weights measured again, in one of several ways.
- ``photos``: photos that are named on the command line: files, folders and patterns, one at a time.
- ``predict``: ``predict``: what models say about photos, and which models options choose.
- ``search``: ``search``: the small grid search, in as many processes as there are cores to spare.
- ``terminal``: what the command line writes: JSON and tables to standard output, progress and
  errors beside.
- ``training``: ``train``: the classroom family from photos to shipped weights.
"""
