"""The lists of photos: disjoint, complete, with boxes inside their pictures."""

from collections import Counter

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.splits import BoxedPhoto, find_photo, listed, read_boxes, read_names
from effnet_viz.scaling.families import IMAGENETTE_CLASSES


def test_the_splits_share_no_photo():
    held_out, val, boxed = (read_names(split) for split in ("held-out", "val", "boxed"))
    assert (len(held_out), len(val), len(boxed)) == (909, 3423, 366)
    assert not held_out & val
    assert not held_out & boxed
    assert not val & boxed


def test_every_boxed_photo_is_validated_on_or_left_out_of_training():
    photos = read_boxes()
    files = [photo.file for photo in photos]
    assert len(files) == len(set(files)) == 484
    assert set(files) <= read_names("boxed") | read_names("val")
    assert read_names("boxed") <= set(files)
    assert {photo.wnid for photo in photos} == set(IMAGENETTE_CLASSES)
    assert min(Counter(photo.wnid for photo in photos).values()) >= 20


def test_boxes_are_read_with_their_photo(tmp_path):
    path = tmp_path / "boxes.csv"
    path.write_text("wnid,file,x0,y0,x1,y1\nn1,a.jpg,0,0,0.5,1\nn1,a.jpg,0.5,0.25,1,1\n")
    (photo,) = read_boxes(path)
    assert [(b.x0, b.y0, b.x1, b.y1) for b in photo.boxes] == [(0, 0, 0.5, 1), (0.5, 0.25, 1, 1)]


@pytest.mark.parametrize(
    "row", ["n1,a.jpg,0.5,0,0.5,1", "n1,a.jpg,0,0,1.5,1", "n1,a.jpg,0,0,1", "n1,a.jpg,x,0,1,1"]
)
def test_a_box_that_is_none_is_one_sentence(tmp_path, row):
    path = tmp_path / "boxes.csv"
    path.write_text(f"wnid,file,x0,y0,x1,y1\n{row}\n")
    with pytest.raises(UserError, match="cannot be read"):
        read_boxes(path)


def test_missing_files_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        read_boxes(tmp_path / "none.csv")
    with pytest.raises(UserError, match="cannot be read"):
        read_names("val", tmp_path)
    with pytest.raises(UserError, match=r"lacks n1/a\.jpg"):
        find_photo(tmp_path, BoxedPhoto("n1", "a.jpg", ()))


def test_photos_are_found_in_any_part(tmp_path):
    for part in ("train", "val", "boxed"):
        path = tmp_path / part / "n1" / f"{part}.jpg"
        path.parent.mkdir(parents=True)
        path.touch()
        assert find_photo(tmp_path, BoxedPhoto("n1", f"{part}.jpg", ())) == path


def test_only_listed_photos_count_unless_none_is_listed():
    known = sorted(read_names("val"))[:3]
    assert listed([*known, "mine.jpg"], "val") == set(known)
    assert listed(["mine.jpg", "yours.jpg"], "val") == {"mine.jpg", "yours.jpg"}
