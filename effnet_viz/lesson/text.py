"""The words of a language, read from its file and checked.

A file is ``assets/lesson/<language>.toml``; another language is another file of the same shape.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from effnet_viz.errors import ResourceError
from effnet_viz.evidence.files import asset

FOLDER = asset("lesson")
DEFAULT = "english"

#: The explanation for wrong answers that are no well-known mistake.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StepText:
    """One screen in words; ``short`` is its name in a row of buttons and in a link. ``script`` has
    the teacher's minutes and what to do in them, ``links`` a label for each link of the step."""

    short: str
    title: str
    lead: str
    do: str
    notice: str
    script: tuple[tuple[str, str], ...]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class QuestionText:
    """A question in words, with placeholders for its facts.

    ``reveal`` is the true answer, ``tell`` one sentence for a neighbour, ``why`` says why a wrong
    option or a known mistake is wrong (`OTHER`: any other). ``unit`` follows a number; ``x`` and
    ``y`` name a point's axes.
    """

    prompt: str
    reveal: str
    tell: str
    options: Mapping[str, str]
    why: Mapping[str, str]
    unit: str = ""
    x: str = ""
    y: str = ""


@dataclass(frozen=True, slots=True)
class ItemText:
    """A test item in words; ``prompts`` has one for each form."""

    prompts: Mapping[str, str]
    reveal: str
    options: Mapping[str, str]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """All words of one language. ``words`` are those of buttons, headings and messages."""

    language: str
    code: str
    steps: Mapping[str, StepText]
    questions: Mapping[str, QuestionText]
    items: Mapping[str, ItemText]
    glossary: Mapping[str, str]
    words: Mapping[str, str]

    def say(self, word: str, /, **facts: object) -> str:
        """A word or sentence of the page, with its placeholders filled. KeyError without it."""
        return self.words[word].format(**facts)


@cache
def load(language: str = DEFAULT, folder: Path = FOLDER) -> Text:
    """The words of a language. Raises ResourceError where its file is missing or damaged."""
    path = folder / f"{language}.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return Text(
            language=raw["language"],
            code=raw["code"],
            steps=_each(raw["steps"], _step),
            questions=_each(raw["questions"], _question),
            items=_each(raw["items"], _item),
            glossary=MappingProxyType(dict(raw["glossary"])),
            words=MappingProxyType(dict(raw["words"])),
        )
    except OSError:
        raise ResourceError(
            f"The lesson's words are missing ({path} cannot be read); download the project again."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ResourceError(
            f"The lesson's words in {path} are damaged ({error}); download the project again."
        ) from error


def _each(rows: Mapping[str, Any], make: Any) -> Mapping[str, Any]:
    return MappingProxyType({key: make(row) for key, row in rows.items()})


_STEP_WORDS = ("short", "title", "lead", "do", "notice")


def _step(row: Mapping[str, Any]) -> StepText:
    script = tuple((str(minutes), str(act)) for minutes, act in row["script"])
    links = MappingProxyType(dict(row.get("links", {})))
    short, title, lead, do, notice = (row[key] for key in _STEP_WORDS)
    return StepText(short, title, lead, do, notice, script, links)


def _question(row: Mapping[str, Any]) -> QuestionText:
    plain = {key: row[key] for key in ("prompt", "reveal", "tell")}
    plain |= {key: row.get(key, "") for key in ("unit", "x", "y")}
    return QuestionText(
        **plain,
        options=MappingProxyType(dict(row.get("options", {}))),
        why=MappingProxyType(dict(row.get("why", {}))),
    )


def _item(row: Mapping[str, Any]) -> ItemText:
    prompts = {form: row.get(f"prompt_{form}") or row["prompt"] for form in ("a", "b")}
    return ItemText(
        MappingProxyType(prompts),
        row["reveal"],
        MappingProxyType(dict(row.get("options", {}))),
        row.get("unit", ""),
    )
