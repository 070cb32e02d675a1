"""`simulator init`: write a config to start from."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from simulator.cli import arguments
from simulator.errors import ConfigError


def init(
    path: Annotated[
        Path | None, typer.Argument(help="File to write; default: <template>.toml.", parser=arguments.user_path)
    ] = None,
    template: Annotated[str | None, typer.Option("--template", metavar="NAME", help="What to start from.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the templates and leave.")] = False,
) -> None:
    """Write a commented config to start from."""
    from simulator.cli import templates

    if listed:
        for name in templates.names():
            print(f"{name:<16}{templates.text(name).partition(chr(10))[0].lstrip('# ')}")
        return
    name = templates.default() if template is None else template
    if name not in templates.names():
        raise ConfigError([f"--template: given {name}, wanted one of {', '.join(templates.names())}"])
    target = path or Path(f"{name}.toml")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(templates.text(name))
    except FileExistsError:
        raise ConfigError([f"{target}: there is such a file already, wanted a new one"]) from None
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written ({(error.strerror or '').lower()})"]) from None
    name = quote(str(target))
    print(f"wrote {target}\n\nWhat next:\n  simulator check {name}\n  simulator run {name}")
