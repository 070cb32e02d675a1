"""The exception tree, and for each exception its text for users and its exit code.

SimulatorError
├── ConfigError        the config or the arguments are wrong; carries every mistake at once (exit code 2)
├── RunError           a run failed: a number that is not finite, too many events, a broken run folder (exit 1)
│   └── ClusterError   its workers or scheduler are lost, or unfit; all results that came back are of the first paths
└── Interrupted        stopped by a signal after its state was written (exit 130 or 143)

A signal that arrives in the middle of something is raised as a KeyboardInterrupt (`Terminated`), which libraries let
pass: an Exception would come out wrapped in one of theirs, or not at all.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence

_PLACE = re.compile(r"^(?:.*?:\d+: |--set )(?=\S)")
DEBUG = "SIMULATOR_DEBUG"  # environment variable: show tracebacks
STDOUT = "standard output"


class SimulatorError(Exception):
    """An error whose message is written for users."""


class ConfigError(SimulatorError):
    """One or more mistakes in a config or in arguments, each a line `file:line: key.path: given, wanted`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(self.mistakes))

    @property
    def short_reason(self) -> str:
        """The first mistake without its place, and without the remedy that follows a semicolon."""
        return _PLACE.sub("", self.mistakes[0]).partition(";")[0]


class RunError(SimulatorError):
    """A run that failed; the message says what happened and what to do."""


class ClusterError(RunError):
    """A cluster that failed; the paths it gave back are the first ones, none missing."""


class Interrupted(SimulatorError):
    """A signal ended the run early; `signum` is its number."""

    def __init__(self, message: str, signum: int) -> None:
        self.signum = signum
        super().__init__(message)


class Terminated(KeyboardInterrupt):
    """A signal other than Ctrl-C that ends the process; `signum` is its number."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__("stopped, nothing was written.")


def signal_number(error: BaseException) -> int:
    """Return the number of the signal that an error stands for; SIGINT unless it says another."""
    return error.signum if isinstance(error, (Interrupted, Terminated)) else signal.SIGINT


def find_signal(error: BaseException) -> BaseException:
    """Return the signal that caused an error, or the error itself: code that a signal interrupts may wrap it."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (Interrupted, KeyboardInterrupt)):
            return cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return error


def exit_code(error: BaseException) -> int:
    """Return the exit code of a command that ended with an error."""
    error = find_signal(error)
    if isinstance(error, ConfigError):
        return 2
    return 128 + signal_number(error) if isinstance(error, (Interrupted, KeyboardInterrupt)) else 1


def describe_error(error: BaseException) -> str:
    """Return the text of an error for users."""
    if isinstance(error, SimulatorError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return str(error) or "interrupted"
    if isinstance(error, OSError) and error.strerror:
        place = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{place}{error.strerror.lower()}"
    if isinstance(error, MemoryError):
        return "out of memory; fewer --threads need less"
    return f"{type(error).__name__}: {error}\nThis should not happen. {DEBUG}=1 shows where it did."


def is_expected(error: BaseException) -> bool:
    """True if `describe_error` is complete and a traceback would add nothing."""
    return isinstance(error, (SimulatorError, KeyboardInterrupt, OSError, MemoryError))
