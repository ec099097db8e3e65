"""Roles held against seeds on one photo."""

import re
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import spearmanr

from effnet_viz.engine import weights
from effnet_viz.engine.maps.cam import compute_cam

from .conftest import PAGE, SHOWN


def test_a_difference_between_roles_is_held_against_one_between_seeds(open_page, golf_ball):
    app = open_page(PAGE, look="Random weights, seeds", **SHOWN)
    (said,) = [m.value for m in app.markdown if m.value.startswith("On this photo")]
    maps = [
        compute_cam(weights.load_model("classroom", name), golf_ball, target_class=8)
        for name in ("baseline", "baseline-seed1", "baseline-seed2")
    ]
    assert {each.target_class for each in maps} == {"golf ball"}
    alike = [spearmanr(np.ravel(a.raw), np.ravel(b.raw))[0] for a, b in combinations(maps, 2)]
    low, high = map(float, re.search(r"\(ρ (-?[\d.]+) to (-?[\d.]+)\)", said).groups())
    assert low == pytest.approx(min(alike), abs=0.006)
    assert high == pytest.approx(max(alike), abs=0.006)
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt == said
