"""Whole-process overhead by stage: what a warm `simulator run` takes beside the bare imports of its libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CONFIG = Path(__file__).parent.parent / "configs/hyperscaler.toml"
SMOKE = CONFIG.parent / "smoke.toml"
BARE = "import numpy, scipy.stats, pandas, numba, matplotlib.pyplot"

# A run in a process of its own that prints the seconds of each stage.
_STAGES = """
import json, sys, time
marks = [time.perf_counter()]
mark = lambda: marks.append(time.perf_counter())
from simulator import pipeline
from simulator.engine.run_request import RunRequest
from simulator.engine.simulation import make_job
from simulator.engine.warmup import warm_up
mark()
config = pipeline.load(sys.argv[1]); mark()
frozen = pipeline.freeze(config); mark()
warm_up(make_job(frozen), lambda stage: None); mark()
run = pipeline.execute(RunRequest(config, pipeline.Path(sys.argv[2]), paths=int(sys.argv[3]), report=False)); mark()
imports, load, freeze, kernel, rest = (b - a for a, b in zip(marks, marks[1:]))
simulate = run.summary["timing"]["simulate_s"]
print(json.dumps({"imports": imports, "load": load, "freeze": freeze, "load kernel": kernel, "simulate": simulate,
                  "measure, commit": rest - simulate}))
"""


def overhead(rounds: int) -> dict[str, Any]:
    """Measure whole commands against bare imports, best of `rounds`, and the stages of a run of 1,000 paths."""
    with tempfile.TemporaryDirectory() as home:
        run = [sys.executable, "-m", "simulator", "run", "--no-report", "--quiet"]
        commands = {
            "import typer": [sys.executable, "-c", "import typer"],
            "simulator --help": [sys.executable, "-m", "simulator", "--help"],
            "bare imports": [sys.executable, "-c", BARE],
            "smoke, 1,000 paths": [*run, str(SMOKE), "--paths", "1000"],
            "flagship, 1,000 paths": [*run, str(CONFIG), "--paths", "1000"],
            "flagship, 100,000 paths": [*run, str(CONFIG), "--paths", "100000"],
        }
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for k in range(-1, rounds):  # the first round warms caches
            for name, command in commands.items():
                out = ["--out", f"{home}/{name}-{k}"] if "run" in command else []
                times = _timed([*command, *out])
                if k >= 0:
                    seconds[name].append(times)
        best = {name: tuple(map(min, zip(*times, strict=True))) for name, times in seconds.items()}
        stages = [_stages(f"{home}/stages-{k}") for k in range(rounds)]
    return {
        "wall_s": {name: wall for name, (wall, _) in best.items()},
        "cpu_s": {name: cpu for name, (_, cpu) in best.items()},
        "stages_s": {name: min(row[name] for row in stages) for name in stages[0]},
    }


def _timed(command: list[str]) -> tuple[float, float]:
    """Return wall-clock and processor seconds of a command."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, cpu


def _stages(out: str) -> dict[str, float]:
    command = [sys.executable, "-c", _STAGES, str(CONFIG), out, "1000"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    stages: dict[str, float] = json.loads(answer.stdout)
    return stages


def overhead_table(part: dict[str, Any]) -> list[str]:
    """Lay the overhead out as text: seconds and ratios to the bare imports, of help to import typer."""
    lines = ["whole processes, warm: seconds, and times the bare imports (help: times import typer)", f"  {BARE}"]
    for name, wall in part["wall_s"].items():
        to = "import typer" if name in ("import typer", "simulator --help") else "bare imports"
        ratios = [part[kind][name] / part[kind][to] for kind in ("wall_s", "cpu_s")]
        cpu = part["cpu_s"][name]
        lines.append(f"  {name:<24} wall {wall:6.2f}  {ratios[0]:5.2f} x   processor {cpu:6.2f}  {ratios[1]:5.2f} x")
    stages = "  ".join(f"{name} {seconds:.2f}" for name, seconds in part["stages_s"].items())
    return [*lines, f"  flagship, 1,000 paths, by stage: {stages}"]
