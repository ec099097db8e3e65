"""Compare in a real browser: guess, look closer, map several photos, take it all away."""

import io
import re
from urllib.parse import urlencode

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from effnet_viz.scaling.families import ROLES
from tests.e2e.conftest import settled

pytestmark = pytest.mark.browser


def pill(page: Page, name: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
    settled(page)


def downloaded(page: Page, label: str) -> bytes:
    with page.expect_download(timeout=60_000) as started:
        page.get_by_test_id("stDownloadButton").filter(has_text=label).get_by_role("button").click()
    return started.value.path().read_bytes()


def test_guess_look_closer_and_take_away(page: Page, server: str):
    page.goto(f"{server}/compare")
    settled(page)
    maps = page.locator('img[alt*=": the evidence for"]')
    expect(page.locator('img[alt*="is not shown yet"]')).to_have_count(5)
    expect(maps).to_have_count(0)
    pill(page, "compound")
    expect(page.get_by_text("You guessed compound.")).to_be_visible()
    expect(page.get_by_text("The networks disagree:")).to_be_visible()
    expect(maps).to_have_count(5)

    pill(page, "Every stage")
    expect(page.locator('img[alt^="Stage "]')).to_have_count(9)
    expect(page).to_have_url(re.compile("look=Every"))

    pill(page, "More photos")
    page.get_by_role("button", name=re.compile("^Map 4 photos")).click()
    sheet = page.locator('img[alt^="Contact sheet of maps"]')
    expect(sheet).to_be_visible(timeout=120_000)

    pill(page, "Take away")
    arrays = np.load(io.BytesIO(downloaded(page, "Raw maps")))
    assert list(arrays) == list(ROLES)
    assert arrays["resolution"].shape == (12, 12)
    picture = Image.open(io.BytesIO(downloaded(page, "Contact sheet")))
    assert picture.format == "PNG"
    assert picture.width > 900
    report = downloaded(page, "Report").decode()
    assert report.count("<img") == 6
    assert "<script" not in report

    link = page.get_by_test_id("stCode").inner_text().strip()
    page.goto(link)
    settled(page)
    expect(page.get_by_text("The link to this view")).to_be_visible()
    expect(maps).to_have_count(5)


def test_score_cam_runs_in_the_background(page: Page, server: str):
    small = {
        "family": "Yours, from the Scale page", "architecture": "Classroom baseline",
        "by": "d, w, r", "depth": 1, "width": 1, "method": "Score-CAM", "stage": 9,
    }  # fmt: skip
    page.goto(f"{server}/compare?{urlencode(small)}")
    settled(page)
    maps = page.locator('img[alt*=": the evidence for"]')
    expect(maps).to_have_count(0)
    page.get_by_role("button", name="Compute Score-CAM").click()
    expect(maps).to_have_count(1)  # at d 1, w 1 the network is its own parent


def test_photo_and_five_maps_stand_in_one_row_on_the_first_screen(page: Page, server: str):
    page.goto(f"{server}/compare?shown=true")
    settled(page)
    pictures = page.locator(".st-key-map_row img")
    expect(pictures).to_have_count(6)
    boxes = [picture.bounding_box() for picture in pictures.all()]
    assert len({round(box["y"]) for box in boxes if box}) == 1
    assert all(box and box["y"] + box["height"] < 900 for box in boxes)

    page.get_by_test_id("stCheckbox").get_by_text(
        "Raw grid"
    ).click()  # now a cell tells its value to a pointer
    layers = page.locator(".st-key-map_row .cells")
    expect(layers).to_have_count(5)
    picture, layer = pictures.nth(1).bounding_box(), layers.first.bounding_box()
    assert picture
    assert layer == pytest.approx(picture, abs=1.5)
    page.mouse.move(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2)
    cell = page.locator(".cells i:hover")
    expect(cell).to_have_attribute("data-says", re.compile("of the maximum; rank .* of 36"))
    page.get_by_role("button", name=re.compile("^Fullscreen: baseline")).click()  # above the layer
    expect(page.get_by_role("button", name=re.compile("^Close fullscreen"))).to_be_visible()


def test_a_phone_shows_photo_and_map_before_any_screen_of_controls(page: Page, server: str):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/compare?shown=true")
    settled(page)
    pictures = page.locator(".st-key-map_row img")
    expect(pictures).to_have_count(6)
    photo, first, *_ = pictures.all()
    for picture in (photo, first):
        box = picture.bounding_box()
        assert box
        assert box["y"] + box["height"] < 844
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390


def test_a_box_is_drawn_on_the_photo(page: Page, server: str):
    page.goto(f"{server}/compare?photo=Golf+ball&shown=true&box=true")
    settled(page)
    page.get_by_role("button", name="More").click()
    area = page.locator(".st-key-box_drawing .nsewdrag").first
    expect(area).to_be_visible()
    box = area.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.9 * box["height"], steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile("box_x=(9|10|11)&box_x=(59|60|61)"))
    expect(page).to_have_url(re.compile("box_y=(19|20|21)&box_y=(89|90|91)"))
    expect(page.get_by_text("% of the map in the box").first).to_be_visible()
