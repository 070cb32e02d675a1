"""Runs a batch: its runs one after the other, in one process, so that the kernel is compiled or loaded once.

A run that fails, for whatever reason, does not keep the next one from being run. A signal ends the batch: the current
run commits its state, the rest is not begun, and the same command with --resume goes on: finished runs stay as they
are.
"""

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any

from simulator import event_log, pipeline
from simulator.batch import record
from simulator.batch.planning import BatchPlan
from simulator.batch.record import FAILED, FINISHED, INTERRUPTED, PRUNED, REFUSED, RUNNING, BatchRecord
from simulator.config.durations import Deadline, decide_deadline
from simulator.engine.run_request import RunRequest
from simulator.errors import ConfigError, Interrupted, RunError, describe_error, exit_code, find_signal, is_expected
from simulator.event_log import StageListener
from simulator.results import store
from simulator.results.provenance import utc
from simulator.results.store import Run, RunFolder, open_any

_LEAST = 0.001  # seconds: a run whose time is up simulates its first tasks all the same
EndListener = Callable[[str, bool], None]  # receives a line for each run that ended, and True if it failed


def _default_folder(moment: datetime) -> Path:
    """Return runs/night-<UTC>."""
    return Path("runs") / f"night-{moment:%Y%m%dT%H%M%SZ}"


def refuse_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds a run, or a batch that is not to go on."""
    RunFolder(folder).refuse_a_run()
    if not resume and (folder / record.NIGHT).exists():
        raise ConfigError([f"--out: given {folder}, which holds a night, wanted a new folder or --resume"])
    if (folder / record.INDEX).exists() and not (folder / record.NIGHT).exists():
        raise ConfigError(
            [f"--out: given {folder}, which holds an {record.INDEX} of something else, wanted a new folder"]
        )


def run_batch(
    plan: BatchPlan,
    request: RunRequest,
    on_stage: StageListener | None = None,
    on_end: EndListener | None = None,
) -> BatchRecord:
    """Run a batch into a folder and return its record; ConfigError if nothing of it can be run.

    `request` names the folder of the batch and when the batch ends; what is requested of each run stands in the plan.
    Interrupted if a signal ended it, once its record is written.
    """
    if not any(run.request is not None for run in plan.runs):
        raise ConfigError(plan.mistakes)
    if request.resume and request.out is None:
        raise ConfigError(["--resume: given no --out, wanted the folder of the night to go on with"])
    if request.out is None:
        folder = RunFolder.create_numbered(_default_folder(datetime.now(UTC)))
    else:
        refuse_folder(request.out, request.resume)
        folder = RunFolder.create(request.out, resume=True)
    path = folder.path
    with folder.alone(resume=True):
        refuse_folder(path, request.resume)  # one may have ended meanwhile
        stored = record.read_record(path) if request.resume else None
        until = request.deadline or plan.until
        current = (
            BatchRecord.begin(folder, plan.title, until and until.text, plan.runs)
            if stored is None
            else record.resume_record(stored, plan.title, until and until.text, plan.runs)
        )
        return _BatchRunner(plan, current, until, on_stage, on_end).run()


class _BatchRunner:
    """The runs of a batch and their states so far."""

    def __init__(
        self,
        plan: BatchPlan,
        batch: BatchRecord,
        until: Deadline | None,
        on_stage: StageListener | None,
        on_end: EndListener | None,
    ) -> None:
        self._plan, self._record, self._on_stage, self._on_end = plan, batch, on_stage, on_end
        self._deadline = until

    def run(self) -> BatchRecord:
        """Run all that can be run; Interrupted after a signal."""
        batch, folder = self._record, self._record.folder.path
        event_log.log_event("night_start", folder=str(folder), runs=[entry["folder"] for entry in batch.runs])
        try:
            self._save()
            for i, planned in enumerate(self._plan.runs):
                if planned.request is None:
                    self._log_refusal(i)
                else:
                    self._run_entry(i, planned.request)
        except BaseException as error:
            self._record_interruption(error)
            raise
        self._record_end(FINISHED)
        return batch

    def _run_entry(self, i: int, request: RunRequest) -> None:
        """Carry out one run, and record its result or its failure."""
        entry = self._record.runs[i]
        path = self._record.folder.path / entry["folder"]
        if entry["state"] == PRUNED:
            return
        finished = request.resume and _is_finished(path)
        start = None if finished else time.monotonic()
        entry.update(state=RUNNING, error=None, traceback=None)
        if not finished:
            entry["started"] = utc(datetime.now(UTC))
        self._save()
        try:
            done = self._simulate(request, path, i, finished)
            entry.update(record.run_results(done), state=FINISHED)
            entry["report"] = self._draw(request, done, i, entry)
            code = 0 if entry["error"] is None else 1
        except BaseException as error:
            cause = find_signal(error)
            if isinstance(cause, (Interrupted, KeyboardInterrupt)):
                entry.update(state=FINISHED if entry["state"] == FINISHED else INTERRUPTED, error=_stop_text(cause))
                self._close_entry(entry, path, start, exit_code(cause))
                raise cause from None
            if not isinstance(error, Exception):
                raise
            self._record_failure(entry, error, path)
            entry.update(state=FAILED)
            code = exit_code(error)
        self._close_entry(entry, path, start, code)
        self._report_end(self._entry_text(i), entry["error"] is not None)
        self._save()
        gc.collect()  # what a failed run left in its traceback

    def _simulate(self, request: RunRequest, path: Path, i: int, finished: bool) -> Run:
        """Simulate a run, or go on with it; one that is finished stays as it is."""
        if finished:
            request = replace(request, paths=None, precision=(), until=None)
        else:
            request = replace(request, until=self._time_share(i))
        resume = request.resume and path.is_dir()
        return pipeline.execute(replace(request, out=path, resume=resume, report=False), self._stage_listener(i))

    def _time_share(self, i: int) -> Deadline | None:
        """Return when a run ends: after an even share of the time that is left, or at its own time if that is sooner.

        A duration of its own counts from now.
        """
        until = self._plan.runs[i].until
        own = None if until is None else decide_deadline(until)
        if self._deadline is None:
            return own
        states = [entry["state"] for entry in self._record.runs[i:]]
        runs = sum(state not in (FINISHED, PRUNED, REFUSED) for state in states)
        share = self._deadline.seconds_left() / max(runs, 1)
        if own is not None and own.seconds_left() < share:
            return own
        return decide_deadline(f"+{max(share, _LEAST):.3f}s")

    def _draw(self, request: RunRequest, done: Run, i: int, entry: dict[str, Any]) -> bool:
        """Draw the report, if requested; return True if there is one. A run without one is complete."""
        if request.report:
            try:
                pipeline.draw_report(done.path, self._stage_listener(i))
            except Exception as error:
                if isinstance(find_signal(error), (Interrupted, KeyboardInterrupt)):
                    raise
                self._record_failure(entry, error, done.path)
        return (done.path / store.REPORT).exists()

    def _record_failure(self, entry: dict[str, Any], error: Exception, path: Path) -> None:
        """Record an error of a run, with its traceback if it is unexpected."""
        trace = None if is_expected(error) else "".join(traceback.format_exception(error))
        entry.update(error=_error_text(error), traceback=trace)
        with event_log.run_context(path):
            event_log.log_failure(error)

    def _log_refusal(self, i: int) -> None:
        entry = self._record.runs[i]
        path = self._record.folder.path / entry["folder"]
        event_log.log_event("error", logging.ERROR, run=str(path), message=entry["error"], kind="ConfigError")
        event_log.log_event("end", run=str(path), exit_code=2)

    def _close_entry(self, entry: dict[str, Any], path: Path, start: float | None, code: int) -> None:
        """Record when a run ended and its seconds with earlier legs; nothing new of one that was finished before."""
        if start is not None or entry["seconds"] is None:
            spent = time.monotonic() - (start or time.monotonic()) + (entry["seconds"] or 0.0)
            entry.update(ended=utc(datetime.now(UTC)), seconds=round(spent, 3))
        event_log.log_event("end", run=str(path), exit_code=code, digest=entry.get("digest"), seconds=entry["seconds"])

    def _record_interruption(self, error: BaseException) -> None:
        """Record that the batch ended early."""
        self._record_end(INTERRUPTED)
        cause = find_signal(error)
        if isinstance(cause, (Interrupted, KeyboardInterrupt)):
            path, done = self._record.folder.path, self._record.count(FINISHED)
            raise Interrupted(
                f"{_stop_text(cause)}; {done} of {len(self._plan.runs)} runs of the night are "
                f"finished: the same command with --out {quote(str(path))} --resume goes on with the others.",
                exit_code(cause) - 128,
            ) from error

    def _record_end(self, status: str) -> None:
        self._record.body.update(status=status, ended=utc(datetime.now(UTC)))
        self._save()

    def _save(self) -> None:
        """Write the record; a disk that is full does not end the batch."""
        try:
            self._record.save()
        except (RunError, OSError) as error:
            event_log.log_event("warning", logging.WARNING, message=describe_error(error), kind=type(error).__name__)
            self._report_end(f"warning: {describe_error(error)}", True)

    def _report_end(self, line: str, failed: bool) -> None:
        if self._on_end is not None:
            self._on_end(line, failed)

    def _entry_text(self, i: int) -> str:
        """Return the result of a run, in a line."""
        entry = self._record.runs[i]
        head = f"{entry['folder']}: {entry['state']}"
        if entry["state"] == FINISHED:
            head += f", {entry['paths']:,} paths, stopped by {entry['stop']['rule']}, {entry['seconds']:.1f} s"
        return head if entry["error"] is None else f"{head}: {entry['error']}"

    def _stage_listener(self, i: int) -> StageListener | None:
        listener, head = self._on_stage, f"[{i + 1}/{len(self._plan.runs)}] {self._record.runs[i]['folder']}: "
        return None if listener is None else lambda stage: listener(head + stage)


def _is_finished(folder: Path) -> bool:
    """Return True if a folder holds a finished run."""
    try:
        return open_any(folder).finished
    except (RunError, OSError):
        return False


def _error_text(error: BaseException) -> str:
    if isinstance(error, ConfigError):
        return "\n".join(error.mistakes)
    return describe_error(error) if is_expected(error) else f"{type(error).__name__}: {error}"


def _stop_text(error: BaseException) -> str:
    """Return what a signal stopped, without how that one run would go on."""
    return describe_error(error).partition(";")[0].removesuffix(", nothing was written.")
