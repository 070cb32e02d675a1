"""The race itself: block sweeps, then every contestant on one and on two threads, in turns, answers compared."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from benchmarks.contest import MISSING_JAX, Contestant, Entry, has_jax, race
from benchmarks.flagship import NOT_RACED, SAME, disagreement, flagship

KINDS = ("kernel", "numpy", "numba", "numba_sfc64", "jax")
SIZES = {
    "kernel": (32, 64, 128, 256, 512),
    "numpy": (256, 512, 1024, 2048, 4096, 8192, 16384),
    "jax": (1024, 2048, 4096, 8192, 16384, 65536),
}
QUICK_SIZES = {"kernel": (64, 128), "numpy": (1024, 2048, 4096), "jax": (4096, 16384)}
Report = Callable[[str], None]


class Plan:
    """The size of the measurement: paths of one timing by kind, and rounds."""

    def __init__(self, quick: bool) -> None:
        self.rounds = 3 if quick else 9
        self.sweep_rounds = 2 if quick else 3
        self.sizes = QUICK_SIZES if quick else SIZES
        unit = 1 << (15 if quick else 17)
        self.paths = {
            "kernel": 4 * unit,
            "numpy": unit,
            "numba": unit // 2,
            "numba_sfc64": unit // 2,
            "jax": max(unit, 2 * 65536),
        }
        self.checked = unit


def contestants() -> list[str]:
    """The kinds that can run here."""
    return [kind for kind in KINDS if kind != "jax" or has_jax()]


def sweeps(plan: Plan, report: Report) -> dict[str, dict[int, float]]:
    """us a path on one thread (JAX: on two, as it likes best) by kind and size, median of the rounds."""
    results: dict[str, dict[int, float]] = {}
    for kind, sizes in plan.sizes.items():
        if kind not in contestants():
            continue
        report(f"block sweep: {kind}")
        results[kind] = {}
        for size in sizes:
            entry = Entry(kind, 2 if kind == "jax" else 1, size)
            times = race([entry], plan.paths, plan.sweep_rounds)[entry]
            results[kind][size] = median(wall for wall, _ in times)
    return results


def best_sizes(sweep: dict[str, dict[int, float]]) -> dict[str, int]:
    """The fastest size of each kind; the kernel keeps the one it ships with."""
    from simulator.kernel import LANES

    return {kind: min(times, key=lambda size: times[size]) for kind, times in sweep.items()} | {"kernel": LANES}


def answers(plan: Plan, sizes: dict[str, int], report: Report) -> dict[str, Any]:
    """Compare every baseline's means with the kernel's: the largest |z| over figures, and its figure."""
    names, theirs = flagship().names, None
    results: dict[str, Any] = {}
    raced = np.array([name not in NOT_RACED for name in names])
    for kind in contestants():
        report(f"answers: {kind}")
        contestant = Contestant(Entry(kind, 1, sizes.get(kind, 0)))
        ours = contestant.moments(plan.checked)
        contestant.close()
        if theirs is None:
            theirs = ours
            continue
        z = np.where(raced, np.abs(disagreement(ours, theirs, (plan.checked, plan.checked))).max(axis=0), 0.0)
        worst = int(np.argmax(z))
        results[kind] = {
            "paths": plan.checked,
            "figures": int(raced.sum()),
            "largest_z": float(z[worst]),
            "worst_figure": names[worst],
            "same": bool(z[worst] < SAME),
        }
    return results


def run_race(plan: Plan, sizes: dict[str, int], report: Report) -> dict[str, Any]:
    """us a path by contestant on 1 and 2 threads, and ratios to the kernel: medians over rounds of paired ratios."""
    entries = [Entry(kind, threads, sizes.get(kind, 0)) for threads in (1, 2) for kind in contestants()]
    report(f"race: {len(entries)} contestants, {plan.rounds} rounds")
    times = race(entries, plan.paths, plan.rounds)
    rows = {}
    for entry, mine in times.items():
        kernel = times[Entry("kernel", entry.threads, sizes["kernel"])]
        alone = times[Entry(entry.kind, 1, entry.size)]
        rows[f"{entry.kind}/{entry.threads}"] = {
            "size": entry.size,
            "us_per_path": median(wall for wall, _ in mine),
            "cpu_us_per_path": median(used for _, used in mine),
            "rounds": mine,
            "times_kernel": median(a[0] / b[0] for a, b in zip(mine, kernel, strict=True)),
            "cpu_times_kernel": median(a[1] / b[1] for a, b in zip(mine, kernel, strict=True)),
            "scaling": median(a[0] / b[0] for a, b in zip(alone, mine, strict=True)),
        }
    if not has_jax():
        rows["jax"] = {"missing": MISSING_JAX}
    return rows
