"""The search, really run on made-up photos: stopped, resumed, shared between processes."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from effnet_viz.__main__ import main
from effnet_viz.engine.training import search
from effnet_viz.engine.training.recipe import Recipe
from effnet_viz.errors import UserError
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import search_points
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

ROOT = Path(__file__).parents[4]
RECIPE = Recipe(epochs=2, batch_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Imagenette's layout with four tiny photos a class, whose class is their colour."""
    root = tmp_path_factory.mktemp("photos")
    for number, wnid in enumerate(IMAGENETTE_CLASSES):
        (root / "train" / wnid).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (30, 20), (25 * number, 60 * i, 99)).save(
                root / "train" / wnid / f"tiny_{wnid}_{i}.png"
            )
    return root


@pytest.fixture
def whole(folder, tmp_path):
    """A search of three points in a folder of its own."""
    photos, held_out = search.load_search_photos(folder, per_class=3, held_out_share=1 / 3)
    points = search_points(4)[1:]
    return search.Search(points, photos, held_out, RECIPE, tmp_path / "work", tmp_path / "out")


def facts(path):
    """A results file without the times."""
    return [
        {key: value for key, value in row.items() if key != "seconds"}
        for row in csv.DictReader(path.open(encoding="utf-8"))
    ]


class KilledError(Exception):
    pass


def test_a_search_that_is_killed_ends_with_the_same_files(whole, tmp_path):
    straight = replace(whole, work=tmp_path / "work2", out=tmp_path / "out2")
    rows = search.run(straight)
    assert [row.point for row in rows] == [point.name for point in whole.points]

    def kill(point, epoch, step, _steps):
        if (point, epoch, step) == (whole.points[1], 2, 2):
            raise KilledError

    with pytest.raises(KilledError):
        search.run(whole, on_step=kill)
    assert [row.point for row in whole.rows()] == ["width"]
    assert len(records.read_curves(whole.out)) == 3
    assert search.finish(whole, whole.rows()) is None

    trained = []
    resumed = search.run(whole, on_epoch=lambda point, row: trained.append((point.name, row.epoch)))
    assert trained == [("resolution", 2), (whole.points[2].name, 1), (whole.points[2].name, 2)]
    assert len(resumed) == 3
    for name in (records.ROWS, records.CURVES):
        assert facts(whole.out / name) == facts(straight.out / name)
    assert search.finish(whole, resumed) == search.finish(straight, rows)
    assert (whole.out / records.OUTCOME).is_file()


def test_a_finished_search_trains_nothing(whole):
    search.run(replace(whole, points=whole.points[:1]))
    steps = []
    rows = search.run(
        replace(whole, points=whole.points[:1]), on_step=lambda *step: steps.append(step)
    )
    assert not steps
    assert rows[0].epochs == 2
    assert rows[0].seconds > 0


def test_a_point_that_another_process_trains_is_left_to_it(whole):
    two = replace(whole, points=whole.points[:2], recipe=replace(RECIPE, epochs=1))
    two.work.mkdir()
    with FileLock(two.work / f"{two.points[0].name}-seed0.lock"):
        rows = search.run(two)
        assert [row.point for row in rows] == [two.points[1].name]
        assert search.finish(two, rows) is None
    assert len(search.run(two)) == 2


def test_results_of_another_recipe_or_other_photos_are_refused(whole):
    one = replace(whole, points=whole.points[:1], recipe=replace(RECIPE, epochs=1))
    search.run(one)
    for other in (
        replace(one, recipe=RECIPE),
        replace(one, held_out=one.held_out.subset(range(5))),
    ):
        with pytest.raises(UserError, match="another recipe or other photos"):
            search.run(other)
    assert search.run(replace(one, recipe=replace(one.recipe, seed=1)))[0].seed == 1
    assert [row.seed for row in records.read_rows(one.out)] == [0, 1]


def test_validation_photos_and_the_left_out_are_never_read(folder, tmp_path):
    wnid = next(iter(IMAGENETTE_CLASSES))
    names = frozenset({f"tiny_{wnid}_2.png"})
    photos, held_out = search.load_search_photos(folder, names, held_out_share=0.25)
    assert len(photos) + len(held_out) == 39
    assert len(held_out) == 9
    assert not any("_2.png" in name and wnid in name for name in photos.files + held_out.files)
    assert not set(photos.files) & set(held_out.files)
    few, _ = search.load_search_photos(folder, per_class=2, held_out_share=0.5)
    assert len(few) == 10
    with pytest.raises(UserError, match="lacks the class folders n01440764"):
        search.load_search_photos(tmp_path)


def command(folder, tmp_path, *more):
    return [
        "search", "--data", str(folder), "--work", str(tmp_path / "w"), "--out", str(tmp_path),
        "--epochs", "1", "--batch-size", "8", "--held-out", "0.25", *more,
    ]  # fmt: skip


def test_the_command_reports_winner_and_phi(folder, tmp_path, capsys):
    assert main(command(folder, tmp_path, "--points", "1")) == 0
    text = capsys.readouterr().out
    (row,) = records.read_rows(tmp_path)
    assert f"{row.params:,}" in text
    assert "winner: depth (alpha 2, beta 1, gamma 1)" in text
    assert "phi 1.9 builds 4.00x (by the law 3.73x): depth 3.732, width 1.000, 96 px" in text
    assert json.loads(row.recipe)["batch_size"] == 8
    assert (row.train_n, row.held_out_n, row.epochs, row.seed) == (30, 10, 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [["--epochs", "0"], ["--points", "99"], ["--held-out", "0.9"], ["--threads", "0"],
     ["--leave-out", "/nope"], ["--data", "/nope"], ["--batch-size", "999"]],
)  # fmt: skip
def test_bad_options_are_one_line(folder, tmp_path, capsys, wrong):
    assert main(command(folder, tmp_path, "--points", "1", *wrong)) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")


def test_other_seeds_of_the_best_points_are_those_of_the_first_seed(folder, tmp_path, capsys):
    assert main(command(folder, tmp_path, "--points", "2")) == 0
    best = records.results(records.read_rows(tmp_path))[0].point.name
    for seed in ("1", "2"):
        assert main(command(folder, tmp_path, "--points", "2", "--seed", seed, "--best", "1")) == 0
    rows = [(row.point, row.seed) for row in records.read_rows(tmp_path)]
    assert rows == [("depth", 0), ("width", 0), (best, 1), (best, 2)]
    outcome = records.read_outcome(tmp_path)
    assert outcome
    assert outcome["seeds"] == [0, 1, 2]
    assert outcome["points"] == 2


def test_there_is_no_best_before_the_search(folder, tmp_path, capsys):
    assert main(command(folder, tmp_path, "--best", "1")) == 2
    assert "has none: search without it first" in capsys.readouterr().err
