"""`python -m benchmarks`: race the simulator against other ways to write the same model; print a table, write JSON."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contest import LIBRARIES, MISSING_JAX, has_jax

os.environ.update(dict.fromkeys(LIBRARIES, "1"))  # before NumPy is imported: one thread is one thread

PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "jax", "jaxlib")
PARTS = ("normals", "race", "stages", "plans", "storing", "compile", "memory", "overhead")


def main(arguments: list[str] | None = None) -> int:
    """Run the parts chosen; exit status 1 if a baseline's answers differ from the kernel's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--out", type=Path, help="write the JSON here")
    parser.add_argument("--quick", action="store_true", help="a few minutes: small samples, short sweeps")
    parser.add_argument("--full", action="store_true", help="memory at 20 million paths as well")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    options = parser.parse_args(arguments)
    results: dict[str, Any] = {"machine": machine(), "quick": options.quick}
    for part in options.only:
        print(f"== {part}", file=sys.stderr, flush=True)
        results[part] = MEASURES[part](options)
    print(table(results))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    answers = results.get("race", {}).get("answers", {})
    return 0 if all(answer["same"] for answer in answers.values()) else 1


def machine() -> dict[str, Any]:
    """Describe the machine and the versions of the packages."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "not installed"
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    cpu = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    load = os.getloadavg() if hasattr(os, "getloadavg") else ()
    return {
        "cpu": cpu.get("model name", platform.processor()),
        "avx512": "avx512f" in cpu.get("flags", "").split(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": [round(value, 2) for value in load],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _report(text: str) -> None:
    print(f"   {text}", file=sys.stderr, flush=True)


def _normals(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.normals import normals

    return normals(3 if options.quick else 15)


def _race(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.threads import Plan, answers, best_sizes, run_race, sweeps

    plan = Plan(options.quick)
    sweep = sweeps(plan, _report)
    sizes = best_sizes(sweep)
    return {"sweep": sweep, "answers": answers(plan, sizes, _report), "rows": run_race(plan, sizes, _report)}


def _stages(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.stages import stages

    return stages(5 if options.quick else 25)


def _plans(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.plans import plans

    return plans(5 if options.quick else 15)


def _storing(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.storing import storing

    return storing(4 if options.quick else 12)


def _compile(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.compiling import compiling
    from simulator.kernel import LANES

    results = {"kernel": compiling("kernel", LANES, 2 * LANES, again=True)}
    if not options.quick:
        results["numba"] = compiling("numba", 0, 16)
        if has_jax():
            results["jax"] = compiling("jax", 4096, 4096)
    return results


def _memory(options: argparse.Namespace) -> list[dict[str, Any]]:
    from benchmarks.memory import memory

    counts = [100_000, 400_000] if options.quick else [1_000_000, 4_000_000]
    return memory(counts + [20_000_000] * options.full, 2)


def _overhead(options: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.overhead import overhead

    return overhead(1 if options.quick else 3)


MEASURES: dict[str, Callable[[argparse.Namespace], Any]] = {
    "normals": _normals,
    "race": _race,
    "stages": _stages,
    "plans": _plans,
    "storing": _storing,
    "compile": _compile,
    "memory": _memory,
    "overhead": _overhead,
}


def table(results: dict[str, Any]) -> str:
    """Lay all results out as text."""
    here = results["machine"]
    lines = [f"{here['cpu']}, {here['cores']} cores, load {here['load_before']}, {here['system']}"]
    lines.append("  ".join(f"{name} {version}" for name, version in here["versions"].items()))
    for part, write in TABLES.items():
        if part in results:
            lines += ["", *write(results[part])]
    return "\n".join(lines)


def _normals_table(part: dict[str, Any]) -> list[str]:
    faster = part["times_faster"]
    rows = [f"  {name:<14} {ns:6.2f} ns  {faster.get(name, 1.0):5.1f} x" for name, ns in part["ns"].items()]
    return ["normals, one thread (times the sampler's)", *rows]


def _race_table(part: dict[str, Any]) -> list[str]:
    lines = ["block sweep, us a path: one thread; JAX two"]
    for kind, times in part["sweep"].items():
        lines.append(f"  {kind:<7}" + "  ".join(f"{size}: {us:.2f}" for size, us in times.items()))
    lines += ["", "flagship, plan own          size  us a path  x kernel  cpu us  cpu x kernel  scaling   largest z"]
    for name, row in part["rows"].items():
        if "missing" in row:
            lines.append(f"  {name:<22} {row['missing']}")
            continue
        kind = name.partition("/")[0]
        answer = part["answers"].get(kind)
        z = f"{answer['largest_z']:.1f} ({answer['worst_figure']})" if answer else ""
        numbers = f"{row['size']:>7,}  {row['us_per_path']:9.2f}  {row['times_kernel']:8.2f}"
        numbers += f"  {row['cpu_us_per_path']:6.2f}  {row['cpu_times_kernel']:12.2f}  {row['scaling']:7.2f}"
        lines.append(f"  {name + ' threads':<23} {numbers}   {z}")
    return lines


def _stages_table(part: dict[str, Any]) -> list[str]:
    names = ("draws", "world", "plan")
    shares = [f"  {name:<8} {part[name]:6.2f} us  {100 * part[name] / part['all']:4.0f} %" for name in names]
    return [f"kernel on one thread: {part['all']:.2f} us a path, of it", *shares]


def _plans_table(part: dict[str, Any]) -> list[str]:
    rows = [f"  {name:<12} {us:6.2f} us" for name, us in part["us"].items()]
    over = ", ".join(f"{ratio:.2f} with {name}" for name, ratio in part["all_over"].items())
    mean = f"  all {part['plans']} take {part['all_over_mean']:.2f} times as long as one, the mean of them; {over}"
    return ["worlds with one plan or all, one thread, a path", *rows, mean]


def _storing_table(part: dict[str, Any]) -> list[str]:
    share = f"{100 * part['tally_share']:.1f} % of the time"
    sample = f"sample {part['sample_us']:.2f} us on the paths it keeps"
    return [
        f"{part['plans']} plan(s) {part['simulate_us']:.2f} us, tallies {part['tally_us']:.2f} us: {share}; {sample}"
    ]


def _compile_table(part: dict[str, Any]) -> list[str]:
    lines = ["compile, one fresh process"]
    for kind, row in part.items():
        lines.append(f"  {kind:<7} import {row['import_s']:5.1f} s, first call {row['first_call_s']:6.1f} s")
        if "warm" in row:
            warm = row["warm"]
            lines.append(f"          with a full cache {warm['import_s']:.1f} s and {warm['first_call_s']:.1f} s")
    return lines if has_jax() else [*lines, f"  jax     {MISSING_JAX}"]


def _memory_table(part: list[dict[str, Any]]) -> list[str]:
    lines = ["whole runs, all plans       paths  peak MB  simulate s  us a path"]
    for row in part:
        us = row["simulate_s"] / row["paths"] * 1e6
        lines.append(f"  {row['paths']:>30,}  {row['peak_bytes'] / 1e6:7.0f}  {row['simulate_s']:10.1f}  {us:9.2f}")
    return lines


def _overhead_table(part: dict[str, Any]) -> list[str]:
    from benchmarks.overhead import overhead_table

    return overhead_table(part)


TABLES: dict[str, Callable[[Any], list[str]]] = {
    "normals": _normals_table,
    "race": _race_table,
    "stages": _stages_table,
    "plans": _plans_table,
    "storing": _storing_table,
    "compile": _compile_table,
    "memory": _memory_table,
    "overhead": _overhead_table,
}

if __name__ == "__main__":
    sys.exit(main())
