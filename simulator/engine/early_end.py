"""Explains what is left of a run that ends early, and how it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from shlex import quote

from simulator.errors import ConfigError, Interrupted, RunError, SimulatorError, find_signal, signal_number
from simulator.results import store
from simulator.results.store import RunFolder, open_any


@contextmanager
def explain_early_end(folder: RunFolder) -> Iterator[None]:
    """Add to errors of the block what the folder keeps of the run; without a commit nothing is kept."""
    try:
        yield
    except BaseException as error:
        cause = find_signal(error)
        if isinstance(cause, (Interrupted, KeyboardInterrupt)):
            message = str(cause).removesuffix(", nothing was written.") or "stopped"
            raise Interrupted(f"{message}; {_remainder(folder)}", signal_number(cause)) from error
        if isinstance(error, ConfigError):
            with suppress(OSError):
                folder.path.rmdir()  # if it is empty
            raise
        kept = _remainder(folder)
        if not isinstance(error, RunError):
            raise
        raise RunError(f"{error}\n{kept[0].upper()}{kept[1:]}{_replay_hint(folder, str(error))}") from error


def _replay_hint(folder: RunFolder, message: str) -> str:
    """Return the command that replays the path which ended the run, if enough was committed for that."""
    path = re.match(r"path (\d+): ", message)
    if path is None or not (folder.path / store.MANIFEST).exists():
        return ""
    return f"\nsimulator replay {quote(str(folder.path))} --path {path[1]} shows what happened on that path."


def _remainder(folder: RunFolder) -> str:
    """Return what a folder holds after a run ended early; what was never committed is removed."""
    with suppress(SimulatorError, OSError, KeyError):
        if (folder.path / store.MANIFEST).exists():
            run = open_any(folder.path)
            if run.finished:
                return f"the finished run of {run.manifest['paths']:,} paths stays in {folder.path}."
            paths = run.manifest["state"]["paths"]
            out = quote(str(folder.path))
            return f"{paths:,} paths are kept: the same command with --out {out} --resume goes on from there."
        for name in sorted(folder.touched):
            folder.remove(name)
        folder.path.rmdir()  # if it is empty
    return "nothing of it is kept."
