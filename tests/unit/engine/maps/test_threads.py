"""Thirty people, one model: what a thread gets does not depend on what the others do."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from effnet_viz.engine.inference import predict
from effnet_viz.engine.maps.cam import METHODS, compute_cam
from effnet_viz.engine.weights import LoadedModel, load_model
from effnet_viz.evidence.results import CamResult, Prediction

THREADS, CALLS = 8, 20
SHARED = ("baseline", "width", "compound")
PHOTOS = [
    Image.open(Path(skimage.data.__file__).with_name(name)).convert("RGB")
    for name in ("chelsea.png", "coffee.png")
]

FAST = [name for name, kind in METHODS.items() if not kind.slow]


def stages(method: str) -> tuple[int, ...]:
    return (9,) if METHODS[method].last_stage_only else (9, 5)


#: (model, photo, method, stage, class); without a method it is a prediction
Job = tuple[str, int, str | None, int, int]
JOBS: list[Job] = [
    job
    for role in SHARED
    for photo in range(len(PHOTOS))
    for job in (
        *[(role, photo, None, 0, 0)] * 4,
        *((role, photo, method, stage, 3 * photo) for method in FAST for stage in stages(method)),
    )
]


@pytest.fixture(autouse=True)
def one_core_each() -> Iterator[None]:
    """Eight callers share the cores; splitting each call over all of them only adds waiting."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def call(models: dict[str, LoadedModel], job: Job) -> Prediction | CamResult:
    role, photo, method, stage, target = job
    if method is None:
        return predict(models[role], PHOTOS[photo], repeats=1, top=10)
    return compute_cam(
        models[role], PHOTOS[photo], method=method, target_class=target, target_stage=stage
    )


def assert_same(result: Prediction | CamResult, expected: Prediction | CamResult) -> None:
    assert type(result) is type(expected)
    assert result.model == expected.model
    if isinstance(result, Prediction) and isinstance(expected, Prediction):
        shares = {entry.index: entry.probability for entry in result.top}
        assert shares == pytest.approx(
            {entry.index: entry.probability for entry in expected.top}, abs=1e-5
        )
    if isinstance(result, CamResult) and isinstance(expected, CamResult):
        assert result.target_index == expected.target_index
        assert result.evidence == expected.evidence
        assert result.probability == pytest.approx(expected.probability, abs=1e-5)
        raw, reference = np.array(result.raw), np.array(expected.raw)
        assert raw.shape == reference.shape
        assert np.abs(raw - reference).max() <= 1e-5 * reference.max()


def test_eight_threads_get_what_one_gets():
    models = {role: load_model("classroom", role) for role in SHARED}
    serial = {job: call(models, job) for job in set(JOBS)}
    maps = [result for result in serial.values() if isinstance(result, CamResult)]
    assert sum(result.evidence for result in maps) > 0.9 * len(maps)

    together = threading.Barrier(THREADS)

    def visitor(seed: int) -> list[tuple[Job, Prediction | CamResult]]:
        jobs = random.Random(seed).choices(JOBS, k=CALLS)
        together.wait()
        return [(job, call(models, job)) for job in jobs]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(visitor, range(THREADS)))

    assert [len(answer) for answer in answers] == [CALLS] * THREADS
    for answer in answers:
        for job, result in answer:
            assert_same(result, serial[job])
    kinds = {type(result) for answer in answers for _, result in answer}
    assert kinds == {Prediction, CamResult}
    for model in models.values():
        for layer in model.module.modules():
            assert not layer._forward_hooks
            assert not layer.training
        assert all(parameter.grad is None for parameter in model.module.parameters())
