"""Published files in a local folder: downloaded once, and verified each time they are asked for.

Standard library only. The publisher's checksum decides whether a file is good; a file that fails is
set aside under its name plus ``.corrupt`` and fetched again once.
"""

from __future__ import annotations

import hashlib
import http.client
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO
from urllib.parse import urlsplit

from effnet_viz.errors import ResourceError

#: How long finding and reaching the server may take, name lookup included.
CONNECT_TIMEOUT_S = 1.5
#: How long a server that was reached may stay silent.
STALL_TIMEOUT_S = 10.0

_CHUNK_BYTES = 64 * 1024
_PROGRESS_EVERY_S = 0.1

#: Called with (bytes done, bytes in total) at the start, at the end and about ten times a second;
#: the total is 0 where the server does not say. Whatever it raises ends the download and leaves
#: nothing behind, so raising is how a download is cancelled.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Source:
    """A published file: its address, and the leading hex digits of its checksum."""

    url: str
    algorithm: str
    digest_start: str

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return urlsplit(self.url).path.rsplit("/", 1)[-1]

    @property
    def host(self) -> str:
        """The server that publishes the file."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class VerifiedFile:
    """A file that was just verified. ``note`` says what had to be mended, else it is empty."""

    path: Path
    digest: str
    note: str = ""


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """The hex digest of a file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def verified_file(
    source: Source,
    folder: Path,
    *,
    what: str,
    meanwhile: str,
    on_progress: Progress | None = None,
) -> VerifiedFile:
    """The published file in ``folder``: verified now, and downloaded if it is missing or damaged.

    ``what`` names the file's content and ``meanwhile`` what works without it, in error messages.
    Threads that ask for the same file share one download. Raises ResourceError where the server
    cannot be reached (within `CONNECT_TIMEOUT_S`), stops answering, or sends something else.
    """
    path = folder / source.file_name
    damage, note = "", ""
    with _lock(path):
        for _ in range(2):
            if not path.exists():
                _download(source, path, what, f"{meanwhile} {note}".strip(), on_progress)
            try:
                digest = file_digest(path, source.algorithm)
            except OSError as error:
                raise ResourceError(
                    f"{path} cannot be read ({_reason(error)}); make it readable or remove it."
                ) from error
            if digest.startswith(source.digest_start):
                return VerifiedFile(path, digest, note)
            damage = _damage(path, digest, source.digest_start)
            aside = path.with_name(path.name + ".corrupt")
            try:
                path.replace(aside)
            except OSError as error:
                raise _cannot_write(path, error) from error
            note = f"{path.name} was damaged ({damage}) and was set aside as {aside.name}."
    raise ResourceError(
        f"{what}: {note} It came from {source.host} damaged again, which a proxy or a login page "
        f"in between can cause; try another network. {meanwhile}"
    )


_locks: dict[Path, threading.Lock] = {}
_locks_guard = threading.Lock()


def _lock(path: Path) -> threading.Lock:
    with _locks_guard:
        return _locks.setdefault(path.absolute(), threading.Lock())


def _damage(path: Path, digest: str, expected: str) -> str:
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if not start:
        return "it is empty"
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "it is a web page, not data"
    if path.suffix == ".pth" and not zipfile.is_zipfile(path):
        return f"it is cut short after {path.stat().st_size} bytes"
    return f"its checksum starts with {digest[: len(expected)]}, not {expected}"


def _download(
    source: Source, path: Path, what: str, meanwhile: str, on_progress: Progress | None
) -> None:
    """Fetch into a partial file beside ``path`` and rename it when it is whole."""
    try:
        _require_reachable(source.url)
        request = urllib.request.Request(source.url, headers={"User-Agent": "effnet_viz"})
        # A fresh opener, because the shared one remembers the proxies of its first use.
        response = urllib.request.build_opener().open(request, timeout=STALL_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        raise ResourceError(
            f"{what}: {source.host} answered “{error.code} {error.reason}”; try again later. "
            f"{meanwhile}"
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise ResourceError(
            f"{what}: not on this machine, and {source.host} cannot be reached "
            f"({_reason(error)}). Connect to the internet and try again. {meanwhile}"
        ) from error
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with response:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = partial.open("wb")
            except OSError as error:
                raise _cannot_write(path, error) from error
            with file:
                _copy(response, file, source, path, meanwhile, on_progress)
        try:
            partial.replace(path)
        except OSError as error:
            raise _cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _copy(
    response: http.client.HTTPResponse,
    file: BinaryIO,
    source: Source,
    path: Path,
    meanwhile: str,
    on_progress: Progress | None,
) -> None:
    declared = response.headers.get("Content-Length", "")
    total = int(declared) if declared.isdecimal() else 0
    done = 0
    report = on_progress or (lambda *_: None)
    report(0, total)
    reported = time.monotonic()
    while True:
        try:
            piece = response.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise ResourceError(
                f"The download of {source.file_name} stopped after {done / 1e6:.1f} of "
                f"{total / 1e6:.1f} MB ({_reason(error)}); try again. {meanwhile}"
            ) from error
        if not piece:
            return report(done, total)
        try:
            file.write(piece)
        except OSError as error:
            raise _cannot_write(path, error) from error
        done += len(piece)
        if time.monotonic() - reported >= _PROGRESS_EVERY_S:
            report(done, total)
            reported = time.monotonic()


def _cannot_write(path: Path, error: OSError) -> ResourceError:
    return ResourceError(
        f"{path.name} cannot be written to {path.parent} ({_reason(error)}); "
        "free some space or make the folder writable."
    )


def _reason(error: Exception) -> str:
    inner = getattr(error, "reason", None) or error
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    text = getattr(inner, "strerror", None) or str(inner) or type(inner).__name__
    return " ".join(str(text).split())


def _require_reachable(url: str) -> None:
    """Connect once and hang up; OSError where that takes longer than `CONNECT_TIMEOUT_S`.

    A socket's own timeout counts for each address anew and not at all for the name lookup, so the
    attempt runs in a thread that is left behind when the time is over.
    """
    address = _first_hop(url)
    outcome: SimpleQueue[OSError | None] = SimpleQueue()

    def connect() -> None:
        try:
            socket.create_connection(address, timeout=CONNECT_TIMEOUT_S).close()
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one
            outcome.put(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            outcome.put(None)

    threading.Thread(target=connect, daemon=True, name="reach-server").start()
    try:
        error = outcome.get(timeout=CONNECT_TIMEOUT_S)
    except Empty:
        error = TimeoutError()
    if error:
        raise error


def _first_hop(url: str) -> tuple[str, int]:
    """Host and port that a request to ``url`` connects to first: the proxy's where one is set."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(host):
        hop = urlsplit(proxy if "//" in proxy else f"//{proxy}")
        return hop.hostname or "", hop.port or (443 if hop.scheme == "https" else 80)
    return host, parts.port or (443 if parts.scheme == "https" else 80)
