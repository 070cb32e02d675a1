"""The exception tree.

SimulatorError
├── ConfigError        the config or the arguments are wrong; carries every mistake at once (exit code 2)
├── RunError           a run failed: a number that is not finite, too many events, a broken run folder (exit 1)
│   └── ClusterError   its workers or scheduler are gone, or unfit; all that came back is of the first paths
└── Interrupted        stopped by a signal after its state was written (exit 130 or 143)
"""

from __future__ import annotations

from collections.abc import Sequence


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
