"""How alike maps are, on maps whose order is known."""

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.maps import agreement
from effnet_viz.evidence.splits import Box, BoxedPhoto
from effnet_viz.scaling.families import classroom_member

UP = np.arange(9.0).reshape(3, 3)
DOWN = 8 - UP
ACROSS = UP.T
FLAT = np.ones((3, 3))


def test_seeds_first_then_roles_with_what_they_fall_short_of():
    found = {
        "baseline": [[UP, UP, DOWN, UP], [UP, UP, DOWN, UP]],
        "width": [[UP, DOWN, DOWN, DOWN]],
    }
    seeds, roles = agreement.compared(found)
    assert (seeds.one, seeds.other, seeds.pairs, seeds.mean) == ("baseline", "baseline", 1, 1.0)
    assert (seeds.over_seeds, seeds.count) == (0.0, 4)
    assert (roles.one, roles.other, roles.pairs) == ("baseline", "width", 2)
    assert roles.mean == 0.0  # twice 1, twice -1
    assert roles.over_seeds == -1.0
    assert roles.low < 0 < roles.high
    assert roles.elsewhere == -1.0  # of photos two places on: DOWN, DOWN, UP, DOWN


def test_the_seeds_of_both_roles_are_what_a_pair_is_measured_by():
    """Baseline's seeds agree by 1 and -1 on the two photos, width's by 1: their mean is 1 and 0."""
    found = {
        "baseline": [[UP, UP], [UP, DOWN]],
        "depth": [[UP, UP]],
        "width": [[UP, UP], [UP, UP]],
        "compound": [[UP, UP]],
    }
    by = {(row.one, row.other): row for row in agreement.compared(found)}
    assert by["baseline", "baseline"].mean == 0.0
    assert by["baseline", "width"].over_seeds == 0.5 - 0.5
    assert by["baseline", "depth"].over_seeds == 0.5 - 0.0
    assert by["depth", "width"].over_seeds == 1.0 - 1.0
    assert by["depth", "compound"].over_seeds is None


def test_rank_correlation_is_spearmans():
    """Of the rows' and the columns' order Σ d² is 24: 1 - 6 · 24 / (9 · 80) is 0.8."""
    both = {"baseline": [[UP] * 3], "depth": [[ACROSS] * 3]}
    squares = ((UP - ACROSS) ** 2).sum()
    assert agreement.compared(both)[0].mean == pytest.approx(1 - 6 * squares / (9 * 80), abs=1e-3)


def test_photos_without_evidence_are_left_out():
    found = {"baseline": [[UP, None, FLAT, UP]], "compound": [[UP, UP, UP, DOWN]]}
    (row,) = agreement.compared(found)
    assert (row.mean, row.count, row.over_seeds) == (0.0, 2, None)


def test_maps_of_all_sizes_lie_on_the_baselines_cells(tmp_path):
    """A stride of 16: six cells a side at 96 px, of twelve at 192 px."""
    wnid = "n03028079"
    pixels = np.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=np.uint8)
    (tmp_path / "val" / wnid).mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / "val" / wnid / "a.png")
    photos = [BoxedPhoto(wnid, "a.png", (Box(0, 0, 1, 1),))]
    seen = []
    for name in ("baseline", "resolution"):
        (placed,) = agreement.maps_of(
            classroom_member(name), tmp_path, photos, on_photo=lambda *at: seen.append(at)
        )
        assert placed is None or placed.shape == (6, 6)
    assert seen == [("baseline", 1, 1), ("resolution", 1, 1)]
