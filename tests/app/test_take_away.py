"""The Scale page's Python, run as it stands on the page."""

import runpy

import pytest

from effnet_viz.scaling.architectures import RESNET_50
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import released_spec
from tests.unit.scaling.test_study import STUDIES

MOBILE = STUDIES["MobileNetV2 by phi"].scaled


@pytest.mark.parametrize(
    ("link", "spec"),
    [
        ({"guess": "Just show me"}, STUDIES["phi"].scaled),
        ({"by": "B0-B7", "variant": "B3"}, released_spec("b3")),
        ({"architecture": "MobileNetV2", "phi": "0.5"}, MOBILE),
        (
            {"architecture": "ResNet-50", "by": "d, w, r", "depth": "1.5", "px": "256"},
            scale(RESNET_50, Multipliers(1.5, 1, 256)),
        ),
        (
            {"architecture": "Classroom baseline", "phi": "2", "alpha": "1.3", "lock": "false"},
            scale(STUDIES["phi and coefficients"].base, Coefficients(2, 1.3).multipliers(96)),
        ),
    ],
    ids=["as it opens", "a variant", "MobileNetV2", "ResNet-50", "classroom"],
)
def test_the_code_on_the_page_gives_the_network_on_the_page(
    open_page, tmp_path, capsys, link, spec
):
    (code,) = [block.value for block in open_page(**link).code if "import" in block.value]
    (tmp_path / "taken.py").write_text(code, encoding="utf-8")
    left = runpy.run_path(str(tmp_path / "taken.py"))
    assert left["study"].scaled == spec
    assert capsys.readouterr().out == f"{network_cost(spec).macs}\n"
    if "model" in left:
        counted = sum(p.numel() for p in left["model"].parameters())
        assert counted == network_cost(spec).params
