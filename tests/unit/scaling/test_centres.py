"""Where cells lie, against a bright dot sent through the layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from effnet_viz.engine.models import build_model
from effnet_viz.scaling.architectures import (
    CLASSROOM_BASELINE,
    EFFICIENTNET_B0,
    MOBILENET_V1,
    MOBILENET_V2,
    RESNET_50,
    ArchitectureSpec,
    StageSpec,
)
from effnet_viz.scaling.centres import Centres, cell_centres, tiles
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.layers import iter_blocks

NARROW = 0.25


def narrow(
    spec: ArchitectureSpec, px: int, depth: float = 1, width: float = NARROW
) -> ArchitectureSpec:
    """The network with few channels, which change no place, on a square of ``px``."""
    return scale(spec, Multipliers(depth=depth, width=width, resolution_px=px))


def without_squeeze(spec: ArchitectureSpec) -> ArchitectureSpec:
    """Squeeze-and-excitation sees the whole photo, wherever a cell lies."""
    return replace(spec, stages=tuple(replace(stage, se_ratio=0) for stage in spec.stages))


def even_network(spec: ArchitectureSpec) -> list[tuple[nn.Module, ...]]:
    """torchvision's stages with every kernel even, no norm, and nothing that squeezes."""
    module = build_model(spec).eval()
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
        for name, child in layer.named_children():
            if type(child).__name__ == "SqueezeExcitation" or isinstance(child, nn.BatchNorm2d):
                setattr(layer, name, nn.Identity())
    if spec.family == "resnet":
        stem = (module.conv1, module.relu, module.maxpool)
        return [stem, *((getattr(module, f"layer{number}"),) for number in range(1, 5))]
    return [(stage,) for stage in module.features]


def found_at(change: Tensor, centres: Centres) -> tuple[float, float]:
    """The centre of mass ``(x, y)`` in px of a change ``(1, C, h, w)``, none of it at a border."""
    values = change.double().abs().sum(dim=(0, 1)).numpy()
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    assert border.max() < 1e-3 * values.max()
    places = np.array([centres.at(cell) * centres.side_px for cell in range(len(values))])
    total = values.sum()
    return float(values.sum(0) @ places / total), float(values.sum(1) @ places / total)


@pytest.mark.parametrize(
    "spec",
    [
        narrow(EFFICIENTNET_B0, 1120),
        narrow(EFFICIENTNET_B0, 1159, depth=1.2),
        narrow(CLASSROOM_BASELINE, 800, width=1),
        narrow(CLASSROOM_BASELINE, 1001, depth=3.67, width=1),
        narrow(RESNET_50, 1024),
        narrow(RESNET_50, 900, depth=2),
    ],
    ids=lambda spec: f"{spec.name}-{spec.resolution_px}",
)
def test_a_dot_comes_back_where_it_was(spec: ArchitectureSpec) -> None:
    """From a centre of the last stage's cells, or halfway between two: there every coarser grid
    lies alike on either side."""
    px, step = spec.resolution_px, int(cell_centres(spec)[-1].step_px)
    middle = px // 2 // step * step
    for x, y in ((middle, middle), (middle + step // 2, middle - step)):
        for found in path_of_dots(spec, [(x, y)]):
            assert found == pytest.approx((x + 0.5, y + 0.5), abs=0.01)


def path_of_dots(
    spec: ArchitectureSpec, dots: list[tuple[int, int]]
) -> Iterator[tuple[float, float]]:
    """For each stage the mean of where the dots, each alone, come back."""
    px, centres = spec.resolution_px, cell_centres(spec)
    stages = even_network(spec)
    assert len(stages) == len(centres)
    features = torch.zeros(len(dots), 3, px, px)
    for number, (x, y) in enumerate(dots):
        features[number, :, y, x] = 1
    for layers, of_stage in zip(stages, centres, strict=True):
        with torch.no_grad():
            for layer in layers:
                features = layer(features)
        found = np.array([found_at(each[None], of_stage) for each in features])
        yield tuple(found.mean(axis=0).tolist())


def test_dots_anywhere_come_back_on_average() -> None:
    """Between centres a coarse grid rounds one way or the other, up to a pixel, and in sum to
    neither: one dot on every pixel of a step."""
    spec = narrow(CLASSROOM_BASELINE, 560, width=1)
    step = int(cell_centres(spec)[-1].step_px)
    start = spec.resolution_px // 2 // step * step - step // 2
    dots = [(start + shift, start + shift) for shift in range(step)]
    for found in path_of_dots(spec, dots):
        assert found == pytest.approx(np.array([start + step / 2] * 2), abs=0.5)


def same_layers(x: Tensor, spec: ArchitectureSpec) -> Iterator[Tensor]:
    """The map after each stage by TensorFlow's padding: of the zeros that ``ceil(n / s)`` outputs
    need, half before, half and the odd one after."""
    stages = [row.stage for row in network_cost(spec).stages]
    for number in stages:
        for block in iter_blocks(spec):
            for layer in block.layers if block.stage == number else ():
                if layer.branch != "main" or layer.kind == "linear":
                    continue
                k, s, n = layer.kernel_size, layer.stride, x.shape[-1]
                total = max(k - s, 0) if n % s == 0 else max(k - n % s, 0)
                sides = (total // 2, total - total // 2)
                kernel = torch.ones(1, 1, k, k, dtype=x.dtype) / k**2
                x = conv2d(pad(x, (*sides, *sides)), kernel, stride=s)
        yield x


@pytest.mark.parametrize("px", [1120, 1121, 1130, 1199])
@pytest.mark.parametrize("spec", [EFFICIENTNET_B0, CLASSROOM_BASELINE])
def test_tensorflows_padding_shifts_the_other_way(spec: ArchitectureSpec, px: int) -> None:
    spec = replace(spec, resolution_px=px, padding="same")
    x, y = px // 2 + 5, px // 2 - 9
    dot = torch.zeros(1, 1, px, px, dtype=torch.float64)
    dot[0, 0, y, x] = 1
    for found, centres in zip(same_layers(dot, spec), cell_centres(spec), strict=True):
        assert found_at(found, centres) == pytest.approx((x + 0.5, y + 0.5), abs=0.5)


def test_by_hand() -> None:
    """A stride-32 cell is centred half a pixel after every 32nd; TensorFlow's, one before."""
    ours, same = EFFICIENTNET_B0, replace(EFFICIENTNET_B0, padding="same")
    assert cell_centres(ours)[-1] == (0.5, 32, 224)
    # each halving of an even map pads one zero more after it: 1 + 2 + 4 + 8 + 16 px further on
    assert cell_centres(same)[-1] == (31.5, 32, 224)
    # 225, 113, 57, 29, 15 px are odd: as many zeros on either side
    assert cell_centres(replace(same, resolution_px=225))[-1] == (0.5, 32, 225)


@pytest.mark.parametrize(
    ("spec", "steps"),
    [
        (EFFICIENTNET_B0, (2, 2, 4, 8, 16, 16, 32, 32, 32)),
        (CLASSROOM_BASELINE, (2, 2, 4, 8, 16, 16, 16, 16, 16)),
        (MOBILENET_V1, (2, 2, 4, 8, 16, 32)),
        (MOBILENET_V2, (2, 2, 4, 8, 16, 16, 32, 32, 32)),
        (RESNET_50, (4, 4, 8, 16, 32)),  # the stem's map is there after its pooling
    ],
)
def test_a_stage_has_one_step(spec: ArchitectureSpec, steps: tuple[int, ...]) -> None:
    assert tuple(centres.step_px for centres in cell_centres(spec)) == steps
    assert {centres.first_px for centres in cell_centres(spec)} == {0.5}


def test_a_pool_of_one_pixel_in_four_counts() -> None:
    """A stem of TensorFlow's with a pooling: kernel 7 shifts by 2.5 - 2 px, kernel 3 by 2 px."""
    stem = replace(RESNET_50, stages=(RESNET_50.stages[0], StageSpec("pool_head", 1, 1, 1, 0, 1)))
    assert cell_centres(replace(stem, padding="same")) == ((0.5 + 1 + 2, 4, 224),)


def test_edges_lie_halfway_between_centres_and_leave_out_no_place() -> None:
    centres = Centres(0.5, 32, 224)
    assert [224 * edge for edge in centres.edges(7)] == pytest.approx(
        [0, 16.5, 48.5, 80.5, 112.5, 144.5, 176.5, 224]
    )
    assert [224 * end for end in centres.own(7)] == pytest.approx([0, 208.5])
    assert [224 * end for end in Centres(31.5, 32, 224).own(7)] == pytest.approx([15.5, 224])
    assert centres.cell_at(centres.at(3)) == pytest.approx(3)


def test_tiles_fill_the_square() -> None:
    assert tiles(4).edges(4) == (0, 0.25, 0.5, 0.75, 1)
    assert tiles(4).own(4) == (0, 1)
    assert tiles(1).edges(1) == (0, 1)
