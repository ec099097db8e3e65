"""The Lesson page: alone, as a student in a room, or as its teacher.

As ``ui``.

- ``address``: under which address phones reach this server, and links to hand out to a class.
- ``ask``: one question: its widget, then what was true and why.
- ``entry``: the first screen: begin alone, open a room, or join one.
- ``game``: the budget game: set d, w and r, see the cost, send a bid.
- ``glossary``: a list of words for the sidebar of any page.
- ``live``: the live part of each step.
- ``maps``: the live part of the last step: five maps of one photo.
- ``place``: where a visitor stands: alone, on a seat, or as the teacher.
- ``preflight``: what to check before a class.
- ``sheet``: the test before and after, and what was gained.
- ``tally``: the class's answers to one question, as they come in and once revealed.
- ``teacher``: the teacher's part: code, questions, tallies, script, files.
- ``views``: the page: which screen, for whom.
- ``wording``: the words of the lesson, as the page says them.
"""
