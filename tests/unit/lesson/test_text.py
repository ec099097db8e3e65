"""The words are complete, fill in, and are easy to read."""

import re
from itertools import pairwise
from string import Formatter

import pytest
import textstat

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.family import baseline_of, family_results
from effnet_viz.lesson.items import FORMS, ITEMS
from effnet_viz.lesson.questions import QUESTIONS, shipped
from effnet_viz.lesson.steps import SCREENS, STEPS, TEACHING
from effnet_viz.lesson.text import OTHER, StepText, load
from effnet_viz.scaling.architectures import ARCHITECTURES

TEXT = load()


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_screen_question_and_item_has_its_words_and_no_other():
    assert list(TEXT.steps) == list(SCREENS)
    assert set(TEXT.questions) == set(QUESTIONS)
    assert list(TEXT.items) == list(ITEMS)
    for step in SCREENS.values():
        assert set(TEXT.steps[step.key].links) == {link.key for link in step.links}
        assert set(step.first) <= set(step.questions)


@pytest.mark.parametrize("key", QUESTIONS)
def test_a_question_fills_in_and_says_why_each_wrong_answer_is_wrong(key):
    words = TEXT.questions[key]
    for base in ARCHITECTURES.values():
        worked = QUESTIONS[key].work(shipped(base))
        for template in (words.prompt, words.reveal, words.tell, *words.why.values()):
            assert "{" not in template.format(**worked.facts)
    assert set(words.options) == set(worked.options)
    if worked.kind == "choice":
        assert set(worked.options) - {worked.answer} <= set(words.why) <= set(worked.options)
    else:
        assert set(worked.traps) <= set(words.why)
        assert OTHER in words.why or key == "pixels"
        assert bool(words.x and words.y) == (worked.kind == "point")
        assert bool(words.unit) == (worked.kind == "number")


@pytest.mark.parametrize("key", ITEMS)
def test_an_item_fills_in_in_both_forms(key):
    words = TEXT.items[key]
    said = []
    for form in FORMS:
        worked = ITEMS[key].work(form)
        said.append(words.prompts[form].format(**worked.facts))
        options = [words.options[option].format(**worked.facts) for option in worked.options]
        assert len(set(options)) == len(options)
        assert "{" not in said[-1] + words.reveal.format(**worked.facts)
        said[-1] += "".join(options)
    assert said[0] != said[1]


def test_the_script_covers_fifty_minutes_without_a_gap():
    minutes = [line[0] for key in STEPS for line in TEXT.steps[key].script]
    ends = [tuple(map(int, span.split("–"))) for span in minutes]
    assert ends[0][0] == 0
    assert ends[-1][1] == 50
    for (_, end), (start, _) in pairwise(ends):
        assert end == start
    for key in TEACHING:
        step = TEXT.steps[key].script
        length = int(step[-1][0].split("–")[1]) - int(step[0][0].split("–")[0])
        assert 7 <= length <= 8, key


def test_what_is_to_be_noticed_is_so():
    """Sentences that speak of the shipped records hold for them."""
    found = family_results()
    base = baseline_of(found)
    assert base is not None
    assert "buys a few points at most" in TEXT.steps["one"].notice
    assert all(r.top1 - base.top1 < 6 for r in found if r.times == 4)


def plain(text: str) -> str:
    """Without marks, numbers filled in, formulas spoken of as one word."""
    text = re.sub(r"\{[^}]*\}", "two", text)
    text = re.sub(r"[αβγφ²·×≈=<>*\[\]°]", " ", text)
    return " ".join(text.split())


def passages(step: StepText) -> list[str]:
    return [step.lead, step.do, step.notice, *(act for _, act in step.script)]


def test_reading_ease():
    """Flesch's reading ease (1948): 60 to 70 is plain English, read by ages 13 to 15."""
    steps = [text for step in TEXT.steps.values() for text in passages(step)]
    questions = [
        text
        for words in TEXT.questions.values()
        for text in (words.prompt, words.tell, *words.why.values())
    ]
    glossary = list(TEXT.glossary.values())
    for name, texts, least in (
        ("steps and script", steps, 80), ("questions", questions, 75), ("glossary", glossary, 70),
    ):  # fmt: skip
        whole = " ".join(plain(text).rstrip(".:,") + "." for text in texts)
        ease = textstat.flesch_reading_ease(whole)
        print(f"{name}: Flesch reading ease {ease:.0f}")
        assert ease >= least, name
        longest = max(re.split(r"(?<=[.!?:])\s", whole), key=lambda s: len(s.split()))
        assert len(longest.split()) <= 26, longest


def test_the_glossary_has_what_the_steps_speak_of():
    terms = " ".join(TEXT.glossary).lower()
    for term in ("convolution", "channel", "multiply-add", "receptive field", "logits", "top-1"):
        assert term in terms
    assert "architecture search" in terms
    for meaning in TEXT.glossary.values():
        assert meaning[0].isupper()
        assert meaning.endswith(".")
        assert len(meaning.split()) <= 22


def test_a_damaged_or_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(ResourceError, match="missing"):
        load("klingon", tmp_path)
    (tmp_path / "half.toml").write_text('language = "Half"\n')
    with pytest.raises(ResourceError, match="damaged"):
        load("half", tmp_path)
    (tmp_path / "broken.toml").write_text("no = = toml")
    with pytest.raises(ResourceError, match="damaged"):
        load("broken", tmp_path)
