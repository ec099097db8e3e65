"""Things kept in memory up to a number of bytes; the longest unused go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from effnet_viz.engine.requests import bare

T = TypeVar("T")


class KeptWithin(Generic[T]):
    """At most ``limit_bytes`` of values by key, shared by threads. Of a key that is a request the
    photo's bytes are not kept.

    A value larger than the limit is made and handed out, but not kept. Of threads that ask for the
    same missing key one makes it and the others wait; where that fails, the next one tries.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()
        self._made: dict[Hashable, threading.Event] = {}

    @property
    def held_bytes(self) -> int:
        """What is kept now."""
        return self._held

    def find(self, key: Hashable) -> T | None:
        """The kept value, None where there is none now."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def drop(self, key: Hashable) -> None:
        """Forget a value, if it is kept."""
        with self._lock:
            self._forget(key)

    def get(self, key: Hashable, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """The kept value, else what ``make`` returns, kept with ``size`` bytes of it."""
        while True:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return self._values[key][0]
                others = self._made.get(key)
                if others is None:
                    made = self._made[key] = threading.Event()
                    break
            others.wait()
        try:
            value = make()
            self._keep(key, value, size(value))
        finally:
            with self._lock:
                del self._made[key]
            made.set()
        return value

    def _keep(self, key: Hashable, value: T, count: int) -> None:
        if count > self.limit_bytes:
            return
        with self._lock:
            self._forget(key)
            self._values[bare(key)] = (value, count)
            self._held += count
            while self._held > self.limit_bytes:
                self._forget(next(iter(self._values)))

    def _forget(self, key: Hashable) -> None:
        _, count = self._values.pop(key, (None, 0))
        self._held -= count
