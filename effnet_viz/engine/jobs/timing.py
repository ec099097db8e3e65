"""Several models measured in a process of their own, watched from a page. Nothing here loads torch.

A thread of the server would share Python's lock with everyone who draws a page, and its times would
come out too long. The process is ``python -m effnet_viz.engine.timing.worker``: it reads one line
of JSON (`request`) and answers with lines of JSON, one of

    {"at": 2, "part": 0.25}     a quarter of the passes of the third model are done
    {"at": 2, "row": {...}}     the third model is measured
    {"at": 2, "failure": "…"}   it is left out, for this reason

It ends by itself when its input closes, so it never outlives the server.
"""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import IO, Any

from effnet_viz.evidence.files import IMPORT_FOLDER
from effnet_viz.evidence.results import BenchmarkRow
from effnet_viz.evidence.timing import Setup, from_dict, title
from effnet_viz.scaling.architectures import ArchitectureSpec, StageSpec
from effnet_viz.scaling.cost import network_cost
from effnet_viz.scaling.families import ModelEntry

COMMAND = (sys.executable, "-m", "effnet_viz.engine.timing.worker")

#: A model of fewer activations a pass than this takes as long as one of so many: it is timed more
#: often. A pass of so many takes about a third of a second on one core.
LEAST_WORK = 60 * 10**6

#: How long a visitor whose connection broke may take to come back before the job ends.
GRACE_SECONDS = 60.0

#: One measurement at a time on a server: two would slow each other.
_measuring = threading.Lock()
_numbers = itertools.count(1)


#: One model, and how to measure it.
Piece = tuple[ModelEntry, Setup]


def request(pieces: Sequence[Piece]) -> str:
    """What a worker is asked, as one line of JSON; `asked` reads it."""
    return json.dumps([[asdict(entry), asdict(setup)] for entry, setup in pieces])


def asked(line: str) -> list[Piece]:
    """The models and setups of a `request`."""
    return [(_entry(entry), Setup(**setup)) for entry, setup in json.loads(line)]


def _entry(values: Mapping[str, Any]) -> ModelEntry:
    stages = tuple(StageSpec(**stage) for stage in values["spec"]["stages"])
    spec = ArchitectureSpec(**{**values["spec"], "stages": stages})
    return ModelEntry(**{**values, "spec": spec})


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a `Job` stands. ``share`` is 0-1; ``seconds_left`` None until it can be told.

    ``model`` is empty when all are done and only the end is waited for; one that is measured in
    both runtimes counts twice. ``waiting``: another visitor's measurement runs; ``starting``: the
    process is loading torch.
    """

    model: str
    models_done: int
    models: int
    share: float
    seconds_left: float | None
    waiting: bool
    starting: bool
    finished: bool
    cancelled: bool


class Job:
    """A measurement under way; rows appear as they are done.

    `cancel` ends the process at once and keeps the rows. A model that cannot be measured is left
    out, with its reason in ``failures``; where one takes the process down with it, the next ones
    get a new one.
    """

    def __init__(self, entries: Sequence[ModelEntry], *setups: Setup) -> None:
        """Each model in each of the setups, one right after the other."""
        self.number = next(_numbers)
        self._pieces = [(entry, setup) for entry in entries for setup in setups]
        self._work = [
            max(LEAST_WORK, setup.batch_size * network_cost(entry.spec).activations)
            for entry, setup in self._pieces
        ]
        self._rows: list[BenchmarkRow] = []
        self._failures: list[str] = []
        self._at = 0
        self._part = 0.0
        self._has_lock = False
        self._started: float | None = None
        self._cancelled = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._changing = threading.Lock()
        self._leaving: threading.Timer | None = None
        self._thread = threading.Thread(target=self._run, name="benchmark", daemon=True)

    def start(self) -> Job:
        """Begin; returns itself."""
        self._thread.start()
        return self

    def cancel(self) -> None:
        """End the process; what is done stays."""
        with self._changing:
            self._cancelled.set()
            if self._process is not None:
                self._process.kill()

    def leave(self) -> None:
        """The visitor has gone: cancel, unless `stay` comes within `GRACE_SECONDS`."""
        self.stay()
        if self._thread.is_alive():
            self._leaving = threading.Timer(GRACE_SECONDS, self.cancel)
            self._leaving.daemon = True
            self._leaving.start()

    def stay(self) -> None:
        """The visitor is here, or here again."""
        if self._leaving is not None:
            self._leaving.cancel()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def rows(self) -> tuple[BenchmarkRow, ...]:
        """What has been measured so far."""
        return tuple(self._rows)

    @property
    def failures(self) -> tuple[str, ...]:
        """Why models were left out, one sentence each."""
        return tuple(self._failures)

    def progress(self) -> Progress:
        """Where it stands now."""
        finished = not self._thread.is_alive()
        at, part, started = self._at, self._part, self._started
        whole = sum(self._work) or 1
        now = self._work[at] if at < len(self._work) else 0
        share = (sum(self._work[:at]) + part * now) / whole
        left = None
        if started is not None and share > 0:
            left = (time.monotonic() - started) * (1 - share) / share
        return Progress(
            model=self._pieces[at][0].name if at < len(self._pieces) else "",
            models_done=at,
            models=len(self._pieces),
            share=min(1.0, share),
            seconds_left=left,
            waiting=not self._has_lock,
            starting=started is None,
            finished=finished,
            cancelled=self._cancelled.is_set(),
        )

    def _run(self) -> None:
        while not _measuring.acquire(timeout=0.1):
            if self._cancelled.is_set():
                return
        self._has_lock = True
        try:
            while self._at < len(self._pieces) and not self._cancelled.is_set():
                self._measure_the_rest()
        except Exception as error:  # a thread has nobody to raise to; the page shows it
            self._failures.append(f"The measurement stopped: {type(error).__name__}: {error}")
        finally:
            _measuring.release()

    def _measure_the_rest(self) -> None:
        """One process for all models from `_at` on; returns when it has ended."""
        first = self._at
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
            process = self._begin(errors)
            if process is None:
                return
            with process:  # closes the pipes and waits, so nothing of it stays
                try:
                    answered = self._listen(process, first)
                finally:
                    process.kill()
            if self._at == len(self._pieces) or self._cancelled.is_set():
                return
            errors.seek(0)
            said = errors.read()
        reason = _why_it_ended(process.returncode, said)
        if not answered:
            self._failures.append(f"The measurement could not start: {reason}.")
            self._at = len(self._pieces)
            return
        name = title(self._pieces[self._at][0].name)
        self._leave_out(f"{name} was not measured: {reason}.")
        self._at += 1

    def _begin(self, errors: IO[str]) -> subprocess.Popen[str] | None:
        """A new process that knows what to do; None where the job was cancelled meanwhile."""
        with self._changing:
            if self._cancelled.is_set():
                return None
            self._process = subprocess.Popen(
                COMMAND,
                cwd=IMPORT_FOLDER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
            )
            return self._process

    def _listen(self, process: subprocess.Popen[str], first: int) -> bool:
        """Take in what the process says until it has ended; whether it said anything."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request(self._pieces[first:]) + "\n")
            process.stdin.flush()
        except OSError:  # it has ended already
            return False
        answered = False
        for line in process.stdout:
            answered = True
            if self._started is None:
                self._started = time.monotonic()
            self._take(json.loads(line), first)
            if self._at == len(self._pieces):
                break
        return answered

    def _take(self, event: Mapping[str, Any], first: int) -> None:
        self._part = event.get("part", 0.0)
        self._at = first + event["at"]
        if "row" in event:
            self._rows.append(from_dict(event["row"]))
        elif "failure" in event:
            self._leave_out(event["failure"])
        else:
            return
        self._at += 1

    def _leave_out(self, reason: str) -> None:
        self._failures.append(reason)
        self._work[self._at] = 0  # it took no time, so the time left must not count it


def _why_it_ended(code: int, said: str) -> str:
    """Why a process ended before its time, as the end of a sentence."""
    if sys.platform != "win32" and code == -signal.SIGKILL:
        return (
            "the system ended its process, most likely because memory ran out; choose smaller "
            "batches or a smaller model"
        )
    lines = said.strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"its process ended with code {code}"
