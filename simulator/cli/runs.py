"""`simulator runs`: which run folders there are, what changed between two, which may go."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from simulator.cli import arguments, options
from simulator.errors import ConfigError

RUNS = Path("runs")
_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}
_LIST = "list"


class _Runs(TyperGroup):
    """Verbs of `simulator runs`; without one, or with a folder, it lists."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Runs,
    name="runs",
    help="List runs, say what changed between two, remove old ones.",
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[
    Path | None, typer.Argument(metavar="[DIR]", help="Where runs are; default: runs.", parser=arguments.user_path)
]


@app.command(_LIST)
def _list_(
    folder: Folder = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the index anew.")] = False,
    as_json: options.Json = False,
) -> None:
    """List run folders, those of nights too."""
    root = _root(folder)
    from simulator.report.run_folders_text import listing_text
    from simulator.run_folders.index import list_runs

    rows = list_runs(root, rebuild) if root.is_dir() else []
    print(json.dumps(rows, indent=1) if as_json else listing_text(rows, str(root)), end="\n" if as_json else "")


@app.command()
def diff(
    a: Annotated[
        Path, typer.Argument(metavar="A", help="A run folder.", show_default=False, parser=arguments.user_path)
    ],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another.", show_default=False, parser=arguments.user_path)],
    as_json: options.Json = False,
) -> None:
    """Say what changed from A to B: config, code, data, results."""
    mistakes = arguments.MistakeCollector()
    for run in (a, b):
        mistakes.check(arguments.stored_run, run)
    mistakes.raise_any()
    from simulator.report.run_folders_text import diff_text
    from simulator.results.store import open_any
    from simulator.run_folders.diff import diff_runs

    changes = diff_runs(open_any(a), open_any(b))
    print(json.dumps(changes, indent=1, default=str) if as_json else diff_text(changes), end="\n" if as_json else "")


@app.command()
def prune(
    folder: Folder = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Runs that ended longer ago: 12h, 30d, 8w.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option("--keep", metavar="N", help="All but the newest N of each name and stress.")
    ] = None,
    interrupted: Annotated[bool, typer.Option("--interrupted", help="Unfinished runs, not finished ones.")] = False,
    broken: Annotated[bool, typer.Option("--broken", help="Runs with missing or changed files.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it only say what would go.")] = False,
    as_json: options.Json = False,
) -> None:
    """Remove old, interrupted or broken runs.

    Without --yes it only says what would go.
    """
    mistakes = arguments.MistakeCollector()
    before = mistakes.check(_before, older_than)
    most = mistakes.check(_keep, keep)
    root = mistakes.check(_root, folder)
    if older_than is None and keep is None and not interrupted and not broken:
        mistakes.messages.append(
            "prune: given nothing to choose by, wanted --older-than, --keep, --interrupted or --broken"
        )
    mistakes.raise_any()
    assert root is not None
    from simulator.batch.record import FINISHED, INTERRUPTED
    from simulator.report.run_folders_text import pruned_text
    from simulator.run_folders import prune as pruning
    from simulator.run_folders.index import list_runs
    from simulator.run_folders.inventory import BROKEN

    states = ((INTERRUPTED,) if interrupted else ()) + ((BROKEN,) if broken else ())
    choice = pruning.PruneChoice(states or (FINISHED,), before, most)
    rows = list_runs(root) if root.is_dir() else []
    done = pruning.prune_runs(root, pruning.choose_runs(rows, choice), yes)
    if yes and root.is_dir():
        list_runs(root)  # the index forgets what went
    if as_json:
        print(json.dumps({"removed": yes, "bytes": done.bytes, "gone": done.gone, "kept": done.kept}, indent=1))
    else:
        print(pruned_text(done.gone, done.kept, yes), end="")
    if done.failed:
        raise typer.Exit(1)


def _root(folder: Path | None) -> Path:
    """DIR: a folder, or runs/, which need not be there yet."""
    if folder is not None and not folder.is_dir():
        what = "which is a file" if folder.exists() else "which is not there"
        raise ConfigError([f"DIR: given {folder}, {what}, wanted a folder with runs"])
    return RUNS if folder is None else folder


def _before(text: str | None) -> datetime | None:
    """--older-than: an age, as the moment so long ago."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?) ?([hdw])", text.strip())
    days = float(match[1]) * _DAYS[match[2]] if match else 0.0
    if not 0.0 < days <= 36_500:
        raise ConfigError([f"--older-than: given {text}, wanted an age such as 12h, 30d or 8w"])
    return datetime.now(UTC) - timedelta(days=days)


def _keep(text: str | None) -> int | None:
    """--keep: how many runs."""
    return None if text is None else arguments.whole_number("--keep", text, 0, 10**6, "a whole number of runs")
