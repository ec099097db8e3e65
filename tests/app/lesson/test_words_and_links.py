"""What the Lesson page says, and where its links lead."""

import re
from pathlib import Path

import pytest

from effnet_viz.lesson.items import ITEMS
from effnet_viz.lesson.steps import STEPS
from effnet_viz.ui.lesson import place as places
from tests.app.conftest import texts
from tests.app.lesson.conftest import TEXT

ROOT = Path(__file__).resolve().parents[3]


def test_every_word_that_the_page_says_is_there_and_no_other():
    folder = ROOT / "effnet_viz" / "ui" / "lesson"
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    source += (ROOT / "effnet_viz" / "lesson" / "script.py").read_text()
    source += (ROOT / "pages" / "lesson.py").read_text()
    quoted = set(re.findall(r"""["']([a-z0-9_]+)["']""", source))
    said = set(re.findall(r"""\bsay\(\s*["']([a-z0-9_]+)["']""", source))
    built = {f"item_{key}" for key in ITEMS} | {
        f"check_{key}" for key in ("weights", "device", "rooms", "address", "speed")
    }
    assert said <= set(TEXT.words)
    assert set(TEXT.words) <= quoted | built


def test_the_glossary_is_within_reach_of_every_page(open_page):
    for page in (None, "pages/anatomy.py"):
        assert "**receptive field**" in texts(open_page(page).sidebar)


def test_places_are_kept_in_the_browser_under_the_rooms_code():
    assert places.cookie_name("4XK7QD", "seat") == "effnet_viz_seat_4XK7QD"
    assert places.known_screen("<script>") == "before"


#: A widget of the page and the value that a step's link must give it.
LANDED = {
    "why paper": ("pills", "p_section", "Table 2"),
    "why scale": ("pills", "variant", "b4"),
    "one search": (None, "", None),
    "one scale": ("slider", "depth", 4.0),
    "cost scale": ("slider", "width", 2.0),
    "cost anatomy": (None, "", None),
    "game search": (None, "", None),
    "family scale": ("slider", "phi", 1.0),
    "family paper": ("pills", "p_section", "Misreadings"),
    "look compare": ("toggle", "grid", True),
    "look benchmark": (None, "", None),
    "after scale": ("slider", "phi", 1.0),
}


@pytest.mark.parametrize(
    ("name", "link"),
    [(f"{step.key} {link.key}", link) for step in STEPS.values() for link in step.links],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_link_opens_the_real_page_in_its_state(open_page, name, link):
    app = open_page(link.page, **link.state)
    assert not app.error, [error.value for error in app.error]
    kind, key, value = LANDED[name]
    if kind:
        assert next(e for e in app.get(kind) if e.key == key).value == value
