"""How the Anatomy page's tables are filled."""

from __future__ import annotations

from effnet_viz.figures.canvas import percent

#: The last column of these tables is prose, which a narrow screen would make one word wide.
PROSE = """
<style>
[class*="st-key-a_prose"] td:last-child { min-width: 15rem; }
</style>
"""


def part(value: float, share: float) -> str:
    """A count and its share in brackets; a dash for none."""
    return together(f"{value:,.0f} :small[({percent(share)})]") if value else "–"


def together(words: str) -> str:
    """The words on one line of a table's cell."""
    return words.replace(" ", "\u00a0")
