"""Progress on stderr: a bar on a terminal, a line every half minute elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

from simulator import event_log

EVERY = 30.0  # seconds between log lines


class Meter(Protocol):
    """Shows how much of the work is done; used as a context manager around it."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def advance(self, count: int) -> None:
        """Count `count` more paths."""


class Silent:
    """A meter that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def advance(self, count: int) -> None:
        """Show nothing."""


class Lines:
    """A meter that writes a line every `every` seconds: paths done (`before` of them earlier), paths/s, time left."""

    def __init__(
        self, total: int | None, stream: TextIO, every: float = EVERY, what: str = "paths", before: int = 0
    ) -> None:
        self._total, self._stream, self._every, self._what = total, stream, every, what
        self._before = self._done = before
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        self._start = self._last = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def advance(self, count: int) -> None:
        """Count the paths and write a line when one is due."""
        self._done += count
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        speed = (self._done - self._before) / (now - self._start)
        clock, done, left = time.strftime("%H:%M:%S"), f"{self._done:,}", ""
        if self._total is not None:
            done += f" of {self._total:,}"
            left = f", {timedelta(seconds=round((self._total - self._done) / speed))} left"
        with suppress(OSError):  # a full disk or a reader that left is no reason to end a run
            self._stream.write(f"{clock} {done} {self._what}, {speed:,.0f} {self._what}/s{left}\n")
            self._stream.flush()


class Bar:
    """A meter that draws a bar with paths per second and time left, and removes it when the work is done."""

    def __init__(self, total: int | None, stream: TextIO, what: str = "paths", before: int = 0) -> None:
        from rich.console import Console  # 40 ms to import, and only a terminal needs it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._progress.add_task(what, total=total, completed=before, speed="", start=False)
        self._what = what
        self._before = self._done = before
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        with suppress(OSError):
            self._progress.start()
        self._progress.start_task(self._task)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # the terminal may be gone
            self._progress.stop()

    def advance(self, count: int) -> None:
        """Count the paths and redraw the bar."""
        self._done += count
        speed = (self._done - self._before) / max(time.monotonic() - self._start, 1e-9)
        self._progress.update(self._task, completed=self._done, speed=f"{speed:,.0f} {self._what}/s")


class Logged:
    """Passes everything to another meter, and logs an event of progress every half minute."""

    def __init__(self, shown: Meter, total: int | None, what: str, before: int) -> None:
        self._shown, self._total, self._what = shown, total, what
        self._before = self._done = before
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        self._shown.__enter__()
        self._start = self._last = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shown.__exit__(kind, error, trace)

    def advance(self, count: int) -> None:
        """Count the paths and log an event when one is due."""
        self._shown.advance(count)
        self._done += count
        now = time.monotonic()
        if now - self._last >= event_log.PROGRESS_SECONDS:
            self._last = now
            speed = (self._done - self._before) / (now - self._start)
            counts: dict[str, Any] = {self._what: self._done, "of": self._total, f"{self._what}_per_s": round(speed, 1)}
            event_log.log_event("progress", **counts, seconds=round(now - self._start, 3))


def meter(
    total: int | None, quiet: bool = False, what: str = "paths", stream: TextIO | None = None, before: int = 0
) -> Meter:
    """Return the meter that suits `stream` (stderr): silent if quiet, a bar on a terminal, log lines elsewhere."""
    shown = _shown(total, quiet, what, stream or sys.stderr, before)
    return Logged(shown, total, what, before) if event_log.has_listeners() else shown


def _shown(total: int | None, quiet: bool, what: str, stream: TextIO | None, before: int) -> Meter:
    if quiet or stream is None:
        return Silent()
    if stream.isatty():
        return Bar(total, stream, what, before)
    return Lines(total, stream, what=what, before=before)
