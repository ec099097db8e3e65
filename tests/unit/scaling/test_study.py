"""A study says what it was asked for, and its Python gives the same network again."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effnet_viz.errors import UserError
from effnet_viz.scaling.architectures import ARCHITECTURES, EFFICIENTNET_B0, RESNET_50
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import released_spec
from effnet_viz.scaling.study import python_recipe, study

STUDIES = {
    "the baseline": study(),
    "phi": study(phi=1),
    "phi and coefficients": study("classroom", phi=1.7, alpha=1.31, beta=1.05, gamma=1.12),
    "multipliers": study("resnet_50", depth=1.5, width=1.25, resolution_px=320),
    "one dimension": study("mobilenet_v1", width=0.75),
    "MobileNetV2 by phi": study("mobilenet_v2", phi=0.5),
    "a released variant": study(variant="b3"),
    "one published later": study(variant="b8"),
    "other ends": study(phi=0.5, num_classes=10, in_channels=1),
    "a variant with other ends": study(variant="B1", num_classes=37),
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_python_as_it_stands_gives_the_same_network(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = STUDIES[name]
    recipe = python_recipe(expected)
    assert recipe.startswith("import effnet_viz as ev\n")
    assert recipe.count("import") == 1
    (tmp_path / "recipe.py").write_text(recipe, encoding="utf-8")
    left = runpy.run_path(str(tmp_path / "recipe.py"))
    assert left["study"] == expected
    assert capsys.readouterr().out == f"{expected.cost.macs}\n"
    assert f"# {expected.cost.macs}" in recipe
    assert sum(p.numel() for p in left["model"].parameters()) == expected.cost.params


def test_each_way_of_scaling_is_the_one_it_names() -> None:
    one = Coefficients(1.0)
    assert study(phi=1).scaled == scale(EFFICIENTNET_B0, one.multipliers(224))
    assert study(phi=1).law == one
    assert study(phi=1).gap.law_ratio == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    assert study("efficientnet_b0", one) == study(phi=1)
    direct = study(RESNET_50, depth=2, resolution_px=256)
    assert direct.multipliers == Multipliers(2, 1, 256)
    assert direct == study("resnet_50", Multipliers(2, 1, 256))
    assert direct.gap.law_ratio == pytest.approx(2 * (256 / 224) ** 2)
    assert (direct.law, direct.variant) == (None, None)
    assert study() == study(depth=1, width=1, resolution_px=224)


@pytest.mark.parametrize("variant", ["b0", "B3", "b7", "L2"])
def test_a_released_variant_is_the_published_network(variant: str) -> None:
    result = study(variant=variant)
    assert result.scaled == released_spec(variant.lower())
    assert result.cost == network_cost(result.scaled)
    assert result.variant == variant.lower()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"phi": 1, "depth": 2}, "Scale in one way"),
        ({"phi": 1, "variant": "b1"}, "Scale in one way"),
        ({"scaling": Multipliers(1, 1, 224), "width": 2}, "Scale in one way"),
        ({"alpha": 1.2}, "alpha has no effect without phi"),
        ({"architecture": "vgg"}, "no architecture 'vgg'; choose one of efficientnet_b0"),
        ({"architecture": "resnet_50", "variant": "b1"}, "scaled from efficientnet_b0, not from"),
        ({"variant": "b9"}, "no variant 'b9'"),
        ({"phi": 99}, "phi must be between"),
        ({"resolution_px": 224.5}, "whole number of pixels"),
        ({"width": 0.01}, "width must be between"),
    ],
)
def test_what_describes_no_network_is_one_sentence(asked: dict, message: str) -> None:
    with pytest.raises(UserError) as error:
        study(**asked)
    assert message in str(error.value)


@pytest.mark.parametrize("name", ["num_classes", "in_channels"])
@pytest.mark.parametrize("bad", [0, -3, 1.5, 10**7, "ten"])
def test_ends_that_are_none(name: str, bad: Any) -> None:
    with pytest.raises(UserError, match=rf"^{name} must be a whole number between 1 and 1,000,000"):
        study(**{name: bad})


@given(st.floats(0.3, 6), st.floats(0.5, 4))
def test_the_multipliers_that_are_shown_build_the_network(depth: float, width: float) -> None:
    result = study(depth=depth, width=width)
    shown = [float(text) for text in result.shown_multipliers]
    assert study(depth=shown[0], width=shown[1]).cost == result.cost
    assert shown == pytest.approx([depth, width], rel=1e-5)


def test_every_architecture_is_called_something() -> None:
    assert all(spec.title and spec.source for spec in ARCHITECTURES.values())
    assert len({spec.title for spec in ARCHITECTURES.values()}) == len(ARCHITECTURES)
