"""Long work in a thread of its own, with progress, time left and a way to stop."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from effnet_viz.engine.serving.turns import HEAVY, step_back
from effnet_viz.errors import Cancelled, UserError

T = TypeVar("T")

#: How often work that waits for its turn looks whether it was cancelled.
WAIT_S = 0.2

_numbers = itertools.count(1)


def time_left(seconds: float) -> str:
    """How long something still takes, for a progress bar: seconds up to a minute and a half."""
    whole = round(seconds)
    return f"about {whole} s left" if whole < 90 else f"about {whole / 60:.0f} min left"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a `Background` stands. ``share`` is 0-1; ``seconds_left`` None until it can be told."""

    what: str
    share: float
    seconds_left: float | None
    finished: bool
    cancelled: bool

    def in_words(self) -> str:
        """For a progress bar: what is done now, and how long the rest takes."""
        if self.seconds_left is None:
            return self.what
        return f"{self.what}, {time_left(self.seconds_left)}"


class Background(Generic[T]):
    """One piece of work in a thread; ``work`` gets this object and reports to it.

    It is heavy work: it waits for its turn among all the server's, behind everybody's maps.

    What ``work`` returns is ``result``; a UserError it raises is ``failure`` as a sentence. After
    `cancel`, `report` raises `Cancelled` in the thread, which the work may catch to return what
    it has.
    """

    def __init__(self, work: Callable[[Background[T]], T], first: str = "Starting") -> None:
        self.number = next(_numbers)
        self._work = work
        self._what, self._share = first, 0.0
        self._started = time.monotonic()
        self._cancel = threading.Event()
        self.result: T | None = None
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)

    def start(self) -> Background[T]:
        """Begin; returns itself."""
        self._started = time.monotonic()
        self._thread.start()
        return self

    def cancel(self) -> None:
        """Stop at the next report."""
        self._cancel.set()

    def should_stop(self) -> bool:
        """Whether it was cancelled."""
        return self._cancel.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def report(self, what: str, share: float) -> None:
        """Called by the work: what it does now, and how much of all is done, 0-1.

        Raises Cancelled after a cancel.
        """
        if self._cancel.is_set():
            raise Cancelled
        self._what, self._share = what, min(1.0, max(0.0, share))

    def standing(self) -> Standing:
        """Where it stands now."""
        share = self._share
        left = (time.monotonic() - self._started) * (1 - share) / share if share > 0.02 else None
        return Standing(self._what, share, left, not self._thread.is_alive(), self._cancel.is_set())

    def _run(self) -> None:
        step_back()
        try:
            with HEAVY.turn() as turn:
                while not turn.wait(WAIT_S):
                    self.report(f"Waiting: {turn.place.in_words()}", 0.0)
                self._started = time.monotonic()
                self.result = self._work(self)
        except Cancelled:
            pass
        except UserError as error:
            self.failure = str(error)
        except Exception as error:  # a thread has nobody to raise to; the page shows it
            self.failure = f"This stopped: {type(error).__name__}: {error}"
