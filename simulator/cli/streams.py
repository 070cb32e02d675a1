"""The standard streams of the command, made fit for whatever environment it is called from.

A stream that is closed (a daemon's) is as good as /dev/null: left closed, the next file that is opened would take its
number, and what is printed would go into that file. Characters that an encoding lacks are replaced, and an error of
standard output names it.
"""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from simulator.errors import STDOUT

__all__ = ["open_streams"]


class _StandardOutput(io.FileIO):
    """File number 1; errors that it raises name it."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = STDOUT
            raise


def open_streams() -> None:
    """Open closed standard streams on /dev/null; replace on each what its encoding cannot hold."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)  # takes the lowest free number
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None or _number(sys.stdout) == 1:
        sys.stdout = _named_output(sys.stdout)
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115


def _number(stream: TextIO) -> int | None:
    """Return the number of the file behind a stream; None if there is none."""
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _named_output(stream: TextIO | None) -> TextIO:
    """Return standard output as it was, but for errors that name it and characters that are replaced."""
    encoding = "utf-8" if stream is None else stream.encoding
    terminal = stream is not None and stream.isatty()
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    raw = io.BufferedWriter(_StandardOutput(1, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=encoding, errors="replace", line_buffering=terminal)
