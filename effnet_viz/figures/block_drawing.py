"""A block's operations as an SVG drawing that follows the page's own text colour.

Two versions of one drawing, left to right for wide places and top to bottom for narrow ones; the
style sheet shows the one that fits. A tensor is a slab: its height is the side of the map, its
thickness the channels, both to scale within the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Literal

from effnet_viz.figures.canvas import NODE, WORK_COLOURS, Canvas, canvas_for, percent
from effnet_viz.scaling.architectures import Family
from effnet_viz.scaling.blocks import (
    Operation,
    Shape,
    in_shape,
    operations,
    out_shape,
    skip_reason,
)
from effnet_viz.scaling.layers import Block

STYLE = """<style>
.anatomy { container-type: inline-size; }
.anatomy svg { display: block; width: 100%; height: auto; font-family: inherit; }
.anatomy svg text { fill: currentColor; }
.anatomy .tall { display: none; max-width: 420px; margin: 0 auto; }
@container (max-width: 720px) {
  .anatomy .wide { display: none; }
  .anatomy .tall { display: block; }
}
</style>"""

_TALLEST, _THICKEST = 84.0, 62.0
_BOX_WIDTH, _BOX_HEIGHT = 148.0, 116.0
_BARE_HEIGHT = 46.0


def block_html(block: Block, family: Family = "efficientnet") -> str:
    """Both drawings of a block and the style sheet that chooses, as one piece of HTML."""
    steps = operations(block, family)
    alt = escape(block_alt(block), quote=True)
    drawings = _wide(block, steps, alt) + _tall(block, steps, alt)
    return f'{STYLE}<div class="anatomy">{drawings}</div>'


def block_alt(block: Block) -> str:
    """The drawing in words: the shapes in order, each operation's share, and the skip."""
    parts = [f"Input {in_shape(block)}"]
    for step in operations(block):
        share = f" ({percent(step.share.macs)} of the multiply-adds)" if step.formula else ""
        parts.append(f"{step.title}{share} to {step.out_shape}")
    return "; ".join(parts) + ". " + skip_reason(block)


@dataclass(slots=True)
class _Item:
    """One thing in the row from left to right: a tensor, an operation's box, a round node (× or +),
    or a shape written on an arrow. ``reach`` is from its middle to where arrows touch it."""

    kind: Literal["slab", "box", "node", "label"]
    shape: Shape
    step: Operation | None
    width: float
    reach: float
    x: float = 0.0


def _row(canvas: Canvas, block: Block, steps: Sequence[Operation]) -> list[_Item]:
    def slab(shape: Shape) -> _Item:
        thick, _, slant = canvas.size(shape)
        across = thick + slant
        # the shape stands below, where it may reach under the boxes beside it
        return _Item("slab", shape, None, max(across, _text_width(shape) - 34), across / 2)

    items = [slab(in_shape(block))]
    for step in steps:
        shape = step.out_shape
        if step.name in ("add", "se_scale"):
            items.append(_Item("node", shape, step, 2 * NODE, NODE))
            items.append(_Item("label", shape, None, _text_width(shape) + 22, 0.0))
        else:
            items.append(_Item("box", shape, step, _BOX_WIDTH, _BOX_WIDTH / 2))
            items.append(slab(shape))
    for end in (items[0], items[-1]):
        end.width = max(end.width, _text_width(end.shape))
    return items


def _text_width(shape: Shape) -> float:
    return 7.8 * len(str(shape))


def _spread(items: Sequence[_Item], width: float) -> None:
    """Give every item its place: equal gaps, none around a label, which stands in one."""
    gaps = ["label" not in (before.kind, after.kind) for before, after in pairwise(items)]
    taken = sum(item.width for item in items)
    gap = min(44.0, (width - 8 - taken) / sum(gaps))
    left = (width - taken - gap * sum(gaps)) / 2
    for item, has_gap in zip(items, [*gaps, False], strict=True):
        item.x = left + item.width / 2
        left += item.width + gap * has_gap


def _wide(block: Block, steps: Sequence[Operation], alt: str) -> str:
    """Left to right: slab, operation, slab, ...; the skip above, squeeze-and-excitation below."""
    canvas = canvas_for(steps, _THICKEST, _TALLEST)
    shortcut = next((step for step in steps if step.branch == "shortcut"), None)
    gate = [step for step in steps if step.branch == "se"]
    items = _row(canvas, block, [step for step in steps if step.branch == "main"])
    width, middle = 1120.0, 150.0
    lowest = middle + _TALLEST / 2 + 24
    _spread(items, width)

    touched = [item for item in items if item.kind != "label"]
    for before, after in pairwise(touched):
        start, stop = before.x + before.reach + 3, after.x - after.reach - 3
        canvas.line([(start, middle), (stop, middle)])
    if items[-1].kind == "label":
        end = items[-1].x + items[-1].width / 2
        canvas.line([(touched[-1].x + NODE + 3, middle), (end, middle)])

    for item in items:
        if item.kind == "slab":
            canvas.slab(item.x, middle, item.shape)
            canvas.text(item.x, lowest, str(item.shape), 14, weight=600)
        elif item.kind == "label":
            canvas.text(item.x, middle - 8, str(item.shape), 14, weight=600)
        elif item.step is not None and item.kind == "node":
            sign = "+" if item.step.name == "add" else "×"
            canvas.node(item.x, middle, sign, WORK_COLOURS[item.step.work])
        elif item.step is not None:
            high = _BOX_HEIGHT if item.step.formula else _BARE_HEIGHT
            canvas.box(item.x, middle, _BOX_WIDTH, high, item.step, small=False)

    if _may_skip(block):
        _wide_skip(canvas, block, items, middle, shortcut)
    height = lowest + 14
    if gate:
        node = next(i for i, item in enumerate(items) if item.step and item.step.name == "se_scale")
        _wide_gate(canvas, gate, items[node - 1].x, items[node].x, middle, lowest)
        height = lowest + 116
    return canvas.svg("wide", width, 0.0 if _may_skip(block) else 86.0, height, alt)


def _wide_skip(
    canvas: Canvas,
    block: Block,
    items: Sequence[_Item],
    middle: float,
    shortcut: Operation | None,
) -> None:
    """The arc over the row: solid to the addition, or dashed and pale where there is none."""
    add = next((item for item in items if item.step and item.step.name == "add"), None)
    start, top = items[0].x, 26.0
    stop = add.x if add else items[-1].x
    from_y = middle - max(canvas.size(in_shape(block))[1], 20) / 2 - 8
    to_y = middle - NODE - 3
    if add is None:
        to_y = middle - max(canvas.size(out_shape(block))[1], 20) / 2 - 8
    centre = (start + stop) / 2
    opened = 68.0 if shortcut is not None else 0.0
    rise = f"M{start:.1f} {from_y:.1f} C{start:.1f} {top:.1f} {start + 20:.1f} {top:.1f} "
    fall = f"C{stop - 20:.1f} {top:.1f} {stop:.1f} {top:.1f} {stop:.1f} {to_y:.1f}"
    arc = (
        f"{rise}{start + 90:.1f} {top:.1f} L{centre - opened:.1f} {top:.1f} "
        f"M{centre + opened:.1f} {top:.1f} L{stop - 90:.1f} {top:.1f} {fall}"
    )
    canvas.path(arc, dashed=add is None, opacity=0.75 if add else 0.35)
    if add is None:
        canvas.text(centre, top - 8, "no skip: " + _short_reason(block), 13, opacity=0.85)
        return
    canvas.head((stop, top), (stop, to_y))
    if shortcut is None:
        canvas.text(centre, top - 8, f"skip: the input, {in_shape(block)}, unchanged", 13)
        return
    share = f"{percent(shortcut.share.macs)} of MACs, {percent(shortcut.share.params)} of params"
    canvas.box(centre, top, 130, 30, shortcut, small=True)
    canvas.text(centre, top + 30, share, 12, opacity=0.75)
    canvas.text((centre + 65 + stop) / 2, top - 8, str(shortcut.out_shape), 13, weight=600)


def _may_skip(block: Block) -> bool:
    """Whether a skip is a question at all: not for stems, heads and MobileNetV1's chain."""
    names = {layer.name for layer in block.layers}
    return bool(names & {"project", "restore"})


def _short_reason(block: Block) -> str:
    parts = []
    if block.in_px != block.out_px:
        parts.append(f"stride 2 ({block.in_px:g} → {block.out_px:g} px)")
    if block.in_channels != block.out_channels:
        parts.append(f"channels change ({block.in_channels:g} → {block.out_channels:g})")
    return " and ".join(parts) or "stride 2"


def _gate_share(gate: Sequence[Operation]) -> str:
    macs = sum(step.share.macs for step in gate)
    params = sum(step.share.params for step in gate)
    return f"{percent(macs)} of MACs, {percent(params)} of params"


def _wide_gate(
    canvas: Canvas,
    gate: Sequence[Operation],
    enter: float,
    leave: float,
    middle: float,
    top: float,
) -> None:
    """Squeeze-and-excitation under the row, from the slab it reads to the product it feeds."""
    panel_top, panel_height, panel_width = top + 10, 102.0, 540.0
    left = max(4.0, leave - panel_width + 24)
    colour = WORK_COLOURS["gate"]
    canvas.add(
        f'<rect x="{left:.1f}" y="{panel_top:.1f}" width="{panel_width:.1f}" '
        f'height="{panel_height:.1f}" rx="10" fill="{colour}" fill-opacity="0.07" '
        f'stroke="{colour}" stroke-opacity="0.7" stroke-width="1.2"/>'
    )
    canvas.text(left + 14, panel_top + 19, "Squeeze-and-excitation", 14, anchor="start", weight=650)
    canvas.text(left + 188, panel_top + 19, _gate_share(gate), 12, anchor="start", opacity=0.75)
    y, x, slot = panel_top + 64, left + 14.0, (panel_width - 38) / 3
    turn = panel_top + 32
    canvas.line([(enter, top + 7), (enter, turn), (x + 37, turn), (x + 37, y - 19)])
    for step in gate:
        canvas.box(x + 37, y, 74, 34, step, small=True)
        canvas.text(x + 37, y + 31, step.then, 12, opacity=0.75)
        last = step is gate[-1]
        end = leave if last else x + slot - 2
        canvas.line([(x + 77, y), (end, y)], arrow=not last)
        canvas.text((x + 77 + end) / 2, y - 7, str(step.out_shape), 13, weight=600)
        x += slot
    canvas.line([(leave, y), (leave, middle + NODE + 3)])


def _tall(block: Block, steps: Sequence[Operation], alt: str) -> str:
    """Top to bottom for narrow places; skip on the left, squeeze-and-excitation on the right."""
    canvas = canvas_for(steps, 96.0, 46.0)
    axis, width, box_width = 152.0, 352.0, 196.0
    gate = [step for step in steps if step.branch == "se"]
    shortcut = next((step for step in steps if step.branch == "shortcut"), None)

    def slab(y: float, shape: Shape) -> float:
        thick, high, slant = canvas.size(shape)
        high += 0.6 * slant
        canvas.slab(axis, y + high / 2, shape)
        canvas.text(axis + (thick + slant) / 2 + 8, y + high / 2 + 4, str(shape), 13,
                    anchor="start", weight=600)  # fmt: skip
        return y + high + 4

    if _may_skip(block) and not block.skip:
        reason = "no skip: " + _short_reason(block)
        for line, part in enumerate(reason.split(" and ")):
            canvas.text(width / 2, 14 + 15 * line, "and " * line + part, 12, opacity=0.85)
    first_middle = 42.0 + canvas.size(in_shape(block))[1] / 2
    y = slab(40.0, in_shape(block))
    for step in (step for step in steps if step.branch == "main"):
        if step.name == "se_scale":
            y = _tall_gate(canvas, gate, axis, y)
            canvas.text(axis + 24, y - 8, str(step.out_shape), 13, anchor="start", weight=600)
            continue
        if step.name == "add":
            canvas.line([(axis, y), (axis, y + 20)])
            y += 23 + NODE
            canvas.node(axis, y, "+", WORK_COLOURS["add"])
            _tall_skip(canvas, axis, first_middle, y, in_shape(block), shortcut)
            canvas.text(axis + 24, y + 30, str(step.out_shape), 13, anchor="start", weight=600)
            canvas.line([(axis, y + NODE), (axis, y + 42)])
            y += 46
            continue
        canvas.line([(axis, y), (axis, y + 20)])
        height = _BOX_HEIGHT if step.formula else _BARE_HEIGHT
        canvas.box(axis, y + 22 + height / 2, box_width, height, step, small=False)
        y += 22 + height
        canvas.line([(axis, y), (axis, y + 18)])
        y = slab(y + 21, step.out_shape)
    top = 0.0 if _may_skip(block) and not block.skip else 34.0
    return canvas.svg("tall", width, top, y + 6, alt)


def _tall_skip(
    canvas: Canvas,
    axis: float,
    start: float,
    stop: float,
    shape: Shape,
    shortcut: Operation | None,
) -> None:
    side = 22.0
    thick, _, slant = canvas.size(shape)
    from_x, to_x = axis - (thick + slant) / 2 - 4, axis - NODE - 3
    canvas.path(
        f"M{from_x:.1f} {start:.1f} L{side + 14:.1f} {start:.1f} Q{side:.1f} {start:.1f} "
        f"{side:.1f} {start + 14:.1f} L{side:.1f} {stop - 14:.1f} Q{side:.1f} {stop:.1f} "
        f"{side + 14:.1f} {stop:.1f} L{to_x:.1f} {stop:.1f}"
    )
    canvas.head((side, stop), (to_x, stop))
    words = "skip: the input, unchanged"
    if shortcut is not None:
        words = f"{shortcut.title}: {percent(shortcut.share.macs)} of MACs"
    canvas.text(side - 8, (start + stop) / 2, words, 12, turn=-90)


def _tall_gate(canvas: Canvas, gate: Sequence[Operation], axis: float, y: float) -> float:
    """The branch beside the axis; returns where the axis goes on, under the product."""
    left, width = axis + 44, 152.0
    centre = left + width / 2
    top = y + 14
    height = 52 + 56 * len(gate)
    colour = WORK_COLOURS["gate"]
    canvas.add(
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="10" '
        f'fill="{colour}" fill-opacity="0.07" stroke="{colour}" stroke-opacity="0.7"/>'
    )
    canvas.text(centre, top + 18, "Squeeze-and-excitation", 12, weight=650)
    params = sum(step.share.params for step in gate)
    canvas.text(centre, top + 34, f"{percent(params)} of params", 11, opacity=0.75)
    line = top + 46
    canvas.line([(axis, y), (axis, top + height + 8)])
    canvas.line([(axis, line + 14), (centre - 44, line + 14)])
    for step in gate:
        canvas.box(centre, line + 14, 84, 28, step, small=True)
        canvas.text(centre - 6, line + 45, step.then, 12, anchor="end", opacity=0.75)
        if step is not gate[-1]:
            canvas.line([(centre, line + 28), (centre, line + 54)])
        canvas.text(centre + 8, line + 45, str(step.out_shape), 12, anchor="start", weight=600)
        line += 56
    node = top + height + 11 + NODE
    canvas.line([(centre, line - 28), (centre, node), (axis + NODE + 3, node)])
    canvas.node(axis, node, "×", colour)
    return node + NODE + 16
