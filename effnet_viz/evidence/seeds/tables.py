"""Measured rows as JSON, read and written: one object a row, the fields of a frozen record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from effnet_viz.errors import UserError
from effnet_viz.evidence.checkpoints import write_atomically

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Row = TypeVar("Row", bound=DataclassInstance)


def write_rows(rows: Iterable[DataclassInstance], path: Path) -> None:
    """Write the table in one step, a line a row."""
    lines = ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    write_atomically(path, f"[\n{lines}\n]\n".encode())


def read_rows(kind: type[Row], path: Path) -> tuple[Row, ...]:
    """The table; empty where there is none. Raises UserError where it is damaged."""
    try:
        return tuple(kind(**row) for row in json.loads(path.read_bytes()))
    except FileNotFoundError:
        return ()
    except (OSError, TypeError, ValueError) as error:
        raise UserError(
            f"The table {path} is damaged ({error}); download the project again."
        ) from error
