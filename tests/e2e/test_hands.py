"""Fast hands and a slow server: no click is lost or undone, and work starts on what is shown."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import ROOT, running_app, settled

pytestmark = pytest.mark.browser

#: How long the script of every run sleeps before its page, and the time between two clicks.
SLOW_S, CLICK_MS = 0.6, 50
AT_WORK = '[data-testid="stApp"][data-test-script-state="running"]'


@pytest.fixture(scope="module")
def slow_server() -> Iterator[str]:
    """A server of its own, as slow as a busy machine."""
    with running_app(slow_s=SLOW_S) as address:
        yield address


@dataclass(frozen=True)
class Control:
    """A control in which several things are chosen: where it is, and four clicks in it."""

    key: str
    page: str
    label: str
    clicks: tuple[str, ...]
    bound: bool = True


CONTROLS = [
    Control("bench_models", "/benchmark", "Models", ("depth", "resolution", "B3", "B0")),
    Control("beside", "/?guess=Just+show+me", "Released variants beside it", ("B1", "B3", "B4")),
    Control(
        "variants", "/compare?family=EfficientNet+on+ImageNet&shown=true", "Compound, as published",
        ("B3", "B1", "B2", "B7"),
    ),
    Control(
        "p_c_doubling",
        "/paper?p_section=Misreadings"
        "&p_claim=Doubling+width+and+resolution+quadruples+the+cost."
        "&p_verdict_doubling=It+is+not+so",
        "Double", ("width", "depth", "resolution", "width"), bound=False,
    ),
    Control("models", "/run", "Models", ("depth", "width", "resolution", "compound")),
    Control("networks", "/transfer", "Networks", ("", "")),
    Control("sheet", "/compare?shown=true&look=More+photos", "Samples", ("", "")),
]  # fmt: skip


def test_every_such_control_is_here() -> None:
    """A new control with several choices is added above."""
    found = set()
    for file in (ROOT / "effnet_viz" / "ui").rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        found.update(re.findall(r'selection_mode="multi".*?key="(\w+)"', text, re.DOTALL))
        found.update(re.findall(r'st\.multiselect\(.*?key="(\w+)"', text, re.DOTALL))
    assert found == {control.key for control in CONTROLS}


def opened(page: Page, address: str) -> None:
    page.goto(address)
    settled(page)
    page.wait_for_load_state("networkidle")
    settled(page)


def group(page: Page, label: str) -> Locator:
    kinds = "[data-testid=stMultiSelect], [data-testid=stButtonGroup]"
    found = page.locator(kinds).filter(has_text=label).first
    expect(found).to_be_visible()
    return found


def is_list(where: Locator) -> bool:
    return where.get_attribute("data-testid") == "stMultiSelect"


def chosen(page: Page, label: str) -> list[str]:
    """What the screen says is chosen."""
    where = group(page, label)
    if is_list(where):
        return sorted(where.locator("[data-tag]").all_inner_texts())
    return sorted(where.locator("button[aria-pressed=true]").all_inner_texts())


def click(page: Page, label: str, name: str) -> str:
    """One click of a hand, which waits for nothing: a pill, or the cross of the first thing in a
    list that is called so. What was clicked."""
    where = group(page, label)
    if is_list(where):
        button = where.locator(f'button[aria-label^="Remove {name}"]').first
        name = (button.get_attribute("aria-label") or "").removeprefix("Remove ")
    else:
        button = where.get_by_role("button", name=name, exact=True)
    button.click(force=True)
    page.wait_for_timeout(CLICK_MS)
    return name


def toggled(before: list[str], names: list[str]) -> list[str]:
    after = set(before)
    for name in names:
        after ^= {name}
    return sorted(after)


#: Of these the tests of the work that begins on what is chosen hold it, and more.
HELD_BELOW = ("bench_models", "sheet")


@pytest.mark.parametrize(
    "control",
    [control for control in CONTROLS if control.key not in HELD_BELOW],
    ids=lambda control: control.key,
)
def test_no_click_is_lost_or_undone(page: Page, slow_server: str, control: Control) -> None:
    opened(page, slow_server + control.page)
    group(page, control.label).scroll_into_view_if_needed()
    before = chosen(page, control.label)
    clicked = [click(page, control.label, name) for name in control.clicks]
    wanted = toggled(before, clicked)
    assert chosen(page, control.label) == wanted
    page.locator(AT_WORK).wait_for(state="attached")  # with what was clicked last
    settled(page)
    assert chosen(page, control.label) == wanted
    if control.bound:
        page.reload()
        settled(page)
        assert chosen(page, control.label) == wanted
    else:
        expect(page.get_by_text(f"Doubling {' and '.join(wanted)}:")).to_be_visible()


def test_measure_measures_what_the_screen_shows(page: Page, slow_server: str) -> None:
    """Four pills off and Measure, faster than the server draws; and clicks while it measures."""
    opened(page, f"{slow_server}/benchmark")
    for name in ("depth", "resolution", "compound", "B0"):
        click(page, "Models", name)
    assert chosen(page, "Models") == ["baseline", "width"]
    page.get_by_role("button", name="Measure", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    for name in ("depth", "resolution"):
        click(page, "Models", name)
    expect(page.get_by_text("Measured on this machine")).to_be_visible()
    expect(page.get_by_role("button", name="Measure", exact=True)).to_be_visible()
    settled(page)
    assert chosen(page, "Models") == ["baseline", "depth", "resolution", "width"]
    table = page.get_by_test_id("stTable").filter(has_text="least memory")
    measured = {}
    for name in ("baseline", "depth", "width", "resolution", "compound", "B0"):
        row = table.get_by_role("row").filter(
            has=page.get_by_role("rowheader", name=name, exact=True)
        )
        measured[name] = row.filter(has_not_text=re.compile(r"not\smeasured")).count() == 1
    assert [name for name, there in measured.items() if there] == ["baseline", "width"]
    page.reload()
    settled(page)
    assert chosen(page, "Models") == ["baseline", "depth", "resolution", "width"]


def test_a_click_right_after_measure_loses_neither(page: Page, slow_server: str) -> None:
    """The run that Measure asked for is ended by the next click before it gets there."""
    opened(page, f"{slow_server}/benchmark?bench_models=baseline&bench_models=width")
    page.get_by_role("button", name="Measure", exact=True).click()
    page.wait_for_timeout(CLICK_MS)
    click(page, "Models", "width")
    expect(page.get_by_text("Measured on this machine")).to_be_visible()
    settled(page)
    assert chosen(page, "Models") == ["baseline"]


def test_work_in_the_background_is_for_what_the_screen_shows(page: Page, slow_server: str) -> None:
    """Samples taken off Compare's list and the button: its label was drawn for more of them."""
    opened(page, f"{slow_server}/compare?shown=true&look=More+photos")
    expect(page.get_by_role("button", name="Map 4 photos")).to_be_visible()
    before = chosen(page, "Samples")
    clicked = [click(page, "Samples", "") for _ in range(2)]
    left = chosen(page, "Samples")
    assert left == toggled(before, clicked)
    page.get_by_role("button", name=re.compile("^Map ")).click()
    sheet = page.get_by_role("img", name=re.compile("^Contact sheet of maps"))
    expect(sheet).to_be_visible()
    said = sheet.get_attribute("alt") or ""
    assert [name for name in left if f"{name}: " in said] == left
    assert said.count(";") == len(left) - 1
    page.reload()
    settled(page)
    assert chosen(page, "Samples") == left
