"""The attention table: counted by hand on maps that were made for it."""

import shutil

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.maps import attention, cam
from effnet_viz.engine.weights import load_model
from effnet_viz.evidence.attention import CENTRE, RANDOM, TRAINED
from effnet_viz.evidence.checkpoints import checkpoint_paths
from effnet_viz.evidence.splits import Box, BoxedPhoto
from effnet_viz.scaling.families import classroom_member

LEFT, RIGHT, ALL = Box(0, 0, 0.5, 1), Box(0.5, 0, 1, 1), Box(0, 0, 1, 1)


def photos(*boxes: Box) -> list[BoxedPhoto]:
    return [BoxedPhoto("n1", f"{i}.jpg", (box,)) for i, box in enumerate(boxes)]


def half(left: float, right: float) -> np.ndarray:
    return np.repeat([[left] * 8 + [right] * 8], 16, axis=0).astype(np.float32)


def test_counted_by_hand():
    maps = [half(3, 1), half(1, 0)]
    found = attention._scores(maps, [True, False], photos(LEFT, RIGHT), [0.25], [])
    assert found.pointing.tolist() == [1, 0]
    assert found.energy.tolist() == [0.75, 0]
    assert found.found[0].all()
    assert not found.found[1].any()
    assert found.of("deletion").tolist() == [0.25]
    assert attention.mean_percent(found.pointing) == 50
    assert attention.mean_percent(found.found) == 50


def test_max_box_acc_takes_the_models_best_threshold():
    found = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 0.0], [0, 0, 1]])
    assert attention.mean_percent(found) == 75


def test_the_bell_curve_points_at_the_centre():
    boxes = [ALL, Box(0.4, 0.4, 0.6, 0.6), Box(0, 0, 0.3, 0.3)]
    found = attention.score_centre(photos(*boxes))
    assert found.pointing.tolist() == [1, 1, 0]
    assert found.energy[0] == pytest.approx(1)
    assert found.energy[1] > 4 * found.energy[2] * (0.2 / 0.3) ** 2


def test_the_interval_is_that_of_a_share():
    values = np.array([1.0] * 60 + [0.0] * 40)
    low, high = attention.interval(values)
    error = 100 * np.sqrt(0.6 * 0.4 / 100)
    assert low == pytest.approx(60 - 1.96 * error, abs=1.5)
    assert high == pytest.approx(60 + 1.96 * error, abs=1.5)
    assert attention.interval(values) == (low, high)


def test_a_paired_difference_knows_that_the_photos_are_the_same():
    values = np.linspace(0, 1, 100)
    low, high = attention.interval(values + 0.01, [values])
    assert low == pytest.approx(1)
    assert high == pytest.approx(1)


def test_a_difference_to_several_seeds_is_to_their_mean():
    """Of MaxBoxAcc each seed takes its own best threshold; a photo counts where all have it."""
    found = np.array([[1, 0], [1, 0], [1, 0], [0, 0.0]])
    seeds = [
        np.array([[1, 0], [1, 0], [0, 0], [0, 0.0]]),
        np.array([[0, 1], [0, 0], [0, 0], [0, 0.0]]),
    ]
    assert attention._over(found, seeds) == 75 - (50 + 25) / 2
    there = attention._all_measured(
        np.array([0.1, np.nan, 0.3, 0.4]), np.array([1, 2, np.nan, 4.0]), np.array([5, 6, 7, 8.0])
    )
    assert [each.tolist() for each in there] == [[0.1, 0.4], [1, 4], [5, 8]]


@pytest.fixture
def folder(tmp_path):
    """Two boxed photos of noise, one of them among the validation photos."""
    noise = np.random.default_rng(0)
    for part, wnid in (("boxed", "n01440764"), ("val", "n03888257")):
        (tmp_path / part / wnid).mkdir(parents=True)
        pixels = noise.integers(0, 255, (60, 90, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / part / wnid / "x.JPEG")
    return tmp_path


def test_the_family_is_measured_with_its_controls(folder, tmp_path_factory, monkeypatch):
    shipped = tmp_path_factory.mktemp("shipped")
    for name in ("baseline", "baseline-seed1", "width", "width-2x"):
        for path in checkpoint_paths(name):
            shutil.copy(path, shipped)
    monkeypatch.setattr(attention, "ROLES", ("baseline", "width"))
    monkeypatch.setattr(attention, "STEPS", 2)
    monkeypatch.setattr(attention, "DRAWS", 20)
    boxed = [BoxedPhoto("n01440764", "x.JPEG", (LEFT,)), BoxedPhoto("n03888257", "x.JPEG", (ALL,))]
    seen: list[tuple[str, int, int]] = []
    rows = attention.measure_family(
        folder, boxed, checkpoints=shipped, on_photo=lambda *args: seen.append(args)
    )
    members = ["baseline", "width", "baseline-seed1"]  # not the one of twice the cost
    assert [row.model for row in rows if row.weights == TRAINED and row.measure == "energy"
            and not row.compared_with] == members  # fmt: skip
    controls = {row.model for row in rows if row.weights == RANDOM}
    assert controls == {"baseline", "width"}
    assert {row.measure for row in rows if row.weights == CENTRE} == {
        "pointing", "energy", "max_box_acc",
    }  # fmt: skip
    assert (members[0], 2, 2) in seen
    for row in rows:
        assert row.low <= row.value <= row.high, row
    differences = [row for row in rows if row.compared_with]
    assert {row.compared_with for row in differences} == {"baseline", "centre"}
    of_baseline = {r.compared_with for r in differences
                   if r.role == "baseline" and r.weights == TRAINED}  # fmt: skip
    assert of_baseline == {"centre"}
    assert not [row for row in differences if row.weights == CENTRE]
    energy = {
        (r.model, r.compared_with): r.value
        for r in rows
        if r.measure == "energy" and r.weights == TRAINED
    }
    mean = (energy["baseline", ""] + energy["baseline-seed1", ""]) / 2
    over = energy["width", ""] - mean
    assert energy["width", "baseline"] == pytest.approx(over, abs=0.02)


def test_pointing_asks_at_the_cells_own_centre(folder):
    """The box round the centre of the brightest cell, too small to hold that of its tile."""
    model = load_model("classroom", "baseline")
    everywhere = [BoxedPhoto("n01440764", "x.JPEG", (ALL,))]
    image = attention.open_photo(folder, everywhere[0])
    result = cam.compute_cam(model, image, target_class=0)
    row, column = np.unravel_index(np.argmax(result.raw), result.grid)
    x, y = (16 * column + 0.5) / 96, (16 * row + 0.5) / 96
    around = Box(max(0, x - 0.01), max(0, y - 0.01), x + 0.01, y + 0.01)
    boxed = [BoxedPhoto("n01440764", "x.JPEG", (around,))]
    assert result.evidence
    assert attention.score_model(model, boxed, folder, subset_step=0).pointing.tolist() == [1]


def test_rows_are_of_the_member():
    scores = attention.score_centre(photos(ALL, LEFT))
    rows = attention.rows_of(
        classroom_member("depth-2x-seed1"), TRAINED, scores, {"baseline": [scores, scores]}
    )
    assert {(row.model, row.role, row.times, row.seed, row.n) for row in rows} == {
        ("depth-2x-seed1", "depth", 2, 1, 2)
    }
    assert [row.value for row in rows if row.compared_with] == [0, 0, 0]
