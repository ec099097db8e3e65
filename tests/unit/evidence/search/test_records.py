"""What the search writes: files that are whole, intervals as printed in textbooks, the winner."""

import csv
import json
from dataclasses import asdict, fields, replace

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence import accuracy
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import compound_from, search_points
from effnet_viz.evidence.search.records import CurveRow, SearchRow, row_of
from effnet_viz.scaling.cost import network_cost

RECIPE = {"epochs": 2, "batch_size": 8, "seed": 0}
POINTS = search_points(6)
ORDER = [point.name for point in POINTS]


def curve(name, top1, seed=0):
    return [CurveRow(name, seed, 1, 2.5, 10.0, 3.2), CurveRow(name, seed, 2, 2.0, top1, 3.3)]


def row(index, top1, seed=0, held_out_n=900) -> SearchRow:
    point = POINTS[index]
    return row_of(point, curve(point.name, top1, seed), RECIPE | {"seed": seed}, 8000, held_out_n)


def test_a_row_says_everything(tmp_path):
    point = POINTS[3]
    records.add_row(row(3, 61.5), ORDER, tmp_path)
    (written,) = csv.DictReader((tmp_path / records.ROWS).open(encoding="utf-8"))
    assert list(written) == [field.name for field in fields(SearchRow)]
    cost = network_cost(point.spec)
    assert written["point"] == point.name
    assert (int(written["macs"]), int(written["params"])) == (cost.macs, cost.params)
    assert float(written["built_ratio"]) == pytest.approx(cost.macs / 16_544_224, abs=1e-4)
    assert float(written["law_ratio"]) == pytest.approx(1.5 * 1.05**2 * 1.1**2, abs=1e-4)
    assert (float(written["depth"]), float(written["width"])) == (1.5, 1.05)
    assert written["resolution_px"] == "106"
    assert float(written["held_out_top1"]) == 61.5
    assert (written["epochs"], float(written["seconds"])) == ("2", 6.5)
    assert json.loads(written["recipe"]) == RECIPE
    assert records.read_rows(tmp_path) == [row(3, 61.5)]
    assert row(3, 61.5).search_point() == point


def test_rows_and_epochs_keep_the_points_order_whatever_comes_first(tmp_path):
    for index in (4, 0, 2):
        records.add_epochs(curve(ORDER[index], 30.0 + index), ORDER, tmp_path)
        records.add_row(row(index, 30.0 + index), ORDER, tmp_path)
    records.add_epochs(curve(ORDER[4], 99.0)[1:], ORDER, tmp_path)  # again, as after a stop
    assert [r.point for r in records.read_rows(tmp_path)] == [ORDER[0], ORDER[2], ORDER[4]]
    epochs = records.read_curves(tmp_path)
    assert [(e.point, e.epoch) for e in epochs] == [
        (ORDER[n], epoch) for n in (0, 2, 4) for epoch in (1, 2)
    ]
    assert epochs[-1].held_out_top1 == 99.0
    assert not list(tmp_path.glob("*.partial"))


def test_nothing_there_is_no_error(tmp_path):
    assert records.read_rows(tmp_path) == []
    assert records.read_curves(tmp_path) == []
    assert records.read_outcome(tmp_path) is None


@pytest.mark.parametrize("text", ["point,kind\ndepth,corner\n", "point\xff", "point,kind,alpha\na"])
def test_a_damaged_file_is_one_sentence(tmp_path, text):
    (tmp_path / records.ROWS).write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="is damaged; remove it"):
        records.read_rows(tmp_path)
    (tmp_path / records.OUTCOME).write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        records.read_outcome(tmp_path)


def test_seeds_are_averaged_and_ranked():
    found = records.results([row(0, 50.0), row(3, 49.0), row(0, 40.0, seed=1)])
    assert [(r.point.name, r.held_out_top1) for r in found] == [(ORDER[3], 49.0), ("depth", 45.0)]
    assert len(found[1].rows) == 2
    assert (found[0].low, found[0].high) == accuracy.interval(49.0, 900)


def test_what_is_too_near_the_winner_is_not_told_apart():
    """By the normal approximation: 1.96 · √(2 · 0.6 · 0.4 / 900) is 4.53 points."""
    ranked = records.results([row(0, 60.0), row(1, 55.5), row(2, 55.4), row(3, 40.0)])
    assert records.margin(ranked) == pytest.approx(4.526, abs=1e-3)
    assert [r.point.name for r in records.within_noise(ranked)] == ["width"]


def test_the_outcome_names_winner_and_best_mixture_with_their_phi(tmp_path):
    rows = [row(2, 60.0), row(4, 59.0), row(3, 52.0)]
    found = records.write_outcome(rows, tmp_path)
    assert records.read_outcome(tmp_path) == found
    assert (found["winner"]["point"], found["best_mixture"]["point"]) == ("resolution", ORDER[4])
    assert found["not_told_apart_from_winner"] == [ORDER[4]]
    for part, point in ((found["winner"], POINTS[2]), (found["best_mixture"], POINTS[4])):
        assert part["compound"]["phi"] == compound_from(point).phi
        assert part["compound"]["built_ratio"] == pytest.approx(4, rel=0.05)
    assert (found["train_n"], found["held_out_n"], found["points"]) == (8000, 900, 3)
    assert found["recipe"] == {"epochs": 2, "batch_size": 8}
    with pytest.raises(UserError, match="No point"):
        records.outcome([])


def test_rows_are_plain_data():
    assert asdict(replace(row(0, 1.0), seed=3))["seed"] == 3


def test_which_points_are_best_is_not_changed_by_other_seeds_of_them() -> None:
    rows = [row(0, 60.0), row(1, 55.0), row(2, 50.0)]
    names = [ORDER[0], ORDER[1]]
    assert records.first_best(rows, 2) == names
    assert records.first_best([*rows, row(0, 10.0, seed=1)], 2) == names


def test_the_margin_counts_how_much_seeds_vary() -> None:
    ranked = records.results([row(0, 60.0), row(0, 58.0, seed=1), row(1, 57.0), row(1, 57.0, 1)])
    # of photos 2 · 59 · 41 / 900 points squared, of seeds 1 · (1/2 + 1/2); t 1.963 and 4.303
    by_hand = (5.3756 * 1.9626 + 1 * 4.3027) / (5.3756 + 1) ** 0.5
    assert records.margin(ranked) == pytest.approx(by_hand, abs=1e-3)
    # against a point of one seed it is larger: 1/2 + 1
    more = records.results([*(r for result in ranked for r in result.rows), row(2, 50.0)])
    assert records.margin(more) == pytest.approx(
        (5.3756 * 1.9626 + 1.5 * 4.3027) / (5.3756 + 1.5) ** 0.5, abs=1e-3
    )


def test_points_trained_again_are_compared_with_their_first_seed() -> None:
    rows = [row(0, 60.0), row(0, 57.0, seed=1), row(0, 58.0, seed=2), row(1, 55.0)]
    again = records.trained_again(records.results(rows))
    assert again
    assert again.points == (ORDER[0],)
    assert again.change == pytest.approx(-2.5)
    assert again.between_seeds == pytest.approx((7 / 3) ** 0.5)  # of 60, 57 and 58
    assert records.trained_again(records.results(rows[::3])) is None
