"""What a teacher takes home: answers and gains as CSV, and the script to print."""

import csv
import html
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from effnet_viz.lesson.answers import written
from effnet_viz.lesson.export import answers_csv, gains_csv, pairs
from effnet_viz.lesson.items import ITEMS, asked, form_of
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.room import Vote
from effnet_viz.lesson.script import teachers_sheet, worksheet
from effnet_viz.lesson.steps import SCREENS
from effnet_viz.lesson.text import load


def a_test(seat, moment, right):
    """A seat's test with its first ``right`` items right."""
    form = form_of(seat, moment)
    return [
        Vote(asked(key, moment), seat, "", written(item.work(form).answer) if i < right else "?", 0)
        for i, (key, item) in enumerate(ITEMS.items())
    ]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_answers_are_marked_and_harmless_in_a_spreadsheet():
    votes = [
        Vote("double_width", 1, "-2+3", "3.8", 1_700_000_000),
        Vote("double_width", 2, "Ann", "2", 1_700_000_001),
        Vote("budget2", 2, "Ann", "2;1;96", 1_700_000_002),
        *a_test(2, "before", 8)[:1],
    ]
    found = rows(answers_csv(votes, shipped()))
    assert [row["right"] for row in found] == ["yes", "no", "", "yes"]
    assert found[0]["nickname"] == "'-2+3"
    assert found[0]["answered_at"] == "2023-11-14T22:13:20+00:00"
    assert [row["form"] for row in found] == ["", "", "", "b"]


def test_gains_by_hand():
    votes = []
    for seat in range(1, 7):
        votes += a_test(seat, "before", 4) + a_test(seat, "after", 6)
    votes += a_test(7, "before", 8)  # went home early: does not count
    found = {row["item"]: row for row in rows(gains_csv(votes))}
    assert list(found) == [*ITEMS, "class"]
    assert found["class"] == {
        "item": "class", "n": "6", "before": "0.5000", "after": "0.7500", "gain": "0.5000",
        "low_95": "0.5000", "high_95": "0.5000",
    }  # fmt: skip
    assert found["count"]["gain"] == ""  # all were right before
    assert found["dimension"]["gain"] == "1.0000"
    assert found["chance"]["gain"] == "0.0000"
    assert len(pairs(votes)) == 6
    assert rows(gains_csv([])) == []


class Outline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1]))


@pytest.fixture
def sheet() -> str:
    return teachers_sheet(load(), shipped())


def test_the_script_has_every_screen_question_and_answer(sheet):
    outline = Outline()
    outline.feed(sheet)
    assert outline.headings[0] == 1
    assert outline.headings.count(2) == len(SCREENS)
    assert outline.headings.count(3) == len(QUESTIONS) + 2
    for before, after in pairwise(outline.headings):
        assert after - before <= 1
    assert not outline.tags & {"script", "link", "img", "iframe"}
    assert "3.76 times" in sheet
    assert "<strong>1.728</strong>" in sheet
    assert "{" not in sheet.split("</style>")[1]
    assert "**" not in sheet


def test_the_worksheet_asks_everything_and_answers_nothing():
    setting, words = shipped(), load()
    sheet = worksheet(words, setting)
    outline = Outline()
    outline.feed(sheet)
    assert outline.headings.count(3) == len(QUESTIONS)
    assert not outline.tags & {"script", "link", "img", "iframe"}
    assert "{" not in sheet.split("</style>")[1]
    body = sheet.split("</style>")[1]
    for key, question in QUESTIONS.items():
        told = html.escape(words.questions[key].reveal.format(**question.work(setting).facts))
        assert re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", told) not in body
        assert html.escape(words.questions[key].tell) not in body
