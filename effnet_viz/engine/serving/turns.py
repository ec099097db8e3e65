"""A line in front of the engine: first come, first served, with a place one can see.

A turn is all that one person asks for at one moment (five maps, say), done whole before the next
one begins. So of thirty who ask at once half are served in half the time; where all advance
together, all finish last. Heavy work stands in a line of its own and never before somebody's map.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from types import TracebackType

#: From how many of the last turns the waiting time is told.
REMEMBERED = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where one stands: how many turns are ``ahead``, those under way included, and about how many
    seconds they take, None where no turn has ended yet."""

    ahead: int
    seconds: float | None

    def in_words(self) -> str:
        """For the one who waits."""
        if self.seconds is None:
            return f"{self.ahead} before you"
        return f"{self.ahead} before you, about {max(1, round(self.seconds))} s"


class Lane:
    """A line with so many ``slots``: as many turns run at once, the others wait in order."""

    def __init__(self, slots: int) -> None:
        if slots < 1:
            raise ValueError(f"a lane needs at least one slot, not {slots}")
        self.slots = slots
        self._changed = threading.Condition()
        self._line: deque[Turn] = deque()
        self._running: list[Turn] = []
        self._lasted: deque[float] = deque(maxlen=REMEMBERED)

    def turn(self) -> Turn:
        """A place in this line, taken when the context is entered and freed when it is left."""
        return Turn(self)

    @property
    def waiting(self) -> int:
        """How many stand in line now, those under way not counted."""
        with self._changed:
            return len(self._line)


class Turn:
    """One's place in a `Lane`: ``with lane.turn() as turn``, then `wait` until it is true."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._begun: float | None = None

    def __enter__(self) -> Turn:
        with self._lane._changed:
            self._lane._line.append(self)
            self._admit()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        lane = self._lane
        with lane._changed:
            if self._begun is None:
                lane._line.remove(self)
            else:
                lane._running.remove(self)
                if kind is None:
                    lane._lasted.append(time.monotonic() - self._begun)
            self._admit()

    def _admit(self) -> None:
        lane = self._lane
        while lane._line and len(lane._running) < lane.slots:
            turn = lane._line.popleft()
            turn._begun = time.monotonic()
            lane._running.append(turn)
        lane._changed.notify_all()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Whether it is one's turn, waiting for it so long at the most."""
        with self._lane._changed:
            return self._lane._changed.wait_for(lambda: self._begun is not None, timeout_s)

    @property
    def place(self) -> Place:
        """Where one stands now; nobody is ahead of a turn under way."""
        lane = self._lane
        with lane._changed:
            if self._begun is not None or self not in lane._line:
                return Place(0, 0.0)
            ahead = len(lane._running) + lane._line.index(self)
            if not lane._lasted:
                return Place(ahead, None)
            each = sum(lane._lasted) / len(lane._lasted)
            return Place(ahead, math.ceil(ahead / lane.slots) * each)


def cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def slots_for(threads: int, *, gpu: bool = False) -> int:
    """How many turns run at once so that threads × turns do not exceed the cores; one on a GPU."""
    return 1 if gpu else max(1, cores() // max(1, threads))


def step_back() -> None:
    """Let this thread's work wait for everybody else's, where the system can (Linux)."""
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


#: What takes longer than a page may wait: one at a time on a whole server.
HEAVY = Lane(1)
