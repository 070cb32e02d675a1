"""Prints stages and results, and reports results that cannot be printed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from simulator.errors import STDOUT, RunError, describe_error


class OutputOptions(NamedTuple):
    """The output of a run: its tables, and the exit code for a missed precision."""

    strict: bool
    quiet: bool
    as_json: bool

    @property
    def on_stage(self) -> Callable[[str], None] | None:
        """Receives the stages of the work; None if they are not printed."""
        return None if self.quiet else print_stage


class UnprintedError(RunError):
    """A complete run whose results could not be printed; its cause is the error of standard output."""


@contextmanager
def printing(complete: str) -> Iterator[None]:
    """Run a block that prints results; if they cannot be printed, say why, and what is `complete` all the same."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.filename != STDOUT:
            raise
        raise UnprintedError(f"{describe_error(error)}\n{complete}") from error


def print_stage(stage: str) -> None:
    """Print a stage of the work on stderr."""
    print_line(f"== {stage}")


def print_line(line: str) -> None:
    """Print a line on stderr, if it can be written."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # a full disk or a reader that left is no reason to end a run
            print(line, file=sys.stderr, flush=True)
