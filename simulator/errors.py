"""The exception tree, and what is said of an exception: words and an exit code.

SimulatorError
├── ConfigError        the config or the arguments are wrong; carries every mistake at once (exit code 2)
├── RunError           a run failed: a number that is not finite, too many events, a broken run folder (exit 1)
│   └── ClusterError   its workers or scheduler are gone, or unfit; all that came back is of the first paths
└── Interrupted        stopped by a signal after its state was written (exit 130 or 143)
"""

from __future__ import annotations

import signal
from collections.abc import Sequence

DEBUG = "SIMULATOR_DEBUG"  # environment variable: show tracebacks
STDOUT = "standard output"


class SimulatorError(Exception):
    """Anything the simulator reports to its user in words of its own."""


class ConfigError(SimulatorError):
    """One or more mistakes in a config or in arguments, each a line `file:line: key.path: given, wanted`."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(self.mistakes))


class RunError(SimulatorError):
    """A run that could not go on; the message says what happened and what to do."""


class ClusterError(RunError):
    """A cluster that cannot go on; the paths it gave back are the first ones, none missing."""


class Interrupted(SimulatorError):
    """A signal ended the run early; `signum` is its number."""

    def __init__(self, message: str, signum: int) -> None:
        self.signum = signum
        super().__init__(message)


def signal_behind(error: BaseException) -> BaseException:
    """The signal that an error comes from: what a signal interrupts may wrap it, as making a class does."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, (Interrupted, KeyboardInterrupt)):
            return behind
        behind = behind.__cause__
    return error


def exit_code(error: BaseException) -> int:
    """The exit code of a command that ended with an error."""
    error = signal_behind(error)
    if isinstance(error, ConfigError):
        return 2
    if isinstance(error, Interrupted):
        return 128 + error.signum
    return 128 + signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1


def words(error: BaseException) -> str:
    """What happened, in plain words."""
    if isinstance(error, SimulatorError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or STDOUT}: {error.strerror.lower()}"  # no other file is written bare
    if isinstance(error, MemoryError):
        return "out of memory; fewer --threads need less"
    return f"{type(error).__name__}: {error}\nThis should not happen. {DEBUG}=1 shows where it did."


def expected(error: BaseException) -> bool:
    """Whether `words` say all there is to say of an error, so that nobody needs its traceback."""
    return isinstance(error, (SimulatorError, KeyboardInterrupt, OSError, MemoryError))
