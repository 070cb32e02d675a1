"""Logs the events of runs and batches: one JSON object a line (docs/nightly.md).

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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator.errors import ConfigError, Interrupted, describe_error, find_signal, is_expected

PROGRESS_SECONDS = 30.0  # between events of progress
LOGGER = logging.getLogger("simulator.event_log")
LOGGER.addHandler(logging.NullHandler())
StageListener = Callable[[str], None]  # receives a line for each stage of the work
_RUN: ContextVar[str | None] = ContextVar("run", default=None)


def log_event(name: str, /, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields; its `run`, unless it is among them, is that of `run_context`."""
    LOGGER.log(level, name, extra={"run": fields.pop("run", _RUN.get()), "fields": fields})


def log_failure(error: BaseException) -> None:
    """Log that a run ended early: by a signal, a mistake or a failure; with a traceback if it is unexpected."""
    error = find_signal(error)
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        log_event("interrupted", logging.WARNING, message=describe_error(error))
        return
    mistakes = {"mistakes": error.mistakes} if isinstance(error, ConfigError) else {}
    trace = {} if is_expected(error) else {"traceback": "".join(traceback.format_exception(error))}
    log_event("error", logging.ERROR, message=describe_error(error), kind=type(error).__name__, **mistakes, **trace)


def stage_reporter(listener: StageListener | None) -> StageListener:
    """Return a function that logs a stage and passes it to `listener`."""

    def report(stage: str) -> None:
        log_event("stage", message=stage)
        if listener is not None:
            listener(stage)

    return report


def has_listeners() -> bool:
    """Return True if anything receives events."""
    return LOGGER.isEnabledFor(logging.INFO)


@contextmanager
def run_context(run: Path) -> Iterator[None]:
    """Attribute the events inside the block to this run."""
    token = _RUN.set(str(run))
    try:
        yield
    finally:
        _RUN.reset(token)


class JsonLines(logging.Handler):
    """Appends events to a file, or (`-`) to stderr; each is written whole and at once.

    A log that cannot be written any more gives one warning and ends no run. ConfigError if it cannot be opened.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where, self._warned, self._torn = where, False, False
        try:
            self._file = None if where == "-" else open(where, "ab", buffering=0)  # noqa: SIM115
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                [f"--log-json: given {where}, which cannot be written ({reason}), wanted a file or -"]
            ) from None

    def emit(self, record: logging.LogRecord) -> None:
        """Write an event."""
        try:
            self._write(_line(record))
        except (OSError, ValueError) as error:
            self._torn = True
            if not self._warned and sys.stderr is not None:
                self._warned = True
                with suppress(OSError, ValueError):
                    reason = getattr(error, "strerror", None) or error
                    sys.stderr.write(f"warning: {self._where}: the log cannot be written ({reason}); the run goes on\n")
                    sys.stderr.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        super().close()

    def _write(self, line: str) -> None:
        if self._file is None:
            if sys.stderr is not None:
                sys.stderr.write(line)
                sys.stderr.flush()
            return
        data = (b"\n" if self._torn else b"") + line.encode()  # what a full disk cut short stays a line of its own
        written = self._file.write(data) or 0
        if written < len(data):
            written += self._file.write(data[written:]) or 0  # says why, if it cannot
        self._torn = written < len(data)


@contextmanager
def events_to(handler: logging.Handler | None) -> Iterator[None]:
    """Send the events of the block, and Python's warnings, to a handler, which is closed at the end."""
    if handler is None:
        yield
        return
    level, show = LOGGER.level, warnings.showwarning

    def show_and_log(message: Warning | str, category: type[Warning], *rest: Any, **named: Any) -> None:
        log_event("warning", logging.WARNING, message=str(message), kind=category.__name__)
        show(message, category, *rest, **named)

    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    warnings.showwarning = show_and_log
    try:
        yield
    finally:
        warnings.showwarning = show
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
        handler.close()


def _line(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    attributes = vars(record)
    body = {
        "ts": moment,
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        "run": attributes.get("run"),
        **_finite(attributes.get("fields", {})),
    }
    return json.dumps(body, allow_nan=False, default=str) + "\n"


def _finite(value: Any) -> Any:
    """Return the value with null for the numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
