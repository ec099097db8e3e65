"""Your classes in a real browser: photos in, a wrong one found, maps, files to take away, and all
of it deleted."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from effnet_viz.engine.transfer import photo_sets
from tests.e2e.conftest import settled

pytestmark = pytest.mark.browser


@pytest.fixture
def tiles() -> dict[str, list[bytes]]:
    """Files of tiles of three of scikit-image's photos."""
    return {
        name: [photo.data for photo in photo_sets._texture(name).photos[:7]]
        for name in ("brick", "grass", "gravel")
    }


def downloaded(page: Page, label: str) -> bytes:
    with page.expect_download(timeout=60_000) as started:
        page.get_by_test_id("stDownloadButton").filter(has_text=label).get_by_role("button").click()
    return started.value.path().read_bytes()


def test_three_classes_from_files_to_heads_to_nothing(
    page: Page, server: str, tiles: dict[str, list[bytes]], tmp_path: Path
):
    page.goto(f"{server}/transfer?networks=baseline&networks=compound")
    settled(page)
    page.get_by_test_id("stButtonGroup").get_by_text("Your photos", exact=True).click()
    expect(page.get_by_text("Add 2 to 8 classes; there are 0.")).to_be_visible()

    # one class from files, among them one that is of another class
    files = []
    for number, data in enumerate([*tiles["brick"][:5], tiles["gravel"][6]]):
        files.append(tmp_path / f"{number}.jpg")
        files[-1].write_bytes(data)
    page.get_by_role("textbox", name="Class name").fill("wall")
    page.get_by_role("textbox", name="Class name").press("Enter")
    settled(page)
    inputs = page.get_by_test_id("stFileUploaderDropzoneInput")
    inputs.first.set_input_files(files)
    settled(page)
    page.get_by_role("button", name="Add to this class").click()
    expect(page.get_by_text("wall 6 photos")).to_be_visible()

    # two from an archive, whose paths are labels and nothing more
    archive = tmp_path / "classes.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in ("grass", "gravel"):
            for number, data in enumerate(tiles[name][:6]):
                packed.writestr(f"../../{name}/{number}.jpg", data)
    page.get_by_text("A folder or zip, one folder per class").click()
    inputs.nth(2).set_input_files(archive)
    settled(page)
    page.get_by_role("button", name="Add these classes").click()
    expect(page.get_by_text("gravel 6 photos")).to_be_visible()

    page.get_by_role("button", name="Train the heads").click()
    table = page.get_by_role("table", name="Every network on your photos, and its controls")
    expect(table).to_contain_text("of 18", timeout=120_000)
    expect(table).to_contain_text("random weights")
    expect(page.locator('img[alt="5.jpg: wall, said to be gravel"]')).to_be_visible()

    maps = page.locator('img[alt*=": evidence for"]')
    expect(maps).to_have_count(2)
    page.get_by_test_id("stFileUploader").filter(has_text="New photo").get_by_test_id(
        "stFileUploaderDropzoneInput"
    ).set_input_files({"name": "new.jpg", "mimeType": "image/jpeg", "buffer": tiles["grass"][6]})
    expect(page.locator('img[alt="compound: evidence for wall in new.jpg"]')).to_be_visible()
    expect(page.get_by_text("compound says grass")).to_be_visible()

    rows = list(csv.DictReader(io.StringIO(downloaded(page, "CSV").decode())))
    assert [row["network"] for row in rows] == ["baseline", "compound", "baseline, random weights"]
    page.get_by_text("Take it away").click()
    head = np.load(io.BytesIO(downloaded(page, "Head (npz)")))
    assert list(head["classes"]) == ["wall", "grass", "gravel"]

    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_text("Add 2 to 8 classes; there are 0.")).to_be_visible()
    expect(maps).to_have_count(0)
    expect(page.get_by_text("wall")).to_have_count(0)
