"""Compare's closer looks: differences, stages, random weights, many photos' measures."""

import re
import threading

import pytest

from effnet_viz.engine import images, weights
from effnet_viz.engine.maps import cam, metrics
from effnet_viz.scaling.families import ROLES
from tests.app.compare.conftest import GROWN, PAGE, SHOWN, alts, captions, table
from tests.app.conftest import texts


def test_maps_for_different_classes_are_not_subtracted(open_page):
    link = {"photo": "A cup of coffee", "target": "each model's own top class"}
    app = open_page(PAGE, **link, look="Differences")
    assert "a map for another class, so no difference" in texts(app)


def test_differences_say_how_much_moved(open_page, baseline, golf_ball):
    app = open_page(PAGE, look="Differences", **SHOWN)
    seen = images.square(*golf_ball.size)
    first = cam.compute_cam(baseline, golf_ball, square=seen)
    depth = cam.compute_cam(weights.load_model("classroom", "depth"), golf_ball, square=seen,
                            target_class=first.target_index)  # fmt: skip
    moved = abs(metrics.difference(depth, first)).sum() / 2
    assert f"depth less baseline: {moved:.0%} of the attention moved" in alts(app)


def test_every_stage_of_one_network(open_page):
    app = open_page(PAGE, look="Every stage", deep="resolution", **SHOWN)
    strips = [alt for alt in alts(app) if re.match(r"Stage \d: ", alt)]
    assert [int(alt[6]) for alt in strips] == list(range(1, 10))
    assert any("**1** · 96 × 96" in caption.value for caption in app.caption)


def test_random_weights_stand_beside_the_roles(open_page):
    app = open_page(PAGE, look="Random weights, seeds", **SHOWN)
    random = [c.value for c in app.caption if "random**" in c.value]
    assert len(random) == 5
    assert "what was learned (Adebayo et al. 2018)" in texts(app)


def test_grad_cam_is_cam_up_to_the_number_of_places(open_page):
    app = open_page(PAGE, look="Grad-CAM is CAM", **SHOWN)
    ratio = re.search(r"CAM's maximum is \*\*([\d.]+)×\*\*", texts(app))
    assert float(ratio[1]) == pytest.approx(36, rel=1e-3)  # 6 × 6 places
    largest = re.search(r"both scaled to 1: at most (\S+)", texts(app))
    assert float(largest[1]) < 1e-4


def test_score_cam_waits_to_be_asked_and_can_be_cancelled(open_page, monkeypatch):
    from effnet_viz.engine.jobs.background import Background
    from effnet_viz.ui.shared import work as jobs

    reported, go = threading.Event(), threading.Event()

    def work(task):
        task.report("Score-CAM of baseline: channel 1 of 320", 0.1)
        reported.set()
        assert go.wait(60)
        task.report("Score-CAM of baseline: channel 2 of 320", 0.2)

    monkeypatch.setattr(jobs, "score_cam_job", lambda *_: Background(work))
    app = open_page(PAGE, method="Score-CAM", **SHOWN)
    assert not captions(app)
    app.button(key="start_scorecam").click().run()
    assert reported.wait(60)
    app.run()
    app.button(key="cancel_scorecam").click().run()
    _, job = app.session_state["job_scorecam"]
    go.set()
    assert job.wait(60)
    app.run()
    assert not app.exception
    assert any("Cancelled" in info.value for info in app.info)
    assert app.button(key="start_scorecam")


def attention_rows():
    from effnet_viz.evidence.attention import CENTRE, RANDOM
    from tests.unit.evidence.test_attention import SEEDS, row

    rows = [*SEEDS, row("baseline", 50.0, weights=RANDOM)]
    for role, value, low in (("depth", 66.0, -7.0), ("width", 71.0, -1.0), ("compound", 80.0, 7.0)):
        rows.append(row(role, value, times=4))
        found = {"times": 4, "compared_with": "baseline", "low": low, "high": low + 6}
        rows.append(row(role, value - 70, **found))
        rows.append(row(role, value - 69, **found | {"compared_with": "centre"}))
    return [*rows, row("centre", 69.0, weights=CENTRE, role="baseline")]


def test_the_measured_attention_says_what_exceeds_the_seeds(open_page, monkeypatch):
    from effnet_viz.ui.compare import attention

    monkeypatch.setattr(attention, "read_attention", lambda *_: tuple(attention_rows()))
    app = open_page(PAGE, look="Over many photos", **SHOWN)
    said = texts(app)
    assert "The seeds of the baseline reach 69.5 to 71.5 %." in said
    assert "**depth (-4.0, worse) and compound (+10.0, better)** lie outside that range" in said
    assert "beyond chance among the photos; width does not." in said
    assert "a bell curve in the centre, which sees no photo, 69.0 %: only compound beats" in said
    frame = table(app, "to the baseline, points")
    assert list(frame["more than seeds"])[:6] == ["", "", "", "", "yes", "no"]
    app = open_page(PAGE, look="Over many photos", **GROWN)
    assert any("Only the classroom family was measured" in info.value for info in app.info)


def test_the_page_says_where_a_cell_lies(open_page):
    """The baseline's last stage: stride 16 on 96 px."""
    said = texts(open_page(PAGE, look="Where a cell lies", **SHOWN))
    assert "a cell of stage 9 is centred at 16·i + 0.5 px" in said
    assert "One row of 6 cells on 96 px" in said
    assert "**With random weights** a bright dot comes back" in said


def test_the_page_says_what_placing_moved(open_page):
    said = texts(open_page(PAGE, look="Over many photos", **SHOWN))
    moved = re.search(r"counted as equal tiles, in points, where that was done: [^.]+\.\d", said)
    assert moved is not None
    assert all(f"{role} " in said[moved.start() :] for role in ROLES)


def test_a_copy_without_a_table_says_so(open_page, monkeypatch):
    from effnet_viz.ui.compare import attention

    monkeypatch.setattr(attention, "read_attention", lambda *_: ())
    app = open_page(PAGE, look="Over many photos", **SHOWN)
    assert any("no measured table" in info.value for info in app.info)
