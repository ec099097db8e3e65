"""The search's figures show the numbers they are given, where they belong."""

import math

import numpy as np
import pytest

from effnet_viz.evidence.family import FamilyResult
from effnet_viz.evidence.search.points import search_points
from effnet_viz.evidence.search.records import CurveRow, margin, results, row_of
from effnet_viz.figures import search, search_surface
from effnet_viz.figures.base import ROLE_COLOURS
from effnet_viz.figures.search_surface import Spot

POINTS = search_points(12)


def spots(trained=12):
    return [Spot(p, 60.0 + n if n < trained else None) for n, p in enumerate(POINTS)]


def ranked():
    return results(
        row_of(p, [CurveRow(p.name, 0, 1, 2.0, 60.0 + n, 9.0)], {"seed": 0}, 8186, 909)
        for n, p in enumerate(POINTS)
    )


def test_what_cannot_be_told_apart_has_one_colour():
    figure = search_surface.triangle(spots(), "width", POINTS[11].name, noise=4.1)
    near, behind, far = search_surface.BANDS
    top1 = [60.0 + n for n in range(12)]
    expected = [near if 71 - t < 4.1 else behind if 71 - t < 8.2 else far for t in top1]
    assert list(figure.data[0].marker.color) == expected
    space = search_surface.surface(spots(), "width", POINTS[11].name, noise=4.1)
    assert list(space.data[1].marker.color) == expected


def test_the_flat_surface_puts_each_point_at_its_shares():
    figure = search_surface.triangle(spots(), "width", POINTS[11].name)
    points = figure.data[0]
    assert [name for (name,) in points.customdata] == [p.name for p in POINTS]
    place = np.array([points.a, points.b, points.c]).T
    assert place.sum(axis=1) == pytest.approx(np.ones(12))
    first = POINTS[3]
    logs = [math.log(first.alpha), 2 * math.log(first.beta), 2 * math.log(first.gamma)]
    inward = search_surface.INWARD
    expected = [inward / 3 + (1 - inward) * log / sum(logs) for log in logs]
    assert place[3] == pytest.approx(expected)
    apart = [math.dist(p, q) for n, p in enumerate(place) for q in place[:n]]
    assert min(apart) > 0.04  # two have equal shares
    assert set(points.marker.color) == {search_surface.BANDS[0]}, "no noise is known"
    assert "best" in points.text[11]
    assert not any("best" in text for text in points.text[:11])
    ring = figure.data[1]
    assert [ring.a[0], ring.b[0], ring.c[0]] == pytest.approx(list(place[1]))


def test_numbers_of_two_points_one_above_the_other_stand_on_two_sides():
    points = search_surface.triangle(spots(), "width", POINTS[11].name).data[0]
    sides = dict(zip((p.name for p in POINTS), points.textposition, strict=True))
    assert sides["a1.30-b1.05-g1.15"] == "middle right"
    assert sides["a1.25-b1.05-g1.15"] == "middle left"


def test_planned_points_are_hollow_and_unnumbered():
    figure = search_surface.triangle(spots(trained=5), "depth", "depth")
    trained, planned = figure.data[:2]
    assert (len(trained.a), len(planned.a)) == (5, 7)
    assert all(symbol.endswith("-open") for symbol in planned.marker.symbol)
    assert set(planned.text) == {""}
    assert "not trained yet" in planned.hovertext[0]


def test_the_surface_in_space_keeps_the_law():
    figure = search_surface.surface(spots(), "depth", POINTS[11].name)
    sheet, points = figure.data[:2]
    law = np.asarray(sheet.x) * np.asarray(sheet.y) ** 2 * np.asarray(sheet.z) ** 2
    assert law == pytest.approx(np.full_like(law, 2))
    assert min(np.min(sheet.x), np.min(sheet.y), np.min(sheet.z)) >= 1
    assert list(points.x) == [p.alpha for p in POINTS]
    assert list(points.z) == [p.gamma for p in POINTS]


def test_the_ranking_has_its_intervals_and_the_band_of_the_best():
    found = ranked()
    figure = search.ranking(found, "depth")
    (points,) = figure.data
    assert list(points.x) == [60.0 + n for n in range(12)]
    assert points.x[-1] + points.error_x.array[-1] == pytest.approx(found[0].high)
    assert points.x[0] - points.error_x.arrayminus[0] == pytest.approx(found[-1].low)
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == pytest.approx((71 - margin(found), 71))
    assert points.marker.color[0] == ROLE_COLOURS["depth"]


def test_curves_average_seeds_and_draw_the_chosen_last():
    rows = [
        CurveRow(name, seed, epoch, 2.0, 10.0 * epoch + seed, 9.0)
        for name in ("a", "b")
        for seed in (0, 1)
        for epoch in (1, 2)
    ]
    figure = search.curves(rows, "a", "b")
    assert [line.name for line in figure.data] == ["the best point", "this point"]
    assert list(figure.data[-1].y) == [10.5, 20.5]


def test_law_and_built_shows_every_point_where_it_is():
    figure = search.law_and_built(spots(), "depth")
    by_name = {line.name: line for line in figure.data}
    assert list(by_name["mixtures"].x) == [p.law_ratio for p in POINTS[3:]]
    assert list(by_name["corners"].y) == [p.built_ratio for p in POINTS[:3]]
    assert by_name["width only (β)"].line.color == ROLE_COLOURS["width"]


def test_returns_start_at_the_baseline():
    found = [
        FamilyResult(role, round(built), built, top1, top1 - half, top1 + half, (top1,), 900, 30)
        for role, built, top1, half in (
            ("baseline", 1.0, 80, 2), ("depth", 4.0, 83, 1), ("depth", 2.0, 82, 1)
        )
    ]  # fmt: skip
    (line,) = search.returns(found).data
    assert (list(line.x), list(line.y)) == ([1, 2, 4], [80, 82, 83])
    assert list(line.error_y.array) == [2, 1, 1]
