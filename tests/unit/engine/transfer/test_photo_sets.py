"""Classes of photos: what is kept, what is refused, and that no archive is trusted."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from effnet_viz.engine.transfer import photo_sets
from effnet_viz.engine.transfer.photo_sets import added, by_folder, check, unpacked, without
from effnet_viz.errors import UserError


def picture(seed: int, width: int = 40, height: int = 30, kind: str = "PNG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind)
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_a_photos_centre_square_is_kept_small():
    large = photo_sets.photo_of(picture(0, 1200, 900), "a.png")
    assert large.image.size == (photo_sets.KEPT_PX, photo_sets.KEPT_PX)
    small = photo_sets.photo_of(picture(0), "a.png")
    assert small.image.size == (30, 30)


def test_a_flat_photo_keeps_its_colour():
    buffer = io.BytesIO()
    Image.new("RGB", (600, 500), (200, 30, 90)).save(buffer, "PNG")
    kept = np.asarray(photo_sets.photo_of(buffer.getvalue(), "a").image).astype(int)
    assert np.abs(kept - (200, 30, 90)).max() <= 2


def test_files_that_are_no_photos_or_come_twice_are_left_out_in_words():
    files = [("a.png", picture(1)), ("b.txt", b"no photo"), ("c.png", picture(1))]
    sets, left_out = added((), "leaf", files)
    assert [len(each.photos) for each in sets] == [1]
    assert left_out[0].startswith("b.txt: ")
    assert left_out[1] == "c.png is in leaf already."
    again, left_out = added(sets, "twig", [("a.png", picture(1)), ("d.png", picture(2))])
    assert left_out == ("a.png is in leaf already.",)
    assert [each.name for each in without(again, "leaf")] == ["twig"]


def test_a_class_and_a_visit_have_bounds(monkeypatch):
    monkeypatch.setattr(photo_sets, "PHOTOS", (3, 4))
    sets, left_out = added((), "leaf", [(f"{n}.png", picture(n)) for n in range(6)])
    assert len(sets[0].photos) == 4
    assert len(left_out) == 2
    monkeypatch.setattr(photo_sets, "VISIT_BYTES", sum(len(p.data) for p in sets[0].photos))
    after, left_out = added(sets, "twig", [("x.png", picture(9))])
    assert after == sets
    assert "are full" in left_out[0]


def test_a_ninth_class_is_refused_and_a_name_is_needed():
    sets = ()
    for number in range(8):
        sets, _ = added(sets, f"c{number}", [("a.png", picture(number))])
    with pytest.raises(UserError, match="8 classes already"):
        added(sets, "one more", [("a.png", picture(99))])
    with pytest.raises(UserError, match="name"):
        added((), " \n ", [("a.png", picture(0))])


def test_what_is_missing_is_said():
    sets, _ = added((), "leaf", [("a.png", picture(0))])
    with pytest.raises(UserError, match="there are 1"):
        check(sets)
    sets, _ = added(sets, "twig", [("b.png", picture(1))])
    with pytest.raises(UserError, match="Give leaf at least 3 photos; it has 1"):
        check(sets)


def test_an_archives_folders_name_classes_and_its_paths_lead_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = zipped(
        {
            "../../etc/leaf/a.png": picture(0),
            "/twig/b.png": picture(1),
            "C:\\seed\\c.png": picture(2),
            "leaf/.hidden.png": b"x",
            "__MACOSX/leaf/._a.png": b"x",
        }
    )
    found = by_folder(unpacked(data))
    assert {name: [title for title, _ in files] for name, files in found.items()} == {
        "leaf": ["a.png"],
        "twig": ["b.png"],
        "seed": ["c.png"],
    }
    assert not list(tmp_path.iterdir())


def test_an_archive_that_unpacks_to_more_than_the_bounds_is_refused(monkeypatch):
    monkeypatch.setattr(photo_sets, "ARCHIVE_BYTES", 100_000)
    with pytest.raises(UserError, match="unpacks to more"):
        unpacked(zipped({"leaf/a.png": bytes(100_001)}))
    monkeypatch.setattr(photo_sets, "ARCHIVE_FILES", 2)
    with pytest.raises(UserError, match="more than 2 files"):
        unpacked(zipped({f"leaf/{n}.png": b"x" for n in range(3)}))
    with pytest.raises(UserError, match="damaged"):
        unpacked(b"PK\3\4 and nothing more")


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_one_sentence(kind):
    buffer, noise = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(buffer, "w", kind) as archive:
        archive.writestr("leaf/ä.png", noise.integers(0, 9, 4000, dtype=np.uint8).tobytes())
    whole = buffer.getvalue()
    damaged = 0
    for at in noise.integers(0, len(whole), 60):
        try:
            unpacked(whole[:at] + bytes([whole[at] ^ 0xA5]) + whole[at + 1 :])
        except UserError:
            damaged += 1
    assert damaged > 30


def test_loose_files_in_an_archive_are_told_to_go_into_folders():
    with pytest.raises(UserError, match="into a folder that bears its name"):
        by_folder([("a.png", b"x")])
    with pytest.raises(UserError, match="no photos"):
        by_folder([])


def test_the_example_needs_nothing_and_its_tiles_do_not_overlap(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFNET_VIZ_CACHE", str(tmp_path))
    monkeypatch.delenv("EFFNET_VIZ_DATA", raising=False)
    photo_sets.example.cache_clear()
    found = photo_sets.example()
    photo_sets.example.cache_clear()
    assert [each.name for each in found.sets] == ["brick", "grass", "gravel"]
    assert "scikit-image" in found.said
    check(found.sets)
    keys = [photo.data for each in found.sets for photo in each.photos]
    assert len(set(keys)) == len(keys) == 48


def test_with_imagenettes_photos_the_example_says_that_the_networks_know_them(
    tmp_path, monkeypatch
):
    for wnid in ("n03000684", "n03394916", "n03425413"):
        folder = tmp_path / "val" / wnid
        folder.mkdir(parents=True)
        for number in range(3):
            (folder / f"{number}.JPEG").write_bytes(picture(hash(wnid) % 1000 + number))
    (tmp_path / "train").mkdir()
    monkeypatch.setenv("EFFNET_VIZ_DATA", str(tmp_path))
    photo_sets.example.cache_clear()
    found = photo_sets.example()
    photo_sets.example.cache_clear()
    assert [each.name for each in found.sets] == ["chain saw", "French horn", "gas pump"]
    assert "no new task" in found.said
