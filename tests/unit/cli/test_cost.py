"""``cost``: what it prints, and what it does not load."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from effnet_viz.__main__ import main
from tests.unit.cli.said import output

ROOT = Path(__file__).parents[3]


STAGE_KEYS = ["stage", "operator", "in_resolution_px", "out_resolution_px", "in_channels",
              "out_channels", "repeats", "kernel_size", "stride", "expand_ratio", "params",
              "macs"]  # fmt: skip


def test_cost_json_of_the_baseline(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost")
    assert list(found) == ["architecture", "depth", "width", "resolution_px", "params", "macs",
                           "activations", "law_ratio", "built_ratio", "stages"]  # fmt: skip
    assert (found["architecture"], found["resolution_px"]) == ("efficientnet_b0", 224)
    assert (found["params"], found["macs"]) == (5_288_548, 385_814_752)
    assert found["law_ratio"] == found["built_ratio"] == found["depth"] == found["width"] == 1
    assert [list(stage) for stage in found["stages"]] == 9 * [STAGE_KEYS]
    assert found["stages"][3] == {
        "stage": 4,
        "operator": "MBConv6 k5x5",
        "in_resolution_px": 56,
        "out_resolution_px": 28,
        "in_channels": 24,
        "out_channels": 40,
        "repeats": 2,
        "kernel_size": 5,
        "stride": 2,
        "expand_ratio": 6,
        "params": 46_640,
        "macs": 37_939_584,
    }


def test_cost_by_the_law(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--phi", "1")
    assert (found["depth"], found["width"], found["resolution_px"]) == (1.2, 1.1, 258)
    assert found["params"] == 9_109_994
    assert found["law_ratio"] == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    assert round(found["built_ratio"], 2) == 2.57
    down = output(capsys, "cost", "--phi", "-3", "--alpha", "1.3", "--beta", "1", "--gamma=1.2")
    assert down["resolution_px"] == round(224 / 1.2**3)
    assert down["law_ratio"] == pytest.approx((1.3 * 1.2**2) ** -3)


def test_cost_by_multipliers(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--width", "2", "--resolution-px", "300")
    assert (found["depth"], found["width"], found["resolution_px"]) == (1, 2, 300)
    assert found["law_ratio"] == pytest.approx(2**2 * (300 / 224) ** 2)  # r from the rounded pixels
    assert output(capsys, "cost", "--depth", "4")["params"] == 20_091_856


def test_cost_of_a_released_variant(capsys: pytest.CaptureFixture[str]) -> None:
    found = output(capsys, "cost", "--variant", "b7")
    assert (found["params"], found["resolution_px"]) == (66_347_960, 600)
    assert found["law_ratio"] == pytest.approx(3.1 * 2**2 * (600 / 224) ** 2)


def test_cost_of_a_variant_in_any_case_and_of_those_published_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert output(capsys, "cost", "--variant", "B1") == output(capsys, "cost", "--variant", "b1")
    large = output(capsys, "cost", "--variant", "L2")
    assert (large["params"], large["resolution_px"]) == (480_309_308, 800)


def test_dust_decides_no_block(capsys: pytest.CaptureFixture[str]) -> None:
    """√2² is 2.0000000000000004; what is printed alike is the same network."""
    root = ("--phi", "2", "--alpha", "1.4142135623730951", "--beta", "1", "--gamma", "1")
    texts = []
    for words in (("--depth", "2"), root):
        assert output(capsys, "cost", *words)["params"] == 10_222_984
        assert main(["cost", *words]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].startswith("efficientnet_b0: depth × 2, width × 1, 224 px\n")


def test_what_is_printed_builds_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Six digits of 2.0000001 would be those of another network, so there are more."""
    assert main(["cost", "--depth", "2.0000001", "--width", "1.0937500001"]) == 0
    title, _, rest = capsys.readouterr().out.partition("\n")
    depth, width = re.findall(r"× ([\d.]+)", title)
    assert (depth, width) == ("2.0000001", "1.09375")
    assert main(["cost", "--depth", depth, "--width", width]) == 0
    assert capsys.readouterr().out == f"{title}\n{rest}"


def test_cost_for_other_classes_and_channels(capsys: pytest.CaptureFixture[str]) -> None:
    ends = ("--num-classes", "10", "--in-channels", "1")
    found = output(capsys, "cost", "--phi", "0", *ends)
    # B0 with 10 outputs for 1280 features and a bias each, and one 3x3 kernel a filter in the stem
    assert found["params"] == 5_288_548 - 990 * 1281 - 2 * 32 * 9
    assert found["stages"][0]["in_channels"] == 1
    assert found["built_ratio"] == 1
    assert main(["cost", *ends]) == 0
    assert capsys.readouterr().out.startswith(
        "efficientnet_b0: depth × 1, width × 1, 224 px, 1 input channel, 10 classes\n"
    )


@pytest.mark.parametrize(
    ("name", "params", "stages"),
    [
        ("mobilenet_v1", 4_231_976, 7),
        ("mobilenet_v2", 3_504_872, 9),
        ("resnet_50", 25_557_032, 6),
    ],
)
def test_cost_of_other_architectures(
    capsys: pytest.CaptureFixture[str], name: str, params: int, stages: int
) -> None:
    found = output(capsys, "cost", "--architecture", name)
    assert (found["architecture"], found["params"]) == (name, params)
    assert [stage["stage"] for stage in found["stages"]] == list(range(1, stages + 1))


def test_cost_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--phi", "1"]) == 0
    text = capsys.readouterr().out
    assert "9,109,994" in text
    assert "2.57 × the baseline; the law says 1.92 ×" in text
    rows = [line.split() for line in text.splitlines() if line.strip()[:1].isdecimal()]
    assert len(rows) == 9
    assert rows[3][:8] == ["4", "MBConv6", "k5x5", "65", "33", "24", "48", "3"]


def test_cost_loads_neither_torch_nor_numpy() -> None:
    script = (
        "import sys; from effnet_viz.__main__ import main; code = main(['cost', '--json']);"
        "sys.exit(code or any(m in sys.modules for m in ('torch', 'numpy', 'streamlit', 'PIL')))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout)["macs"] == 385_814_752
