"""Deletion, insertion and ROAD on a network small enough to compute by hand."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_grad_cam.metrics.road import ROADCombined
from pytorch_grad_cam.utils.model_targets import ClassifierOutputSoftmaxTarget
from torch import nn

from effnet_viz.engine.images import Square
from effnet_viz.engine.maps import cam, faithfulness, metrics
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.errors import UserError
from effnet_viz.evidence.files import asset
from effnet_viz.evidence.results import CamResult
from effnet_viz.scaling.centres import Centres, tiles
from effnet_viz.scaling.families import classroom_spec

SAMPLES = asset("samples")


class RedSum(nn.Module):
    """Two classes: the weighted sum of the red channel against nothing."""

    def __init__(self, weights: torch.Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights, requires_grad=False)
        self.batches: list[int] = []

    def forward(self, inputs):
        self.batches.append(len(inputs))
        score = (inputs[:, 0] * self.weights).sum((1, 2))
        return torch.stack([score, torch.zeros_like(score)], 1)


def tiny(weights) -> LoadedModel:
    """A model that sees red, green and blue from 0 to 1, as they are."""
    weights = torch.as_tensor(weights, dtype=torch.float32)
    spec = replace(classroom_spec("baseline"), resolution_px=len(weights), num_classes=2)
    return LoadedModel(
        family="custom",
        name="tiny",
        role="custom",
        weights="by hand",
        meaningful=False,
        spec=spec,
        module=RedSum(weights),
        classes=("red", "nothing"),
        record={"preprocessing": {"mean": [0] * 3, "std": [1] * 3, "interpolation": "bilinear"}},
        device="cpu",
    )


def red(values) -> Image.Image:
    pixels = np.zeros((*np.shape(values), 3), dtype=np.uint8)
    pixels[..., 0] = np.round(255 * np.asarray(values))
    return Image.fromarray(pixels)


def map_of(raw, target: int = 0) -> CamResult:
    model = load_model("classroom", "baseline")
    result = cam.compute_cam(model, Image.linear_gradient("L").convert("RGB"))
    array = np.asarray(raw, dtype=float)
    return replace(
        result,
        raw=tuple(map(tuple, array.tolist())),
        grid=array.shape,
        centres=tiles(len(array)),
        raw_max=float(array.max()),
        target_index=target,
        evidence=True,
    )


def sigmoid(score: float) -> float:
    return 1 / (1 + np.exp(-score))


def test_deletion_and_insertion_by_hand():
    # Four pixels of full red with the weights 1, 2, 3, -1; the map orders them 3, 2, 1, -1.
    model = tiny([[1.0, 2], [3, -1]])
    found = metrics.deletion_insertion(
        model,
        red(np.ones((2, 2))),
        None,
        map_of([[0.2, 0.5], [0.9, 0.1]]),
        steps=4,
        baseline_fill="mean",
    )
    deletion = [sigmoid(s) for s in (5, 2, 0, -1, 0)]
    insertion = [sigmoid(s) for s in (0, 3, 5, 6, 5)]
    assert found.curves.fractions == (0, 0.25, 0.5, 0.75, 1)
    assert found.curves.deletion == pytest.approx(deletion, abs=1e-6)
    assert found.curves.insertion == pytest.approx(insertion, abs=1e-6)
    # trapezoids: half of the first and the last value, all others whole, over four steps
    assert found.deletion == pytest.approx(
        (deletion[0] / 2 + sum(deletion[1:4]) + deletion[4] / 2) / 4, abs=1e-6
    )
    assert found.insertion == pytest.approx(
        (insertion[0] / 2 + sum(insertion[1:4]) + insertion[4] / 2) / 4, abs=1e-6
    )
    assert found[:2] == (found.deletion, found.insertion)


def test_frames_are_what_the_model_saw():
    # As above: the lower left pixel goes first, then the upper right one.
    found = faithfulness.removal_frames(
        tiny([[1.0, 2], [3, -1]]),
        red(np.ones((2, 2))),
        None,
        map_of([[0.2, 0.5], [0.9, 0.1]]),
        shares=(0, 0.25, 0.5),
        baseline_fill="mean",
    )
    assert found.shares == (0, 0.25, 0.5)
    removed = [[1, 1, 1, 1], [1, 1, 0, 1], [1, 0, 0, 1]]
    for frames, expected in (
        (found.deletion, np.array(removed)),
        (found.insertion, 1 - np.array(removed)),
    ):
        for file, pixels in zip(frames, expected, strict=True):
            picture = Image.open(io.BytesIO(file))
            assert picture.size == (faithfulness.FRAME_PX, faithfulness.FRAME_PX)
            middles = [picture.getpixel((x, y))[0] / 255 for y in (48, 144) for x in (48, 144)]
            assert middles == pytest.approx(list(pixels), abs=0.05)


def test_frames_stand_on_steps_of_the_curve():
    steps = np.linspace(0, 1, 21)
    assert all(np.isclose(steps, share).any() for share in faithfulness.FRAMES_AT)


def test_the_other_class_and_a_few_steps():
    model = tiny([[1.0, 2], [3, -1]])
    found = metrics.deletion_insertion(
        model,
        red(np.ones((2, 2))),
        None,
        map_of([[0.2, 0.5], [0.9, 0.1]], target=1),
        steps=2,
        baseline_fill="mean",
    )
    assert found.curves.deletion == pytest.approx([sigmoid(-5), sigmoid(0), sigmoid(0)], abs=1e-6)


def test_pixels_that_matter_alike_go_in_reading_order():
    model = tiny([[1.0, 2], [3, -1]])
    found = metrics.deletion_insertion(
        model, red(np.ones((2, 2))), None, map_of([[0.0, 0], [0, 0.5]]), steps=4,
        baseline_fill="mean",
    )  # fmt: skip
    expected = [sigmoid(s) for s in (0, -1, 0, 2, 5)]
    assert found.curves.insertion == pytest.approx(expected, abs=1e-6)


def test_what_stands_for_nothing():
    # One bright pixel: blurred it leaves a little everywhere, by mean nothing.
    picture = np.zeros((8, 8))
    picture[4, 4] = 1
    model, result = tiny(np.ones((8, 8))), map_of(picture)
    curves = {
        fill: metrics.deletion_insertion(
            model, red(picture), None, result, steps=1, baseline_fill=fill
        ).curves
        for fill in ("mean", "blur", "paper")
    }
    full, blurred = sigmoid(1), curves["blur"].deletion[1]
    assert curves["mean"].deletion == pytest.approx((full, 0.5), abs=1e-6)
    assert curves["mean"].insertion == pytest.approx((0.5, full), abs=1e-6)
    assert 0.55 < blurred < full + 1e-6
    assert curves["blur"].insertion == pytest.approx((blurred, full), abs=1e-6)
    assert curves["paper"].deletion == curves["mean"].deletion
    assert curves["paper"].insertion == curves["blur"].insertion


def test_only_the_square_is_seen():
    model, result = tiny([[1.0, 2], [3, -1]]), map_of([[0.2, 0.5], [0.9, 0.1]])
    wide = red([[0, 0, 1, 1], [0, 0, 1, 1]])
    seen = metrics.deletion_insertion(model, wide, Square(2, 0, 2), result, steps=4)
    alone = metrics.deletion_insertion(model, red(np.ones((2, 2))), None, result, steps=4)
    assert seen == alone


def test_a_coarse_map_covers_the_input():
    # A 2 × 2 map on 8 × 8 pixels: its bright corner is removed first.
    weights = np.zeros((8, 8))
    weights[:2, :2] = 1
    found = metrics.deletion_insertion(
        tiny(weights), red(np.ones((8, 8))), None, map_of([[1.0, 0], [0, 0]]), steps=4
    )
    assert found.curves.deletion == pytest.approx([sigmoid(4), 0.5, 0.5, 0.5, 0.5], abs=1e-6)


def test_a_cell_s_pixels_lie_round_its_centre():
    # Cells at 0.5, 4.5 and 8.5 px of 12: the middle one's nearest pixel is the fifth, and the next
    # important are those on either side.
    raw = np.outer([0.1, 1, 0.1], [0.1, 1, 0.1])
    weights = np.zeros((12, 12))
    weights[3:6, 3:6] = 0.5
    result = replace(map_of(raw), centres=Centres(0.5, 4, 12))
    found, tiled = (
        metrics.deletion_insertion(
            tiny(weights), red(np.ones((12, 12))), None, each, steps=16, baseline_fill="mean"
        )
        for each in (result, replace(result, centres=tiles(3)))
    )
    # after the first step of nine pixels nothing is left of the square round (4, 4)
    assert found.curves.deletion[:2] == pytest.approx((sigmoid(4.5), 0.5), abs=1e-6)
    assert tiled.curves.deletion[1] > 0.7


def test_a_trained_networks_maps_beat_their_opposites():
    model = load_model("classroom", "baseline")
    better = 0
    for path in sorted(SAMPLES.glob("*.webp"))[:8]:
        photo = Image.open(path).convert("RGB")
        result = cam.compute_cam(model, photo)
        raw = np.asarray(result.raw)
        opposite = replace(result, raw=tuple(map(tuple, (raw.max() - raw).tolist())))
        ours, theirs = (
            metrics.deletion_insertion(model, photo, None, each, steps=10)
            for each in (result, opposite)
        )
        better += ours.insertion - ours.deletion > theirs.insertion - theirs.deletion
    assert better >= 6


# --- ROAD ---


def road_case() -> tuple[LoadedModel, Image.Image, CamResult]:
    generator = np.random.default_rng(0)
    weights = np.zeros((16, 16))
    weights[4:8, 4:12] = 0.3
    picture = 0.2 * generator.random((16, 16)) + 0.7 * (weights > 0)
    return tiny(weights), red(picture), map_of(weights[2:14, 2:14] + 1e-3)


def test_road_is_the_librarys(monkeypatch):
    monkeypatch.setattr(torch, "randn_like", torch.zeros_like)  # its noise
    model, photo, _ = road_case()
    distinct = np.random.default_rng(1).random((16, 16))
    result = map_of(distinct)
    ranks = distinct.ravel().argsort().argsort().reshape(1, 16, 16) / 255
    expected = ROADCombined()(
        model.preprocess(photo),
        ranks.astype(np.float32),
        [ClassifierOutputSoftmaxTarget(0)],
        model.module,
    )[0]
    assert abs(expected) > 1e-3
    assert metrics.road(model, photo, None, result) == pytest.approx(expected, abs=1e-6)


def test_road_prefers_the_map_that_is_right():
    model, photo, right = road_case()
    raw = np.asarray(right.raw)
    wrong = replace(right, raw=tuple(map(tuple, (raw.max() - raw).tolist())))
    assert metrics.road(model, photo, None, right) > 0.1
    assert metrics.road(model, photo, None, wrong) < -0.1


def test_road_gives_the_same_answer_again_and_leaves_the_dice_alone():
    model, photo, result = road_case()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = metrics.road(model, photo, None, result)
    assert torch.rand(1) == expected
    assert metrics.road(model, photo, None, result) == first


# --- progress, cancel, refusals ---


def removal(model, photo, result, **options):
    return metrics.deletion_insertion(model, photo, None, result, steps=9, **options)


def road(model, photo, result, **options):
    return metrics.road(model, photo, None, result, **options)


@pytest.mark.parametrize(("measure", "total"), [(removal, 20), (road, 18)])
def test_progress_and_cancel(measure, total):
    model, photo, result = road_case()
    reports: list[tuple[int, int]] = []
    measure(model, photo, result, on_progress=lambda *report: reports.append(report))
    assert reports[0] == (0, total)
    assert reports[-1] == (total, total)
    assert reports == sorted(reports)
    assert len(reports) > 2
    passes = len(model.module.batches)
    answers = iter([False, True])
    with pytest.raises(cam.Cancelled):
        measure(model, photo, result, should_stop=lambda: next(answers))
    assert 0 < len(model.module.batches) - passes <= 2


@pytest.mark.parametrize("measure", [removal, road])
def test_a_map_without_evidence_is_refused(measure):
    model, photo, result = road_case()
    with pytest.raises(UserError, match=r"no evidence for .*, so there is nothing to remove"):
        measure(model, photo, replace(result, evidence=False))


def test_no_steps_are_refused():
    model, photo, result = road_case()
    with pytest.raises(UserError, match="at least one step, not in 0"):
        metrics.deletion_insertion(model, photo, None, result, steps=0)
