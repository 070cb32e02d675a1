"""A night: its runs one after the other, in one process, so that the kernel is compiled or loaded once.

Whatever one run fails of, the next one begins. A signal ends the night: the run in hand commits its state, the rest is
not begun, and the same command with --resume goes on: finished runs stay as they are.
"""

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulator import event_log, pipeline
from simulator.batch import record
from simulator.batch.planning import Plan, Planned
from simulator.batch.record import FAILED, FINISHED, INTERRUPTED, PRUNED, REFUSED, RUNNING, Record
from simulator.config.durations import deadline
from simulator.errors import ConfigError, Interrupted, RunError, exit_code, expected, signal_behind, words
from simulator.pipeline import Say
from simulator.results import store
from simulator.results.provenance import utc
from simulator.results.store import Run, RunFolder, open_any

_LEAST = 0.001  # seconds: a run whose time is up simulates its first tasks all the same
Tell = Callable[[str, bool], None]


@dataclass(frozen=True)
class How:
    """How the runs of a night are run."""

    threads: int | None = None
    checkpoint: float = pipeline.CHECKPOINT
    draw: bool = True
    resume: bool = False
    accept_changes: bool = False
    cluster: str | None = None  # address of a scheduler
    until: str | None = None  # when the night ends
    say: Say | None = None
    tell: Tell | None = None  # gets a line for each run that ended, and whether it is of a failure


def default_folder(moment: datetime) -> Path:
    """runs/night-<UTC>."""
    return Path("runs") / f"night-{moment:%Y%m%dT%H%M%SZ}"


def refuse(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds a run, or a night that is not to go on."""
    RunFolder(folder).refuse_a_run()
    if not resume and (folder / record.NIGHT).exists():
        raise ConfigError([f"--out: given {folder}, which holds a night, wanted a new folder or --resume"])
    if (folder / record.INDEX).exists() and not (folder / record.NIGHT).exists():
        raise ConfigError(
            [f"--out: given {folder}, which holds an {record.INDEX} of something else, wanted a new folder"]
        )


def run(plan: Plan, out: Path | None, how: How) -> Record:
    """Run a night into its folder and return its record; ConfigError if nothing of it can be run.

    Interrupted if a signal ended it, once its record is written.
    """
    if not any(one.config is not None for one in plan.runs):
        raise ConfigError(plan.mistakes)
    if how.resume and out is None:
        raise ConfigError(["--resume: given no --out, wanted the folder of the night to go on with"])
    path = out or default_folder(datetime.now(UTC))
    refuse(path, how.resume)
    folder = RunFolder.create(path, resume=True)
    with folder.alone(resume=True):
        refuse(path, how.resume)  # one may have ended meanwhile
        held = record.read(path) if how.resume else None
        until = how.until or plan.until
        kept = (
            Record.begin(folder, plan.title, until, plan.runs)
            if held is None
            else record.again(held, plan.title, until, plan.runs)
        )
        return _Night(plan, kept, how, until).run()


class _Night:
    """The runs of a night and what became of them so far."""

    def __init__(self, plan: Plan, kept: Record, how: How, until: str | None) -> None:
        self._plan, self._record, self._how = plan, kept, how
        self._end = None if until is None else deadline(until)

    def run(self) -> Record:
        """Run all that can be run; Interrupted after a signal."""
        kept, folder = self._record, self._record.folder.path
        event_log.event("night_start", folder=str(folder), runs=[one["folder"] for one in kept.runs])
        try:
            self._save()
            for i, planned in enumerate(self._plan.runs):
                if planned.config is None:
                    self._refused(i)
                else:
                    self._one(i, planned)
        except BaseException as error:
            self._stopped(error)
            raise
        self._ended(FINISHED)
        return kept

    def _one(self, i: int, planned: Planned) -> None:
        """One run, whatever comes of it."""
        entry = self._record.runs[i]
        path = self._record.folder.path / entry["folder"]
        if entry["state"] == PRUNED:
            return
        known = self._how.resume and _is_finished(path)
        start = None if known else time.monotonic()
        entry.update(state=RUNNING, error=None, traceback=None)
        if not known:
            entry["started"] = utc(datetime.now(UTC))
        self._save()
        try:
            done = self._simulate(planned, path, i, known)
            entry.update(record.results(done), state=FINISHED)
            entry["report"] = self._draw(done, i, entry)
            code = 0 if entry["error"] is None else 1
        except BaseException as error:
            behind = signal_behind(error)
            if isinstance(behind, (Interrupted, KeyboardInterrupt)):
                entry.update(state=FINISHED if entry["state"] == FINISHED else INTERRUPTED, error=_stopped(behind))
                self._end_of(entry, path, start, exit_code(behind))
                raise behind from None
            if not isinstance(error, Exception):
                raise
            entry.update(state=FAILED, error=_said(error), traceback=None if expected(error) else _trace(error))
            code = exit_code(error)
            with event_log.of(path):
                event_log.failed(error)
        self._end_of(entry, path, start, code)
        self._tell(self._line(i), entry["error"] is not None)
        self._save()
        gc.collect()  # what a failed run left in its traceback

    def _simulate(self, planned: Planned, path: Path, i: int, finished: bool) -> Run:
        """Simulate a run, or go on with it; one that is finished stays as it is."""
        how = self._how
        asked: dict[str, Any] = {"paths": planned.paths, "precision": planned.precision, "until": self._share(i)}
        assert planned.config is not None
        return pipeline.run(
            planned.config,
            path,
            **({} if finished else asked),
            threads=how.threads,
            seed=planned.seed,
            draw=False,
            resume=how.resume and path.is_dir(),
            accept_changes=how.accept_changes,
            checkpoint=how.checkpoint,
            cluster=how.cluster,
            say=self._say(i),
        )

    def _share(self, i: int) -> str | None:
        """--until of a run: an even share of the time that is left, or the run's own time if that comes sooner."""
        own = self._plan.runs[i].until
        if self._end is None:
            return own
        states = [one["state"] for one in self._record.runs[i:]]
        runs = sum(state not in (FINISHED, PRUNED, REFUSED) for state in states)
        now = time.time()
        share = (self._end - now) / max(runs, 1)
        if own is not None and deadline(own) - now < share:
            return own
        return f"+{max(share, _LEAST):.3f}s"

    def _draw(self, done: Run, i: int, entry: dict[str, Any]) -> bool:
        """Draw the report; a run without one is complete, and says why it has none."""
        if self._how.draw:
            try:
                pipeline.draw_report(done.path, self._say(i))
            except Exception as error:
                if isinstance(signal_behind(error), (Interrupted, KeyboardInterrupt)):
                    raise
                entry.update(error=_said(error), traceback=None if expected(error) else _trace(error))
                with event_log.of(done.path):
                    event_log.failed(error)
        return (done.path / store.REPORT).exists()

    def _refused(self, i: int) -> None:
        entry = self._record.runs[i]
        path = self._record.folder.path / entry["folder"]
        event_log.event("error", logging.ERROR, run=str(path), message=entry["error"], kind="ConfigError")
        event_log.event("end", run=str(path), exit_code=2)

    def _end_of(self, entry: dict[str, Any], path: Path, start: float | None, code: int) -> None:
        """Note when a run ended and what it took with earlier legs; nothing new of one that was finished before."""
        if start is not None or entry["seconds"] is None:
            spent = time.monotonic() - (start or time.monotonic()) + (entry["seconds"] or 0.0)
            entry.update(ended=utc(datetime.now(UTC)), seconds=round(spent, 3))
        event_log.event("end", run=str(path), exit_code=code, digest=entry.get("digest"), seconds=entry["seconds"])

    def _stopped(self, error: BaseException) -> None:
        """Write down that the night ended early."""
        self._ended(INTERRUPTED)
        behind = signal_behind(error)
        if isinstance(behind, (Interrupted, KeyboardInterrupt)):
            path, done = self._record.folder.path, self._record.count(FINISHED)
            raise Interrupted(
                f"{_stopped(behind)}; {done} of {len(self._plan.runs)} runs of the night are "
                f"finished: the same command with --out {path} --resume goes on with the others.",
                exit_code(behind) - 128,
            ) from error

    def _ended(self, status: str) -> None:
        self._record.body.update(status=status, ended=utc(datetime.now(UTC)))
        self._save()

    def _save(self) -> None:
        """Write the record; a disk that is full ends no night."""
        try:
            self._record.save()
        except (RunError, OSError) as error:
            event_log.event("warning", logging.WARNING, message=words(error), kind=type(error).__name__)
            self._tell(f"warning: {words(error)}", True)

    def _tell(self, line: str, bad: bool) -> None:
        if self._how.tell is not None:
            self._how.tell(line, bad)

    def _line(self, i: int) -> str:
        """What became of a run, in a line."""
        entry = self._record.runs[i]
        head = f"{entry['folder']}: {entry['state']}"
        if entry["state"] == FINISHED:
            head += f", {entry['paths']:,} paths, stopped by {entry['stop']['rule']}, {entry['seconds']:.1f} s"
        return head if entry["error"] is None else f"{head}: {entry['error']}"

    def _say(self, i: int) -> Say | None:
        say, head = self._how.say, f"[{i + 1}/{len(self._plan.runs)}] {self._record.runs[i]['folder']}: "
        return None if say is None else lambda stage: say(head + stage)


def _is_finished(folder: Path) -> bool:
    """Whether a folder holds a finished run."""
    try:
        return open_any(folder).finished
    except (RunError, OSError):
        return False


def _said(error: BaseException) -> str:
    if isinstance(error, ConfigError):
        return "\n".join(error.mistakes)
    return words(error) if expected(error) else f"{type(error).__name__}: {error}"


def _stopped(error: BaseException) -> str:
    """What a signal stopped, without how that one run would go on."""
    return words(error).partition(";")[0].removesuffix(", nothing was written.")


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))
