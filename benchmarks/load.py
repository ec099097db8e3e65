"""Thirty people at once: answer times and processor time of the Scale page beside an empty app's.

``python benchmarks/load.py [--sessions 30 --moves 20]`` starts both servers in turn and speaks
Streamlit's own websocket protocol: no browser, so what is measured is the server. Every session
joins at the same moment, then moves φ about every two seconds to a value that is its own; an answer
counts from the message that sends the value to the end of the script it starts, and it must hold
the figures of that value and of no other session's.

The class finds both servers warm: a visitor was there before, and what a server loads after its
first answer is loaded. Use a quiet machine; the load is printed. What is compared are the two
servers of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # runs from a checkout, nothing is installed

from effnet_viz.figures.base import si
from effnet_viz.scaling.architectures import EFFICIENTNET_B0
from effnet_viz.scaling.compound import Coefficients
from effnet_viz.scaling.study import study

EMPTY_APP = """
import streamlit as st

phi = st.slider("phi", -3.0, 8.0, 1.0, step=0.1, key="phi")
st.write(f"the value is {phi:.1f}")
"""
FINISHED = ForwardMsg.ScriptFinishedStatus
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Session:
    """One visitor: its connection's slider, what it was told, and how long each answer took."""

    number: int
    slider: str = ""
    joined_s: float = 0.0
    answers_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@contextmanager
def server(app: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Streamlit serving ``app`` with the settings beside it, answering; ended at exit."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "streamlit", "run", str(app), f"--server.port={port}",
            "--server.headless=true", "--server.address=127.0.0.1",
            "--server.fileWatcherType=none", "--browser.gatherUsageStats=false",
        ],
        cwd=app.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def processor_s(process: subprocess.Popen[bytes]) -> float:
    """Processor time of a process so far, user and system, in seconds (Linux)."""
    text = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process in MiB (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def until_idle(process: subprocess.Popen[bytes]) -> None:
    """Return once a process has done nothing for a second: what it loads after its first answer is
    loaded."""
    spent = -1.0
    while (now := processor_s(process)) - spent > 0.02:
        spent = now
        time.sleep(1)


async def run_script(
    link: ClientConnection, session: Session, phi: float | None, page: str = "", query: str = ""
) -> str:
    """Ask for a run, with φ if there is one; everything the server said of it, as one text."""
    ask = BackMsg()
    ask.rerun_script.page_name = page
    ask.rerun_script.query_string = query
    if phi is not None:
        state = ask.rerun_script.widget_states.widgets.add()
        state.id = session.slider
        state.double_array_value.data.append(phi)
    await link.send(ask.SerializeToString())
    said = []
    while True:
        message = ForwardMsg.FromString(await asyncio.wait_for(link.recv(decode=False), 120))
        kind = message.WhichOneof("type")
        if kind == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "slider" and element.slider.id.endswith("-phi"):
                session.slider = element.slider.id
            if element.WhichOneof("type") == "exception":
                session.errors.append(element.exception.message)
            said.append(str(message))
        elif (
            kind == "script_finished"
            and message.script_finished != FINISHED.FINISHED_EARLY_FOR_RERUN
        ):
            return "\n".join(said)


async def visit(
    session: Session, port: int, moves: int, pause_s: float, expected: Callable[[float], str]
) -> None:
    """Join, wait for the first page, then move φ; every answer is timed and checked."""
    values = random.Random(session.number)
    begun = time.perf_counter()
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        max_size=None,
        subprotocols=["streamlit"],  # type: ignore[list-item]
    ) as link:
        await run_script(link, session, None)
        session.joined_s = time.perf_counter() - begun
        for _ in range(moves):
            await asyncio.sleep(pause_s * values.uniform(0.5, 1.5))
            phi = values.randrange(-30, 81) / 10
            begun = time.perf_counter()
            said = await run_script(link, session, phi)
            session.answers_s.append(time.perf_counter() - begun)
            if expected(phi) not in said:
                session.errors.append(f"φ = {phi:.1f} was not answered with its own figures")


async def crowd(
    count: int, port: int, moves: int, pause_s: float, expected: Callable[[float], str]
) -> list[Session]:
    """So many visits at the same moment."""
    sessions = [Session(number) for number in range(count)]
    found = await asyncio.gather(
        *(visit(session, port, moves, pause_s, expected) for session in sessions),
        return_exceptions=True,
    )
    for session, problem in zip(sessions, found, strict=True):
        if isinstance(problem, BaseException):
            session.errors.append(f"{type(problem).__name__}: {problem}")
    return sessions


def own_figures(phi: float) -> str:
    """What the Scale page says of φ and of nothing else: the parameters."""
    return si(study(EFFICIENTNET_B0, Coefficients(phi)).cost.params)


def measure(
    name: str, app: Path, port: int, options: argparse.Namespace, expected: Callable[[float], str]
) -> dict[str, float]:
    """One server under load, as figures."""
    with server(app, port) as process:
        asyncio.run(crowd(1, port, 3, 0.1, expected))  # the imports, once
        until_idle(process)
        before = processor_s(process)
        sessions = asyncio.run(
            crowd(options.sessions, port, options.moves, options.pause, expected)
        )
        spent = processor_s(process) - before
        memory = resident_mb(process)
    answers = sorted(answer for session in sessions for answer in session.answers_s)
    joined = sorted(session.joined_s for session in sessions)
    errors = [error for session in sessions for error in session.errors]
    runs = len(answers) + len(joined)
    figures = {
        "median_s": statistics.median(answers) if answers else float("nan"),
        "p95_s": answers[int(0.95 * (len(answers) - 1))] if answers else float("nan"),
        "processor_ms": 1000 * spent / runs,
        "joined_median_s": statistics.median(joined),
        "joined_last_s": joined[-1],
        "memory_mb": memory,
        "errors": float(len(errors)),
    }
    print(
        f"{name:12} answer {figures['median_s']:.3f} s median, {figures['p95_s']:.3f} s p95; "
        f"{figures['processor_ms']:.0f} ms of processor a run; first page "
        f"{figures['joined_median_s']:.2f} s median, {figures['joined_last_s']:.2f} s last; "
        f"{memory:.0f} MiB; {len(errors)} errors"
    )
    for error in sorted(set(errors))[:5]:
        print(f"    {error}")
    return figures


def main() -> None:
    """Both servers under the same load, and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=30)
    parser.add_argument("--moves", type=int, default=20)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between moves, about")
    parser.add_argument("--port", type=int, default=8651)
    options = parser.parse_args()
    print(f"load before: {os.getloadavg()[0]:.2f}; {options.sessions} sessions")
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY_APP, encoding="utf-8")
        peer = measure(
            "empty app", empty, options.port, options, lambda phi: f"the value is {phi:.1f}"
        )
    own = measure("Scale page", ROOT / "app.py", options.port + 1, options, own_figures)
    for key in ("median_s", "p95_s", "processor_ms", "joined_median_s", "joined_last_s"):
        print(f"{key:16} Scale page / empty app = {own[key] / peer[key]:.2f}")


if __name__ == "__main__":
    main()
