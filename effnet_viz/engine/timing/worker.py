"""The process behind `effnet_viz.engine.jobs.timing`: measures models and says how far it is.

Not a command for people: that is ``python -m effnet_viz bench``, which measures in the same way.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import warnings

from effnet_viz.engine.jobs.timing import asked
from effnet_viz.errors import UserError
from effnet_viz.evidence.timing import Setup, as_dict, title
from effnet_viz.scaling.families import ModelEntry

#: Saying it more often would only disturb the measurement.
SECONDS_BETWEEN_WORDS = 0.2


class Voice:
    """Writes events on standard output, at most some a second of those that say how far it is."""

    def __init__(self) -> None:
        self._last = 0.0

    def say(self, at: int, **event: object) -> None:
        """One event, now."""
        self._last = time.monotonic()
        sys.stdout.write(json.dumps({"at": at, **event}) + "\n")
        sys.stdout.flush()

    def part(self, at: int, share: float) -> None:
        """How much of a model's passes is done, unless that was said just before."""
        if time.monotonic() - self._last >= SECONDS_BETWEEN_WORDS:
            self.say(at, part=share)


def main() -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    pieces = asked(sys.stdin.readline())
    threading.Thread(target=_end_with_the_server, daemon=True).start()

    from effnet_viz.engine.timing import models  # loads torch

    voice = Voice()
    voice.say(0, part=0.0)

    def one(at: int, entry: ModelEntry, setup: Setup) -> None:
        row = models.measure(entry, setup, lambda done, passes: voice.part(at, done / passes))
        voice.say(at, row=as_dict(row))

    for at, (entry, setup) in enumerate(pieces):
        try:
            one(at, entry, setup)
        except UserError as error:
            voice.say(at, failure=str(error))
        except Exception as error:  # one line instead of a traceback, and on with the next
            what = " ".join(f"{type(error).__name__}: {error}".split())
            voice.say(at, failure=f"{title(entry.name)} was not measured: {what}")


def _end_with_the_server() -> None:
    """Whoever asked holds the other end of standard input; without it there is nobody to tell."""
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
