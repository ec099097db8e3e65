"""The Compare page's sections, put together by ``views``.

As ``ui``.

- ``attention``: how good the family's maps are over hundreds of photos with boxes: the shipped
  table, read.
- ``choices``: the controls of the Compare page: square, class, stage, method, and how maps are
  painted.
- ``closer``: closer looks at the maps: differences, every stage, random weights, and CAM itself.
- ``export``: take the comparison away: sheet, report, raw maps and link.
- ``gallery``: the maps side by side: computed once, painted as the controls say.
- ``grown``: yours: what grown weights can and cannot show, and a short training that makes them
  their own.
- ``guess``: ask before showing: whose map will be the most concentrated?
- ``models``: which networks stand side by side on the Compare page, and what each is not.
- ``numbers``: the maps in numbers: a table of all, and each in a sentence.
- ``photos``: other photos: one on which the networks disagree, and a sheet of a dozen.
- ``slow``: what takes longer than a page may wait: Score-CAM, and removing pixels to ask the model
  again.
- ``strip``: photo and maps in a row, and the controls above them in one line.
- ``view``: what the page looks at, and the maps that could be made of it.
- ``views``: the Compare page, put together; its sections are in the modules beside this one.
"""
