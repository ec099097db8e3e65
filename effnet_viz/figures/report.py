"""A comparison as one HTML file: pictures inside, no script, no network, light and dark."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from effnet_viz.figures.base import ROLE_COLOURS

_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b29; --paper: #fff; --faint: #5b5a6b;
  --line: #dcdce6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ededf5; --paper: #12121a; --faint: #a9a8ba; --line: #3a3a4c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin-top: 2rem; }
.maps { display: grid; gap: 1.2rem; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
figure { margin: 0; } img { width: 100%; display: block; border-radius: .4rem; }
figcaption { font-size: .9rem; margin-top: .4rem; }
figcaption p { margin: .2rem 0; } .faint { color: var(--faint); }
.mark { display: inline-block; width: .7rem; height: .7rem; border-radius: .15rem;
  margin-right: .4rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: left;
  font-variant-numeric: tabular-nums; }
dt { font-weight: 600; } dd { margin: 0 0 .4rem; }
"""


@dataclass(frozen=True, slots=True)
class ReportMap:
    """One map of a report: its picture, and what stands below it. ``words`` says where the map
    lies to those who cannot see it; ``facts`` are short lines."""

    title: str
    role: str
    picture: Image.Image
    words: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; all cells are text already."""

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def html_report(
    *,
    title: str,
    lead: str,
    photo: Image.Image,
    photo_alt: str,
    maps: Sequence[ReportMap],
    tables: Sequence[Table],
    settings: Sequence[tuple[str, str]],
    notes: Sequence[str] = (),
    link: str = "",
) -> str:
    """The report as one HTML document; every text is escaped, every picture embedded."""
    figures = [_figure("The photo", "", photo, photo_alt, ("outlined: what the models see",))]
    figures += [_figure(m.title, m.role, m.picture, m.words, (*m.facts, m.words)) for m in maps]
    parts = [
        f"<h1>{_text(title)}</h1>",
        f"<p>{_text(lead)}</p>",
        f'<div class="maps">{"".join(figures)}</div>',
        *(_table(table) for table in tables),
        "<h2>Settings</h2>",
        f"<dl>{''.join(f'<dt>{_text(k)}</dt><dd>{_text(v)}</dd>' for k, v in settings)}</dl>",
        *(f'<p class="faint">{_text(note)}</p>' for note in notes),
    ]
    if link:
        parts.append(
            f'<p>The same view, without the photo: <a href="{_text(link)}">{_text(link)}</a></p>'
        )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _figure(title: str, role: str, picture: Image.Image, alt: str, facts: Sequence[str]) -> str:
    colour = ROLE_COLOURS.get(role)
    mark = f'<span class="mark" style="background:{colour}"></span>' if colour else ""
    lines = "".join(f'<p class="faint">{_text(fact)}</p>' for fact in facts if fact)
    return (
        f'<figure><img src="{_embedded(picture)}" alt="{_text(alt)}">'
        f"<figcaption><strong>{mark}{_text(title)}</strong>{lines}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in table.header)
    body = "".join(
        f'<tr><th scope="row">{_text(first)}</th>'
        f"{''.join(f'<td>{_text(cell)}</td>' for cell in cells)}</tr>"
        for first, *cells in table.rows
    )
    return (
        f'<h2>{_text(table.caption)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _embedded(picture: Image.Image) -> str:
    data = io.BytesIO()
    picture.convert("RGB").save(data, "JPEG", quality=88)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def _text(value: str) -> str:
    return html.escape(value, quote=True)
