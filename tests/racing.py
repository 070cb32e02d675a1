"""Compiled code against itself compiled in another way, by default without vector registers, side by side.

    python -m tests.racing loops|kernel     time a side: one JSON line of least seconds for every line read

Each side has a cache home of its own: numba's cache does not know NUMBA_LOOP_VECTORIZE.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
LANES = 128
REPEATS = {"loops": 100, "kernel": 3}
SCALAR = {"NUMBA_LOOP_VECTORIZE": "0"}
RATIO, NARROW_RATIO = 3.0, 1.3  # at least; on processors whose registers hold only two numbers


class Side:
    """A process that times its own code once for every line it reads."""

    def __init__(self, what: str, home: Path, settings: Mapping[str, str]) -> None:
        environment = {"XDG_CACHE_HOME": str(home), "PYTHONPATH": ".", **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.racing", what],
            cwd=ROOT,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self) -> None:
        """Start timing."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def times(self) -> dict[str, float]:
        """Least seconds of a turn, by contest."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the timed process ended"
        return dict(json.loads(line))

    def close(self) -> None:
        """End the process."""
        self.process.communicate()


def ratios(what: str, home: Path, rounds: int, settings: Mapping[str, str] = SCALAR) -> dict[str, float]:
    """Time under some settings of numba over time without them, by contest, each the least of all rounds."""
    sides = [Side(what, home / name, values) for name, values in (("plain", {}), ("set", settings))]
    best: list[dict[str, float]] = [{}, {}]
    try:
        for side in sides:
            side.start()  # compile at the same time
        for side in sides:
            side.times()
        for _ in range(rounds):
            for side, least in zip(sides, best, strict=True):
                side.start()
                least |= {name: min(t, least.get(name, t)) for name, t in side.times().items()}
    finally:
        for side in sides:
            side.close()
    return {name: best[1][name] / best[0][name] for name in best[0]}


def together(ratios: dict[str, float]) -> float:
    """Their geometric mean."""
    return float(np.exp(np.mean(np.log(list(ratios.values())))))


def least_ratio() -> float:
    """Least ratio on this processor."""
    from llvmlite import binding

    features = binding.get_host_cpu_features()
    wide = features.get("avx2", False) or features.get("avx512f", False)
    return RATIO if wide else NARROW_RATIO


def loops() -> dict[str, Callable[[], object]]:
    """A sampler, a driver and a plan's figure, small enough to compile twice in a test.

    Arrays begin at cache lines, as the kernel's do: elsewhere a loop takes up to twice as long.
    """
    from simulator.config import freeze, load
    from simulator.drivers import funding
    from simulator.finance.valuation import returns
    from simulator.finance.workspace import aligned_zeros
    from simulator.numerics.jit import njit
    from simulator.sampling.sampler import fill

    present_value = returns.present_value

    @njit
    def value_at(rate, flows, end, step, discount, out):  # inner functions have no entry for Python
        present_value(rate, flows, end, step, discount, out)

    drawn = njit(getattr(funding.draw, "py_func", funding.draw))
    model = freeze(load(ROOT / "configs/smoke.toml")).model
    z, scratch = aligned_zeros(model.draws.rows, LANES), aligned_zeros(8, LANES)
    fill(model.draws, 1, np.arange(LANES), z)
    rate, end, mean = aligned_zeros(LANES), aligned_zeros(LANES), aligned_zeros(LANES)
    rate[:], end[:] = 0.1, 1.0
    funds, flows = aligned_zeros(model.months + 1, LANES), aligned_zeros(model.months, LANES)
    flows[:] = z[: model.months]
    return {
        "sampler": lambda: fill(model.draws, 1, np.arange(LANES), z),
        "funding": lambda: drawn(model.funding, rate, end, z, scratch, funds, mean),
        "value": lambda: value_at(rate, flows, end, scratch[0], scratch[1], mean),
    }


def kernel() -> dict[str, Callable[[], object]]:
    """The whole kernel on the flagship: beyond the paths for which rates of return are sought, as most paths are."""
    from simulator import kernel
    from simulator.config import freeze, load

    model = freeze(load(ROOT / "configs/hyperscaler.toml")).model
    paths = kernel.SAMPLE_PATHS + np.arange(64 * LANES)
    out, work = np.empty((kernel.figure_count(model), paths.size)), kernel.allocate_workspace(model)
    nothing = np.empty((0, 0, 0))
    return {"kernel": lambda: kernel.simulate(model, 1, paths, work, out, nothing)}


def serve(what: str) -> None:
    """Answer every line with the least times of one turn of REPEATS calls each."""
    contests = {"loops": loops, "kernel": kernel}[what]()
    for run in contests.values():
        run()  # compile
    for _ in sys.stdin:
        least = {}
        for name, run in contests.items():
            times = []
            for _ in range(REPEATS[what]):
                start = time.thread_time()
                run()
                times.append(time.thread_time() - start)
            least[name] = min(times)
        sys.stdout.write(json.dumps(least) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
