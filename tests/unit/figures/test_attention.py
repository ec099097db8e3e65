"""The measured attention, drawn: every mark is a row of the table."""

from effnet_viz.evidence.attention import CENTRE, RANDOM
from effnet_viz.figures.attention import measured
from tests.unit.evidence.test_attention import SEEDS, row

ROWS = [
    *SEEDS,
    row("resolution", 80.0, times=4),
    row("resolution", 9.0, times=4, compared_with="baseline"),
    row("resolution", 99.0, times=4, measure="energy"),
    row("resolution", 40.0, weights=RANDOM),
    row("centre", 60.0, weights=CENTRE, role="baseline"),
]


def points(figure, name):
    (trace,) = [t for t in figure.data if t.name == name and t.x[0] is not None]
    return dict(zip(trace.x, trace.y, strict=True))


def test_each_kind_of_row_is_its_own_mark_on_its_role():
    figure = measured(ROWS, "pointing", "percent")
    assert points(figure, "trained") == {70.0: "baseline", 80.0: "resolution"}
    assert points(figure, "another seed") == {71.5: "baseline", 69.5: "baseline"}
    assert points(figure, "random weights") == {40.0: "resolution"}
    trained = figure.data[0]
    assert list(trained.error_x.array) == [2, 2]
    assert list(trained.error_x.arrayminus) == [2, 2]


def test_the_band_is_the_seeds_range_and_the_line_the_control():
    figure = measured(ROWS, "pointing", "percent")
    spans = {(shape.x0, shape.x1) for shape in figure.layout.shapes}
    assert spans == {(69.5, 71.5), (60.0, 60.0)}


def test_without_seeds_and_controls_there_is_neither():
    figure = measured([ROWS[0]], "pointing", "percent")
    assert not figure.layout.shapes
    assert {trace.name for trace in figure.data} == {"trained"}
