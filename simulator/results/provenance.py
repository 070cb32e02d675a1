"""The origin of a result: enough to run it again and to explain a difference."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import simulator
from simulator.numerics.jit import code_hash
from simulator.results.tallies import LAYOUT

__all__ = ["cpu", "describe", "finished", "utc", "versions"]


PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "pyarrow")


def describe(
    *,
    name: str,
    config: str,
    model: str,
    canary: str,
    seed: int,
    sampler: str,
    rng: str,
    streams: Mapping[str, int],
    threads: int,
    started: datetime,
    stress: Sequence[str] = (),
) -> dict[str, Any]:
    """The part of the manifest that is known when a run starts.

    `config` is the text of the config; `model` and `canary` (the figures of paths 0-255) are hashes; `rng` is the
    version of the random numbers and `streams` their layout, stream number by quantity name. `stress` names the stress
    sets that the config contains.
    """
    return {
        "name": name,
        "stress": list(stress),
        "config_sha256": hashlib.sha256(config.encode()).hexdigest(),
        "model_sha256": model,
        "code_sha256": code_hash(),
        "commit": commit(),
        "versions": versions(),
        "seed": seed,
        "sampler": sampler,
        "rng": rng,
        "streams": dict(streams),
        "tallies": LAYOUT,
        "canary_sha256": canary,
        "machine": {
            "cpu": cpu(),
            "cores": os.cpu_count(),
            "platform": platform.platform(),
            "threads": threads,
        },
        "started": utc(started),
    }


def finished(started: Mapping[str, Any], *, paths: int, digest: str, ended: datetime) -> dict[str, Any]:
    """The manifest of a finished run."""
    return {**started, "ended": utc(ended), "paths": paths, "digest": digest}


def versions() -> dict[str, str]:
    """Versions of the simulator, of Python and of the packages that make numbers."""
    known = {"simulator": simulator.__version__, "python": platform.python_version()}
    return known | {package: metadata.version(package) for package in PACKAGES}


def cpu() -> str:
    """The processor's name, as well as the platform tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str | None:
    """The git commit of the source tree, with `+` if its files were changed; None outside a tree of its own."""
    root = Path(simulator.__file__).resolve().parent.parent
    if not (root / ".git").exists():
        return None
    head = _output("git", "-C", str(root), "rev-parse", "HEAD")
    if not head:
        return None
    return head + ("+" if _output("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no") else "")


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _output(*command: str) -> str:
    """The output of a command; empty if it is missing or fails."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
