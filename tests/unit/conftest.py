"""A web server on this machine that answers as badly as a test asks it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

Reply = Callable[[BaseHTTPRequestHandler], None]


class FileServer:
    """Serves ``replies[path]``: one entry per request, the last one for all further requests."""

    def __init__(self) -> None:
        self.replies: dict[str, list[bytes | Reply]] = {}
        self.requests: list[str] = []
        self.closing = threading.Event()
        self.gave_up = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append(self.path)
                replies = outer.replies[self.path]
                reply = replies.pop(0) if len(replies) > 1 else replies[0]
                if callable(reply):
                    reply(self)
                else:
                    self.send_response(200)
                    self.send_header("Content-Length", str(len(reply)))
                    self.end_headers()
                    self.wfile.write(reply)

            def log_message(self, *args: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def truncated(self, body: bytes, declared: int | None) -> Reply:
        """Promises ``declared`` bytes (None: no promise), sends ``body`` and hangs up."""

        def reply(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            if declared is not None:
                handler.send_header("Content-Length", str(declared))
            handler.end_headers()
            handler.wfile.write(body)

        return reply

    def status(self, code: int) -> Reply:
        return lambda handler: handler.send_error(code)

    def silent(self, before: bytes = b"", declared: int = 0) -> Reply:
        """Sends ``before`` (nothing at all, not even a status, where it is empty) and waits."""

        def reply(handler: BaseHTTPRequestHandler) -> None:
            if before:
                self.truncated(before, declared)(handler)
                handler.wfile.flush()
            if not self.closing.wait(30):
                self.gave_up.set()

        return reply

    def close(self) -> None:
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def file_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """The server above, reached directly whatever proxy this machine uses."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = FileServer()
    yield server
    server.close()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
