"""The charts carry the numbers they claim."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from effnet_viz.figures import anatomy
from effnet_viz.scaling.alternatives import alternatives
from effnet_viz.scaling.architectures import EFFICIENTNET_B0, RESNET_50
from effnet_viz.scaling.blocks import blocks_of, operations
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.layers import iter_blocks
from effnet_viz.scaling.receptive import receptive_fields
from effnet_viz.scaling.width import built_ratio, width_split


def test_overview_has_a_pair_of_bars_per_block_that_sum_to_all() -> None:
    figure = anatomy.block_overview(EFFICIENTNET_B0, 6, False)
    up, down = figure.data
    places = [(block.stage, block.first) for block in iter_blocks(EFFICIENTNET_B0)]
    assert [tuple(c) for c in up.customdata] == places
    assert [tuple(c) for c in down.customdata] == places
    assert sum(up.y) == pytest.approx(100)
    assert sum(down.y) == pytest.approx(-100)
    rows = network_cost(EFFICIENTNET_B0)
    for stage in rows.stages:
        shares = [y for y, (number, _) in zip(up.y, places, strict=True) if number == stage.stage]
        assert sum(shares) == pytest.approx(100 * stage.macs / rows.macs)
    strong = [
        place
        for place, colour, opacity in zip(places, up.marker.color, up.marker.opacity, strict=True)
        if colour == anatomy.OPEN and opacity == 1
    ]
    assert strong == [(6, False), (6, False)]


@pytest.mark.parametrize(("spec", "stage"), [(EFFICIENTNET_B0, 6), (RESNET_50, 3)])
def test_shares_are_the_operations(spec, stage: int) -> None:
    block = blocks_of(spec, stage)[0]
    figure = anatomy.operation_shares(block)
    steps = [step for step in operations(block) if step.formula]
    for bar, step in zip(figure.data, steps, strict=True):
        values = dict(zip(bar.y, bar.x, strict=True))
        assert values["multiply-adds"] == 100 * step.share.macs
        assert values["parameters"] == 100 * step.share.params
        assert values["activations"] == 100 * step.share.activations


def test_alternatives_are_sorted_and_the_block_stands_out() -> None:
    block = blocks_of(EFFICIENTNET_B0, 6)[1]
    figure = anatomy.alternative_bars(block, "This", alternatives(block)[:2])
    macs, channels = figure.data
    assert list(macs.x) == [61_465_600, 32_833_920, (2 * 112 * 28 + 25 * 28 * 28) * 196]
    assert list(channels.x) == [112, 672, 28]
    assert [colour == anatomy.OPEN for colour in macs.marker.color] == [False, True, False]


@pytest.mark.parametrize("width", [1.0, 2.0, 1.1, 0.5])
def test_width_bars_stack_to_their_totals(width: float) -> None:
    split, built = width_split(EFFICIENTNET_B0), built_ratio(EFFICIENTNET_B0, width)
    figure = anatomy.width_bars(split, width, built)
    totals: dict[str, float] = {}
    for bar in figure.data:
        for row, value in zip(bar.y, bar.x, strict=True):
            totals[row] = totals.get(row, 0) + value
    assert totals["baseline"] == pytest.approx(1)
    assert totals["if all grew<br>with w²"] == pytest.approx(width**2)
    rounds = abs(built - split.ratio(width)) >= 0.005
    assert rounds == (width in (1.1, 0.5))
    own = "each by its<br>own rule" if rounds else "as built"
    assert totals[own] == pytest.approx(split.ratio(width))
    if rounds:
        assert totals["as built,<br>in eights"] == pytest.approx(built)


def test_receptive_fields_are_drawn_to_scale() -> None:
    photo = Image.new("RGB", (900, 900), "red")
    fields = receptive_fields(EFFICIENTNET_B0)
    figure = anatomy.receptive_field_figure(photo, 224, fields, stage=4)
    squares = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    for field in fields:
        drawn = [s for s in squares if (s.x0, s.x1) == (field.start_px, field.end_px)]
        assert len(drawn) == 2
        assert all((s.y0, s.y1) == (s.x0, s.x1) for s in drawn)
    filled = [s for s in squares if s.fillcolor and s.fillcolor.startswith("rgba(109")]
    assert [s.x1 - s.x0 for s in filled] == [fields[3].side_px]
    labels = [note.text for note in figure.layout.annotations]
    assert labels[0] == "stage 8: 851 px"
    assert "<b>stage 4: 67 px</b>" in labels
    (image,) = figure.layout.images
    assert (image.x, image.y, image.sizex, image.sizey) == (0, 0, 224, 224)
    data = base64.b64decode(image.source.partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (480, 480)
    low, high = figure.layout.xaxis.range
    assert low < fields[-1].start_px
    assert high > fields[-1].end_px
