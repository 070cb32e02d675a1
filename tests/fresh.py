"""Python in a process of its own: an empty cache of compiled code, a plainer processor, or no compiler at all.

python -m tests.fresh report        figures of small runs, and what compiling or loading the kernel showed
python -m tests.fresh figures       the same figures only (for NUMBA_DISABLE_JIT=1)
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
# name: config, overrides, paths; every one also with its trace
RUNS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "smoke": ("configs/smoke.toml", (), 1024),
    "smoke, few": ("configs/smoke.toml", (), 96),
    "levers": ("tests/configs/levers.toml", ("months=90",), 24),
    "unequal terms": (  # the JV's tenants never default, and other plans' scores are of fewer, longer terms
        "configs/smoke.toml",
        (
            "plans.own.lease_excess.on=true",
            "plans.own.lease_excess.term=60",
            "plans.jv.lease_excess.term=1",
            "plans.jv.lease_excess.default_rate=0",
            "plans.jv.jv.lease_years=60",
        ),
        24,
    ),
    "regimes": ("tests/configs/levers.toml", ("months=75", "drivers.price.model=regime", "dependence.family=t"), 24),
}
SMALL = tuple(name for name in RUNS if name != "smoke")
# What libm rounds as it likes. sqrt, floor and ceil are exact and stay calls on a processor without the instruction.
LIBM = (
    "a?(cos|sin|tan)(h|pi)?|atan2|sincos|cbrt|hypot|pow|powi|exp|exp2|exp10|expm1|log|log2|log10|log1p|logb|erf|erfc"
    "|[lt]gamma|ldexp|fmod|remainder|fma"
)
_CALL = re.compile(rf"call [^@\n]*@(?:llvm\.|npy_|numba_)?({LIBM})f?(?:\.v?[0-9a-z.]+)?\(")
_FUNCTION = re.compile(r'^define [^@\n]*@"?(\w+)', re.MULTILINE)


def digests(names: tuple[str, ...]) -> dict[str, str]:
    """SHA-256 of the bytes of every figure and of the trace, by run."""
    from simulator import kernel
    from simulator.config import freeze, load

    digests_by_run = {}
    for name in names:
        path, overrides, paths = RUNS[name]
        model = freeze(load(ROOT / path, overrides)).model
        out = np.empty((kernel.figure_count(model), paths))
        trace = np.zeros((kernel.series_count(model), model.months, paths))
        assert kernel.simulate(model, 7, np.arange(paths), kernel.allocate_workspace(model), out, trace) == kernel.DONE
        digests_by_run[name] = hashlib.sha256(out.tobytes() + trace.tobytes()).hexdigest()
    return digests_by_run


def libm_calls(ir: str) -> list[str]:
    """`function: callee` of calls to libm in LLVM IR, but for those in numba's own functions.

    Numba words its errors about array shapes with log10 to count digits: it stays out of any number.
    """
    calls = []
    starts = list(_FUNCTION.finditer(ir))
    for start, end in zip(starts, [*(s.start() for s in starts[1:]), len(ir)], strict=True):
        body = ir[start.start() : end]
        if not start[1].startswith("_ZN5numba"):
            calls += [f"{start[1][:80]}: {match[1]}" for match in _CALL.finditer(body)]
    return calls


def report() -> dict[str, Any]:
    """Digests, and of the kernel: hits and misses of the cache, signatures, its functions and their calls of libm."""
    from simulator import kernel

    results: dict[str, Any] = {"digests": digests(tuple(RUNS))}
    simulate: Any = kernel.simulate
    stats = simulate.stats
    results |= {"hits": sum(stats.cache_hits.values()), "misses": sum(stats.cache_misses.values())}
    results["signatures"] = len(simulate.signatures)
    if results["misses"]:  # the listing of a kernel loaded from disk is a placeholder
        ir = simulate.inspect_llvm(simulate.signatures[0])
        results |= {"functions": _FUNCTION.findall(ir), "libm": libm_calls(ir)}
    return results


def python(*arguments: str, timeout: float = 550, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m ...` from the project's folder; its error, if it fails, is this one's."""
    homed = "XDG_CACHE_HOME" in environment  # which the other variable would override
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "."} | ({"NUMBA_CACHE_DIR": ""} if homed else {}) | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, done.stderr
    return done


@cache
def generic_home() -> str:
    """A cache home of its own, gone when this process ends."""
    home = tempfile.mkdtemp(prefix="capex-simulator-test-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


@cache
def generic_report(process: int) -> dict[str, Any]:
    """`report` of the first or second process that runs for a plain x86-64; only the first has to compile."""
    if process > 1:
        generic_report(process - 1)
    done = python("tests.fresh", "report", XDG_CACHE_HOME=generic_home(), NUMBA_CPU_NAME="generic")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(report() if sys.argv[1] == "report" else {"digests": digests(SMALL)}))
