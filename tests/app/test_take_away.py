"""What the Scale page gives to take along: its Python, run as it stands, and the files."""

import runpy

import pytest

from effnet_viz.scaling.architectures import RESNET_50
from effnet_viz.scaling.compound import Coefficients, Multipliers, scale
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import released_spec
from tests.app.conftest import texts
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


def test_the_networks_files_are_made_when_asked_for(open_page):
    def offered(app) -> list[str]:
        return [button.label for button in app.get("download_button") if "ZIP" in button.label]

    app = open_page(architecture="Classroom baseline", phi="1")
    assert not offered(app)
    app.button(key="start_export").click().run()
    running = app.session_state["job_export"]
    if running is not None:
        assert running[1].wait(120)
        app.run()
    assert not app.exception
    assert offered(app) == ["Network, ZIP, 3 MB"]
    assert "Weights: grown from classroom baseline, not trained further." in texts(app)
    app.slider(key="phi").set_value(2.0).run()
    assert not offered(app)
    too_large = open_page(by="B0-B7", variant="L2")
    too_large.button(key="start_export").click().run()
    assert "would take 1,832 MB" in too_large.error[0].value
