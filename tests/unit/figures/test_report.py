import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from effnet_viz.figures.report import ReportMap, Table, html_report


class Reader(HTMLParser):
    """What a browser finds: tags with attributes, and the text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(document)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for found, attrs in self.tags if found == tag]


@pytest.fixture
def document():
    red = Image.fromarray(np.full((40, 60, 3), (200, 30, 30), np.uint8))
    grey = Image.new("RGB", (30, 30), (90, 90, 90))
    return html_report(
        title="Where? <script>alert(1)</script>",
        lead="One class & one square.",
        photo=grey,
        photo_alt='A "grey" photo',
        maps=[ReportMap("depth", "depth", red, "depth: lies top left.", ("12 %",))],
        tables=[Table("Numbers", ("model", "share"), (("depth", "0.5"), ("width", "0.7")))],
        settings=[("Method", "Grad-CAM")],
        notes=["Untrained <b>never</b> proves."],
        link="http://localhost/compare?stage=5&method=CAM",
    )


def test_pictures_are_inside_and_decode_to_what_was_given(document):
    pictures = Reader(document).all("img")
    assert [picture["alt"] for picture in pictures] == ['A "grey" photo', "depth: lies top left."]
    decoded = [
        Image.open(io.BytesIO(base64.b64decode(picture["src"].split(",", 1)[1])))
        for picture in pictures
    ]
    assert [image.size for image in decoded] == [(30, 30), (60, 40)]
    assert np.abs(np.asarray(decoded[1], int)[20, 30] - (200, 30, 30)).max() < 8


def test_nothing_is_fetched_and_nothing_runs(document):
    reader = Reader(document)
    for tag in ("script", "link", "iframe", "object"):
        assert not reader.all(tag)
    assert not re.search(r"url\(|@import", document)
    assert all(image["src"].startswith("data:image/") for image in reader.all("img"))
    assert [a["href"] for a in reader.all("a")] == ["http://localhost/compare?stage=5&method=CAM"]


def test_text_is_text(document):
    text = Reader(document).text
    assert "Where? <script>alert(1)</script>" in text
    assert "Untrained <b>never</b> proves." in text
    assert "One class & one square." in text


def test_every_cell_and_setting_is_there(document):
    reader = Reader(document)
    for cell in ("model", "share", "depth", "0.5", "width", "0.7", "Method", "Grad-CAM", "12 %"):
        assert cell in reader.text
    assert [th["scope"] for th in reader.all("th")] == ["col", "col", "row", "row"]
    assert "prefers-color-scheme: dark" in document
