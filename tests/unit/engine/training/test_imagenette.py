"""Fetching Imagenette through torchvision, from a local server with a small archive."""

import hashlib
import io
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image
from torchvision.datasets import Imagenette

from effnet_viz.__main__ import main
from effnet_viz.cli.training import data_folder
from effnet_viz.engine import download
from effnet_viz.engine.images import decode
from effnet_viz.engine.training import imagenette
from effnet_viz.errors import ResourceError
from effnet_viz.evidence.samples import list_samples, read_sample
from effnet_viz.scaling.families import IMAGENETTE_CLASSES

VAL_PHOTOS = 4


def archive(photos_per_class: int = VAL_PHOTOS, top: str = "imagenette2-320") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for index, wnid in enumerate(IMAGENETTE_CLASSES):
            for split in ("train", "val"):
                for number in range(photos_per_class):
                    photo = io.BytesIO()
                    Image.new("RGB", (40, 30), (index * 20, number * 50, 0)).save(
                        photo, "JPEG", quality=95
                    )
                    info = tarfile.TarInfo(f"{top}/{split}/{wnid}/{wnid}_{number}.JPEG")
                    info.size = photo.tell()
                    photo.seek(0)
                    tar.addfile(info, photo)
    return buffer.getvalue()


@pytest.fixture
def publisher(file_server, monkeypatch, tmp_path):
    """torchvision's Imagenette now comes from the local server; the cache is this test's own."""
    monkeypatch.setenv("EFFNET_VIZ_CACHE", str(tmp_path / "cache"))
    list_samples.cache_clear()

    def publish(body: bytes, *replies) -> None:
        file_server.replies["/imagenette2-320.tgz"] = list(replies) or [body]
        monkeypatch.setitem(
            Imagenette._ARCHIVES,
            "320px",
            (file_server.url("/imagenette2-320.tgz"), hashlib.md5(body).hexdigest()),
        )

    publish.server = file_server
    publish.cache = tmp_path / "cache"
    yield publish
    list_samples.cache_clear()


def test_real_photos_become_samples_with_their_class(publisher):
    body = archive()
    publisher(body)
    before = list_samples()
    assert not imagenette.is_fetched()
    progress = []
    folder = imagenette.fetch(on_progress=lambda *at: progress.append(at))

    assert progress[-1] == (len(body), len(body))
    assert imagenette.is_fetched()
    there = {path.name for path in publisher.cache.iterdir()}
    assert there - {"imagenette.lock"} == {"imagenette2-320"}
    assert len(list(folder.glob("val/*/*.JPEG"))) == 10 * VAL_PHOTOS

    fetched = [sample for sample in list_samples() if sample not in before]
    assert [s.true_label for s in fetched] == [
        label for label in IMAGENETTE_CLASSES.values() for _ in range(3)
    ]
    theirs = Imagenette(publisher.cache, split="val", size="320px")
    for index, sample in enumerate(fetched):
        wnid = list(IMAGENETTE_CLASSES)[index // 3]
        position = theirs.wnid_to_idx[wnid] * VAL_PHOTOS + index % 3
        image, label = theirs[position]
        assert theirs.classes[label][0] == sample.true_label
        assert decode(read_sample(sample.name)).tobytes() == image.tobytes()

    imagenette.fetch()
    assert len(publisher.server.requests) == 1


def test_of_several_programs_one_fetches_and_the_others_wait(publisher, monkeypatch):
    """A program is told from another by its own lock: here two threads that share none."""
    publisher(archive())

    class NoLock:
        __enter__ = __exit__ = lambda self, *_: None

    monkeypatch.setattr(imagenette, "_fetching", NoLock())
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: imagenette.fetch(), range(4)))
    (folder,) = folders
    assert len(list(folder.glob("val/*/*.JPEG"))) == 10 * VAL_PHOTOS
    assert len(publisher.server.requests) == 1


def test_without_network_it_is_said_at_once(publisher, closed_port, monkeypatch):
    monkeypatch.setitem(
        Imagenette._ARCHIVES, "320px", (f"http://127.0.0.1:{closed_port}/i.tgz", "0" * 32)
    )
    monkeypatch.setattr(download, "CONNECT_TIMEOUT_S", 300)
    started = time.perf_counter()
    with pytest.raises(ResourceError, match=r"^Imagenette's photos.*cannot be reached.*work with"):
        imagenette.fetch()
    assert time.perf_counter() - started < 60  # it waited for no limit
    assert not imagenette.is_fetched()


def test_a_damaged_archive_is_fetched_again(publisher):
    body = archive()
    publisher(body, body[:500], body)
    folder = imagenette.fetch()
    assert len(list(folder.glob("val/*/*.JPEG"))) == 10 * VAL_PHOTOS
    assert len(publisher.server.requests) == 2


def test_half_unpacked_photos_never_count_as_there(publisher, monkeypatch):
    publisher(archive())
    real = tarfile.TarFile.extractall

    def fail_half_way(self, path, *args, **kwargs):
        real(self, path, self.getmembers()[:7], **kwargs)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tarfile.TarFile, "extractall", fail_half_way)
    with pytest.raises(ResourceError, match="No space left on device"):
        imagenette.fetch()
    assert not imagenette.is_fetched()
    assert not list(publisher.cache.rglob("*.JPEG"))

    monkeypatch.setattr(tarfile.TarFile, "extractall", real)
    assert len(list(imagenette.fetch().glob("val/*/*.JPEG"))) == 10 * VAL_PHOTOS
    assert len(publisher.server.requests) == 1  # the verified archive was kept


def test_an_archive_with_something_else_in_it(publisher):
    publisher(archive(1, top="cats"))
    with pytest.raises(ResourceError, match="could not be unpacked"):
        imagenette.fetch()
    assert not imagenette.is_fetched()


def test_the_command_line_takes_the_photos_at_hand_or_fetches_them(
    publisher, tmp_path, monkeypatch
):
    monkeypatch.delenv(imagenette.DATA_VARIABLE, raising=False)
    assert data_folder(str(tmp_path)) == tmp_path
    publisher(archive())
    fetched = data_folder(None)
    assert fetched == imagenette.photos_folder()
    assert (fetched / "train").is_dir()
    monkeypatch.setenv(imagenette.DATA_VARIABLE, str(fetched))
    assert data_folder(None) == fetched


def test_without_photos_and_network_evaluate_is_one_line(publisher, monkeypatch, capsys):
    monkeypatch.delenv(imagenette.DATA_VARIABLE, raising=False)
    publisher(archive(), b"not the archive")
    assert main(["evaluate"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")
