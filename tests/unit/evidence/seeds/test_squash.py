"""Squash against crop: the parts by hand, and what the shipped table lets be said."""

from dataclasses import replace

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.seeds import squash
from effnet_viz.evidence.seeds.squash import SquashRow, parts, read_squash, squash_sentence

ROW = SquashRow("baseline", 1, 3, "4:3", 78.0, 79.5, -1.5, -2.0, -1.0, 3423)


@pytest.mark.parametrize(
    ("shape", "part", "side"),
    [
        ((4, 3), (168, 224), 194),  # of the width three quarters: 168 · 224 = 194²
        ((3, 4), (224, 168), 194),
        ((16, 9), (126, 224), 168),
        ((1, 1), (224, 224), 224),
    ],
)
def test_the_undistorted_square_of_a_squashed_photo(shape, part, side):
    assert parts(*shape, 224) == (part, side)


def test_more_than_a_point_calls_for_another_training():
    mean = replace(ROW, role=squash.MEAN, times=0, points=-0.8)
    much = replace(mean, shape="16:9", points=-9.0, low=-10.0, high=-8.0)
    perhaps = replace(mean, shape="3:2", points=-1.2, low=-2.5, high=0.1)
    said = squash_sentence([ROW, replace(ROW, role="depth", points=-0.1), mean, much, perhaps])
    assert "points: baseline -1.5 (-2.0 to -1.0), depth -0.1 (-2.0 to -1.0). Mean" in said
    assert "Mean over the networks: 4:3 -0.8 (-2.0 to -1.0), 16:9 -9.0 (-10.0 to -8.0), " in said
    assert "at 16:9 the mean cost is more than a point and beyond chance: **the next family" in said
    assert "Nowhere is that more than a point" in squash_sentence([ROW, mean, perhaps])
    assert squash_sentence([]) == ""


def test_the_shipped_table_is_of_every_role_and_shape():
    rows = read_squash()
    shapes = {f"{w}:{h}" for w, h in squash.SHAPES} | {f"{h}:{w}" for w, h in squash.SHAPES}
    assert {row.shape for row in rows} == shapes
    for row in rows:
        assert row.low <= row.points <= row.high
        assert row.points == pytest.approx(row.undistorted - row.as_trained, abs=0.011)


def test_a_table_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "squash.json"
    assert read_squash(path) == ()
    squash.write_squash([ROW, ROW], path)
    assert read_squash(path) == (ROW, ROW)
    path.write_text('[{"role": "baseline"}]')
    with pytest.raises(UserError, match="damaged"):
        read_squash(path)
