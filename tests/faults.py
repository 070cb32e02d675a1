"""A disk that fails: the calls through which runs write, made to fail at the n-th, from the n-th on, or once full."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from simulator.results import disk

CALLS = ("open", "write", "fsync", "replace", "unlink", "makedirs")


class Faulty:
    """Stands for `os` in `simulator.results.disk`; counts the calls that may fail.

    `at` is the number of the call that fails, 0 for none; all from there on if `lasting`. `room` is how many bytes fit.
    """

    def __init__(self, at: int = 0, lasting: bool = False, room: float = float("inf")) -> None:
        self.at, self.lasting, self.room = at, lasting, room
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            n = len(self.calls)
            if self.at and (n == self.at or (self.lasting and n > self.at)):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            if name == "write":
                if len(memoryview(arguments[1])) > self.room:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self.room -= len(memoryview(arguments[1]))
            return real(*arguments, **named)

        return call


@contextmanager
def faults(at: int = 0, lasting: bool = False, room: float = float("inf")) -> Iterator[Faulty]:
    """Let writing fail inside the block."""
    faulty = Faulty(at, lasting, room)
    with mock.patch.object(disk, "os", faulty):
        yield faulty
