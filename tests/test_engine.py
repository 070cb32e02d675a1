"""Threads, signals and progress, with a kernel so small that every figure is known."""

from __future__ import annotations

import io
import itertools
import os
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulator.config import freeze, load
from simulator.engine import progress, thread_pool, trace
from simulator.engine.interrupt import Stop
from simulator.errors import RunError
from simulator.finance.series import EVENT_SERIES, fan_rows, series_names
from simulator.results.sizes import TASK_PATHS, TRACED_PATHS
from tests.smoke import SMOKE

FIGURES = 3


def figures(seed, paths):
    """The figures of the small kernel: row r of path i is r + seed + i / 1024."""
    return np.arange(FIGURES)[:, None] + seed + np.asarray(paths)[None, :] / 1024


class SmallKernel(SimpleNamespace):
    """A kernel of three figures; counts its workspaces and the threads that call it."""

    DONE, LANES = -1, 64

    def __init__(self, stuck=-1, sleep=0.0):
        super().__init__(workspaces=0, threads=set(), stuck=stuck, sleep=sleep)

    def figure_count(self, model):
        return FIGURES

    def allocate_workspace(self, model, lanes):
        self.workspaces += 1
        return object()

    def simulate(self, model, seed, paths, work, out, kept):
        assert out.flags.c_contiguous
        self.threads.add(threading.get_ident())
        time.sleep(self.sleep)
        out[:] = figures(seed, paths)
        kept[...] = paths if kept.size else 0
        return self.stuck if self.stuck in paths else self.DONE


MODEL: Any = SimpleNamespace(months=2)


@pytest.fixture
def small(monkeypatch):
    kernel = SmallKernel()
    monkeypatch.setattr(thread_pool, "kernel", kernel)
    return kernel


def collect(paths, threads, seed=7):
    """All figures of paths 0 .. paths - 1 as the tasks brought them, and the tasks in the order they ended."""
    out = np.full((FIGURES, paths), np.nan)

    def take(first, values):
        out[:, first : first + values.shape[1]] = values

    return out, list(thread_pool.simulate_tasks(MODEL, seed, thread_pool.split_tasks(paths), threads, take))


@pytest.mark.parametrize("paths", [1, TASK_PATHS - 1, TASK_PATHS, TASK_PATHS + 1, 3 * TASK_PATHS + 5])
@pytest.mark.parametrize("threads", [1, 3])
def test_every_path_is_taken_once_whatever_the_threads(small, paths, threads):
    collected, done = collect(paths, threads)
    np.testing.assert_array_equal(collected, figures(7, range(paths)))
    assert sorted(done) == list(thread_pool.split_tasks(paths))


def test_tasks_cover_a_range_in_order_and_can_start_anywhere():
    tasks = list(thread_pool.split_tasks(50_000, first=TASK_PATHS))
    assert tasks[0] == (TASK_PATHS, TASK_PATHS)
    assert sum(task.paths for task in tasks) == 50_000 - TASK_PATHS
    assert all(a.first + a.paths == b.first for a, b in itertools.pairwise(tasks))


def test_memory_does_not_grow_with_paths(small):
    collect(20 * TASK_PATHS, threads=2)
    assert small.workspaces == 2


def test_work_in_flight_is_bounded(small):
    """Tasks are drawn from their list as threads come free, not all at once."""
    drawn, taken, ahead = [], [], []

    def counted():
        for task in thread_pool.split_tasks(100 * TASK_PATHS):
            drawn.append(task)
            yield task

    def take(first, values):
        taken.append(first)
        ahead.append(len(drawn) - len(taken))

    assert len(list(thread_pool.simulate_tasks(MODEL, 1, counted(), 2, take))) == 100
    assert max(ahead) <= 8


def test_too_many_events_stop_the_run_and_name_the_path(monkeypatch):
    monkeypatch.setattr(thread_pool, "kernel", SmallKernel(stuck=20_000))
    with pytest.raises(RunError, match="between 20000 and 20063 of seed 7"):
        collect(40_000, threads=2)


def test_what_a_taker_refuses_stops_the_run(small):
    def take(first, values):
        raise RunError(f"path {first} is not finite")

    with pytest.raises(RunError, match="is not finite"):
        list(thread_pool.simulate_tasks(MODEL, 1, thread_pool.split_tasks(100_000), 2, take))


def test_no_more_tasks_once_a_signal_came(monkeypatch):
    monkeypatch.setattr(thread_pool, "kernel", SmallKernel(sleep=0.01))
    taken = []
    with Stop() as stop:
        work = thread_pool.until_signal(stop, thread_pool.split_tasks(1000 * TASK_PATHS))
        for task in thread_pool.simulate_tasks(MODEL, 1, work, 2, lambda first, values: None):
            taken.append(task)
            if len(taken) == 3:
                os.kill(os.getpid(), signal.SIGTERM)
    assert stop.signum == signal.SIGTERM
    assert len(taken) < 20


@pytest.fixture
def interruptible():
    """Python's own handler of SIGINT: a shell starts what runs in the background with the signal ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_second_signal_acts_as_before_and_handlers_are_put_back():
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_stop_off_the_main_thread_does_nothing():
    collected = []

    def use():
        with Stop() as stop:
            collected.append(bool(stop))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert collected == [False]


@pytest.mark.parametrize("paths", [1, TASK_PATHS - 1, TASK_PATHS, TASK_PATHS + 1, 3 * TASK_PATHS + 5])
def test_a_fan_holds_the_quantiles_of_the_first_paths(small, paths, monkeypatch):
    monkeypatch.setattr(trace, "only_plan", lambda model, plan: model)
    monkeypatch.setattr(trace, "kernel", SimpleNamespace(series_count=lambda model: len(series_names(("own",)))))
    fan = trace.fan(MODEL, ("own",), 1, paths)
    n = min(paths, TRACED_PATHS)
    assert list(fan["series"][::2]) == [series_names(("own",))[row] for row in fan_rows(("own",))]
    assert list(fan["month"][:4]) == [0, 1, 0, 1]
    for name, share in trace.QUANTILES.items():
        assert set(fan[name]) == {np.ceil(share * n) - 1}
    assert fan["mean"] == pytest.approx((n - 1) / 2)


def test_a_fan_of_several_plans_is_that_of_all_plans_traced_at_once():
    frozen = freeze(load(SMOKE))
    rows, names = list(fan_rows(frozen.plans)), series_names(frozen.plans)
    assert set(names) - {names[row] for row in rows} == {f"world.{name}" for name in EVENT_SERIES}
    traced = np.empty((len(names), frozen.model.months, 300))
    thread_pool.BlockSimulator(frozen.model, 300).simulate(1, thread_pool.Task(0, 300), traced)
    fan = trace.fan(frozen.model, frozen.plans, 1, 300)
    assert list(fan["series"]) == [names[row] for row in rows for _ in range(frozen.model.months)]
    for name, share in trace.QUANTILES.items():
        rank = int(np.ceil(share * 300)) - 1
        np.testing.assert_array_equal(fan[name], np.sort(traced[rows].astype(np.float32), axis=2)[:, :, rank].ravel())


def test_elsewhere_than_on_a_terminal_progress_is_a_line_now_and_then():
    stream = io.StringIO()
    with progress.meter(4000, stream=stream) as silent_at_first:
        silent_at_first.advance(1000)
    assert stream.getvalue() == ""
    with progress.Lines(4000, stream, every=0.0) as lines:
        time.sleep(0.01)
        lines.advance(1000)
    assert " 1,000 of 4,000 paths, " in stream.getvalue()
    assert " paths/s, 0:0" in stream.getvalue()
    assert stream.getvalue().endswith(" left\n")


def test_quiet_progress_says_nothing_and_a_terminal_gets_a_bar(monkeypatch):
    stream = io.StringIO()
    with progress.meter(10, quiet=True, stream=stream) as silent:
        silent.advance(10)
    assert stream.getvalue() == ""
    monkeypatch.setattr(stream, "isatty", lambda: True)
    with progress.meter(10, stream=stream) as bar:
        bar.advance(10)
    assert isinstance(bar, progress.Bar)
