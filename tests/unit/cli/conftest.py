"""Photos as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from effnet_viz.evidence.samples import read_sample


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A photo as a file with a name outside ASCII."""
    picture = np.asarray(Image.linear_gradient("L").convert("RGB")).copy()
    picture[60:200, 80:180] = (250, 240, 60)
    path = tmp_path / "Bild é 画.png"
    Image.fromarray(picture).save(path)
    return str(path)


@pytest.fixture
def cat(tmp_path: Path) -> str:
    path = tmp_path / "cat.png"
    path.write_bytes(read_sample("cat"))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, photo: str, cat: str) -> Path:
    """Two photos that share a name but for its end, a damaged one, a text and a hidden file."""
    where = tmp_path / "photos"
    where.mkdir()
    Image.open(cat).convert("RGB").save(where / "one.jpg")
    Image.open(photo).save(where / "one.png")
    (where / "two.JPG").write_bytes((where / "one.jpg").read_bytes()[:200])
    (where / "notes.txt").write_text("no photo")
    (where / "._one.jpg").write_bytes(b"another system's own")
    return where
