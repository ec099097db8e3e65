"""What a command says, in process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from effnet_viz.__main__ import main


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON a command prints, which is all it prints."""
    assert main([*arguments, "--json"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out)


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and message of a command that prints one line on standard error, nothing else."""
    code = main(arguments)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith("error: ")
    return code, printed.err
