"""Figures that several pages share, against the numbers they are drawn from."""

import plotly.graph_objects as go
import pytest

from effnet_viz.figures import base
from effnet_viz.scaling.study import study


@pytest.mark.parametrize(
    ("value", "text"), [(0.004, "+0.00"), (-0.004, "+0.00"), (-0.0, "+0.00"), (-0.126, "-0.13")]
)
def test_a_difference_is_never_minus_zero(value, text):
    assert base.signed(value) == text


@pytest.mark.parametrize("phi", [0, 1, 4])
def test_the_waterfall_runs_from_the_law_to_the_built_network(phi):
    gap = study(phi=phi).gap
    figure = go.Figure(base.gap_waterfall(gap))  # plotly refuses what it does not know
    (bars,) = figure.data
    assert sum(bars.y[:-1]) == pytest.approx(bars.y[-1]) == pytest.approx(gap.built_ratio)
    assert bars.measure[0] == "absolute"
    assert bars.measure[-1] == "total"
    assert "-0.00" not in bars.text


def test_shares_of_both_networks_are_whole():
    result = study(phi=2)
    figure = go.Figure(base.stage_share_bars(result.base_cost, result.cost))
    assert [bars.name for bars in figure.data] == ["baseline", "scaled"]
    for bars, cost in zip(figure.data, (result.base_cost, result.cost), strict=True):
        assert sum(bars.y) == pytest.approx(100)
        assert bars.y[6] == 100 * cost.stages[6].macs / cost.macs


def test_the_five_networks_are_drawn_to_one_scale():
    result = study(phi=1)
    figure = base.network_drawing(result.by_role)
    assert len(figure.data) == 5
    for row, (role, spec) in zip(figure.data, result.by_role.items(), strict=True):
        assert len(row.x) == sum(stage.repeats for stage in spec.stages[:-1])
        assert row.y[0] == spec.resolution_px
        assert row.width[0] == spec.stages[0].out_channels
        assert row.marker.color == base.ROLE_COLOURS[role]
