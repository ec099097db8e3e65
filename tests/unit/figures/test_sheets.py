import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.images import Square
from effnet_viz.evidence.results import CamResult
from effnet_viz.evidence.splits import Box
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.figures.overlays import colour_table
from effnet_viz.figures.sheets import (
    GAP_PX,
    SMALL_TILE_PX,
    TILE_PX,
    SheetRow,
    boxed,
    caption_lines,
    contact_sheet,
    photos_sheet,
)
from effnet_viz.scaling.centres import tiles


def result(role="depth", raw=((0.0, 1.0), (2.0, 4.0)), **changes):
    values = {
        "family": "classroom", "model": role, "role": role, "meaningful": True, "device": "cpu",
        "weights": "shipped: trained by this project on Imagenette", "resolution_px": 96,
        "method": "gradcam", "target_class": "church", "target_index": 4, "target_stage": 9,
        "grid": (2, 2), "centres": tiles(2), "raw": raw, "raw_max": 4.0,
        "probability": 0.25, "evidence": True,
    }  # fmt: skip
    return CamResult(**(values | changes))


@pytest.fixture
def photo():
    return Image.new("RGB", (TILE_PX, TILE_PX), (120, 120, 120))


def pixel(sheet, column, dx, dy, tile_px=TILE_PX):
    return sheet.getpixel((GAP_PX + column * (tile_px + GAP_PX) + dx, GAP_PX + dy))


def test_the_photo_comes_first_then_the_maps_on_their_cells(photo):
    sheet = contact_sheet(photo, [result()], opacity=1.0, raw_grid=True)
    assert pixel(sheet, 0, 100, 100) == (120, 120, 120)
    table = colour_table("inferno")
    for cell, value in (((80, 80), 0), ((240, 80), 255 // 4), ((240, 240), 255)):
        assert pixel(sheet, 1, *cell) == pytest.approx(tuple(table[value]), abs=3)


def test_colours_are_the_chosen_ones(photo):
    sheet = contact_sheet(photo, [result()], opacity=1.0, raw_grid=True, colours="viridis")
    assert pixel(sheet, 1, 240, 240) == pytest.approx(tuple(colour_table("viridis")[255]), abs=3)


def test_tiles_are_marked_with_their_roles_colour(photo):
    sheet = contact_sheet(photo, [result("depth"), result("width")])
    for column, role in ((1, "depth"), (2, "width")):
        mark = pixel(sheet, column, 5, TILE_PX + 4 + 8)
        assert "#{:02X}{:02X}{:02X}".format(*mark) == ROLE_COLOURS[role]


def test_settings_are_printed_and_take_room(photo):
    without = contact_sheet(photo, [result()])
    lines = ["one line", "another line"]
    printed = contact_sheet(photo, [result()], settings=lines)
    assert printed.height == without.height + 2 * 18
    foot = np.asarray(printed.convert("L"))[-(2 * 18 + GAP_PX) :, :]
    assert (foot < 128).any()


def test_captions_name_model_class_grid_and_weights():
    lines = caption_lines(result(role="compound", model="b3", evidence=False))
    assert lines[0] == "compound: b3"
    assert lines[1] == "church: 25.0 %, no evidence"
    assert "2 x 2 grid, 96 px" in lines[2]
    assert " ".join(lines[3:]) == "shipped: trained by this project on Imagenette"


def test_photos_down_models_across():
    seen = Square(0, 0, 100)
    photos = [Image.new("RGB", (100, 100), colour) for colour in ("#ff0000", "#0000ff")]
    rows = [SheetRow(f"photo {i}", p, seen, (result(), result("width"))) for i, p in
            enumerate(photos)]  # fmt: skip
    sheet = photos_sheet(rows, opacity=0.0)
    assert sheet.width == 3 * (SMALL_TILE_PX + GAP_PX) + GAP_PX
    pixels = np.asarray(sheet)
    for column in range(3):
        x = GAP_PX + column * (SMALL_TILE_PX + GAP_PX) + 50
        reds = (pixels[:, x] == (255, 0, 0)).all(axis=1).nonzero()[0]
        blues = (pixels[:, x] == (0, 0, 255)).all(axis=1).nonzero()[0]
        assert len(reds) > 90
        assert reds.max() < blues.min()


def test_what_the_font_has_not_is_spelt(photo):
    printed = contact_sheet(photo, [result()], settings=["φ = 1 of 640 × 480 px"])
    spelt = contact_sheet(photo, [result()], settings=["phi = 1 of 640 x 480 px"])
    assert np.array_equal(np.asarray(printed), np.asarray(spelt))


def test_pictures_painted_elsewhere_are_used_as_they_are(photo):
    red = Image.new("RGB", (TILE_PX, TILE_PX), (255, 0, 0))
    assert pixel(contact_sheet(photo, [result()], pictures=[red]), 1, 9, 9) == (255, 0, 0)
    with pytest.raises(ValueError, match="zip"):
        contact_sheet(photo, [result()], pictures=[])


@pytest.mark.parametrize("size", [(1600, 900), (8, 8), (8000, 8)])
def test_the_thinnest_box_is_drawn(size):
    side = min(size)
    picture = Image.new("RGB", (640, max(1, round(640 * size[1] / size[0]))))
    for left in range(100):
        thin = Box(left / 100, 0.5, (left + 1) / 100, 0.51)
        assert boxed(picture, size, Square(0, 0, side), thin).size == picture.size
