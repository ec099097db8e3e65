"""A search of minutes, started from a page: the ``search`` command in processes of its own.

Nothing here loads torch. The processes share the points (see `effnet_viz.engine.training.search`)
and write their files into a temporary folder, where this reads how far they are.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from effnet_viz.errors import UserError
from effnet_viz.evidence.files import IMPORT_FOLDER
from effnet_viz.evidence.search import records
from effnet_viz.evidence.search.points import SearchPoint, search_points
from effnet_viz.evidence.search.records import CurveRow, SearchRow

MOST_PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """A short search: three to five minutes on two cores of a laptop.

    ``per_class`` photos are read of each class, and the share ``held_out`` of them is kept for
    measuring. Batches are small, so that few photos still make many steps.
    """

    data: Path
    points: int = 6
    epochs: int = 6
    per_class: int = 125
    held_out: float = 0.2
    batch_size: int = 16
    seed: int = 0

    @property
    def search_points(self) -> tuple[SearchPoint, ...]:
        """The first points of the search, the corners among them."""
        return search_points(self.points)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a `Job` stands. ``seconds_left`` is None until an epoch is done; ``failure`` says in
    one sentence why it ended early."""

    points_done: int
    points: int
    share: float
    seconds_left: float | None
    finished: bool
    cancelled: bool
    failure: str | None


class Job:
    """A search under way. `start` it with the function below."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._watchers: set[str] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="effnet-viz-search-")
        self._cancelled = False
        self._started = time.monotonic()
        self._result: tuple[list[SearchRow], list[CurveRow]] | None = None
        self._failure: str | None = None
        self._reading = threading.Lock()
        count = max(1, min(MOST_PROCESSES, os.cpu_count() or 1))
        self._processes = [self._process(number) for number in range(count)]
        atexit.register(self._stop)

    @property
    def _out(self) -> Path:
        return Path(self._folder.name)

    def _process(self, number: int) -> subprocess.Popen[bytes]:
        s = self.settings
        command = [
            sys.executable, "-m", "effnet_viz", "search", f"--data={s.data.absolute()}",
            f"--out={self._out}", f"--work={self._out / 'work'}", f"--points={s.points}",
            f"--epochs={s.epochs}", f"--per-class={s.per_class}", f"--held-out={s.held_out}",
            f"--seed={s.seed}", f"--batch-size={s.batch_size}",
        ]  # fmt: skip
        with self._errors(number).open("wb") as errors:
            return subprocess.Popen(
                command,
                cwd=IMPORT_FOLDER,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def _errors(self, number: int) -> Path:
        return self._out / f"errors-{number}.txt"

    def results(self) -> tuple[list[SearchRow], list[CurveRow]]:
        """The finished points and all finished epochs so far."""
        with self._reading:
            return self._results()

    def _results(self) -> tuple[list[SearchRow], list[CurveRow]]:
        if self._result is not None:
            return self._result
        ended = all(process.poll() is not None for process in self._processes)
        found = records.read_rows(self._out), records.read_curves(self._out)
        if ended:
            self._result = found
            self._failure = self._why_it_failed()
            atexit.unregister(self._stop)
            with contextlib.suppress(OSError):
                self._folder.cleanup()
        return found

    def _why_it_failed(self) -> str | None:
        if self._cancelled:
            return None
        for number, process in enumerate(self._processes):
            if process.returncode:
                said = self._errors(number).read_text("utf-8", "replace").strip()
                last = said.replace("\r", "\n").splitlines()[-1] if said else "no reason given"
                return f"The search stopped: {last.removeprefix('error: ')}"
        return None

    def progress(self) -> Progress:
        """Where it stands now."""
        rows, curves = self.results()
        s = self.settings
        share = min(1.0, len(curves) / (s.points * s.epochs))
        left = None
        if share:
            left = (time.monotonic() - self._started) * (1 - share) / share
        return Progress(
            points_done=len(rows),
            points=s.points,
            share=share,
            seconds_left=left,
            finished=self._result is not None,
            cancelled=self._cancelled,
            failure=self._failure,
        )

    def watch(self, watcher: str) -> None:
        """Somebody waits for it, known by this name."""
        self._watchers.add(watcher)

    def cancel(self, watcher: str) -> None:
        """This one waits no more; the search ends where nobody else does. What is done stays."""
        self._watchers.discard(watcher)
        if not self._watchers:
            self._cancelled = True
            self._stop()

    def _stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


_starting = threading.Lock()
_current: Job | None = None


def start(settings: Settings, watcher: str) -> Job:
    """A search with these settings: the one that runs already, for whoever asks, or a new one; who
    asks is known to it by a name.

    Raises UserError where a search with other settings runs: two would slow each other.
    """
    global _current
    with _starting:
        if _current is not None and not _current.progress().finished:
            if _current.settings != settings:
                raise UserError(
                    "Another search is running on this server; start yours when it has ended."
                )
        else:
            _current = Job(settings)
        _current.watch(watcher)
        return _current
