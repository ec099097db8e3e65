"""The Grid search page in a real browser: a click on the surface, a link, a search of one's own."""

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from effnet_viz.engine.training import imagenette
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import DEFAULT_POINTS, search_points, title
from effnet_viz.scaling.families import IMAGENETTE_CLASSES
from tests.e2e.conftest import running_app, settled

pytestmark = pytest.mark.browser


def shown_points():
    """The points in the order in which the page draws them: trained ones first."""
    trained = {row.point: row.search_point() for row in records.read_rows()}
    planned = {point.name: point for point in search_points(DEFAULT_POINTS)}
    points = planned | trained
    return sorted(points.values(), key=lambda point: point.name not in trained)


def markers(page: Page):
    """The points on the surface, and last the ring around the chosen one."""
    return page.locator(".ternarylayer path.point")


def click(page: Page, number: int):
    """Click a point as a person does: its picture lies under the layer that takes the mouse."""
    point = markers(page).nth(number)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 3, y - 3)
    page.mouse.move(x, y)
    expect(page.locator(".hoverlayer .hovertext").first).to_be_visible()
    page.mouse.click(x, y)


def test_a_click_on_the_surface_chooses_the_point(page: Page, server: str):
    page.goto(f"{server}/grid_search?gs_point=depth+only")
    settled(page)
    points = shown_points()
    expect(markers(page)).to_have_count(len(points) + 1)
    expect(page.get_by_role("heading", name="The chosen network: depth only")).to_be_visible()
    click(page, 3)
    chosen = page.get_by_role("heading", name=f"The chosen network: {title(points[3])}")
    expect(chosen).to_be_visible()
    expect(page).to_have_url(re.compile("gs_point="))
    settled(page)
    click(page, 0)  # elsewhere, and to the same point once more
    expect(page.get_by_role("heading", name=f": {title(points[0])}")).to_be_visible()
    settled(page)
    click(page, 3)
    expect(chosen).to_be_visible()
    settled(page)
    page.reload()
    settled(page)
    expect(chosen).to_be_visible()

    page.get_by_text("As built", exact=True).first.click()
    expect(page.get_by_text("where their multiply-adds really went")).to_be_visible()
    settled(page)
    click(page, 1)
    expect(page.get_by_role("heading", name=f": {title(points[1])}")).to_be_visible()
    page.get_by_text("3D", exact=True).click()
    expect(page.get_by_text("Drag to turn")).to_be_visible()
    expect(page.get_by_role("figure", name=re.compile("Points of the search"))).to_be_visible()


def test_a_search_of_ones_own_begins_and_is_cancelled(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for number, wnid in enumerate(IMAGENETTE_CLASSES):
        (tmp_path / "train" / wnid).mkdir(parents=True)
        for i in range(10):
            Image.new("RGB", (30, 20), (25 * number, 20 * i, 99)).save(
                tmp_path / "train" / wnid / f"tiny_{wnid}_{i}.png"
            )
    monkeypatch.setenv(imagenette.DATA_VARIABLE, str(tmp_path))
    with running_app() as address:
        page.goto(f"{address}/grid_search")  # the first that this server is asked for
        settled(page)
        navigation = page.get_by_test_id("stSidebarNav")
        expect(navigation.get_by_role("link", name="Scale", exact=True)).to_be_visible()
        page.get_by_test_id("stExpander").get_by_text("Run it yourself").click()
        page.get_by_role("button", name="Train six points").click()
        expect(page.get_by_text(re.compile("points done, about"))).to_be_visible()
        expect(page.get_by_text(re.compile("At work: "))).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("Cancelled; what was trained before is kept.")).to_be_visible()
        expect(page.get_by_role("button", name="Train six points")).to_be_visible()
        page.goto("about:blank")  # before the server goes, or the page misses it
