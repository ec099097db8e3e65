"""Results in, plotly, SVG and PIL pictures out.

May import ``scaling``, ``evidence``, ``lesson`` and what loads no torch of ``engine``; never torch
or streamlit.

- ``anatomy``: the Anatomy page's charts. No torch, no streamlit; colours hold on light and dark.
- ``attention``: the measured attention as figures, and where a cell lies as a drawing.
- ``base``: results in, plotly figures out. No torch, no streamlit; colours hold on light and dark.
- ``block_drawing``: a block's operations as an SVG drawing that follows the page's own text colour.
- ``canvas``: the pieces that drawing is made of, as SVG: slabs, boxes with bars, nodes, arrows.
- ``drawn_on``: what a photo answers to a pointer: a box that is drawn, a map's cell with its value.
- ``lesson``: the Lesson page's figures: where points are put, and what a class bids.
- ``overlays``: maps onto photos: pictures as PIL images.
- ``paper``: the Paper page's figures: plain numbers in, plotly figures out.
- ``report``: a comparison as one HTML file: pictures inside, no script, no network, light and dark.
- ``search``: the Grid search page's other figures: results in, plotly figures out.
- ``search_surface``: the constraint surface α·β²·γ² = 2 with the search's points on it, flat and in
  space.
- ``sheets``: contact sheets: maps of one photo, or of many, with captions, weights and settings
  printed.
- ``timing``: the Benchmark page's figures: rows in, plotly figures out.
"""
