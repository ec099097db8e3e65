"""Downloads against a server that truncates, flips, lies, stalls and refuses."""

import hashlib
import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from effnet_viz.engine import download
from effnet_viz.engine.download import Source, verified_file
from effnet_viz.errors import ResourceError

BODY = os.urandom(300_000)
FLIPPED = BODY[:1000] + bytes([BODY[1000] ^ 4]) + BODY[1001:]
HTML = b"\n<!DOCTYPE html><html><body>Please log in to the wireless network</body></html>"


def source(url: str) -> Source:
    return Source(url, "sha256", hashlib.sha256(BODY).hexdigest()[:8])


def get(source: Source, folder: Path, **options):
    return verified_file(source, folder, what="The thing", meanwhile="Tea is served.", **options)


#: Far longer than a busy machine needs for what takes no waiting, far shorter than `long_limits`.
AT_ONCE_S = 60


@contextmanager
def at_once():
    started = time.perf_counter()
    yield
    assert time.perf_counter() - started < AT_ONCE_S


@pytest.fixture
def long_limits(monkeypatch):
    """Whoever waits for a time limit waits too long."""
    monkeypatch.setattr(download, "CONNECT_TIMEOUT_S", 5 * AT_ONCE_S)
    monkeypatch.setattr(download, "STALL_TIMEOUT_S", 5 * AT_ONCE_S)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_downloads_once_and_reports_progress(file_server, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "_PROGRESS_EVERY_S", 0)
    file_server.replies["/f.bin"] = [BODY]
    folder = tmp_path / "new" / "folder"
    seen = []
    got = get(source(file_server.url("/f.bin")), folder, on_progress=lambda *at: seen.append(at))
    assert got.path.read_bytes() == BODY
    assert got.digest == hashlib.sha256(BODY).hexdigest()
    assert got.note == ""
    assert seen[0] == (0, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))
    assert seen == sorted(seen)
    assert len(seen) > 3

    seen.clear()
    get(source(file_server.url("/f.bin")), folder, on_progress=lambda *at: seen.append(at))
    assert seen == []
    assert len(file_server.requests) == 1
    assert names(folder) == {"f.bin"}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (BODY[:1000], "its checksum starts with"),
        (b"", "it is empty"),
        (FLIPPED, "its checksum starts with"),
        (HTML, "it is a web page"),
    ],
)
class TestDamage:
    def test_a_damaged_file_in_the_folder_is_set_aside_and_fetched_again(
        self, file_server, tmp_path, bad, words
    ):
        (tmp_path / "f.bin").write_bytes(bad)
        file_server.replies["/f.bin"] = [BODY]
        got = get(source(file_server.url("/f.bin")), tmp_path)
        assert got.path.read_bytes() == BODY
        assert (tmp_path / "f.bin.corrupt").read_bytes() == bad
        assert "f.bin was damaged" in got.note
        assert words in got.note
        assert len(file_server.requests) == 1

    def test_a_damaged_download_is_fetched_again_once(self, file_server, tmp_path, bad, words):
        file_server.replies["/f.bin"] = [bad, BODY]
        got = get(source(file_server.url("/f.bin")), tmp_path)
        assert got.path.read_bytes() == BODY
        assert words in got.note
        assert (tmp_path / "f.bin.corrupt").read_bytes() == bad
        assert len(file_server.requests) == 2

    def test_damaged_twice_is_the_users_to_know(self, file_server, tmp_path, bad, words):
        file_server.replies["/f.bin"] = [bad]
        with pytest.raises(ResourceError, match=r"damaged again.*Tea is served") as raised:
            get(source(file_server.url("/f.bin")), tmp_path)
        assert words in str(raised.value)
        assert len(file_server.requests) == 2
        assert names(tmp_path) == {"f.bin.corrupt"}

    def test_damaged_and_no_network(self, closed_port, tmp_path, bad, words):
        (tmp_path / "f.bin").write_bytes(bad)
        with pytest.raises(ResourceError, match=r"cannot be reached.*f\.bin was damaged") as raised:
            get(source(f"http://127.0.0.1:{closed_port}/f.bin"), tmp_path)
        assert words in str(raised.value)
        assert names(tmp_path) == {"f.bin.corrupt"}


@pytest.mark.parametrize("declared", [len(BODY), None])
def test_a_connection_that_ends_early(file_server, tmp_path, declared):
    cut = file_server.truncated(BODY[:123_456], declared)
    file_server.replies["/f.bin"] = [cut, BODY]
    got = get(source(file_server.url("/f.bin")), tmp_path)
    assert got.path.read_bytes() == BODY
    assert (tmp_path / "f.bin.corrupt").stat().st_size == 123_456


def test_the_limit_for_reaching_a_server_is_two_seconds():
    assert download.CONNECT_TIMEOUT_S < 2


@pytest.mark.usefixtures("long_limits")
def test_refused_is_said_at_once(closed_port, tmp_path):
    with (
        at_once(),
        pytest.raises(ResourceError, match=r"^The thing.*127\.0\.0\.1 cannot be reached.*Tea"),
    ):
        get(source(f"http://127.0.0.1:{closed_port}/f.bin"), tmp_path / "cache")


@pytest.mark.usefixtures("long_limits")
@pytest.mark.parametrize("host", ["server.invalid", "a..b", "x" * 80 + ".invalid"])
def test_a_host_without_address(monkeypatch, tmp_path, host):
    real = socket.getaddrinfo

    def lookup(name, *args, **kwargs):
        if name == "server.invalid":
            raise socket.gaierror(-2, "Name or service not known")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with at_once(), pytest.raises(ResourceError, match="cannot be reached"):
        get(source(f"https://{host}/f.bin"), tmp_path)


@pytest.mark.parametrize("slow", ["create_connection", "getaddrinfo"])
def test_a_network_that_swallows_everything_is_said_at_the_limit(monkeypatch, tmp_path, slow):
    monkeypatch.setattr(download, "CONNECT_TIMEOUT_S", 0.3)
    over = threading.Event()

    def swallow(*args, **kwargs):
        over.wait(2 * AT_ONCE_S)
        raise TimeoutError

    monkeypatch.setattr(socket, slow, swallow)
    with at_once(), pytest.raises(ResourceError, match=r"no answer in time"):
        get(source("https://example.org/f.bin"), tmp_path)
    over.set()


def test_a_server_that_never_answers(file_server, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "STALL_TIMEOUT_S", 0.3)
    file_server.replies["/f.bin"] = [file_server.silent()]
    with pytest.raises(ResourceError, match="no answer in time"):
        get(source(file_server.url("/f.bin")), tmp_path)
    assert not file_server.gave_up.is_set()
    assert names(tmp_path) == set()


def test_a_server_that_stops_half_way(file_server, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "STALL_TIMEOUT_S", 0.3)
    file_server.replies["/f.bin"] = [file_server.silent(BODY[:200_000], declared=len(BODY)), BODY]
    with pytest.raises(ResourceError, match=r"f\.bin stopped after 0\.. of 0\.3 MB.*no answer"):
        get(source(file_server.url("/f.bin")), tmp_path)
    assert names(tmp_path) == set()
    assert get(source(file_server.url("/f.bin")), tmp_path).path.read_bytes() == BODY


@pytest.mark.parametrize("code", [403, 404, 503])
def test_a_server_that_declines(file_server, tmp_path, code):
    file_server.replies["/f.bin"] = [file_server.status(code)]
    with pytest.raises(ResourceError, match=f"answered “{code}"):
        get(source(file_server.url("/f.bin")), tmp_path)
    assert names(tmp_path) == set()


def test_progress_is_not_reported_for_every_piece(file_server, tmp_path):
    file_server.replies["/f.bin"] = [BODY]
    seen = []
    started = time.perf_counter()
    get(source(file_server.url("/f.bin")), tmp_path, on_progress=lambda *at: seen.append(at))
    assert len(seen) <= 3 + (time.perf_counter() - started) / 0.1
    assert seen[-1] == (len(BODY), len(BODY))


def test_progress_can_cancel(file_server, monkeypatch, tmp_path):
    monkeypatch.setattr(download, "_PROGRESS_EVERY_S", 0)
    file_server.replies["/f.bin"] = [BODY]

    def stop(done, total):
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(source(file_server.url("/f.bin")), tmp_path, on_progress=stop)
    assert names(tmp_path) == set()
    assert get(source(file_server.url("/f.bin")), tmp_path).path.read_bytes() == BODY


def test_threads_share_one_download(file_server, tmp_path):
    all_asked = threading.Event()

    def slowly(handler):
        assert all_asked.wait(60)
        file_server.truncated(BODY, len(BODY))(handler)

    file_server.replies["/f.bin"] = [slowly]
    digests = []
    threads = [
        threading.Thread(
            target=lambda: digests.append(get(source(file_server.url("/f.bin")), tmp_path).digest)
        )
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    all_asked.set()
    for thread in threads:
        thread.join()
    assert digests == [hashlib.sha256(BODY).hexdigest()] * 6
    assert len(file_server.requests) == 1
    assert names(tmp_path) == {"f.bin"}


def test_a_folder_that_cannot_be_made(file_server, tmp_path):
    file_server.replies["/f.bin"] = [BODY]
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match=r"f\.bin cannot be written to"):
        get(source(file_server.url("/f.bin")), tmp_path / "file" / "cache")


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "f.bin").mkdir()
    with pytest.raises(ResourceError, match="cannot be read"):
        get(source("http://127.0.0.1/f.bin"), tmp_path)


def test_a_full_disk(file_server, monkeypatch, tmp_path):
    file_server.replies["/f.bin"] = [BODY]
    real_open = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *exc):
            self.file.close()

        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, mode="r": Full(real_open(self, mode)))
    with pytest.raises(ResourceError, match="No space left on device"):
        get(source(file_server.url("/f.bin")), tmp_path)
    assert names(tmp_path) == set()


def test_a_proxy_is_used_and_is_what_must_be_reachable(
    file_server, closed_port, monkeypatch, tmp_path
):
    url = "http://files.invalid/f.bin"
    file_server.replies[url] = [BODY]
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", file_server.url(""))
    assert get(source(url), tmp_path).path.read_bytes() == BODY
    assert file_server.requests == [url]

    monkeypatch.setenv("http_proxy", f"127.0.0.1:{closed_port}")
    with pytest.raises(ResourceError, match="cannot be reached"):
        get(source(url), tmp_path / "elsewhere")


def test_other_checksums(file_server, tmp_path):
    file_server.replies["/f.tgz"] = [BODY]
    digest = hashlib.md5(BODY).hexdigest()
    got = get(Source(file_server.url("/f.tgz"), "md5", digest), tmp_path)
    assert got.digest == digest


def test_a_damaged_file_that_cannot_be_set_aside_is_one_sentence(tmp_path, monkeypatch):
    """As in a folder that others share for reading."""
    (tmp_path / "f.bin").write_bytes(FLIPPED)

    def refuse(self, target):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(ResourceError, match=r"f\.bin cannot be written to"):
        get(source("http://127.0.0.1:9/f.bin"), tmp_path)
