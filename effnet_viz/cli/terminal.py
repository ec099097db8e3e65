"""What the command line writes: JSON and tables to standard output, progress and errors beside."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

#: Exit codes.
BAD_INPUT, FAILURE, INTERRUPTED = 2, 1, 130


def print_json(value: object) -> None:
    """``value`` as indented ASCII JSON on standard output."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; those that start with a digit to the right."""
    lines = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    is_number = [cell[:1].isdecimal() for cell in lines[1]]
    for line in lines:
        cells = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, is_number, strict=True)
        )
        print("  ".join(cells).rstrip())


def progress(text: str) -> None:
    """Show what is under way on one line of standard error, where that is a terminal; "" clears
    the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def download_progress(name: str, done: int, total: int) -> None:
    """`progress` of a download of ``total`` bytes (0: unknown)."""
    of_total = f" of {total / 1e6:.1f}" if total else ""
    progress(f"{name}: {done / 1e6:.1f}{of_total} MB downloaded")


@contextmanager
def writing() -> Iterator[None]:
    """Inside, a progress bar that stands on the same terminal makes room for what is printed."""
    from tqdm import tqdm

    with tqdm.external_write_mode():
        yield


def print_note(message: str) -> None:
    """``message`` as one line on standard error, beside results that stand."""
    progress("")
    print(f"note: {' '.join(message.split())}", file=sys.stderr)


def print_error(message: str) -> None:
    """``message`` as one line on standard error."""
    progress("")
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
