"""A room's answers and gains as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from effnet_viz.errors import UserError
from effnet_viz.lesson.gain import Gain, Pair, class_gain, item_gains
from effnet_viz.lesson.items import ITEMS, MOMENTS, asked, complete, form_of, mark, marks
from effnet_viz.lesson.questions import QUESTIONS, Setting
from effnet_viz.lesson.room import Vote

ANSWER_COLUMNS = ("seat", "nickname", "question", "form", "answer", "right", "answered_at")
GAIN_COLUMNS = ("item", "n", "before", "after", "gain", "low_95", "high_95")


def pairs(votes: Iterable[Vote]) -> list[Pair]:
    """Both tests of every seat that took both, marked."""
    by_seat: dict[int, dict[str, str]] = {}
    for vote in votes:
        by_seat.setdefault(vote.seat, {})[vote.question] = vote.value
    found = []
    for seat, answers in sorted(by_seat.items()):
        taken = [
            {item: answers[name] for item in ITEMS if (name := asked(item, moment)) in answers}
            for moment in MOMENTS
        ]
        if all(map(complete, taken)):
            before, after = (
                marks(answers, form_of(seat, moment))
                for answers, moment in zip(taken, MOMENTS, strict=True)
            )
            found.append((before, after))
    return found


def is_right(vote: Vote, setting: Setting) -> bool | None:
    """Whether an answer is right; None where nothing is right or wrong, as with a bid."""
    moment, _, item = vote.question.partition(".")
    for known in MOMENTS:
        if moment == known and item in ITEMS:
            return mark(item, form_of(vote.seat, known), vote.value)
    if vote.question not in QUESTIONS:
        return None
    worked = QUESTIONS[vote.question].work(setting)
    try:
        return worked.is_right(worked.read(vote.value))
    except UserError:
        return False


def answers_csv(votes: Iterable[Vote], setting: Setting) -> str:
    """One row an answer; times are UTC, ``right`` is empty for bids."""
    rows = []
    for vote in votes:
        right = is_right(vote, setting)
        moment = vote.question.partition(".")[0]
        form = next((form_of(vote.seat, m) for m in MOMENTS if m == moment), "")
        at = datetime.fromtimestamp(vote.at, UTC).isoformat(timespec="seconds")
        name = _harmless(vote.nickname)
        said = "" if right is None else "yes" if right else "no"
        rows.append((vote.seat, name, vote.question, form, vote.value, said, at))
    return _csv(ANSWER_COLUMNS, rows)


def gains_csv(votes: Sequence[Vote]) -> str:
    """One row an item, the last one the class's; empty cells where there is no value."""
    taken = pairs(votes)
    gains: Mapping[str, Gain] = item_gains(taken)
    whole = class_gain(taken)
    rows = [(item, *_cells(gain)) for item, gain in gains.items()]
    if whole is not None:
        rows.append(("class", *_cells(whole)))
    return _csv(GAIN_COLUMNS, rows)


def _cells(gain: Gain) -> tuple[str, ...]:
    values = (gain.before, gain.after, gain.gain, gain.low, gain.high)
    return str(gain.n), *("" if value is None else f"{value:.4f}" for value in values)


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@" and text else text


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
