"""The lesson: its steps, questions and tests, what they are worth, and the room's store.

Standard library only; may import ``scaling`` and ``evidence``. All words of a language are one
file, ``assets/lesson/<language>.toml``.

- ``answers``: kinds of answers: read, compared with the true one, and matched with known mistakes.
- ``budget``: the budget game: what multipliers cost once built, and the nearest trained network.
- ``export``: a room's answers and gains as CSV.
- ``folder``: where rooms are kept, and how often a screen looks into one.
- ``gain``: normalised gain of a class, per item and over all, with an interval.
- ``items``: the test before and after: eight items in two parallel forms.
- ``more``: the questions of the optional steps, and what came after the search for B0.
- ``names``: room codes, tokens and nicknames.
- ``questions``: the questions of each step; every answer is computed when it is asked for.
- ``room``: the room's store: who may do what, and when; votes are rows.
- ``schema``: the tables of the room's store.
- ``script``: the teacher's script and the students' worksheet, each as one page to print.
- ``steps``: the screens of the lesson in their order, and what belongs to each.
- ``text``: the words of a language, read from its file and checked.
"""
