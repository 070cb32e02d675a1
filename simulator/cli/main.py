"""`simulator`: the list of verbs, one a file, and how errors are printed."""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from types import FrameType
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import simulator
from simulator.cli.output import UnprintedError, print_line
from simulator.errors import DEBUG, STDOUT, ConfigError, Interrupted, Terminated, describe_error, exit_code, find_signal

# Each verb and its line of --help, which a test compares with the verb's own: so help imports no verb.
VERBS = {
    "init": "Write a commented config to start from.",
    "check": "Validate a config and predict a run, or (--validate) figures.",
    "run": "Simulate a config: risk table, run folder and report.",
    "report": "Draw the report of a run folder.",
    "compare": "Compare the plans of a run, or two runs, path by path.",
    "replay": "Draw paths of a run again, exactly, and tell their story.",
    "explain": "Explain a tail: what its worlds share, what it is made of.",
    "reverse": "Find what leads to an event, and what prevents it.",
    "views": "Re-weight a run so that a view on its worlds holds.",
    "tornado": "Find the inputs that move a risk figure most.",
    "stress": "Compare every plan in the base and under stress.",
    "training": "Calculate how long a training run takes.",
    "schema": "Print the JSON Schema of a config.",
    "warmup": "Compile now, so that no run has to.",
    "bench": "Measure how fast this machine simulates.",
    "runs": "List runs, say what changed between two, remove old ones.",
}


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
        print_line(str(error) or "interrupted, nothing was written.")
    else:
        print_line(f"failed: {describe_error(error)}")
    return exit_code(error)


class _Verbs(TyperGroup):
    """The group of verbs, each imported when it is called; errors become a line on stderr and an exit code."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands: dict[str, Any] = dict.fromkeys(VERBS)  # None until a verb is called

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in VERBS and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _load_verb(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

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


def _load_verb(verb: str) -> Any:
    """Return the command of a verb: the function of that name in its module, or the module's group `app`."""
    module = import_module(f"simulator.cli.{verb}")
    group = getattr(module, "app", None)
    if group is None:
        group = typer.Typer(add_completion=False, rich_markup_mode=None)
        group.command(verb)(getattr(module, verb))
    return typer.main.get_command(group)


def _report(error: BaseException) -> int:
    """Return the exit code of an error; print it unless it is that nobody reads stdout any more."""
    cause = error.__cause__ if isinstance(error, UnprintedError) else error
    if isinstance(cause, OSError) and cause.filename == STDOUT:
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


def _terminated(signum: int, _frame: FrameType | None) -> None:
    raise Terminated(signum)


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
