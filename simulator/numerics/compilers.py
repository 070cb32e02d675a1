"""The choice of compiler for functions that only compiled code calls: linked, or numba's public one.

`linking` shortens the compile, but rests on private classes of numba. Where the installed numba lacks one of
them, or a small program compiled through them gives a wrong number, `numba.njit` alone compiles these functions, to
the same bits: 187 s of processor time instead of 111 to compile, a third more time per path (measured on a busy
machine, `python -m verification.linking`). The environment variable SIMULATOR_LINKING=public asks for that.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from simulator.errors import ConfigError

LINKING = "SIMULATOR_LINKING"  # environment variable: `public`, or nothing
_LANES = 37

Options = dict[str, Any]


class Compilers(NamedTuple):
    """Options of `numba.njit` by kind of function, and how they were chosen."""

    name: str  # `linked` or `public`: part of the cache's key
    reason: str  # why not `linked`; empty if it is
    entry: Options  # for functions that Python calls
    inner: Options  # for functions that only compiled code calls
    disjoint: Options  # the same for a loop whose arrays do not overlap


def choose_compilers(proven: Callable[[Compilers], bool]) -> Compilers:
    """Return the linked compilers if they work with this numba, else the public ones and the reason.

    No check is compiled where `proven` returns True: an earlier process has passed it.
    """
    if wish := os.environ.get(LINKING, ""):
        if wish != "public":
            raise ConfigError([f"{LINKING}: given {wish}, wanted public, or nothing for the faster compile"])
        return public_compilers(f"{LINKING}=public")
    try:
        compilers = _linked_compilers()
        if not (vars(numba.config)["DISABLE_JIT"] or proven(compilers)):
            check_compilers(compilers)
    except Exception as error:  # anything may go wrong in a numba of another make
        return public_compilers(f"numba {numba.__version__} differs inside: {type(error).__name__}: {error}")
    return compilers


def public_compilers(reason: str) -> Compilers:
    """Return documented options only, which every version of numba takes."""
    options = {"error_model": "numpy", "nogil": True}
    return Compilers("public", reason, options, options, options)


def _linked_compilers() -> Compilers:
    """Return options that link inner functions into their callers; fails where numba lacks what they need."""
    from simulator.numerics.linking import DisjointCompiler, LinkedCompiler

    entry = {"error_model": "numpy", "nogil": True, "_nrt": True, "no_cfunc_wrapper": True}
    inner = entry | {"_nrt": False, "no_cpython_wrapper": True}
    return Compilers(
        name="linked",
        reason="",
        entry=entry,
        inner=inner | {"pipeline_class": LinkedCompiler},
        disjoint=inner | {"pipeline_class": DisjointCompiler, "forceinline": True},
    )


def check_compilers(compilers: Compilers) -> None:
    """Compile a program with a function of each kind; ArithmeticError if its numbers differ from Python's."""
    branch = numba.njit(**compilers.inner)(_branch)

    def add_branches(x: np.ndarray, y: np.ndarray, total: np.ndarray) -> None:
        for lane in range(total.size):
            total[lane] += branch(x[lane], y[lane])

    add = numba.njit(**compilers.disjoint)(add_branches)

    def program(rows: np.ndarray) -> float:
        for _ in range(2):
            add(rows[0], rows[1], rows[2])
        return float(branch(rows[2, 0], rows[2, 1]))

    rows = np.arange(3.0 * _LANES).reshape(3, _LANES) % 11.0
    expected = rows.copy()
    for lane in [*range(_LANES)] * 2:
        expected[2, lane] += _branch(expected[0, lane], expected[1, lane])
    value = numba.njit(**compilers.entry)(program)(rows)
    if value != _branch(expected[2, 0], expected[2, 1]) or rows.tobytes() != expected.tobytes():
        raise ArithmeticError("a small program gives other numbers than Python")


def _branch(x: float, y: float) -> float:
    """3 x + y / 7 if x > y, else x - y."""
    return 3.0 * x + y / 7.0 if x > y else x - y
