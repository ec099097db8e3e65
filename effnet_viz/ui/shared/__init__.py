"""What pages share: state, caches, photos, widgets.

As ``ui``.

- ``background_views``: work in the background on a page: a button, then progress with time left and
  a way to stop.
- ``cache``: the only users of Streamlit's caches, and the only importers of the engine.
- ``engine``: the engine behind the pages: loaded once, in the background, and used in turns.
- ``found``: a validation photo of Imagenette that a visit has come upon, where those are here.
- ``kept``: things kept in memory up to a number of bytes; the longest unused go first.
- ``links``: what a page's own link must say of choices that were made on another page.
- ``model_views``: what pages show of models: badges, honest labels, warnings, and engine errors as
  sentences.
- ``parts``: what sections of pages are made of: a sentence, a chart, a table with a download.
- ``photos``: the photo a visitor looks at: a sample, or their own upload, kept for the visit.
- ``pressed``: a button that starts work on what the controls say when it is pressed.
- ``shell``: what surrounds a page.
- ``state``: the keys of shared state and what they mean; every key is also the name in the link.
- ``work``: long work that a visit owns, and that ends with it.
- ``widgets``: components that own widget state; pages call them and read plain values back.
"""
