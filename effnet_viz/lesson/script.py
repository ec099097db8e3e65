"""The teacher's script and the students' worksheet, each as one page to print.

Both are made of the same words and the same worked questions as the lesson on screen.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from effnet_viz.lesson.answers import Axes
from effnet_viz.lesson.items import FORMS, ITEMS
from effnet_viz.lesson.questions import QUESTIONS, Setting
from effnet_viz.lesson.steps import SCREENS
from effnet_viz.lesson.text import Text

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 46rem; padding: 1.5rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top; } th { white-space: nowrap; font-variant-numeric: tabular-nums; }
li { margin: .3rem 0; } .answer { margin-left: 1.2rem; } svg { font: .7rem system-ui; }
svg text { fill: currentColor; } .boxes { list-style: "☐ "; }
.line { display: inline-block; width: 8rem; height: 1.4rem; border-bottom: 1px solid; }
.wide { display: block; width: 100%; }
@media print { section { break-inside: avoid-page; } body { padding: 0; } }
"""


def teachers_sheet(text: Text, setting: Setting) -> str:
    """Minutes, questions and true answers of the whole lesson, as one HTML page without script."""
    say = text.say
    parts = [f"<h1>{_plain(say('title'))}</h1>", f"<p>{_plain(say('script_lead'))}</p>"]
    for step in SCREENS.values():
        words = text.steps[step.key]
        parts.append(f"<section><h2>{_plain(words.title)}</h2><p>{_plain(words.lead)}</p>")
        parts.append(f"<p>{_plain(words.do)} {_plain(words.notice)}</p>")
        rows = "".join(
            f'<tr><th scope="row">{_plain(minutes)}</th><td>{_plain(act)}</td></tr>'
            for minutes, act in words.script
        )
        minutes, act = _plain(say("minutes")), _plain(say("what_to_do"))
        parts.append(
            f'<table><thead><tr><th scope="col">{minutes}</th><th scope="col">{act}</th></tr>'
            f"</thead><tbody>{rows}</tbody></table>"
        )
        for key in step.questions:
            if key in QUESTIONS:
                parts.append(_question(text, key, setting))
        if step.key in ("before", "after"):
            parts += [_test(text, form) for form in FORMS if step.key == "before"]
        parts.append("</section>")
    return _page(text, say("title"), parts)


def worksheet(text: Text, setting: Setting) -> str:
    """Every question of the lesson without its answer, as one HTML page without script."""
    parts = [f"<h1>{_plain(text.say('title'))}</h1>", f"<p>{_plain(text.say('sheet_lead'))}</p>"]
    for step in SCREENS.values():
        asked = [key for key in step.questions if key in QUESTIONS]
        if asked:
            words = text.steps[step.key]
            parts.append(f"<section><h2>{_plain(words.title)}</h2><p>{_plain(words.lead)}</p>")
            parts += [_blank(text, key, setting) for key in asked]
            parts.append("</section>")
    return _page(text, text.say("title"), parts)


def _page(text: Text, title: str, parts: Sequence[str]) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{text.code}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_plain(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _blank(text: Text, key: str, setting: Setting) -> str:
    """A question with room for the answer: boxes, a line, or empty axes."""
    words, worked = text.questions[key], QUESTIONS[key].work(setting)
    asked = f"<h3>{_fill(words.prompt, worked.facts)}</h3>"
    if worked.kind == "choice":
        boxes = "".join(f"<li>{_fill(words.options[o], worked.facts)}</li>" for o in worked.options)
        room = f'<ul class="boxes">{boxes}</ul>'
    elif worked.kind == "number":
        room = f'<p><span class="line"></span> {_plain(words.unit)}</p>'
    else:
        assert worked.axes is not None
        room = _empty_axes(worked.axes, words.x, words.y)
    return f'{asked}{room}<p>{_plain(text.say("neighbour"))}</p><p class="line wide"></p>'


def _empty_axes(axes: Axes, x: str, y: str) -> str:
    """A frame with the ends of both axes written on it."""
    ends = (
        (40, 196, "start", f"{axes.x_low:g}"),
        (320, 196, "end", f"{axes.x_high:g}" + (" (log)" if axes.log_x else "")),
        (34, 180, "end", f"{axes.y_low:g}"),
        (34, 18, "end", f"{axes.y_high:g}"),
    )
    labels = "".join(
        f'<text x="{left}" y="{top}" text-anchor="{anchor}">{_plain(said)}</text>'
        for left, top, anchor, said in ends
    )
    return (
        f'<svg viewBox="0 0 330 200" width="330" role="img" aria-label="{_plain(y)}, {_plain(x)}">'
        f'<rect x="40" y="10" width="280" height="172" fill="none" stroke="currentColor"/>{labels}'
        f"</svg><p>↑ {_plain(y)} · → {_plain(x)}</p>"
    )


def _question(text: Text, key: str, setting: Setting) -> str:
    words, worked = text.questions[key], QUESTIONS[key].work(setting)
    options = "".join(f"<li>{_fill(words.options[o], worked.facts)}</li>" for o in worked.options)
    return (
        f"<h3>{_fill(words.prompt, worked.facts)}</h3>"
        + (f"<ul>{options}</ul>" if options else "")
        + f'<p class="answer">{_fill(words.reveal, worked.facts)} {_fill(words.tell, {})}</p>'
    )


def _test(text: Text, form: str) -> str:
    items = []
    for key, item in ITEMS.items():
        words, worked = text.items[key], item.work("a" if form == "a" else "b")
        true = words.options.get(str(worked.answer), "") or _number(worked.answer)
        items.append(
            f"<li>{_fill(words.prompts[form], worked.facts)} "
            f"<strong>{_fill(true, worked.facts)}</strong></li>"
        )
    return f"<h3>{_plain(text.say('form', form=form.upper()))}</h3><ol>{''.join(items)}</ol>"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float | int) else str(value)


def _fill(template: str, facts: Mapping[str, float | str]) -> str:
    return _plain(template.format(**facts) if facts else template)


def _plain(text: str) -> str:
    """Escaped, with the two marks that the words use: bold and italic."""
    safe = html.escape(text, quote=True)
    safe = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe)
    return re.sub(r"\*(.+?)\*", r"<em>\1</em>", safe)
