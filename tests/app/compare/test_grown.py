"""Compare with a network of one's own: grown, trained a little, asked in the background."""

import re

import pytest

from effnet_viz.engine import images
from effnet_viz.engine.maps import cam, metrics
from tests.app.compare.conftest import GOLF, GROWN, PAGE, alts, table, wait_for_job
from tests.app.conftest import texts


def test_grown_maps_equal_the_parents_and_the_page_says_which(open_page):
    app = open_page(PAGE, **GROWN)
    assert not app.error
    rows = table(app, "best quarter")
    assert len(rows) == 2
    assert rows["best quarter"].iloc[0] == rows["best quarter"].iloc[1]
    assert rows["probability"].iloc[0] == rows["probability"].iloc[1]
    assert rows["like the baseline's"].iloc[1] == "+1.00"
    assert "grown from classroom baseline, not trained further" in texts(app)
    assert "equal the parent's by construction" in texts(app)


def test_a_network_that_cannot_grow_says_why(open_page):
    app = open_page(PAGE, **GROWN | {"depth": "0.5", "width": "0.5"})
    assert "untrained weights" in texts(app)
    assert "takes none away" in texts(app)


def test_without_the_parents_weights_nothing_is_called_grown(open_page, offline):
    app = open_page(PAGE, family="Yours, from the Scale page")
    assert "Not grown yet" in texts(app)
    assert "Grown, not trained" not in texts(app)
    next(b for b in app.button if b.label == "Grow the classroom baseline").click().run()
    assert not app.exception
    assert "Grown, not trained" in texts(app)
    assert "grown from classroom baseline, not trained further" in texts(app)


def test_a_short_training_makes_the_weights_its_own(open_page, monkeypatch, tmp_path):
    photo_folder(tmp_path)
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    from effnet_viz.ui.compare import grown

    monkeypatch.setattr(grown, "STEPS", (2, 300))
    app = open_page(PAGE, **GROWN | {"depth": "1.2", "width": "1", "steps": "2"})
    app.button(key="start_tune").click().run()
    wait_for_job(app, "tune")
    assert "grown from classroom baseline, then trained 2 steps here" in texts(app)
    assert len(table(app, "best quarter")) == 3


def test_a_named_folder_without_photos_is_said(open_page, monkeypatch, tmp_path):
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    app = open_page(PAGE, **GROWN)
    assert any("has no folder train" in error.value for error in app.error)
    assert "Grown, not trained" in texts(app)


def photo_folder(folder):
    import numpy as np
    from PIL import Image

    from effnet_viz.scaling.families import IMAGENETTE_CLASSES

    random = np.random.default_rng(0)
    for wnid in IMAGENETTE_CLASSES:
        (folder / "train" / wnid).mkdir(parents=True)
        for number in range(8):
            pixels = random.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "train" / wnid / f"{number}.JPEG")


def test_score_cam_is_the_engines(open_page, baseline, golf_ball):
    app = open_page(PAGE, method="Score-CAM", **GROWN | GOLF | {"depth": "1", "width": "1"})
    app.button(key="start_scorecam").click().run()
    wait_for_job(app, "scorecam")
    seen = images.square(*golf_ball.size)
    result = cam.compute_cam(baseline, golf_ball, square=seen, method="scorecam")
    share = metrics.map_numbers(result).best_quarter_share
    assert table(app, "best quarter")["best quarter"].iloc[0] == f"{100 * share:.0f} %"


def test_removal_is_the_engines(open_page, baseline, golf_ball, monkeypatch):
    app = open_page(PAGE, look="Remove and ask", **GROWN | GOLF | {"depth": "1", "width": "1.5"})
    app.button(key="start_removal").click().run()
    wait_for_job(app, "removal")
    found = table(app, "ROAD ↑").iloc[0]
    seen = images.square(*golf_ball.size)
    result = cam.compute_cam(baseline, golf_ball, square=seen)
    areas = metrics.deletion_insertion(baseline, golf_ball, seen, result)
    assert float(found["deletion ↓"]) == pytest.approx(areas.deletion, abs=2e-3)
    assert float(found["insertion ↑"]) == pytest.approx(areas.insertion, abs=2e-3)
    for way, curve in (("removed", areas.curves.deletion), ("added", areas.curves.insertion)):
        if way == "added":
            app.segmented_control(key="way").set_value("Insertion").run()
        frames = [alt for alt in alts(app) if f"of the pixels {way}" in alt]
        assert len(frames) == 10  # five of either network
        quarter = next(alt for alt in frames if "25 % of" in alt)
        shown = float(re.search(r"golf ball (\d+) %", quarter)[1])
        assert shown == pytest.approx(100 * curve[5], abs=0.8)  # 20 steps
