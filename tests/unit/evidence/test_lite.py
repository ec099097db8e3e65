"""What is measured with EfficientNet-Lite: records by hand, and the shipped ones held together."""

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.lite import (
    PUBLISHED,
    Measured,
    OnPhotos,
    Outside,
    Paired,
    calibrated,
    measured_sentences,
    read_measured,
    read_outside,
    write_measured,
    write_outside,
)
from effnet_viz.evidence.splits import read_names
from effnet_viz.scaling.families import LITE_WEIGHTS

FOUND = OnPhotos(
    900,
    (
        Measured("lite0", "published", 750, 1000),
        Measured("lite0", "square", 740, 1000),
        Measured("lite1", "published", 770, 1000),
        Measured("lite1", "square", 741, 1000),
        Measured("lite2", "square", 700, 1000),
    ),
    (
        Paired("lite1", "published", "lite0", "published", 30, 10, 1000),
        Paired("lite1", "square", "lite0", "square", 20, 19, 1000),
        Paired("lite2", "square", "lite0", "square", 20, 60, 1000),
        Paired("lite2", "square", "lite1", "square", 9, 50, 1000),
        Paired("lite0", "published", "lite0", "square", 40, 30, 1000),
        Paired("lite1", "published", "lite1", "square", 49, 20, 1000),
    ),
)


def test_rows_by_hand():
    assert FOUND.networks[2].top1 == 77
    assert FOUND.networks[2].bounds == pytest.approx((74.29, 79.50), abs=0.01)
    assert FOUND.pairs[0].points == pytest.approx((0.767, 3.233), abs=1e-3)
    assert [pair.sign for pair in FOUND.pairs] == [1, 0, -1, -1, 0, 1]


def test_the_sentences_say_no_more_than_the_intervals_carry():
    first, sizes, crops = measured_sentences(FOUND)
    assert "1,000 validation photos" in first
    assert "lite1 77.0 % (74.3 to 79.5) published crop, 74.1 % (71.3 to 76.7) whole square" in first
    assert "Published, on ImageNet: lite0 75.1 %, lite1 76.7 %, lite2 77.6 %." in first
    assert "900 of the photos are from ImageNet's training set" in first
    assert "lite1 is better than lite0 (published crop +0.8 to +3.2)" in sizes
    assert "and cannot be told from lite0 (whole square -1.1 to +1.3)" in sizes
    assert "lite2 is worse than lite1 (whole square -5.6 to -2.6) points." in sizes
    assert "lite2 is worse than lite0" not in sizes  # each beside the next smaller one
    assert crops.startswith("The crop decides something for lite1: ")
    assert "lite0 -0.6 to +2.6, lite1 +1.3 to +4.5 points." in crops
    assert measured_sentences(OnPhotos(0, (), ())) == ()


def test_a_crop_that_decides_nothing_is_said_to():
    found = OnPhotos(900, FOUND.networks, FOUND.pairs[4:5])
    assert measured_sentences(found)[1].startswith("The crop decides nothing that these photos")


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
    write_measured(FOUND, tmp_path / "rows.json")
    assert read_measured(tmp_path / "rows.json") == FOUND
    found = Outside(0.04, 2, 50, 2, 3, 1, 2)
    write_outside(found, tmp_path / "outside.json")
    assert read_outside(tmp_path / "outside.json") == found
    for read in (read_measured, read_outside):
        with pytest.raises(UserError, match="cannot be read; download the project again"):
            read(tmp_path / "nothing.json")


def test_the_shipped_records_hold_together():
    found = read_measured()
    photos = len(read_names("val"))
    right = {(row.name, row.crop): row.correct for row in found.networks}
    assert set(right) == {(name, crop) for name in LITE_WEIGHTS for crop in ("published", "square")}
    for row in found.networks:
        assert row.n == photos
        assert abs(row.top1 - PUBLISHED[row.name].top1) < 3  # about as good as on ImageNet
    own = sum(name.startswith("ILSVRC2012_val_") for name in read_names("val"))
    assert found.trained_on == photos - own
    assert len(found.pairs) == 9
    for pair in found.pairs:
        assert pair.n == photos
        assert right[pair.name, pair.crop] - right[pair.other, pair.other_crop] == (
            pair.only_this - pair.only_other
        )
    outside = read_outside()
    assert outside.photos == len(read_names("val")) // 2
    assert 0.03 < outside.alarms / outside.photos < 0.07
    assert outside.found / outside.strangers > 0.9
