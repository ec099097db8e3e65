"""Hits photo by photo: those of the records, and what becomes of damaged or foreign files."""

import json

import pytest

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import read_record, shipped_members
from effnet_viz.evidence.seeds import hits
from effnet_viz.evidence.seeds.hits import Hits, hits_folder, hits_of, photo_list, read_hits

MEMBERS = [member.name for member in shipped_members()]


@pytest.mark.parametrize("name", MEMBERS)
def test_the_hits_are_as_many_as_the_record_says(name):
    record = read_record(name)
    found = read_hits(name, record["sha256"], hits_folder())
    assert found is not None, "`python -m effnet_viz evaluate --data FOLDER` writes them"
    assert found.count == record["val_n"] == len(photo_list())
    assert round(found.top1, 2) == record["val_top1"]


def test_two_networks_of_one_accuracy_are_right_on_other_photos():
    one, other = (
        read_hits(name, read_record(name)["sha256"], hits_folder()) for name in MEMBERS[:2]
    )
    assert (one.bits ^ other.bits).bit_count() > abs(one.right - other.right)


def test_bits_follow_the_list():
    found = hits_of("baseline", "ab", {"b": True, "a": False, "c": True}, ("a", "b", "c"))
    assert found == Hits("baseline", "ab", 3, 0b110)
    assert found.right == 2
    assert hits_of("baseline", "ab", {"a": True}, ("a", "b")) is None


def test_what_is_written_is_read(tmp_path):
    written = Hits("width", "ab", 11, 0b10000000011)
    path = hits.write_hits(written, tmp_path)
    assert read_hits("width", "ab", tmp_path) == written
    assert read_hits("width", "cd", tmp_path) is None  # of other weights
    assert read_hits("depth", "ab", tmp_path) is None
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "photos_sha256": "0"}))
    assert read_hits("width", "ab", tmp_path) is None  # of other photos


@pytest.mark.parametrize("change", [{"right": 2}, {"count": 30}, {"bits": "?"}, {"bits": None}])
def test_damaged_hits_are_one_sentence(tmp_path, change):
    path = hits.write_hits(Hits("width", "ab", 11, 0b111), tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UserError, match="damaged"):
        read_hits("width", "ab", tmp_path)
