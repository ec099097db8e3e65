import pytest

from effnet_viz.evidence.map_scales import MASS, OWN, RANK, SCALES, shades

MAP = ((0.0, 1.0), (3.0, 6.0))  # sum 10


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        (OWN, ((0, 1 / 6), (0.5, 1))),
        (MASS, ((0, 0.1), (0.4, 1))),  # 9 of 10 lie in cells larger than 1, 6 of 10 than 3
        (RANK, ((0, 1 / 3), (2 / 3, 1))),
    ],
)
def test_shades_by_hand(scale, expected):
    assert [list(row) for row in shades(MAP, scale)] == [
        pytest.approx(list(row)) for row in expected
    ]


@pytest.mark.parametrize("scale", SCALES)
def test_shades_do_not_depend_on_the_unit_of_the_map(scale):
    larger = tuple(tuple(1000 * value for value in row) for row in MAP)
    assert [list(row) for row in shades(larger, scale)] == [
        pytest.approx(list(row)) for row in shades(MAP, scale)
    ]


@pytest.mark.parametrize("scale", SCALES)
def test_equal_values_are_equal_shades_and_nothing_is_no_shade(scale):
    shade = shades(((2.0, 2.0), (0.0, 2.0)), scale)
    assert shade[0][0] == shade[0][1] == shade[1][1] > 0
    assert shade[1][0] == 0
    assert shades(((0.0, 0.0),), scale) == ((0.0, 0.0),)
