"""What happens in a run as events, for whoever watches over a night: one JSON object a line (docs/nightly.md).

Events are records of the standard logger `simulator.event_log`, so that a program which calls the simulator can
take them with a handler of its own; without one they cost nothing.
"""

from __future__ import annotations

import json
import logging
import math
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.errors import ConfigError, Interrupted, expected, signal_behind, words

EVERY = 30.0  # seconds between events of progress
LOGGER = logging.getLogger("simulator.event_log")
LOGGER.addHandler(logging.NullHandler())
_RUN: ContextVar[str | None] = ContextVar("run", default=None)


def event(what: str, /, level: int = logging.INFO, **fields: Any) -> None:
    """Something happened; `run`, unless it is among the fields, is the run that this happened in."""
    LOGGER.log(level, what, extra={"run": fields.pop("run", _RUN.get()), "fields": fields})


def failed(error: BaseException) -> None:
    """A run ended early: by a signal, for a mistake, or because it failed; with the traceback if nobody expected it."""
    error = signal_behind(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        event("interrupted", logging.WARNING, message=words(error))
        return
    mistakes = {"mistakes": error.mistakes} if isinstance(error, ConfigError) else {}
    trace = {} if expected(error) else {"traceback": "".join(traceback.format_exception(error))}
    event("error", logging.ERROR, message=words(error), kind=type(error).__name__, **mistakes, **trace)


def wanted() -> bool:
    """Whether anybody takes events."""
    return LOGGER.isEnabledFor(logging.INFO)


@contextmanager
def of(run: Path) -> Iterator[None]:
    """Events inside the block are of this run."""
    token = _RUN.set(str(run))
    try:
        yield
    finally:
        _RUN.reset(token)


class JsonLines(logging.Handler):
    """Appends events to a file, or (`-`) to stderr; each is written whole and at once.

    A log that cannot be written any more is said once and ends no run. ConfigError if it cannot be opened.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where, self._said, self._torn = where, False, False
        try:
            self._file = None if where == "-" else open(where, "ab", buffering=0)  # noqa: SIM115
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                [f"--log-json: given {where}, which cannot be written ({said}), wanted a file or -"]
            ) from None

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event."""
        try:
            self._write(_line(record))
        except (OSError, ValueError) as error:
            self._torn = True
            if not self._said:
                self._said = True
                with suppress(OSError, ValueError):
                    said = getattr(error, "strerror", None) or error
                    sys.stderr.write(f"warning: {self._where}: the log cannot be written ({said}); the run goes on\n")
                    sys.stderr.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        super().close()

    def _write(self, line: str) -> None:
        if self._file is None:
            sys.stderr.write(line)
            sys.stderr.flush()
            return
        data = (b"\n" if self._torn else b"") + line.encode()  # what a full disk cut short stays a line of its own
        written = self._file.write(data) or 0
        if written < len(data):
            written += self._file.write(data[written:]) or 0  # says why, if it cannot
        self._torn = written < len(data)


@contextmanager
def kept(handler: logging.Handler | None) -> Iterator[None]:
    """Hand the events of the block, and Python's warnings, to a handler, which is closed at the end."""
    if handler is None:
        yield
        return
    level, show = LOGGER.level, warnings.showwarning

    def shown(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        event("warning", logging.WARNING, message=str(message), kind=category.__name__)
        show(message, category, *rest, **named)

    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    warnings.showwarning = shown
    try:
        yield
    finally:
        warnings.showwarning = show
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
        handler.close()


def _line(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    told = vars(record)
    body = {
        "ts": moment,
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        "run": told.get("run"),
        **_finite(told.get("fields", {})),
    }
    return json.dumps(body, allow_nan=False, default=str) + "\n"


def _finite(value: Any) -> Any:
    """The same without numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
