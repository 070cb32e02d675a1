"""Arguments and options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.arguments import user_path

Config = Annotated[
    Path,
    typer.Argument(help="The config, a TOML file; `simulator init` writes one.", show_default=False, parser=user_path),
]
Configs = Annotated[
    list[Path],
    typer.Argument(
        metavar="CONFIG...",
        help="The config, a TOML file; several, or a list of runs, are run one after the other.",
        show_default=False,
        parser=user_path,
    ),
]
StoredRun = Annotated[Path, typer.Argument(help="A run folder.", show_default=False, parser=user_path)]
AcceptChangedRun = Annotated[
    bool, typer.Option("--accept-changes", help="Go on even if code or machine changed since the run.")
]
Paths = Annotated[
    str | None,
    typer.Option("--paths", metavar="N", help="How many paths, such as 50000 or 1e6; default: the config's."),
]
Threads = Annotated[str | None, typer.Option("--threads", metavar="K", help="Threads; default: one a core.")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="S", help="Seed; default: the config's.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a key of the config, as drivers.price.spot0=20; repeatable."
    ),
]
Stress = Annotated[
    list[str] | None,
    typer.Option(
        "--stress", metavar="NAME", help="Apply a stress set: ai_winter and alike, or a TOML file; repeatable."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No stages and no progress on stderr.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with the run in --out from its last checkpoint; more --paths extend it.")
]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes", help="Resume even if config, code or machine changed; the result may be of neither."
    ),
]
Checkpoint = Annotated[
    str, typer.Option("--checkpoint", metavar="TIME", help="Time between checkpoints, such as 30s or 5min.")
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", help="Simulate on the workers of a dask scheduler, as tcp://127.0.0.1:8786."
    ),
]
Precision = Annotated[
    list[str] | None,
    typer.Option(
        "--precision",
        metavar="TARGET",
        help="Stop once half the 95 % interval is small: own.npv.cvar95:1%, or in units own.npv.mean:0.05; repeatable.",
    ),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Stop at the next such local time, 06:00, or after +5min.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if a --precision was not reached.")]
LogJson = Annotated[
    str | None,
    typer.Option("--log-json", metavar="FILE", help="Append what happens as JSON, an event a line; -: to stderr."),
]
