"""How multiply-adds grow with the width, against networks really built at those widths."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torchvision

from effnet_viz.engine.models import build_model
from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, MOBILENET_V2
from effnet_viz.scaling.compound import Multipliers, scale
from effnet_viz.scaling.width import built_ratio, width_split
from tests.oracle.torch_counts import count, skeletons


def test_b0_by_hand() -> None:
    """Layer by layer from the paper's table 1: depthwise, stem and classifier keep one side."""
    split = width_split(EFFICIENTNET_B0)
    by_name = {part.name: part for part in split.parts}
    assert split.macs == 385_814_752
    assert by_name["stem"].linear == 3 * 32 * 9 * 112**2
    assert by_name["classifier"].linear == 1280 * 1000
    assert by_name["depthwise convolutions"].linear == 34_532_064
    quadratic, linear, constant = split.shares
    assert linear == pytest.approx((34_532_064 + 10_838_016 + 1_280_000) / 385_814_752)
    assert quadratic == pytest.approx(1 - linear)
    assert constant == 0
    assert round(split.ratio(2), 2) == 3.76
    assert split.ratio(2) == pytest.approx(4 * quadratic + 2 * linear)


def test_doubling_b0_and_mobilenet_v2_equals_torchvision() -> None:
    doubled = scale(EFFICIENTNET_B0, Multipliers(1, 2, 224))
    with skeletons():
        efficientnet = build_model(doubled)
        mobilenet = torchvision.models.mobilenet_v2(width_mult=2.0)
    for spec, module in ((EFFICIENTNET_B0, efficientnet), (MOBILENET_V2, mobilenet)):
        split = width_split(spec)
        assert round(split.ratio(2) * split.macs) == count(module, 224, bare=True).macs


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_split_predicts_widths_it_was_not_fitted_to(name: str) -> None:
    """Fitted at 1, 2 and 3; a cost that were no quadratic would miss 4 and 5."""
    spec = ARCHITECTURES[name]
    split = width_split(spec)
    for width in (1, 4, 5):
        assert split.ratio(width) == pytest.approx(built_ratio(spec, width), rel=1e-12)
    assert sum(split.shares) == pytest.approx(1)
    assert [p.macs for p in split.parts] == sorted((p.macs for p in split.parts), reverse=True)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_kind_grows_as_it_says(name: str) -> None:
    grows = {
        "1×1 convolutions": 4, "k×k convolutions": 4, "squeeze-and-excitation": 4,
        "depthwise convolutions": 2, "stem": 2, "classifier": 2,
    }  # fmt: skip
    spec = ARCHITECTURES[name]
    if spec.fixed_ends:
        grows |= {"stem": 1, "classifier": 1}
    for part in width_split(spec).parts:
        growth = part.at(2) / part.macs
        if spec.fixed_ends and "×" in part.name:  # the layers beside the ends grow on one side
            assert 3 < growth < 4
        elif spec.fixed_ends and part.name.startswith("depthwise"):
            assert 1.8 < growth < 2
        else:
            assert growth == grows[part.name]
        assert part.why


def test_between_whole_widths_channels_snap_to_eights() -> None:
    split = width_split(EFFICIENTNET_B0)
    assert built_ratio(EFFICIENTNET_B0, 1.1) != pytest.approx(split.ratio(1.1), rel=1e-3)


def test_the_reason_names_the_number_of_classes() -> None:
    parts = width_split(replace(EFFICIENTNET_B0, num_classes=37)).parts
    assert any("37 classes" in part.why for part in parts)


def test_a_width_without_channels_is_a_user_error() -> None:
    with pytest.raises(UserError):
        built_ratio(ARCHITECTURES["classroom"], 0.3)
