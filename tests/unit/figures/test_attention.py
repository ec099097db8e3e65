"""The measured attention, drawn: every mark is a row of the table."""

import re
from xml.etree import ElementTree

import pytest

from effnet_viz.evidence.attention import CENTRE, RANDOM, ShiftRow
from effnet_viz.evidence.results import RemovalCurves
from effnet_viz.figures.attention import (
    measured,
    placing_alt,
    placing_html,
    removal_curves,
    shift_said,
    shifts_by_role,
    shifts_by_stage,
)
from effnet_viz.scaling.centres import Centres
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


STRIDE_32 = Centres(0.5, 32, 224)
SHIFTS = [
    ShiftRow("dots", "EfficientNet-B0", 9, 32, 224, "tiles", 3.0, 2.0, 4.0, 24),
    ShiftRow("dots", "EfficientNet-B0", 9, 32, 224, "centres", 1.0, 0.5, 2.0, 24),
    ShiftRow("mirrored", "depth", 9, 16, 96, "centres", -4.0, -5.0, -3.0, 60),
    ShiftRow("mirrored", "depth", 5, 16, 96, "centres", 9.0, 8.0, 9.5, 60),
]


def drawn(centres: Centres, cells: int) -> list[dict[str, str]]:
    svg = re.search(r"<svg.*</svg>", placing_html(centres, cells)).group()
    return [
        {"tag": element.tag, **element.attrib} for element in ElementTree.fromstring(svg).iter()
    ]


def test_the_cells_are_drawn_to_scale():
    """560 units are 224 px, so one is 0.4 px."""
    elements = drawn(STRIDE_32, 7)
    dots = [0.4 * (float(e["cx"]) - 20) for e in elements if e["tag"] == "circle"]
    assert dots[:7] == pytest.approx([16 + 32 * cell for cell in range(7)], abs=0.1)
    assert dots[7:] == pytest.approx([0.5 + 32 * cell for cell in range(7)], abs=0.1)
    (bare,) = [e for e in elements if e.get("class") == "bare"]
    assert 0.4 * (float(bare["x"]) - 20) == pytest.approx(208.5, abs=0.1)
    assert 0.4 * float(bare["width"]) == pytest.approx(15.5, abs=0.1)
    widths = [0.4 * float(e["width"]) for e in elements if e.get("class") == "cell"]
    assert widths[7:] == pytest.approx([16.5, *[32] * 6], abs=0.1)


def test_the_drawing_is_said_in_words():
    words = placing_alt(STRIDE_32, 7)
    assert words in placing_html(STRIDE_32, 7)
    for part in ("7 cells on 224 px", "16 to 208 px", "round 0.5 to 192.5 px", "last 15.5 px"):
        assert part in words


def test_shifts_have_their_marks_and_intervals():
    figure = shifts_by_stage(SHIFTS)
    tiles, centres = figure.data
    assert (tiles.x, tiles.y) == (("9",), (3.0,))
    assert (centres.y, centres.error_y.array, centres.error_y.arrayminus) == ((1,), (1,), (0.5,))
    _, of_role = shifts_by_role(SHIFTS).data
    assert (of_role.x, of_role.y) == (("depth",), (-4.0,))  # the last stage alone


def test_a_shift_in_words_has_both_units():
    assert shift_said(SHIFTS[0]) == (
        "EfficientNet-B0, stage 9, cells as equal tiles: +3.0 % of the side (+2.0 to +4.0), "
        "+6.7 px of 224"
    )


def test_removal_curves_are_the_probabilities_with_a_dot_where_a_frame_is():
    curves = {"depth": RemovalCurves((0, 0.25, 0.5, 1), (0.9, 0.5, 0.2, 0.1), (0.1, 0.2, 0.6, 0.9))}
    for insertion, values in ((False, [90, 50, 20, 10]), (True, [10, 20, 60, 90])):
        (line,) = removal_curves(curves, {"depth": "depth"}, insertion, (0, 0.25, 1)).data
        assert list(line.x) == [0, 25, 50, 100]
        assert list(line.y) == pytest.approx(values)
        assert [size > 0 for size in line.marker.size] == [True, True, False, True]
