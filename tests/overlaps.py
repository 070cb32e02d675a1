"""The kernel without a compiler, every call of a `disjoint` function watched: does what it writes overlap an argument?

python -m tests.overlaps    JSON: calls by function, and the arguments that clashed (none)
"""

from __future__ import annotations

import ast
import functools
import inspect
import json
import os
import sys
import textwrap
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

RUNS: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("configs/smoke.toml", (), 4),
    ("tests/configs/levers.toml", ("months=90", "drivers.price.longrun=3"), 4),
)


def written(function: Callable[..., Any]) -> set[str]:
    """Names of the arrays that a function assigns to."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    targets = [t for node in ast.walk(tree) if isinstance(node, ast.Assign) for t in node.targets]
    targets += [node.target for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    return {t.value.id for t in targets if isinstance(t, ast.Subscript) and isinstance(t.value, ast.Name)}


def watch(calls: Counter[str], clashes: Counter[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A `disjoint` that counts calls and clashes instead of compiling."""

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        names, writes = list(inspect.signature(function).parameters), written(function)
        calls[function.__qualname__] += 0

        @functools.wraps(function)
        def call(*values: Any) -> Any:
            calls[function.__qualname__] += 1
            arrays = {name: value for name, value in zip(names, values, strict=True) if isinstance(value, np.ndarray)}
            for name in writes:
                for other, array in arrays.items():
                    if other != name and np.may_share_memory(arrays[name], array):
                        clashes[f"{function.__qualname__}: {name}, {other}"] += 1
            return function(*values)

        return call

    return watched


def main() -> None:
    """Simulate a few paths of every run, with and without a trace."""
    from simulator.numerics import jit

    assert os.environ.get("NUMBA_DISABLE_JIT") == "1", "compiled code cannot be watched"
    calls, clashes = Counter[str](), Counter[str]()
    vars(jit)["disjoint"] = watch(calls, clashes)
    from simulator import kernel
    from simulator.config import freeze, load

    np.seterr(all="ignore")
    for path, overrides, paths in RUNS:
        model = freeze(load(path, overrides)).model
        work, out = kernel.allocate_workspace(model, 2), np.empty((kernel.figure_count(model), paths))
        for trace in (np.empty((0, 0, 0)), np.empty((kernel.series_count(model), model.months, paths))):
            assert kernel.simulate(model, 11, np.arange(paths), work, out, trace) == kernel.DONE
    sys.stdout.write(json.dumps({"calls": calls, "clashes": clashes}) + "\n")


if __name__ == "__main__":
    main()
