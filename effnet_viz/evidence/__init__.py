"""What is known: records of trained networks, measured results, where files lie, and the words
about them.

Standard library only; may import ``scaling``.

- ``accuracy``: what an accuracy measured on so many photos can say. Percent in, percent or points
  out.
- ``attention``: the measured attention of the family, as a table: one row a model and measure.
- ``checkpoints``: the shipped checkpoints' records: what each role is, how it was trained, how good
  it is.
- ``coarse``: is it the detail or the work that resolution brings? The records that tell.
- ``family``: what the trained family reached, in numbers and in words: the model card and the pages
  say the same. From the shipped records; no torch here.
- ``files``: where the app's own files lie: beside the package in a checkout, inside it once
  installed.
- ``lite``: EfficientNet-Lite: what its authors print of it, and what it says of photos here.
- ``map_methods``: the ways to make a class activation map: names, what they do, what they cost.
- ``map_scales``: how the values of a map become shades.
- ``model_card``: the family's model card, written from the records, so that it cannot say anything
  else.
- ``results``: frozen result records that engine and screen share. Plain Python: no torch, no numpy.
- ``samples``: sample photos, and where each comes from. No torch, and nothing is decoded here.
- ``splits``: which photos of Imagenette were trained on, held out, validated on, and measured with
  boxes.
- ``timing``: what a benchmark measures, and what its rows say: time against cost. Plain data, no
  torch.
"""
