"""Features kept for every stage, all stages at once, and Score-CAM's waiting time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import nn

from effnet_viz.engine import inference
from effnet_viz.engine.images import Square
from effnet_viz.engine.maps import cam
from effnet_viz.engine.maps.cam import METHODS, Cancelled, all_stages, compute_cam, photo_features
from effnet_viz.engine.weights import LoadedModel, load_model, random_control
from effnet_viz.errors import UserError
from effnet_viz.evidence.results import CamResult
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ROLES, find_model

PHOTO = Image.fromarray(skimage.data.coffee())
RESNET = find_model("resnet50", "resnet50")
SMALL = replace(RESNET, spec=replace(RESNET.spec, resolution_px=64))
FAST = [name for name, kind in METHODS.items() if not kind.slow]
EVERY_STAGE = [name for name in FAST if not METHODS[name].last_stage_only]


def assert_same_map(result: CamResult, expected: CamResult, tolerance: float = 1e-5) -> None:
    ours, theirs = np.array(result.raw), np.array(expected.raw)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= tolerance * theirs.max()
    assert result.evidence == expected.evidence
    assert result.target_class == expected.target_class
    assert (result.target_stage, result.method) == (expected.target_stage, expected.method)
    assert result.probability == pytest.approx(expected.probability, abs=1e-5)
    assert result.note == expected.note


class Counted(nn.Module):
    """A stage that counts its passes."""

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        self.stage = stage
        self.passes = 0

    def forward(self, inputs):
        self.passes += 1
        return self.stage(inputs)


def counting(model: LoadedModel) -> list[Counted]:
    """The model's stages, from now on with a count."""
    stages = model.module.features
    for index in range(len(stages)):
        stages[index] = Counted(stages[index])
    return list(stages)


def drained(stages: list[Counted]) -> list[int]:
    passes = [stage.passes for stage in stages]
    for stage in stages:
        stage.passes = 0
    return passes


# --- features ---


@pytest.mark.parametrize("role", ROLES)
def test_features_are_every_stages_output(role):
    model = load_model("classroom", role)
    features = photo_features(model, PHOTO)
    inputs = model.preprocess(PHOTO)
    with torch.no_grad():
        for stage, output in enumerate(features.stages, start=1):
            expected = model.module.features[:stage](inputs)
            assert torch.allclose(output, expected, atol=1e-5 * expected.abs().max())
        logits = model.module(inputs)[0]
    assert len(features.stages) == 9
    assert torch.allclose(features.logits, logits, atol=1e-5 * logits.abs().max())
    assert features.probabilities == pytest.approx(logits.softmax(0).tolist(), abs=1e-6)


@pytest.mark.parametrize("entry", [*(find_model("classroom", role) for role in ROLES), SMALL])
def test_the_memory_of_features_is_known_before(entry):
    model = random_control(entry)
    logits_bytes = 4 * model.spec.num_classes
    expected = cam.features_bytes(model.spec) + logits_bytes
    assert photo_features(model, PHOTO).bytes == expected


def test_features_that_do_not_fit_are_refused(model, monkeypatch):
    plain = inference.inference_memory_bytes(model.spec) - 4 * network_cost(model.spec).params
    kept = cam.features_bytes(model.spec)
    monkeypatch.setattr(inference, "available_memory_bytes", lambda device: plain + kept)
    photo_features(model, PHOTO)
    all_stages(model, PHOTO, method="eigencam")
    monkeypatch.setattr(inference, "available_memory_bytes", lambda device: plain + kept - 1)
    with pytest.raises(UserError, match="does not fit"):
        photo_features(model, PHOTO)
    with pytest.raises(UserError, match="does not fit"):
        all_stages(model, PHOTO, method="eigencam")
    compute_cam(model, PHOTO, method="eigencam")  # keeps one stage at a time


@pytest.mark.parametrize("method", FAST)
def test_with_features_every_map_is_the_same(model, method):
    features = photo_features(model, PHOTO)
    stages = [9] if METHODS[method].last_stage_only else range(1, 10)
    for stage in stages:
        for target in (None, 3):
            options = {"method": method, "target_stage": stage, "target_class": target}
            alone = compute_cam(model, PHOTO, **options)
            assert_same_map(compute_cam(model, PHOTO, features=features, **options), alone)


@pytest.mark.parametrize("method", FAST)
def test_with_features_nothing_before_the_tail_runs_again(own_model, method):
    stages = counting(own_model)
    features = photo_features(own_model, PHOTO)
    assert drained(stages) == [1] * 9
    for stage in [9] if METHODS[method].last_stage_only else [9, 7, 1]:
        for target in (0, 1):
            compute_cam(
                own_model,
                PHOTO,
                method=method,
                target_class=target,
                target_stage=stage,
                features=features,
            )
            after = 1 if METHODS[method].gradients else 0
            assert drained(stages) == [0] * stage + [after] * (9 - stage)


def test_features_are_never_written(model):
    features = photo_features(model, PHOTO)
    tensors = (features.inputs, *features.stages, features.logits)
    before = [(tensor._version, tensor.clone()) for tensor in tensors]
    for method in FAST:
        compute_cam(model, PHOTO, method=method, features=features)
        all_stages(model, PHOTO, method=method, features=features)
    for tensor, (version, values) in zip(tensors, before, strict=True):
        assert tensor._version == version
        assert torch.equal(tensor, values)
        assert tensor.grad is None
        assert not tensor.requires_grad


@pytest.mark.parametrize("in_place", [nn.ReLU(inplace=True), nn.SiLU(inplace=True)])
def test_a_layer_that_writes_over_its_input_does_not_reach_the_features(own_model, in_place):
    stages = own_model.module.features
    stages[5] = nn.Sequential(in_place, stages[5])
    with torch.no_grad():
        expected = stages[:5](own_model.preprocess(PHOTO))
    features = photo_features(own_model, PHOTO)
    assert expected.min() < -0.01  # what the in-place layer would have changed
    assert torch.equal(features.stages[4], expected)
    single = compute_cam(own_model, PHOTO, target_stage=5)
    assert_same_map(compute_cam(own_model, PHOTO, target_stage=5, features=features), single)
    assert_same_map(all_stages(own_model, PHOTO)[4], single)


def test_features_of_something_else_are_not_taken(model):
    other = load_model("classroom", "depth")
    features = photo_features(other, PHOTO)
    with pytest.raises(ValueError, match="not of baseline and this square"):
        compute_cam(model, PHOTO, features=features)
    features = photo_features(model, PHOTO, square=Square(0, 0, 300))
    with pytest.raises(ValueError, match="this square"):
        all_stages(model, PHOTO, features=features)
    left = compute_cam(model, PHOTO, square=Square(0, 0, 300), features=features)
    assert_same_map(left, compute_cam(model, PHOTO, square=Square(0, 0, 300)))


def test_features_of_a_model_loaded_again_are_taken(model, own_model):
    features = photo_features(own_model, PHOTO)
    assert_same_map(compute_cam(model, PHOTO, features=features), compute_cam(model, PHOTO))


def test_a_damaged_network_has_no_features(own_model):
    with torch.no_grad():
        own_model.module.features[8][0].weight[5, 0] = float("nan")
    with pytest.raises(UserError, match="baseline gave a result that is not a finite number"):
        photo_features(own_model, PHOTO)


def test_features_that_fell_back_to_the_cpu_say_so(own_model):
    stage = own_model.module.features[3]
    own_model.module.features[3] = Full(stage)
    elsewhere = replace(own_model, device="cpu:0")  # stands in for a GPU
    features = photo_features(elsewhere, PHOTO)
    assert features.note == "The GPU's memory was full, so this ran on the CPU."
    result = compute_cam(elsewhere, PHOTO, features=features)
    assert result.note == features.note


class Full(nn.Module):
    """A stage that runs out of memory where it is; a copy of it does not."""

    def __init__(self, stage: nn.Module) -> None:
        super().__init__()
        self.stage = stage
        self.full = True

    def forward(self, inputs):
        if self.full:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return self.stage(inputs)

    def __deepcopy__(self, memo):
        copied = Full(self.stage)
        copied.full = False
        return copied


# --- all stages ---


@pytest.mark.parametrize("method", EVERY_STAGE)
@pytest.mark.parametrize("kept", [True, False])
def test_all_stages_are_the_single_maps(model, method, kept):
    features = photo_features(model, PHOTO) if kept else None
    results = all_stages(model, PHOTO, method=method, target_class=3, features=features)
    assert [result.target_stage for result in results] == list(range(1, 10))
    for stage, result in enumerate(results, start=1):
        alone = compute_cam(model, PHOTO, method=method, target_class=3, target_stage=stage)
        if METHODS[method].divides and "Rounding" in alone.note:
            assert "Rounding" in result.note
            continue
        assert_same_map(result, alone, tolerance=2e-3 if METHODS[method].divides else 1e-5)


def test_all_stages_take_one_pass(own_model):
    stages = counting(own_model)
    backward: list[int] = []
    linear = own_model.module.classifier[1]
    original = linear.forward

    def watched(inputs):
        output = original(inputs)
        if output.requires_grad:
            output.register_hook(lambda _: backward.append(1))
        return output

    linear.forward = watched
    all_stages(own_model, PHOTO)
    assert (drained(stages), len(backward)) == ([1] * 9, 1)
    all_stages(own_model, PHOTO, method="eigencam")
    assert (drained(stages), len(backward)) == ([1] * 9, 1)
    features = photo_features(own_model, PHOTO)
    drained(stages)
    all_stages(own_model, PHOTO, method="eigencam", features=features)
    assert (drained(stages), len(backward)) == ([0] * 9, 1)
    all_stages(own_model, PHOTO, features=features)
    assert (drained(stages), len(backward)) == ([0] + [1] * 8, 2)


def test_cam_has_the_last_stage_only(model):
    (only,) = all_stages(model, PHOTO, method="cam")
    assert only.target_stage == 9
    assert_same_map(only, compute_cam(model, PHOTO, method="cam"))
    with pytest.raises(UserError, match="CAM exists for the last stage only, 9 of baseline"):
        compute_cam(model, PHOTO, method="cam", target_stage=8)


def test_cam_needs_one_linear_layer(own_model):
    own_model.module.classifier.append(nn.Identity())
    with pytest.raises(UserError, match="average pooling and one linear layer, which baseline"):
        compute_cam(own_model, PHOTO, method="cam")


def test_what_does_not_exist_is_refused(model):
    with pytest.raises(UserError, match="no method 'ablation'"):
        all_stages(model, PHOTO, method="ablation")
    with pytest.raises(UserError, match="there is no class 10"):
        all_stages(model, PHOTO, target_class=10)


# --- Score-CAM ---


def test_score_cam_reports_and_stops(own_model):
    stages = counting(own_model)
    reports: list[tuple[int, int]] = []
    compute_cam(
        own_model,
        PHOTO,
        method="scorecam",
        target_stage=7,
        on_progress=lambda *report: reports.append(report),
    )
    assert reports == [(0, 48), (16, 48), (32, 48), (48, 48)]
    assert drained(stages)[0] == 1 + 3  # three batches of masked photos
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        compute_cam(
            own_model, PHOTO, method="scorecam", target_stage=7, should_stop=lambda: next(answers)
        )
    assert drained(stages)[0] == 1 + 1


def test_score_cam_of_all_stages_counts_on(model):
    reports: list[tuple[int, int]] = []

    def report(done: int, total: int) -> None:
        reports.append((done, total))
        if done > 40:
            raise Cancelled

    with pytest.raises(Cancelled):
        all_stages(model, PHOTO, method="scorecam", on_progress=report)
    channels = sum(stage.shape[1] for stage in photo_features(model, PHOTO).stages)
    assert {total for _, total in reports} == {channels}
    assert [done for done, _ in reports] == sorted(done for done, _ in reports)


def test_score_cam_shows_no_bar(model, capfd):
    compute_cam(model, PHOTO, method="scorecam", target_stage=2)
    assert capfd.readouterr() == ("", "")


# --- threads ---


@pytest.fixture
def one_core_each() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_core_each")
def test_eight_threads_share_one_photos_features(model):
    features = photo_features(model, PHOTO)
    jobs = [
        (method, target, stage)
        for method in EVERY_STAGE
        for target in (0, 3)
        for stage in ((9, 7) if method == "eigencam" else (9, 5, 2))
    ]

    def run(job: tuple[str, int, int]) -> CamResult:
        method, target, stage = job
        return compute_cam(
            model,
            PHOTO,
            method=method,
            target_class=target,
            target_stage=stage,
            features=features,
        )

    serial = {job: run(job) for job in jobs}
    stages_serial = all_stages(model, PHOTO, target_class=3, features=features)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(run, jobs * 4))
        every = [
            pool.submit(all_stages, model, PHOTO, target_class=3, features=features)
            for _ in range(8)
        ]
    for job, result in zip(jobs * 4, together, strict=True):
        assert_same_map(result, serial[job])
    for future in every:
        for result, expected in zip(future.result(), stages_serial, strict=True):
            assert_same_map(result, expected)
    assert not any(layer._forward_hooks for layer in model.module.modules())
