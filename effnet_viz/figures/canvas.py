"""The pieces a block's drawing is made of, as SVG: slabs, boxes with bars, nodes, arrows.

Everything is drawn in the page's own text colour; an operation's colour says what it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from types import MappingProxyType

from effnet_viz.scaling.blocks import Operation, Shape, Work

#: What an operation does to channels; none is a role's colour. They hold on light and dark.
WORK_COLOURS: MappingProxyType[Work, str] = MappingProxyType(
    {"mix": "#6D6AF0", "filter": "#D99A00", "gate": "#2BA5D6", "pool": "#8A8A94", "add": "#8A8A94"}
)
WORK_TITLES: MappingProxyType[Work, str] = MappingProxyType(
    {
        "mix": "mixes channels",
        "filter": "filters each channel alone",
        "gate": "weighs channels (SE)",
        "pool": "pools",
        "add": "adds",
    }
)

#: Radius of a round node.
NODE = 15.0


def percent(share: float) -> str:
    """A fraction as a percentage with two digits; tiny ones as ``< 0.1 %``."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.{0 if share >= 0.0995 else 1}f} %"


class Canvas:
    """Collects SVG elements; knows nothing of networks."""

    def __init__(self, thickest: int, tallest: int, across: float, high: float) -> None:
        self.parts: list[str] = []
        self.per_channel = across / thickest
        self.per_px = high / tallest

    def add(self, element: str) -> None:
        """An SVG element, drawn over those before it."""
        self.parts.append(element)

    def text(
        self, x: float, y: float, words: str, size: float = 12, *, anchor: str = "middle",
        weight: int = 400, opacity: float = 1.0, turn: int = 0,
    ) -> None:  # fmt: skip
        """Words, turned by so many degrees around their anchor."""
        rotate = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.add(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
            f'font-weight="{weight}" opacity="{opacity:g}"{rotate}>{escape(words)}</text>'
        )

    def line(self, points: Sequence[tuple[float, float]], *, arrow: bool = True) -> None:
        """A line through the points, with an arrow head at the last."""
        path = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.path(path)
        if arrow:
            self.head(points[-2], points[-1])

    def path(self, path: str, *, dashed: bool = False, opacity: float = 0.75) -> None:
        """A stroke along an SVG path."""
        dash = ' stroke-dasharray="5 5"' if dashed else ""
        self.add(
            f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.5" '
            f'stroke-opacity="{opacity:g}"{dash}/>'
        )

    def head(self, before: tuple[float, float], tip: tuple[float, float]) -> None:
        """An arrow head at ``tip``, along one of the four directions."""
        (x0, y0), (x, y) = before, tip
        dx = (x > x0) - (x < x0)
        dy = 0 if dx else (y > y0) - (y < y0)
        points = [
            (x, y),
            (x - 7 * dx - 4 * dy, y - 7 * dy - 4 * dx),
            (x - 7 * dx + 4 * dy, y - 7 * dy + 4 * dx),
        ]
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
        self.add(f'<polygon points="{corners}" fill="currentColor" fill-opacity="0.75"/>')

    def size(self, shape: Shape) -> tuple[float, float, float]:
        """Thickness, height and the slant's offset of a tensor's slab."""
        high = max(4.0, shape.height * self.per_px)
        return max(3.0, shape.channels * self.per_channel), high, 0.22 * high

    def slab(self, x: float, y: float, shape: Shape) -> None:
        """A tensor with the middle of its whole outline at ``x, y``."""
        thick, high, slant = self.size(shape)
        left, top = x - (thick + slant) / 2, y - high / 2 + 0.3 * slant
        right, up = left + thick, top - 0.6 * slant
        faces = (
            (0.16, [(left, top), (right, top), (right, top + high), (left, top + high)]),
            (0.08, [(left, top), (left + slant, up), (right + slant, up), (right, top)]),
            (0.30, [(right, top), (right + slant, up), (right + slant, up + high),
                    (right, top + high)]),
        )  # fmt: skip
        for opacity, corners in faces:
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
            self.add(
                f'<polygon points="{points}" fill="currentColor" fill-opacity="{opacity:g}" '
                'stroke="currentColor" stroke-opacity="0.6" stroke-width="1"/>'
            )

    def node(self, x: float, y: float, sign: str, colour: str) -> None:
        """A round node with a sign in it, × or +."""
        self.add(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{NODE:g}" fill="{colour}" fill-opacity="0.18" '
            f'stroke="{colour}" stroke-width="1.5"/>'
        )
        self.text(x, y + 6, sign, 18, weight=600)

    def box(
        self, x: float, y: float, width: float, height: float, step: Operation, *, small: bool
    ) -> None:
        """An operation: what it is called, what it does, and bars for its share of the block."""
        colour = WORK_COLOURS[step.work]
        left, top = x - width / 2, y - height / 2
        self.add("<g>")
        hover = f"{step.title}: {step.what}"
        if step.formula:
            hover += f". Multiply-adds: {step.formula} = {step.cost.macs:,.0f}"
        if step.then:
            hover += f". Then {step.then}"
        self.add(f"<title>{escape(hover)}</title>")
        self.add(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="8" '
            f'fill="{colour}" fill-opacity="0.14" stroke="{colour}" stroke-width="1.5"/>'
        )
        if small:
            self.text(x, y + 4, step.title.removeprefix("SE "), 13, weight=600)
        else:
            self.text(x, top + 21, step.title, 15, weight=650)
            words = WORK_TITLES[step.work]
            if step.stride > 1:
                words = f"stride {step.stride}: halves the map"
            self.text(x, top + 37, words, 12, opacity=0.75)
            if step.then:
                self.text(x, top + 53, f"then {step.then}", 12, opacity=0.75)
            if step.formula:
                self.bars(left + 10, top + height - 49, width - 20, step, colour)
        self.add("</g>")

    def bars(self, left: float, top: float, width: float, step: Operation, colour: str) -> None:
        """Two bars: the operation's share of the block's multiply-adds and parameters."""
        rows = (("MACs", step.share.macs), ("params", step.share.params))
        for row, (word, share) in enumerate(rows):
            y = top + 22 * row
            self.text(left, y + 8, word, 12, anchor="start", opacity=0.75)
            self.text(left + width, y + 8, percent(share), 12, anchor="end", weight=600)
            self.add(
                f'<rect x="{left:.1f}" y="{y + 12:.1f}" width="{width:.1f}" height="5" rx="2.5" '
                'fill="currentColor" fill-opacity="0.12"/>'
            )
            if share > 0:
                self.add(
                    f'<rect x="{left:.1f}" y="{y + 12:.1f}" width="{max(2.0, width * share):.1f}" '
                    f'height="5" rx="2.5" fill="{colour}"/>'
                )

    def svg(self, kind: str, width: float, top: float, bottom: float, alt: str) -> str:
        """The drawing as one element of class ``kind``, from ``top`` to ``bottom``."""
        return (
            f'<svg class="{kind}" role="img" aria-label="{alt}" '
            f'viewBox="0 {top:.0f} {width:.0f} {bottom - top:.0f}">'
            + "".join(self.parts)
            + "</svg>"
        )


def canvas_for(steps: Sequence[Operation], across: float, high: float) -> Canvas:
    """A canvas on which the largest of the block's tensors is ``across`` thick, ``high`` tall."""
    shapes = [shape for step in steps for shape in (step.in_shape, step.out_shape)]
    return Canvas(max(s.channels for s in shapes), max(s.height for s in shapes), across, high)
