"""The budget game: built cost, and the nearest network that was trained with the same recipe."""

import math

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.family import family_results
from effnet_viz.evidence.search.records import read_rows
from effnet_viz.lesson.budget import apart, bid, read, trained, written
from effnet_viz.scaling.compound import Multipliers
from effnet_viz.scaling.families import CLASSROOM_ROLES

BASE = Multipliers(1, 1, 96)


def test_a_trained_network_is_its_own_nearest():
    for role, multipliers in CLASSROOM_ROLES.items():
        found = bid(multipliers, 4)
        assert found.nearest.name == role
        assert found.apart == 0
        assert found.built == pytest.approx(found.nearest.built)
    rows = read_rows()
    for row in rows:
        found = bid(Multipliers(row.depth, row.width, row.resolution_px), 2)
        assert found.apart == 0
        seeds = [other.held_out_top1 for other in rows if other.point == row.point]
        assert found.nearest.top1 == pytest.approx(sum(seeds) / len(seeds))


def test_each_budget_has_one_recipe():
    assert {point.recipe for point in trained(2)} == {"6 epochs, 909 held-out photos"}
    assert {point.recipe for point in trained(4)} == {"30 epochs, 3,423 validation photos"}
    assert len(trained(4)) == len(family_results())


def test_distances_are_doublings_of_cost_by_the_law():
    assert apart(BASE, Multipliers(2, 1, 96)) == 1
    assert apart(BASE, Multipliers(1, math.sqrt(2), 96)) == pytest.approx(1)
    assert apart(BASE, Multipliers(1, 1, 192)) == 2
    assert apart(BASE, Multipliers(2, 2, 96)) == pytest.approx(math.sqrt(1 + 4))
    assert apart(BASE, BASE) == 0


def test_the_built_cost_decides_whether_a_bid_keeps_its_budget():
    assert bid(Multipliers(2, 1, 96), 2).within(2)
    over = bid(Multipliers(1.3, 1.3, 120), 2)  # by the law 3.4 times
    assert not over.within(2)
    assert over.law == pytest.approx(1.3 * 1.3**2 * (120 / 96) ** 2)


def test_shares_are_those_of_the_laws_cost():
    assert bid(Multipliers(2, 1, 96), 2).shares == (1, 0, 0)
    assert bid(Multipliers(4, 1, 192), 4).shares == pytest.approx((0.5, 0, 0.5))
    assert bid(BASE, 2).shares is None


def test_a_bid_is_read_as_it_was_written():
    multipliers = Multipliers(1.3, 1.05, 110)
    assert read(written(multipliers)) == multipliers
    for nonsense in ("", "1;2", "a;b;c", "1;1;0", "nan;1;96", "1;1;96.5"):
        with pytest.raises(UserError):
            read(nonsense)
