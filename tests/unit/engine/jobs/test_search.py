"""A search in the background: watched, shared, cancelled, and honest about why it failed."""

import time
from pathlib import Path

import pytest
from PIL import Image

from effnet_viz.engine.jobs import search
from effnet_viz.engine.jobs.search import Settings, start
from effnet_viz.engine.training.imagenette import DATA_VARIABLE, data_folder
from effnet_viz.errors import UserError
from effnet_viz.scaling.families import IMAGENETTE_CLASSES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("photos")
    for number, wnid in enumerate(IMAGENETTE_CLASSES):
        (root / "train" / wnid).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (30, 20), (25 * number, 60 * i, 99)).save(
                root / "train" / wnid / f"tiny_{wnid}_{i}.png"
            )
    return root


def tiny(folder, **other) -> Settings:
    return Settings(folder, **{"points": 2, "epochs": 1, "per_class": 4, "held_out": 0.25,
                               "batch_size": 8} | other)  # fmt: skip


def wait(job):
    deadline = time.monotonic() + 120
    while not (now := job.progress()).finished:
        assert time.monotonic() < deadline, "it did not end"
        time.sleep(0.1)
    return now


def test_a_search_in_the_background_trains_every_point_and_cleans_up(folder, monkeypatch):
    """Two processes share the points: each is trained once."""
    monkeypatch.setattr(search.os, "cpu_count", lambda: 2)
    monkeypatch.chdir(folder.parent)
    folder = Path(folder.name)  # as EFFNET_VIZ_DATA may name it; the processes start elsewhere
    job = start(tiny(folder), "one")
    first = job.progress()
    assert (first.points, first.points_done, first.finished) == (2, 0, False)
    assert first.seconds_left is None
    again = start(tiny(folder), "other")
    assert again is job
    with pytest.raises(UserError, match="Another search is running"):
        start(tiny(folder, seed=1), "third")
    for _ in range(2):
        again.cancel("other")  # one of two stops watching, and presses again: it goes on
    now = wait(job)
    assert (now.points_done, now.share, now.failure, now.cancelled) == (2, 1.0, None, False)
    rows, curves = job.results()
    assert [row.point for row in rows] == ["depth", "width"]
    assert [(row.point, row.epoch) for row in curves] == [("depth", 1), ("width", 1)]
    assert (rows[0].train_n, rows[0].held_out_n, rows[0].seed) == (30, 10, 0)
    assert not Path(job._out).exists()


@pytest.fixture
def one_process(monkeypatch):
    """Starting a process takes longer than all that one does here."""
    monkeypatch.setattr(search, "MOST_PROCESSES", 1)


@pytest.mark.usefixtures("one_process")
def test_cancel_stops_the_processes_and_keeps_what_is_done(folder):
    """Once the search above has ended, another may begin."""
    job = start(tiny(folder, epochs=500), "one")
    deadline = time.monotonic() + 120
    while not job.results()[1]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    share = job.progress().share
    assert 0 < share < 1
    assert job.progress().seconds_left > 0
    job.cancel("one")
    now = wait(job)
    assert now.cancelled
    assert now.failure is None
    assert all(process.poll() is not None for process in job._processes)
    assert job.results()[1]


@pytest.mark.usefixtures("one_process")
def test_why_it_failed_is_one_sentence(folder):
    now = wait(start(tiny(folder, batch_size=999), "one"))
    assert now.failure == "The search stopped: 30 photos are fewer than one batch of 999."
    assert not now.cancelled


def test_where_the_photos_come_from(tmp_path, folder, monkeypatch):
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setattr("effnet_viz.engine.training.imagenette.is_fetched", lambda: False)
    assert data_folder() is None
    monkeypatch.setattr("effnet_viz.engine.training.imagenette.is_fetched", lambda: True)
    monkeypatch.setattr("effnet_viz.engine.training.imagenette.photos_folder", lambda: tmp_path)
    assert data_folder() == tmp_path
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    assert data_folder() == folder
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    with pytest.raises(UserError, match="which has no folder train"):
        data_folder()


def test_the_offered_search_has_the_corners():
    points = Settings(Path()).search_points
    assert [point.name for point in points[:3]] == ["depth", "width", "resolution"]
    assert len([point for point in points if point.kind == "mixture"]) >= 2
