"""The drawing says what the block is: parsed back from its SVG, for all kinds of blocks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from effnet_viz.figures.block_drawing import block_alt, block_html
from effnet_viz.figures.canvas import WORK_COLOURS, percent
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
)
from effnet_viz.scaling.blocks import blocks_of, in_shape, operations, out_shape
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.families import released_spec
from effnet_viz.scaling.layers import Block, expand

WIDEST = scale(EFFICIENTNET_B0, Multipliers(1, 5, 1600))
BLOCKS = [
    pytest.param(block, id=f"{spec.name}-{spec.resolution_px}-{block.stage}-{block.first}")
    for spec in (
        released_spec("b0"), released_spec("b7"), CLASSROOM_BASELINE, MOBILENET_V1, MOBILENET_V2,
        RESNET_50, WIDEST, replace(EFFICIENTNET_B0, resolution_px=32),
    )
    for block in expand(spec)
]  # fmt: skip


def drawings(block: Block) -> dict[str, ElementTree.Element]:
    """The drawings by class, parsed: broken markup fails here."""
    found = re.findall(r"<svg.*?</svg>", block_html(block), flags=re.DOTALL)
    parsed = [ElementTree.fromstring(svg) for svg in found]
    return {svg.attrib["class"]: svg for svg in parsed}


def words(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter("text")]


def view_box(svg: ElementTree.Element) -> tuple[float, float, float, float]:
    left, top, width, height = (float(v) for v in svg.attrib["viewBox"].split())
    return left, top, left + width, top + height


@pytest.mark.parametrize("block", BLOCKS)
def test_every_shape_and_share_is_written_in_both_drawings(block: Block) -> None:
    steps = operations(block)
    main = [step for step in steps if step.branch == "main"]
    both = drawings(block)
    assert set(both) == {"wide", "tall"}
    for svg in both.values():
        written = Counter(words(svg))
        shapes = Counter(str(step.out_shape) for step in main) + Counter([str(in_shape(block))])
        shapes += Counter(str(step.out_shape) for step in steps if step.branch == "se")
        assert not shapes - written
        shares = Counter(
            percent(share)
            for step in main
            if step.formula
            for share in (step.share.macs, step.share.params)
        )
        assert not shares - written
        for step in steps:
            if step.formula and step.branch == "main":
                assert step.title in written


@pytest.mark.parametrize("block", BLOCKS)
def test_nothing_leaves_the_picture_and_bars_are_their_share(block: Block) -> None:
    for svg in drawings(block).values():
        left, top, right, bottom = view_box(svg)
        for rect in svg.iter("rect"):
            x, y, width, height = (float(rect.attrib[k]) for k in ("x", "y", "width", "height"))
            assert left <= x
            assert x + width <= right
            assert top <= y
            assert y + height <= bottom
        for text in svg.iter("text"):
            assert top <= float(text.attrib["y"]) <= bottom
            x, width = float(text.attrib["x"]), 0.5 * float(text.attrib["font-size"])
            width *= 0 if "transform" in text.attrib else len(text.text or "")
            before = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.attrib["text-anchor"]]
            assert left <= x - before * width
            assert x + (1 - before) * width <= right
        tracks = [r for r in svg.iter("rect") if r.attrib.get("fill-opacity") == "0.12"]
        bars = [
            r
            for r in svg.iter("rect")
            if r.attrib["height"] == "5" and "fill-opacity" not in r.attrib
        ]
        steps = [s for s in operations(block) if s.formula and s.branch == "main"]
        expected = [share for s in steps for share in (s.share.macs, s.share.params)]
        full = float(tracks[0].attrib["width"])
        for bar, share in zip(bars, [e for e in expected if e > 0], strict=True):
            assert float(bar.attrib["width"]) == pytest.approx(max(2.0, full * share), abs=0.06)


@pytest.mark.parametrize("block", BLOCKS)
def test_things_in_the_row_do_not_touch(block: Block) -> None:
    svg = drawings(block)["wide"]
    shapes = [
        (min(xs), max(xs))
        for group in svg.iter("polygon")
        if group.attrib.get("stroke")
        for xs in [[float(p.split(",")[0]) for p in group.attrib["points"].split()]]
    ]
    boxes = [
        (float(r.attrib["x"]), float(r.attrib["x"]) + float(r.attrib["width"]))
        for r in svg.iter("rect")
        if r.attrib.get("rx") == "8" and float(r.attrib["width"]) == 148
    ]
    for left, right in boxes:
        for a, b in shapes:
            assert b + 12 <= left or right + 12 <= a, "no room for an arrow"


@pytest.mark.parametrize(
    ("spec", "stage", "index", "says"),
    [
        (EFFICIENTNET_B0, 6, 1, "skip: the input, 112×14×14, unchanged"),
        (EFFICIENTNET_B0, 6, 0, "no skip: channels change (80 → 112)"),
        (EFFICIENTNET_B0, 7, 0, "no skip: stride 2 (14 → 7 px) and channels change (112 → 192)"),
        (RESNET_50, 3, 0, "1×1 shortcut"),
    ],
)
def test_the_arc_says_whether_there_is_a_skip(spec, stage, index, says) -> None:
    wide = drawings(blocks_of(spec, stage)[index])["wide"]
    assert says in words(wide)
    dashed = any("stroke-dasharray" in path.attrib for path in wide.iter("path"))
    assert dashed == says.startswith("no skip")


def test_stems_heads_and_mobilenet_v1_have_no_arc() -> None:
    for block in (
        blocks_of(EFFICIENTNET_B0, 1)[0],
        blocks_of(EFFICIENTNET_B0, 9)[0],
        blocks_of(MOBILENET_V1, 4)[0],
    ):
        assert not any("skip" in text for svg in drawings(block).values() for text in words(svg))


def test_colours_say_what_an_operation_does() -> None:
    wide = drawings(blocks_of(EFFICIENTNET_B0, 6)[1])["wide"]
    colour = {}
    for group in wide.iter("g"):
        rect, *_ = group.iter("rect")
        title = next(t.text for t in group.iter("text"))
        colour[title] = rect.attrib["stroke"]
    assert colour == {
        "1×1 expand": WORK_COLOURS["mix"], "5×5 depthwise": WORK_COLOURS["filter"],
        "1×1 project": WORK_COLOURS["mix"], "pool": WORK_COLOURS["pool"],
        "reduce": WORK_COLOURS["gate"], "expand": WORK_COLOURS["gate"],
    }  # fmt: skip


def test_text_and_lines_take_the_page_s_colour() -> None:
    html = block_html(blocks_of(EFFICIENTNET_B0, 6)[1])
    assert "fill: currentColor" in html
    painted = set(re.findall(r'(?:fill|stroke)="(#[0-9A-Fa-f]+)"', html))
    assert painted <= set(WORK_COLOURS.values())


def test_alt_text_tells_the_whole_block() -> None:
    block = blocks_of(EFFICIENTNET_B0, 6)[1]
    alt = block_alt(block)
    for part in ("Input 112×14×14", "5×5 depthwise (10 %", "672×14×14", "28×1×1", "Skip: stride 1"):
        assert part in alt
    for svg in drawings(block).values():
        assert svg.attrib["role"] == "img"
        assert svg.attrib["aria-label"] == alt
    assert str(out_shape(block)) in alt


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.0571, "5.7 %"), (0.0996, "10 %"), (0.1, "10 %"),
     (0.47, "47 %"), (1, "100 %")],
)  # fmt: skip
def test_percentages_have_two_digits(share: float, text: str) -> None:
    assert percent(share) == text
