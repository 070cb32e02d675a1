"""`simulator`: the list of verbs, one a file, and how errors are printed."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import suppress
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import simulator
from simulator.cli.bench import bench
from simulator.cli.check import check
from simulator.cli.compare import compare
from simulator.cli.init import init
from simulator.cli.output import UnprintedError, print_line
from simulator.cli.replay import replay
from simulator.cli.report import report
from simulator.cli.run import run
from simulator.cli.runs import app as runs
from simulator.cli.schema import schema
from simulator.cli.stress import stress
from simulator.cli.tornado import tornado
from simulator.cli.training import training
from simulator.cli.warmup import warmup
from simulator.errors import DEBUG, STDOUT, ConfigError, Interrupted, describe_error, exit_code, find_signal


def _print_error(error: BaseException) -> int:
    """Print in plain words on stderr what went wrong; return the exit code."""
    if os.environ.get(DEBUG):
        traceback.print_exception(error)
    error = find_signal(error)
    if isinstance(error, ConfigError):
        number = len(error.mistakes)
        print_line("\n".join(error.mistakes))
        print_line(f"{number} error{'s' if number > 1 else ''}, nothing was run.")
    elif isinstance(error, Interrupted):
        print_line(str(error))
    elif isinstance(error, KeyboardInterrupt):
        print_line("interrupted, nothing was written.")
    else:
        print_line(f"failed: {describe_error(error)}")
    return exit_code(error)


class _Verbs(TyperGroup):
    """The group of verbs; errors become a line on stderr and an exit code, never a bare traceback."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except (KeyboardInterrupt, OSError) as error:  # --help and the like print here
            raise SystemExit(_report(error)) from None

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (Exception, KeyboardInterrupt) as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):
                raise
            raise typer.Exit(_report(error)) from None


def _report(error: BaseException) -> int:
    """Return the exit code of an error; print it unless it is that nobody reads stdout any more."""
    cause = error.__cause__ if isinstance(error, UnprintedError) else error
    if isinstance(cause, OSError) and cause.filename is None:
        _discard_stdout()  # or what was not printed fails once more at the end
        if cause.errno == errno.EPIPE:
            return 0
    return _print_error(error)


def _discard_stdout() -> None:
    """Discard what is still to be printed: nobody reads stdout any more, as in `simulator run ... | head`."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


app = typer.Typer(
    cls=_Verbs,
    name="simulator",
    help="Monte Carlo risk of AI-infrastructure capital programmes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"simulator {simulator.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if debug:
        os.environ[DEBUG] = "1"


for verb in (init, check, run, report, compare, replay, tornado, stress, training, schema, warmup, bench):
    app.command()(verb)
app.add_typer(runs)


def _terminated(signum: int, _frame: FrameType | None) -> None:
    raise Interrupted("stopped, nothing was written.", signum)


def main() -> None:
    """Entry of the command `simulator`."""
    signal.signal(signal.SIGTERM, _terminated)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup is heeded
        signal.signal(signal.SIGHUP, _terminated)
    code: int | str | None = 0
    try:
        app(prog_name="simulator")
    except SystemExit as end:
        code = end.code
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # nothing is left to interrupt
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_stdout()
    except OSError as error:
        print_line(f"failed: {STDOUT}: {(error.strerror or str(error)).lower()}")
        _discard_stdout()
        code = code or 1
    raise SystemExit(code)
