"""What else could do a block's job, and what it would cost.

The plain convolution is the measure: a block's multiply-adds are given over its, term by term.
"""

from __future__ import annotations

from dataclasses import dataclass

from effnet_viz.scaling.blocks import layer_title, macs_formula, spatial_layer
from effnet_viz.scaling.cost import Cost, block_cost, layer_cost
from effnet_viz.scaling.layers import Block, Layer


@dataclass(frozen=True, slots=True)
class Alternative:
    """Something else that turns the block's input shape into its output shape.

    ``ratio`` is the opened block over this one, for each kind of cost; ``filtered`` counts the
    channels its k×k filters look at.
    """

    name: str
    what: str
    filtered: int
    formula: str
    cost: Cost
    ratio: Cost


@dataclass(frozen=True, slots=True)
class RatioTerm:
    """One operation's multiply-adds over those of the plain convolution: a part of the ratio.

    ``symbols`` is the simplified fraction, ``worked`` the same with the block's numbers.
    """

    title: str
    symbols: str
    worked: str
    value: float


def alternatives(block: Block) -> tuple[Alternative, ...]:
    """What else could turn the block's input into its output; nothing for stems and heads.

    The plain convolution and the classic bottleneck share the block's in and out channels, stride
    and kernel; the bottleneck's inner width is a quarter of its output, as in ResNet. Blocks that
    work on more channels inside get a third: a plain convolution at that inner width. A bottleneck
    is compared with MBConv6 without squeeze-and-excitation instead of with itself.
    """
    spatial = spatial_layer(block)
    if spatial is None:
        return ()
    k, s = spatial.kernel_size, spatial.stride
    cin, cout, a, b = block.in_channels, block.out_channels, block.in_px, block.out_px

    def conv(
        name: str, i: float, o: float, kernel: int, stride: int, groups: float, px: float, to: float
    ) -> Layer:
        return Layer(name, "conv", i, o, kernel, stride, groups, px, to, False, True)

    found = [
        _alternative(
            block,
            f"Plain {k}×{k} convolution",
            f"every output channel looks at all {cin:g} input channels through its own {k}×{k} "
            "filters",
            [conv("conv", cin, cout, k, s, 1, a, b)],
        )
    ]
    if spatial.name == "spatial":
        inner = 6 * cin
        found.append(
            _alternative(
                block,
                "MBConv6 without SE",
                f"expands to {inner:g} channels, filters each alone, projects back",
                [
                    conv("expand", cin, inner, 1, 1, 1, a, a),
                    conv("depthwise", inner, inner, k, s, inner, a, b),
                    conv("project", inner, cout, 1, 1, 1, b, b),
                ],
            )
        )
        return tuple(found)
    inner = max(1, cout // 4)
    found.append(
        _alternative(
            block,
            "Classic bottleneck",
            f"reduces to {inner:g} channels (a quarter of the output), filters them all "
            "together, restores",
            [
                conv("reduce", cin, inner, 1, 1, 1, a, a),
                conv("spatial", inner, inner, k, s, 1, a, b),
                conv("restore", inner, cout, 1, 1, 1, b, b),
            ],
        )
    )
    wide = spatial.in_channels
    if wide > max(cin, cout):
        found.append(
            _alternative(
                block,
                f"Plain {k}×{k} on all {wide:g} channels",
                "a plain convolution where the block has its depthwise one, expand and project "
                "kept",
                [
                    conv("expand", cin, wide, 1, 1, 1, a, a),
                    conv("conv", wide, wide, k, s, 1, a, b),
                    conv("project", wide, cout, 1, 1, 1, b, b),
                ],
            )
        )
    return tuple(found)


def ratio_terms(block: Block) -> tuple[RatioTerm, ...]:
    """The block's multiply-adds over the plain convolution's, operation by operation.

    Each term is simplified as far as its operation allows: ``C`` and ``C′`` channels in and out,
    ``H`` and ``H′`` map sides, ``e`` expansion, ``m`` inner and ``s`` squeezed channels, ``k`` the
    kernel. The values add up to the ratio of `alternatives` exactly; nothing for stems and heads.
    """
    spatial = spatial_layer(block)
    if spatial is None:
        return ()
    k = spatial.kernel_size
    cin, cout = int(block.in_channels), int(block.out_channels)
    a, b = int(block.in_px), int(block.out_px)
    plain = k * k * cin * cout * b * b
    inner = int(spatial.in_channels)
    e = f"{inner / cin:g}"
    shrinks, from_to = ("", "") if a == b else ("·(H/H′)²", f"·({a}/{b})²")
    same = cin == cout
    terms = []
    for layer in block.layers:
        macs, title = layer_cost(layer).macs, layer_title(layer)
        match layer.name:
            case "expand":
                symbols = f"{'e/k²' if same else 'e·C/(k²·C′)'}{shrinks}"
                worked = f"{e}/{k}²" if same else f"{e}·{cin}/({k}²·{cout})"
                worked += from_to
            case "depthwise":
                symbols = "1/C′" if inner == cin else "e/C′"
                worked = f"1/{cout}" if inner == cin else f"{e}/{cout}"
            case "se_reduce":
                macs *= 2
                title = "SE reduce, expand"
                symbols = "2·e·s/(k²·C′·H′²)"
                worked = f"2·{e}·{layer.out_channels:g}/({k}²·{cout}·{b}²)"
            case "se_expand":
                continue  # costs the same as se_reduce, and is counted with it
            case "project":
                symbols, worked = "e/k²", f"{e}/{k}²"
            case "pointwise" | "shortcut":
                symbols, worked = "1/k²", f"1/{k}²"
            case "reduce":
                symbols = f"m/(k²·C′){shrinks}"
                worked = f"{inner}/({k}²·{cout}){from_to}"
            case "spatial":
                symbols, worked = "m²/(C·C′)", f"{inner}²/({cin}·{cout})"
            case _:  # restore
                symbols, worked = "m/(k²·C)", f"{inner}/({k}²·{cin})"
        terms.append(RatioTerm(title, symbols, worked, macs / plain))
    return tuple(terms)


def _alternative(block: Block, name: str, what: str, layers: list[Layer]) -> Alternative:
    cost = block_cost(block._replace(layers=tuple(layers)))
    own = block_cost(block)
    return Alternative(
        name=name,
        what=what,
        filtered=int(max(layers, key=lambda layer: layer.kernel_size).in_channels),
        formula=" + ".join(macs_formula(layer) for layer in layers),
        cost=cost,
        ratio=Cost(*(mine / other for mine, other in zip(own, cost, strict=True))),
    )
