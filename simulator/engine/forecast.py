"""What a run will take, measured on a short pilot: time, memory, disk."""

from __future__ import annotations

import resource
import sys
import time
from typing import NamedTuple

from simulator.engine import local
from simulator.engine.simulation import Job, empty_tallies, pilot
from simulator.engine.trace import TRACED
from simulator.finance.series import PLAN_SERIES, WORLD_SERIES
from simulator.results.columns import tally_columns
from simulator.results.recording import BLOCK
from simulator.results.sample import SAMPLE_PATHS

_KEPT = 0.85  # of a float64 in the sample after compression
_TAIL = 6_000  # rows a plan adds to the tail: the worst 1,000 of ten figures overlap
_STATE = 17e3, 24.0, 7_500  # bytes of a tallied figure in a state: worst paths and sums; a bin; the most bins there are
_FIXED = 2e6  # bytes: report, figures, model and bands


class Forecast(NamedTuple):
    """Of one run."""

    seconds: float
    paths_per_s: float
    memory: float  # bytes
    disk: float  # bytes


def forecast(job: Job) -> Forecast:
    """Simulate a task per thread and scale: well under a second once compiled."""
    first = pilot(job)
    tallies = empty_tallies(job, first)
    tallies.record(0, first)  # compiled before the clock starts
    each = min(BLOCK * -(-job.paths // BLOCK), local.TASK)
    work = [local.Task(k * local.TASK, each) for k in range(job.threads)]
    start = time.perf_counter()
    for _ in local.each_task(job.model, job.seed, iter(work), job.threads, tallies.record):
        continue
    speed = sum(task.paths for task in work) / (time.perf_counter() - start)
    return Forecast(job.paths / speed, speed, peak_memory() + _still_to_come(job), _disk(job))


def peak_memory() -> float:
    """The most memory this process has held so far, bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else 1024 * most)


def _plans(job: Job) -> int:
    return int(job.model.plans.chips.size)


def _still_to_come(job: Job) -> float:
    """Bytes that the pilot did not hold: monthly series of the traced paths, sample rows, and what writes them."""
    series = len(WORLD_SERIES) + _plans(job) * len(PLAN_SERIES)
    traced = 4 * min(job.paths, TRACED) * job.model.months * series
    rows = 8 * len(job.columns) * min(job.paths, SAMPLE_PATHS)
    return float(traced + rows)


def _disk(job: Job) -> float:
    rows = min(job.paths, SAMPLE_PATHS) + min(job.paths, _TAIL * _plans(job))
    fixed, a_bin, bins = _STATE
    state = len(tally_columns(job.columns, job.tally, job.events)) * (fixed + a_bin * min(job.paths / 4, bins))
    return _KEPT * 8 * len(job.columns) * rows + state + _FIXED
