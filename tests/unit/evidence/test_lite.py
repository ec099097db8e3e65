"""What is measured with EfficientNet-Lite: records by hand, and the shipped ones held together."""

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.lite import (
    PUBLISHED,
    Measured,
    Outside,
    calibrated,
    measured_sentences,
    read_measured,
    read_outside,
    write_measured,
    write_outside,
)
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import LITE_WEIGHTS

ROWS = (
    Measured("lite0", "published", 750, 1000, 0, 0),
    Measured("lite0", "square", 740, 1000, 0, 0),
    Measured("lite1", "published", 770, 1000, 30, 10),
    Measured("lite1", "square", 741, 1000, 20, 19),
    Measured("lite2", "square", 700, 1000, 20, 60),
)


def test_a_row_by_hand():
    row = ROWS[2]
    assert row.top1 == 77
    assert row.bounds == pytest.approx((74.29, 79.50), abs=0.01)
    assert row.over_lite0 == pytest.approx((0.767, 3.233), abs=1e-3)


def test_the_sentences_say_no_more_than_the_intervals_carry():
    first, published, square = measured_sentences(ROWS)
    assert "1,000 validation photos" in first
    assert "lite1 77.0 % (74.3 to 79.5) published crop, 74.1 % (71.3 to 76.7) whole square" in first
    assert "Published, on ImageNet: lite0 75.1 %, lite1 76.7 %, lite2 77.6 %." in first
    assert published == "With the published crop, lite1 is better than lite0 (+0.8 to +3.2 points)."
    assert "lite1 is not to be told from lite0 (-1.1 to +1.3 points)" in square
    assert "lite2 is worse than lite0 (-5.7 to -2.3 points)" in square
    assert measured_sentences(()) == ()


def test_calibration_by_hand():
    """Of 0, 0.02, ..., 0.98 a twentieth lies below the third; the odd ones are for the rate."""
    photos = [number / 100 for number in range(100)]
    found = calibrated(photos, [0.001, 0.03, 0.5], [0.9, 0.01])
    assert found == Outside(0.04, 2, 50, 2, 3, 1, 2)
    assert found.rates.startswith("This note comes with 4 % of photos that do show one of the ten")
    assert "(2 of 50, and 1 of 2 rendered ones), and with 2 of 3 pictures that show none" in (
        found.rates
    )


@pytest.mark.parametrize(
    ("share", "said"), [(0.0123, "1.2 % together"), (0.00001, "less than 0.1 % together")]
)
def test_the_note(share, said):
    found = Outside(0.04, 2, 50, 2, 3, 1, 2)
    assert said in found.sentence(share)
    assert found.sentence(share).startswith("**Probably none of the ten.**")
    assert not found.sentence(0.04)


def test_records_come_back_as_written(tmp_path):
    write_measured(ROWS, tmp_path / "rows.json")
    assert read_measured(tmp_path / "rows.json") == ROWS
    found = Outside(0.04, 2, 50, 2, 3, 1, 2)
    write_outside(found, tmp_path / "outside.json")
    assert read_outside(tmp_path / "outside.json") == found
    for read in (read_measured, read_outside):
        with pytest.raises(UserError, match="cannot be read; download the project again"):
            read(tmp_path / "nothing.json")


def test_the_shipped_records_hold_together():
    rows = read_measured()
    assert {row.n for row in rows} == {len(read_names("val"))}
    for row in rows:
        assert row.name in LITE_WEIGHTS
        assert abs(row.top1 - PUBLISHED[row.name].top1) < 3  # about as good as on ImageNet
        baseline = next(r for r in rows if (r.name, r.crop) == ("lite0", row.crop))
        assert row.correct - baseline.correct == row.only_this - row.only_lite0
    outside = read_outside()
    assert outside.photos == len(read_names("val")) // 2
    assert 0.03 < outside.alarms / outside.photos < 0.07
    assert outside.found / outside.strangers > 0.9
