"""The main journey in a real browser: scale, run, compare; links, reloads, a broken upload."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from skimage import data as photos

from tests.e2e.conftest import settled, walk

pytestmark = pytest.mark.browser


def png_bytes(array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def test_scale_run_compare(page: Page, server: str):
    page.goto(server)
    settled(page)
    page.get_by_role("button", name="Just show me").click()
    table = page.get_by_role("table", name="Stage table")
    expect(table).to_contain_text("MBConv6 k5x5")
    before = table.inner_text()

    page.get_by_role("slider", name=re.compile("φ")).focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"phi=2(\.0)?\b"))
    settled(page)
    expect(table).not_to_have_text(before)
    expect(page.locator(".totals .times").first).to_have_text("4.69×")

    walk(page, "Run")
    expect(page.locator("h1")).to_contain_text("say")
    expect(page).to_have_url(re.compile(r"/run\?.*phi=2(\.0)?\b"))
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": png_bytes(photos.chelsea())}
    )
    expect(page.get_by_role("combobox", name="Photo")).to_have_value("Your photo")
    settled(page)
    answers = page.get_by_test_id("stTable").filter(has_text="weights").last  # ImageNet first
    expect(answers).to_contain_text("compound")
    expect(answers).to_contain_text("φ = 2, grown from the baseline")
    expect(answers).to_contain_text("grown")

    walk(page, "Compare")
    expect(page.get_by_role("combobox", name="Photo")).to_have_value("Your photo")
    maps = page.locator('img[alt*="evidence for"]')
    expect(maps).to_have_count(5)

    # one's own photo stays through Back and a walk, and not through a reload, which says so
    walk(page, "Paper")
    page.go_back()
    expect(maps).to_have_count(5)
    settled(page)
    expect(page.get_by_role("combobox", name="Photo")).to_have_value("Your photo")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("say")
    settled(page)
    expect(page.get_by_role("combobox", name="Photo")).to_have_value("Your photo")
    page.reload()
    settled(page)
    expect(page.get_by_text("neither a link nor a reload keeps: choose it again")).to_be_visible()

    # the network of the Scale page stays through all of it
    expect(page.get_by_text("φ = 2, grown from the baseline").first).to_be_visible()
    walk(page, "Scale")
    expect(page).to_have_url(re.compile(r"phi=2(\.0)?\b"))
    expect(page.locator(".totals .times").first).to_have_text("4.69×")


def test_a_broken_upload_is_one_sentence_and_loses_nothing(page: Page, server: str, tmp_path):
    page.goto(f"{server}/run")
    settled(page)
    huge = tmp_path / "huge.jpg"  # which the browser itself holds back
    with huge.open("wb") as file:
        file.truncate(201 * 2**20)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(huge)
    uploader = page.get_by_test_id("stFileUploader")
    expect(uploader.get_by_test_id("stFileChip")).to_have_attribute("aria-invalid", "true")
    said = uploader.evaluate("e => getComputedStyle(e, '::after').content")
    assert "did not arrive: it has more than 200 MB" in said
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        {"name": "page.png", "mimeType": "image/png", "buffer": b"<html>not found</html>"}
    )
    expect(page.get_by_test_id("stAlert").first).to_contain_text("not a readable JPEG, PNG, WebP")
    settled(page)
    expect(page.get_by_test_id("stTable").filter(has_text="weights")).to_contain_text("baseline")
